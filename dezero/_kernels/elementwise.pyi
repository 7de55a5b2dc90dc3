from typing import Any

VERSION: str

def __getattr__(name: str) -> Any: ...      # lists of capsules with loops
