from typing import Any

class Kernel:
    nin: int
    reads: tuple[tuple[int, ...], ...]
    types: tuple[str, ...]
    def __init__(self, forward: Any, backward: Any = ..., reads: Any = None, accumulate: Any = None, *,
                 cheap: bool | tuple[float, ...] = False) -> None: ...
