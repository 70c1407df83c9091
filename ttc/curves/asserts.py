"""Assertions about curves: `coverage@16>=0.6`, `majority@8-coverage@1>0`, `each:mean@1>=0.8`.

They are decided on the point values of one source, which are exact for these draws; the interval
beside each value is about new draws. Against a baseline the interval decides.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ttc.curves.compare import terms_of
from ttc.curves.gates import NAMED, ROUNDING, GateResult
from ttc.curves.table import Table
from ttc.errors import UsageError
from ttc.records import Curve, Point

_RELATIONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_TERM = r"\s*(\S+?)@(\d+)\s*"
_EACH = r"(\s*each:)?"
_FORM = re.compile(rf"{_EACH}{_TERM}(?:-{_TERM})?(>=|<=|>|<)\s*([-+]?\d+(?:\.\d+)?|[-+]?\.\d+)\s*")


@dataclass(frozen=True, slots=True)
class Gate:
    """A rule's value at a k, or the difference of two, against a bound.

    The value is the mean over problems; with `each`, that of every problem.
    """

    text: str
    terms: tuple[tuple[str, int], ...]
    relation: str
    bound: float
    each: bool = False

    def holds(self, value: float) -> bool:
        """Return whether a value meets the bound. Rounding may put one that equals it on its wrong
        side."""
        near = value if abs(value - self.bound) > ROUNDING else self.bound
        return bool(_RELATIONS[self.relation](near, self.bound))


def parse(text: str) -> Gate:
    """Return the gate that `[each:]RULE@K[-RULE@K] >=|<=|>|< NUMBER` describes, or UsageError."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise _wrong(
            text,
            "write RULE@K, or RULE@K-RULE@K, then >=, <=, > or <, then a number, as in "
            "'coverage@16>=0.6'; with each: before it, for every problem",
        )
    each, rule, k, other, other_k, relation, bound = found.groups()
    terms = [(rule, int(k))] + ([(other, int(other_k))] if other is not None else [])
    if any(at < 1 for _, at in terms):
        raise _wrong(text, "k must be 1 or more")
    return Gate(text, tuple(terms), relation, float(bound), each is not None)


def _wrong(text: str, reason: str) -> UsageError:
    return UsageError(f"--assert {text!r}: {reason}", python=f"{text!r}: {reason}")


def decide(gate: Gate, curves: Sequence[Curve], table: Table) -> GateResult:
    """Decide a gate on the curves of one source and its table.

    UsageError if a value is not a mean over all problems: a build must not pass because the hard
    problems have too few draws.
    """
    source = table.source
    points = {(curve.selector, point.k): point for curve in curves for point in curve.points}
    values = [_value(gate, points[term], source, *term) for term in gate.terms]
    if gate.each:
        return _decide_each(gate, table)
    value = values[0] - sum(values[1:])
    reason = f"{source}: {gate.text} (it is {value:.6g})"
    return GateResult(gate.text, source, gate.holds(value), reason)


def _decide_each(gate: Gate, table: Table) -> GateResult:
    terms = terms_of(table)
    values = {
        problem: terms[gate.terms[0]][problem]
        - sum(terms[term][problem] for term in gate.terms[1:])
        for problem in table.problems
    }
    below = _worst(gate, values)
    reason = f"{table.source}: {gate.text}"
    if below:
        named = ", ".join(f"{name} {value:.4g}" for name, value in [*below.items()][:NAMED])
        more = f" and {len(below) - NAMED} more" if len(below) > NAMED else ""
        reason += f" ({len(below)} of {len(values)} problems: {named}{more})"
    else:
        reason += f" (all {len(values)} problems)"
    return GateResult(gate.text, table.source, not below, reason, below=below)


def _worst(gate: Gate, values: Mapping[str, float]) -> dict[str, float]:
    """Return the problems that do not meet a gate with their values, worst first."""
    sign = 1 if gate.relation in (">=", ">") else -1
    missed = [name for name, value in values.items() if not gate.holds(value)]
    return {name: values[name] for name in sorted(missed, key=lambda p: (sign * values[p], p))}


def _value(gate: Gate, point: Point, source: str, rule: str, k: int) -> float:
    if point.value is None or point.note is not None:
        why = f"{gate.text!r} cannot be decided: {rule}@{k}: {point.note}"
        raise UsageError(f"{source}: --assert {why}", python=f"{source}: {why}")
    return point.value
