"""The values of a sweep as OpenMetrics text, which GitLab compares with the target branch."""

from __future__ import annotations

from ttc.curves.result import SweepResult

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
NAME = "ttc_value"


def as_metrics(result: SweepResult) -> str:
    """Return a metric for each rule@k.

    The source is a label only where there are several: with a pool for each commit, no metric would
    have one to be compared with. Undefined values are left out.
    """
    several = len(result.problems) > 1
    lines = [f"# TYPE {NAME} gauge", f"# HELP {NAME} Mean value of a selection rule at k draws."]
    for curve in result.every:
        labels = {"source": curve.source} if several else {}
        labels |= {"rule": curve.selector}
        labels |= {} if curve.group is None else {"by": str(curve.by), "group": curve.group}
        for point in curve.points:
            if point.value is not None:
                named = {**labels, "k": str(point.k)}
                inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in named.items())
                lines.append(f"{NAME}{{{inside}}} {point.value!r}")
    return "\n".join((*lines, "# EOF")) + "\n"


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in text)
