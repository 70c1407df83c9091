"""The part of a reference's setup that programs use too: its imports and classes."""

from __future__ import annotations

import ast
from functools import lru_cache


def shared_setup(setup: str, program: str) -> list[str]:
    """Return the classes of a setup, and its imports that are not in the program already.

    A class that the program has too is told all the same: it is the same class on both sides.
    """
    return [each for is_class, each in _shared(setup) if is_class or each not in program]


@lru_cache(256)
def _shared(setup: str) -> tuple[tuple[bool, str], ...]:
    if "import" not in setup and "class" not in setup:
        return ()
    try:
        tree = ast.parse(setup)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    shared = (ast.Import, ast.ImportFrom, ast.ClassDef)
    lines = setup.split("\n")
    return tuple(
        (isinstance(each, ast.ClassDef), _text(lines, each))
        for each in tree.body
        if isinstance(each, shared)
    )


def _text(lines: list[str], node: ast.Import | ast.ImportFrom | ast.ClassDef) -> str:
    """Return the lines of a statement, with its decorators."""
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
    return "\n".join(lines[first - 1 : node.end_lineno])
