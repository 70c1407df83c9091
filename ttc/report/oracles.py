"""How oracles are marked in tables and plots (`ttc.selectors.oracles`)."""

from __future__ import annotations

from collections.abc import Sequence

from ttc.records import Curve

MARK = " †"
_LEGEND = (
    "oracle: picks by what only the reference tells; a bound on other rules, not one to follow"
)


def name_of(curve: Curve) -> str:
    """Return the rule of a curve, marked if it is an oracle."""
    return f"{curve.selector} (oracle)" if curve.oracle else curve.selector


def legend(curves: Sequence[Curve], mark: str = "† ") -> list[str]:
    """Return the line that explains the mark, if any of the curves has it."""
    return [f"{mark}{_LEGEND}"] if any(curve.oracle for curve in curves) else []
