from collections.abc import Callable
from os import PathLike
from typing import Any

from ..engine.variable import Variable

class Drawing:
    svg: str
    dot: str
    text: str
    def save(self, file: str | PathLike[str]) -> None: ...
    def png(self, zoom: int = 2) -> bytes: ...
    def _repr_svg_(self) -> str: ...

def draw(what: Variable | tuple[Any, ...] | list[Any] | dict[Any, Any] | Callable[..., Any], *args: Any, max_nodes: int = 60,
         **kwargs: Any) -> Drawing: ...
