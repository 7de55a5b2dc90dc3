from typing import Any

class At:
    index: Any
    g: Any
    def __init__(self, index: Any, g: Any) -> None: ...
