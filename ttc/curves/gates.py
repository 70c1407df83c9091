"""Assertions about curves, for CI: `coverage@16>=0.6`, `majority@8-coverage@1>0`.

They are decided on the point values of one source, which are exact for these draws; the interval
beside each value is about new draws. Against a baseline the interval decides.
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
from ttc.selectors import spec

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
class GateResult:
    """Whether one source meets a gate; `reason` says it in a line."""

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

    A drop counts if it is larger than `margin` with confidence `level` (per cent, for all rules
    and budgets together), or with `strict` if its point value is larger.
    """

    margin: float = 0.0
    strict: bool = False
    level: float = 95
    seed: int = 0


def parse(text: str) -> Gate:
    """Return the gate that `RULE@K[-RULE@K] >=|<=|>|< NUMBER` describes, or UsageError."""
    found = _FORM.fullmatch(spec.in_gate(text))
    if found is None:
        raise _wrong(
            text,
            "write RULE@K, or RULE@K-RULE@K, then >=, <=, > or <, then a number, as in "
            "'coverage@16>=0.6'",
        )
    rule, k, other, other_k, relation, bound = found.groups()
    terms = [(rule, int(k))] + ([(other, int(other_k))] if other is not None else [])
    terms = [(spec.without_budget(name), at) for name, at in terms]
    if any(at < 1 for _, at in terms):
        raise _wrong(text, "k must be 1 or more")
    return Gate(text, tuple(terms), relation, float(bound))


def _wrong(text: str, reason: str) -> UsageError:
    return UsageError(f"--assert {text!r}: {reason}", python=f"{text!r}: {reason}")


def decide(gate: Gate, curves: Sequence[Curve], source: str) -> GateResult:
    """Decide a gate on the curves of one source.

    UsageError if a value is not a mean over all problems: a build must not pass because the hard
    problems have too few draws.
    """
    points = {(curve.selector, point.k): point for curve in curves for point in curve.points}
    values = [_value(gate, points[term], source, *term) for term in gate.terms]
    value = values[0] - sum(values[1:])
    # Rounding may put a value that equals the bound on its wrong side.
    near = value if abs(value - gate.bound) > ROUNDING else gate.bound
    met = _RELATIONS[gate.relation](near, gate.bound)
    return GateResult(gate.text, source, met, f"{source}: {gate.text} (it is {value:.6g})")


def refused(source: str, reason: str) -> GateResult:
    """Return the result of a source that does not have the latest samples: not met."""
    return GateResult("the last samples", source, False, reason)


def hold(
    new: Terms,
    old: Terms,
    names: tuple[str, str],
    compared: Sequence[Comparison],
    tolerance: Tolerance,
) -> GateResult:
    """Decide whether no rule fell below its baseline by more than the tolerance.

    `names` are those of the source and the baseline; `compared` are their differences, from
    `compare.between_pools`.
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
    listed = "; ".join(fallen[:3]) + (f" and {len(fallen) - 3} more" if len(fallen) > 3 else "")
    return GateResult(
        gate, names[0], not fallen, f"{names[0]}: {gate}" + (f": {listed}" if listed else "")
    )


def _value(gate: Gate, point: Point, source: str, rule: str, k: int) -> float:
    if point.value is None or point.note is not None:
        why = f"{gate.text!r} cannot be decided: {rule}@{k}: {point.note}"
        raise UsageError(f"{source}: --assert {why}", python=f"{source}: {why}")
    return point.value
