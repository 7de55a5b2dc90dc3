from collections.abc import Callable
from inspect import Signature
from typing import Any, Literal

from .._kernels.nodes import Kernel
from .arguments import Arguments
from .function import Function

def rule(forward: Callable[..., Any], *also: Any, name: str | None = None, operators: tuple[str, ...] = (),
         operands: tuple[str, ...] | None = None, listed: bool = False, method: bool | str | Callable[..., Any] | None = True,
         attribute: str | None = None, result: type | None = None, kernel: Kernel | None = None,
         order: Literal[1, "checked"] | None = "checked") -> Callable[[Callable[..., Any]], Op]: ...

class Op:
    name: str
    rule: Callable[..., Any]
    forward: Callable[..., Any]
    numpy: tuple[Any, ...]
    operators: tuple[str, ...]
    operands: tuple[str, ...]
    method: bool | str | Callable[..., Any] | None
    attribute: str | None
    listed: bool
    result: type | None
    kernel: Kernel | None
    order: Literal[1, "checked"] | None
    apply: Callable[..., Any]
    @property
    def cls(self) -> type[Function]: ...
    @property
    def signature(self) -> Signature: ...
    @property
    def arguments(self) -> Arguments: ...
    def samples(self, function: Callable[..., Any]) -> Callable[..., Any]: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
