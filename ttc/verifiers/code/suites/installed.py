"""Which modules programs and tests can import in the sandbox."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from importlib.machinery import PathFinder

from ttc.verifiers.sandbox import interpreter


@cache
def exists(top: str) -> bool:
    """Return whether programs in the sandbox can import a module."""
    if top == "pytest" or top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return True
    with suppress(ImportError, ValueError, AttributeError):
        return PathFinder.find_spec(top, interpreter.packages()) is not None
    return False
