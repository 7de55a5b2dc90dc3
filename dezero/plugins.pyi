from contextlib import AbstractContextManager
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")

class Failure(NamedTuple):
    distribution: str
    version: str
    entry: str
    reason: str
    exception: BaseException

class Status(NamedTuple):
    name: str
    kind: str
    status: str
    distribution: str
    version: str
    entry: str
    ops: tuple[str, ...]
    skipped: tuple[str, ...]
    reason: str

failures: tuple[Failure, ...]

def register(obj: _T, name: str | None = None) -> _T: ...
def unregister(name_or_obj: object) -> None: ...
def isolated() -> AbstractContextManager[None]: ...
def load(reload: bool = False) -> None: ...
def prefer(dist: str, op: str) -> None: ...
def status() -> tuple[Status, ...]: ...
