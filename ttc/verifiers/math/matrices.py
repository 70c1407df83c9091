"""Matrices and vectors, with a factor before them or a transpose behind."""

from __future__ import annotations

import re
from collections.abc import Callable

from ttc.verifiers.math.shape import Structure

__all__ = ["matrix"]

_BODY = (
    r"(?:\\begin\{(?P<kind>[pbBvV]?|small)matrix\}(?P<cells>.*)\\end\{(?P=kind)matrix\}"
    r"|\\?[(\[]?\s*\\begin\{array\}\{[^{}]*\}(?P<array>.*)\\end\{array\}\s*\\?[)\]]?)"
)
_MATRIX = re.compile(
    rf"(?P<factor>[^&]*?)(?:\\cdot|\\times|\*)?\s*{_BODY}\s*(?P<turned>\^\{{?\\?(?:T|top)\}}?)?",
    re.S,
)
_TERMS = re.compile(r"(?<=[\w)}\s])[-+]|[=<>,]|\\(?:begin|pm|mp)")
_ROW = re.compile(r"\\\\(?:\[[^\]]*\])?")


def matrix(text: str, _depth: list[int], read: Callable[[str], Structure]) -> Structure | None:
    """Return the structure of a matrix, or None; a factor before it multiplies every cell."""
    found = _MATRIX.fullmatch(text)
    if found is None or found["kind"] in ("v", "V"):  # bars: a determinant
        return None
    factor = found["factor"].strip()
    body = found["cells"] if found["cells"] is not None else found["array"]
    rows = [[cell.strip() for cell in row.split("&")] for row in _ROW.split(body) if row.strip()]
    if not rows or any(len(row) != len(rows[0]) for row in rows) or _TERMS.search(factor):
        return None
    if found["turned"]:
        rows = [list(column) for column in zip(*rows, strict=True)]
    cells = [_times(factor, cell) for row in rows for cell in row]
    return Structure("matrix", tuple(map(read, cells)), mark=str(len(rows[0])))


def _times(factor: str, cell: str) -> str:
    if factor in ("", "-"):
        return f"{factor}({cell})" if factor else cell
    return rf"{factor}\cdot ({cell})"
