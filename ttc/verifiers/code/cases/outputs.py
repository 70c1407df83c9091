"""Compares what a program printed with what it should: by lines or by tokens, with a tolerance.

A reference may say how: `checker` is `lines` (the default), `tokens` or `float` (the names of
testlib's checkers are known too), `tolerance` is how far numbers may be off. Without either, lines
must be equal; blanks at their ends and empty lines at the end of the output do not count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_BOTH = ("tolerance", "eps", "epsilon", "float_tolerance")
_ABSOLUTE = ("atol", "abs_tol", "absolute_tolerance", "absolute_error")
_RELATIVE = ("rtol", "rel_tol", "relative_tolerance", "relative_error")
_DEFAULT = 1e-6  # of a `float` checker without a tolerance


@dataclass(frozen=True)
class Comparison:
    """How outputs are compared.

    With `tokens`, the words count, not how they are spread over lines. Numbers of which one is
    written with a point or an exponent may differ by `absolute`, or by `relative` times the
    expected one; None: they must be written alike. `spaced`: blanks before lines count. `cased`:
    so do capital letters.
    """

    tokens: bool = False
    absolute: float | None = None
    relative: float | None = None
    spaced: bool = True
    cased: bool = True


LINES, _TOKENS = Comparison(), Comparison(tokens=True)
_NAMED = {
    **dict.fromkeys(("lines", "line", "exact", "diff", "standard", "default", "fcmp"), LINES),
    **dict.fromkeys(
        ("tokens", "token", "token-wise", "words", "wcmp", "ncmp", "hcmp", "lcmp", "icmp"), _TOKENS
    ),
    **dict.fromkeys(("yesno", "nyesno", "case-insensitive"), replace(_TOKENS, cased=False)),
    **dict.fromkeys(
        ("float", "floats", "real", "rcmp", "dcmp", "acmp", "rcmp6"),
        Comparison(True, _DEFAULT, _DEFAULT),
    ),
    "rcmp4": Comparison(True, 1e-4, 1e-4),
    "rcmp9": Comparison(True, 1e-9, 1e-9),
}
# The comparisons of the datasets' own judges.
_ORIGINS = {
    "livecodebench": Comparison(absolute=0.0, relative=0.0, spaced=False),
    "codecontests": Comparison(True, 1e-5, 1e-5, cased=False),
}


def comparison_of(
    reference: Mapping[str, Any], origin: str = "plain"
) -> tuple[Comparison, str | None]:
    """Return how a reference wants outputs to be compared, and the source of its checker program
    if it has one. ValueError if it names a checker that is not known."""
    given = next(
        (reference[name] for name in ("checker", "generated_checker", "compare", "comparison")
         if reference.get(name)), None,
    )  # fmt: skip
    source: str | None = None
    compare = _ORIGINS.get(origin, LINES)
    if isinstance(given, Mapping):
        reference = {**reference, **given}
        given = next(
            (given[key] for key in ("source", "code", "name", "type") if given.get(key)), None
        )
    if isinstance(given, str):
        name = given.strip().lower().replace("_", "-")
        if name in _NAMED:
            compare = _NAMED[name]
        elif "\n" in given.strip() or re.search(r"\b(?:def|import|lambda)\b", given):
            source = given
        else:
            raise ValueError(f"the checker {given.strip()!r:.40} is not known")
    elif given is not None:
        raise ValueError("'checker' must be a name or a program")
    return _with_tolerance(compare, reference), source


def _with_tolerance(compare: Comparison, reference: Mapping[str, Any]) -> Comparison:
    both, absolute, relative = (
        _number(reference, names) for names in (_BOTH, _ABSOLUTE, _RELATIVE)
    )
    if both is not None:
        compare = replace(compare, absolute=both, relative=both)
    if absolute is not None or relative is not None:
        compare = replace(
            compare,
            absolute=absolute if absolute is not None else both or 0.0,
            relative=relative if relative is not None else both or 0.0,
        )
    return compare


def tolerance_of(reference: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the absolute and relative tolerance that a reference states, or None."""
    compare = _with_tolerance(LINES, reference)
    if compare.absolute is None:
        return None
    return compare.absolute, compare.relative or 0.0


def _number(reference: Mapping[str, Any], names: Sequence[str]) -> float | None:
    for name in names:
        given = reference.get(name)
        if given is None or given == "":
            continue
        try:
            value = float(given) if not isinstance(given, bool) else -1.0
        except (TypeError, ValueError):
            value = -1.0
        if not 0 <= value < float("inf"):
            raise ValueError(f"{name!r} must be a number of 0 or more, not {given!r:.40}")
        return value
    return None


def difference(compare: Comparison, found: str, wanted: str) -> str | None:
    """Return a short text for the first difference between outputs; None if they agree."""
    if compare.tokens:
        mine, theirs = [found.split()], [wanted.split()]
    else:
        mine, theirs = _lines(compare, found), _lines(compare, wanted)
    if len(mine) != len(theirs):
        return f"{len(mine)} {'line' if len(mine) == 1 else 'lines'}, not {len(theirs)}"
    for at, (one, other) in enumerate(zip(mine, theirs, strict=True), 1):
        if one == other:
            continue
        place = "" if compare.tokens or len(theirs) == 1 else f"line {at}: "
        if len(one) != len(other):
            return place + (
                f"{len(one)} tokens, not {len(other)}" if compare.tokens else _differs(one, other)
            )
        for a, b in zip(one, other, strict=True):
            if not _same(compare, a, b):
                return place + _differs([a], [b])
    return None


def _lines(compare: Comparison, text: str) -> list[list[str]]:
    text = text.rstrip() if compare.spaced else text.strip()
    lines = (line.rstrip() for line in text.replace("\r\n", "\n").split("\n"))
    if compare.absolute is not None:
        return [_words(compare, line) for line in lines]
    return [[line if compare.spaced else line.strip()] for line in lines]


def _words(compare: Comparison, line: str) -> list[str]:
    words = line.split()
    indent = line[: len(line) - len(line.lstrip())] if compare.spaced else ""
    return [indent + words[0], *words[1:]] if words else []


def _same(compare: Comparison, found: str, wanted: str) -> bool:
    if found == wanted or (not compare.cased and found.lower() == wanted.lower()):
        return True
    if compare.absolute is None:
        return False
    if not (_NUMBER.fullmatch(found) and _NUMBER.fullmatch(wanted)):
        return False
    if not any(mark in found + wanted for mark in ".eE"):
        return False  # integers have no tolerance
    if Decimal(found) == Decimal(wanted):
        return True
    off, size = abs(float(found) - float(wanted)), abs(float(wanted))
    return off <= max(compare.absolute, (compare.relative or 0.0) * size)


def _differs(found: Sequence[str], wanted: Sequence[str]) -> str:
    return f"{' '.join(found)!r:.60}, not {' '.join(wanted)!r:.60}"
