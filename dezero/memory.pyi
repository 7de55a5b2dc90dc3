from typing import NamedTuple

class Info(NamedTuple):
    in_use: int
    kept: int
    bound: int

def info() -> Info: ...
def bound(size: int | None = None) -> None: ...
def release() -> None: ...
