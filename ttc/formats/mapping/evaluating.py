"""The value of a mapping in a record: found, joined, compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ttc.formats.mapping.grammar import Test, Text, Value
from ttc.formats.paths import MISSING, Many, Path, kind_of

SEPARATOR = "\n\n"  # between the parts of a join
# In the names of problems.
SEPARATORS: Mapping[str, str] = {"id": "/", "problem": "/"}
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def evaluate(value: Value, record: Mapping[str, Any], separator: str = SEPARATOR) -> Any:
    """Return the value of a record: MISSING if it lacks a field, Many if `*` is in it. `separator`
    stands between the parts of a join.

    ValueError for a value that cannot be joined, compared or read.
    """
    found = [
        piece.text if isinstance(piece, Text) else piece.find(record) for piece in value.pieces
    ]
    if len(found) == 1 and value.test is None:  # most mappings only rename
        return found[0]
    lengths = {len(each) for each in found if isinstance(each, Many)}
    if len(lengths) > 1:
        raise ValueError(f"the lists in {value.raw!r} have {_counts(lengths)} items")
    if not lengths:
        return _made(value, found, separator)
    count = lengths.pop()
    rows = ([p[at] if isinstance(p, Many) else p for p in found] for at in range(count))
    return Many(_made(value, row, separator) for row in rows)


def _counts(lengths: Iterable[int]) -> str:
    return " and ".join(map(str, sorted(lengths)))


def _made(value: Value, parts: Sequence[Any], separator: str) -> Any:
    if any(part is MISSING for part in parts):
        return MISSING
    whole = parts[0] if len(parts) == 1 else _join(value, parts, separator)
    return whole if value.test is None else _tested(value.test, whole, value)


def _join(value: Value, parts: Sequence[Any], separator: str) -> str:
    """Join texts. The separator stands between two fields that are not empty."""
    joined, before = "", False
    for piece, part in zip(value.pieces, parts, strict=True):
        given = not isinstance(piece, Text)
        text = _text(piece, part)
        if not text and given:
            continue
        joined += separator * (given and before) + text
        before = given
    return joined


def _text(piece: Path | Text, part: Any) -> str:
    if part is None:
        return ""
    if isinstance(part, str):
        return part
    if isinstance(part, (dict, list)):
        name = piece.name if isinstance(piece, Path) else piece.text
        raise ValueError(f"{name!r} is {kind_of(part)}; + joins texts")
    return json.dumps(part)


def _tested(test: Test, found: Any, value: Value) -> bool | None:
    operand = test.operand
    if operand is None:
        return _COMPARED[test.operator](found, None)
    if found is None or found != found:
        return None
    if isinstance(operand, str):
        text = found if isinstance(found, str) else json.dumps(found)
        return _COMPARED[test.operator](text, operand)
    if isinstance(operand, bool):
        if not isinstance(found, bool):
            raise ValueError(f"{value.raw!r} compares {_shown(found)}, which is not true or false")
        return _COMPARED[test.operator](found, operand)
    number = _as_number(found, value)
    return None if number != number else _COMPARED[test.operator](number, operand)


def _as_number(found: Any, value: Value) -> float:
    try:
        if isinstance(found, (str, int, float)):
            return float(found)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{value.raw!r} compares {_shown(found)}, which is not a number")


def _shown(found: Any) -> str:
    return kind_of(found) if isinstance(found, (dict, list)) else repr(found)[:40]
