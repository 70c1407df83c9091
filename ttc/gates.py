"""Assertions about curves, for CI: `coverage@16>=0.6`, `majority@8-coverage@1>0`.

They are decided on the point values of one source: exact for these draws, not for the next ones,
which is what the interval beside each value is for.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ttc.errors import UsageError
from ttc.records import Curve, Point

_RELATIONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_TERM = r"\s*(\S+?)@(\d+)\s*"
_FORM = re.compile(rf"{_TERM}(?:-{_TERM})?(>=|<=|>|<)\s*([-+]?\d+(?:\.\d+)?|[-+]?\.\d+)\s*")


@dataclass(frozen=True, slots=True)
class Gate:
    """A rule's value at a k, or the difference of two, against a bound."""

    text: str
    terms: tuple[tuple[str, int], ...]
    relation: str
    bound: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What a gate found in one source."""

    gate: str
    source: str
    value: float
    met: bool


def parse(text: str) -> Gate:
    """Return the gate that `RULE@K[-RULE@K] >=|<=|>|< NUMBER` describes, or UsageError."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise UsageError(
            f"--assert {text!r}: write RULE@K, or RULE@K-RULE@K, then >=, <=, > or <, then a "
            "number, as in 'coverage@16>=0.6'"
        )
    rule, k, other, other_k, relation, bound = found.groups()
    terms = [(rule, int(k))] + ([(other, int(other_k))] if other is not None else [])
    if any(at < 1 for _, at in terms):
        raise UsageError(f"--assert {text!r}: k must be 1 or more")
    return Gate(text, tuple(terms), relation, float(bound))


def decide(gate: Gate, curves: Sequence[Curve], source: str) -> Decision:
    """Decide a gate on one source's curves; UsageError where a value stands on fewer problems.

    A point beyond the draws of some problems is a mean over the others; a build that passes
    because its hard problems dropped out would be a silent error.
    """
    points = {(curve.selector, point.k): point for curve in curves for point in curve.points}
    values = [_value(gate, points[term], source, *term) for term in gate.terms]
    value = values[0] - sum(values[1:])
    return Decision(gate.text, source, value, _RELATIONS[gate.relation](value, gate.bound))


def _value(gate: Gate, point: Point, source: str, rule: str, k: int) -> float:
    if point.value is None or point.note is not None:
        raise UsageError(
            f"{source}: --assert {gate.text!r} cannot be decided: {rule}@{k}: {point.note}"
        )
    return point.value
