"""Assertions about curves, for CI: `coverage@16>=0.6`, `majority@8-coverage@1>0`.

They are decided on the point values of one source: exact for these draws, not for the next ones,
which is what the interval beside each value is for. Against a baseline the interval decides.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ttc.curves.compare import Comparison, Terms, drops
from ttc.errors import UsageError
from ttc.records import Curve, Point

ROUNDING = 1e-9
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
    """What a gate found in one source; `reason` says it in a line."""

    gate: str
    source: str
    met: bool
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far rules may fall below their baseline.

    A drop counts if it is beyond `margin` with confidence `level` (all rules and budgets
    together), or with `strict` if its point value is.
    """

    margin: float = 0.0
    strict: bool = False
    level: float = 95
    seed: int = 0


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
    # An exact value that equals the bound may be off by rounding.
    near = value if abs(value - gate.bound) > ROUNDING else gate.bound
    met = _RELATIONS[gate.relation](near, gate.bound)
    return Decision(gate.text, source, met, f"{source}: {gate.text} (it is {value:.6g})")


def refused(source: str, reason: str) -> Decision:
    """Return a gate that is not met, because the values are of older samples."""
    return Decision("the last samples", source, False, reason)


def hold(
    new: Terms,
    old: Terms,
    names: tuple[str, str],
    compared: Sequence[Comparison],
    tolerance: Tolerance,
) -> Decision:
    """Decide whether no rule fell below its baseline by more than is tolerated.

    `compared` are the differences of the two, as `between_pools` gives them.
    """
    gate = f"no drop beyond {tolerance.margin:g} from {names[1]}"
    if tolerance.strict:
        fallen = [
            f"{each.value_of} {each.value:.4f} from {each.baseline:.4f}"
            for each in compared
            if each.difference < -tolerance.margin - ROUNDING
        ]
    else:
        found, _ = drops(
            new, old, margin=tolerance.margin, level=tolerance.level, seed=tolerance.seed
        )
        fallen = [
            f"{drop.rule}@{drop.k} {drop.value:.4f} from {drop.baseline:.4f} "
            f"(a drop of {-drop.highest:.4f} at least, {drop.problems} problems)"
            for drop in sorted(found, key=lambda drop: drop.highest)
        ]
    told = "; ".join(fallen[:3]) + (f" and {len(fallen) - 3} more" if len(fallen) > 3 else "")
    return Decision(
        gate, names[0], not fallen, f"{names[0]}: {gate}" + (f": {told}" if told else "")
    )


def _value(gate: Gate, point: Point, source: str, rule: str, k: int) -> float:
    if point.value is None or point.note is not None:
        raise UsageError(
            f"{source}: --assert {gate.text!r} cannot be decided: {rule}@{k}: {point.note}"
        )
    return point.value
