from typing import Any

def __getattr__(name: str) -> Any: ...      # lists of capsules with loops
