"""What the cells of a text table stand for: numbers, JSON, or the text that they are.

A column is read as one kind. Numbers are numbers where each of them is written as Python writes it,
so `007`, `1.50` and `1e3` stay text; lists and objects are read where all cells of a column are
such, as JSON or as pandas writes them.
"""

from __future__ import annotations

import ast
import io
import json
import tokenize
from collections.abc import Callable
from math import isfinite
from typing import Any

# An empty cell is a missing value, but these may be empty themselves.
_TEXTS = ("text", "completion")
_MISSING = ("", "nan", "NaN")


class Column:
    """The kind of a column: `see` all its cells first, then `value` reads each."""

    def __init__(self, name: str) -> None:
        self._empty: Any = "" if name in _TEXTS else None
        self._seen = False
        self._parse: Callable[[str], Any] | None = None

    def see(self, cell: str) -> None:
        """Take a cell into account."""
        if cell in _MISSING:
            return
        if not self._seen:
            self._seen = True
            kinds = (_number, _json, _literal)
            self._parse = next((kind for kind in kinds if _can(kind, cell)), None)
        elif self._parse is not None and not _can(self._parse, cell):
            literal = self._parse is _json and _can(_literal, cell)
            self._parse = _literal if literal else None

    def value(self, cell: str) -> Any:
        """Return what a cell stands for; None if it is empty."""
        if self._parse is not None:
            return None if cell in _MISSING else self._parse(cell)
        return cell or self._empty


def _can(parse: Callable[[str], Any], cell: str) -> bool:
    try:
        parse(cell)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


def _number(cell: str) -> int | float:
    """Return a number that is written as Python writes it; ValueError for any other."""
    if len(cell) > 25 or not cell[-1:].isdecimal():
        raise ValueError(cell)
    try:
        whole = int(cell)
    except ValueError:
        number = float(cell)
        if repr(number) != cell or not isfinite(number):
            raise
        return number
    if str(whole) != cell:
        raise ValueError(cell)
    return whole


def _json(cell: str) -> Any:
    if cell.lstrip()[:1] not in ("[", "{"):
        raise ValueError(cell)
    return json.loads(cell, parse_constant=_refuse)


def _literal(cell: str) -> Any:
    """Return a list or an object as Python prints it; ValueError for any other text."""
    if cell.lstrip()[:1] not in ("[", "{"):
        raise ValueError(cell)
    value = python_literal(cell.strip())
    json.dumps(value, allow_nan=False)
    if not isinstance(value, (list, dict)):
        raise ValueError(cell)
    return value


def python_literal(text: str) -> Any:
    """Return a list or an object as Python or NumPy prints it: `['a' 'b']` has two texts.

    ValueError or SyntaxError for anything else.
    """
    try:
        return ast.literal_eval(_Arrays().visit(_with_commas(text)))
    except tokenize.TokenError as error:
        raise ValueError(text) from error


def _with_commas(text: str) -> ast.Expression:
    """Return an expression, with commas between texts that stand side by side."""
    found, last = [], 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        # Python would make one text of them.
        if token.type == last == tokenize.STRING:
            found.append((tokenize.OP, ","))
        last = token.type if token.type != tokenize.NL else last
        found.append((token.type, token.string))
    return ast.parse(tokenize.untokenize(found).strip(), mode="eval")


class _Arrays(ast.NodeTransformer):
    """Replaces `array([…], dtype=object)` by the list in it."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Return the list of an array."""
        named = isinstance(node.func, ast.Name) and node.func.id == "array"
        return self.generic_visit(node.args[0] if named and node.args else node)


def _refuse(name: str) -> Any:
    raise ValueError(name)
