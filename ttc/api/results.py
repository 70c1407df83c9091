"""The result of a sweep: curves to look up, print, plot, and put into a data frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from ttc.api import frames
from ttc.api.curve_lookup import find
from ttc.api.inquiries import Inquiries
from ttc.api.wording import in_python, python_errors
from ttc.curves.baseline import as_baseline, write_baseline
from ttc.curves.compare import Comparison
from ttc.curves.compute_optimal import Policy
from ttc.curves.cost_axes import AXES, axis_of
from ttc.curves.gates import GateResult
from ttc.curves.groups import Group
from ttc.curves.saturation import Saturation
from ttc.curves.scaling_laws import Prediction
from ttc.curves.solve_verify_split import Split
from ttc.curves.sweep import SweepOptions, SweepResult
from ttc.messages.counts import some
from ttc.messages.visible import one_line
from ttc.records import Curve, Point
from ttc.report import groups
from ttc.report.escaping import in_html

if TYPE_CHECKING:
    import pandas
    import pyarrow
    from matplotlib.figure import Figure

    from ttc.api.calling import File
    from ttc.outcomes import Origin

COLUMNS = {
    "source": "text",
    "rule": "text",
    "k": "integer",
    "value": "number",
    "low": "number",
    "high": "number",
    "low_draws": "number",
    "high_draws": "number",
    "problems": "integer",
    "exact": "boolean",
    "error": "number",
    "note": "text",
    "oracle": "boolean",
    **{f"cost_{axis}": "number" for axis in AXES},
    "by": "text",
    "group": "text",
}


class Sweep(Inquiries):
    """The curves of a sweep, and what else was asked for.

    Iterating over it yields the curves, `len` counts them. `sweep["majority"]` is the curve of a
    rule and `sweep["majority", 8]` its point at k = 8; with several sources, name one behind:
    `sweep["majority", 8, "demo"]`. These are over all problems; a group comes last:
    `sweep["majority", 8, "demo", "Level 2"]`, with None for the only source, and for k to get the
    curve. A number is a position. KeyError for what is not there.
    """

    def __init__(self, result: SweepResult, origins: Sequence[Origin | None] = ()) -> None:
        self._result = result
        self._origins = origins

    @property
    def options(self) -> SweepOptions:
        """The options by which everything was computed."""
        return self._result.options

    @property
    def curves(self) -> list[Curve]:
        """The curves, source by source, in the order of the rules: those over all problems, then
        those of each group."""
        return self._result.every

    @property
    def groups(self) -> list[Group]:
        """The groups of problems, with `by`: their tags, value and problems."""
        return self._result.groups

    @property
    def problems(self) -> dict[str, int]:
        """The number of problems of each source."""
        return self._result.problems

    @property
    def warnings(self) -> list[str]:
        """What to know before reading the curves, a line each."""
        return [in_python(line) for line in self._result.warnings]

    @property
    def comparisons(self) -> list[Comparison]:
        """Paired differences, with `compare` or a `baseline`."""
        return self._result.comparisons

    @property
    def decisions(self) -> list[GateResult]:
        """The gates, with `asserted` or a `baseline`."""
        return self._result.decisions

    @property
    def predictions(self) -> Mapping[str, list[Prediction]]:
        """Coverage beyond the draws by two laws, per source, with `predict`."""
        return self._result.predictions

    @property
    def saturations(self) -> Mapping[str, Saturation | None]:
        """Where coverage stops to rise, per source, with `predict`; None if that is not known."""
        return self._result.saturations

    @property
    def splits(self) -> Mapping[str, Split]:
        """How to split a budget between draws and verifications, with `solve_verify`."""
        return self._result.splits

    @property
    def policies(self) -> Mapping[str, list[Policy]]:
        """The best rule and k by difficulty, per source, with `policy`."""
        return self._result.policies

    @property
    def frontier(self) -> list[tuple[Curve, Point]] | None:
        """The points that nothing beats at their cost, with `pareto`; else None."""
        return self._result.frontier

    def as_dict(self) -> dict[str, Any]:
        """Return the document of `ttc sweep --json`, schema 1."""
        return self._result.as_dict()

    def save_baseline(self, path: File) -> None:
        """Write the values of the first source to a file that `baseline` takes."""
        with python_errors():
            origin = self._origins[0] if self._origins else None
            table = self._result.tables[0]
            rules = self.options.selectors()
            write_baseline(path, as_baseline(table, origin, self.options.conventions, rules))

    def plot(self, cost: str | None = None) -> Figure:
        """Return the curves as a matplotlib Figure; pyplot and its backend are not touched.

        `cost` is the axis of the abscissa (None: that of the sweep); `samples` plots k. The bands
        are the intervals for problems like these. UsageError if the cost is not known, or
        matplotlib is missing (the extra `plot`).
        """
        from ttc.report.plots.plot import SCORED, SOLVED, figure

        with python_errors():
            axis = self.options.axis if cost is None else axis_of(cost)
            label = SCORED if self.options.graded else SOLVED
            return figure(groups.panels(self._result), axis, label)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row per point: source, rule, k, value, interval, the cost on each axis, and the
        group (None for all problems)."""
        for curve in self.curves:
            for point in curve.points:
                yield {
                    "source": curve.source,
                    "rule": curve.selector,
                    "k": point.k,
                    "value": point.value,
                    "low": point.low,
                    "high": point.high,
                    "low_draws": point.low_draws,
                    "high_draws": point.high_draws,
                    "problems": point.problems,
                    "exact": point.exact,
                    "error": point.error,
                    "note": point.note,
                    "oracle": curve.oracle,
                    **{f"cost_{axis}": cost for axis, cost in point.cost.items()},
                    "by": curve.by,
                    "group": curve.group,
                }

    def to_pandas(self) -> pandas.DataFrame:
        """Return `rows` as a data frame; unknown values are NA. UsageError without pandas (the
        extra `pandas`)."""
        with python_errors():
            return frames.to_pandas(self.rows(), COLUMNS)

    def to_arrow(self) -> pyarrow.Table:
        """Return `rows` as a pyarrow.Table; unknown values are null. UsageError without pyarrow
        (the extra `arrow`)."""
        with python_errors():
            return frames.to_arrow(self.rows(), COLUMNS)

    def __iter__(self) -> Iterator[Curve]:
        return iter(self.curves)

    def __len__(self) -> int:
        return len(self.curves)

    @overload
    def __getitem__(self, key: int | str) -> Curve: ...
    @overload
    def __getitem__(
        self, key: tuple[str, int] | tuple[str, int, str] | tuple[str, int, str | None, str]
    ) -> Point: ...
    @overload
    def __getitem__(self, key: tuple[str, None, str | None, str]) -> Curve: ...
    def __getitem__(self, key: Any) -> Curve | Point:
        return self.curves[key] if isinstance(key, int) else find(self.curves, key)

    def __repr__(self) -> str:
        sources = ", ".join(
            f"{name} ({some(count, 'problem')})" for name, count in self.problems.items()
        )
        rules = ", ".join(dict.fromkeys(curve.selector for curve in self.curves))
        return one_line(f"Sweep({rules} over {sources})")

    def _repr_html_(self) -> str:
        """Return the curves as a plain HTML table, a row per budget; names are escaped."""
        from ttc.report import intervals, oracles
        from ttc.report.tables.words import in_words

        parts = []
        parted, sizes = groups.titled(self._result)
        every = [*self._result.curves, *parted]
        for source in (*self.problems, *sizes):
            ours = [curve for curve in every if curve.source == source]
            heads = "".join(
                f"<th>{in_html(each)}</th>" for each in ["k", *map(oracles.name_of, ours)]
            )
            parts.append(f"<table><caption>{in_html(source)}</caption><tr>{heads}</tr>")
            for points in zip(*(curve.points for curve in ours), strict=True):
                cells = "".join(
                    f"<td>{in_html(intervals.with_intervals(point))}</td>" for point in points
                )
                parts.append(f"<tr><td>{points[0].k}</td>{cells}</tr>")
            parts.append("</table>")
        lines = (*intervals.in_words(self._result), in_words(self.options.conventions))
        parts += [f"<p>{in_html(line)}</p>" for line in lines]
        parts += [f"<p>note: {in_html(line)}</p>" for line in self.warnings]
        return "\n".join(parts)
