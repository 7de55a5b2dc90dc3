forward: list[object]
backward: list[object]
