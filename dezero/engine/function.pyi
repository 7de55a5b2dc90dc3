from collections.abc import Callable
from typing import Any, ClassVar

from .._kernels.nodes import Kernel
from .variable import _Operand

class Function:
    name: ClassVar[str]
    operators: ClassVar[tuple[str, ...]]
    numpy: ClassVar[tuple[Callable[..., Any] | tuple[Callable[..., Any], str] | str, ...]]
    method: ClassVar[Any]
    attribute: ClassVar[str | None]
    index_parameter: ClassVar[str | None]
    assign_operand: ClassVar[Callable[[Any, Any, Any], None] | None]
    kernel: ClassVar[Kernel | None]
    order: ClassVar[int | None]
    inputs: list[Any]       # Variables
    outputs: list[Callable[[], Any]]        # weak references
    @property
    def generation(self) -> int: ...
    @property
    def needs_input_grad(self) -> tuple[bool, ...]: ...
    def __init__(self) -> None: ...
    def __call__(self, *inputs: _Operand) -> Any: ...
    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any: ...
    # Written so that a subclass may have any parameters.
    def forward(self, *xs: Any, **nothing: Any) -> Any: ...
    def backward(self, *gys: Any, **nothing: Any) -> Any: ...
    def __lt__(self, other: Function, /) -> bool: ...
