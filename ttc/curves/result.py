"""What a sweep found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ttc.curves.compare import Comparison
from ttc.curves.compute_optimal import Policy
from ttc.curves.document import as_document
from ttc.curves.gates import GateResult
from ttc.curves.options import SweepOptions
from ttc.curves.posteriors import Posterior
from ttc.curves.saturation import Saturation
from ttc.curves.scaling_laws import Prediction
from ttc.curves.solve_verify_split import Split
from ttc.curves.table import Table
from ttc.errors import GateError
from ttc.records import Curve, Point


@dataclass(slots=True)
class SweepResult:
    """What a sweep found.

    `tables` and `curves` are in the order of the sources; `predictions`, `saturations`, `splits`
    and `policies` are by name of the source. `decisions` are the gates, those of a baseline
    included. `frontier` is None if it was not asked for.
    """

    options: SweepOptions
    tables: Sequence[Table]
    curves: list[Curve] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    decisions: list[GateResult] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    predictions: dict[str, list[Prediction]] = field(default_factory=dict)
    saturations: dict[str, Saturation | None] = field(default_factory=dict)
    splits: dict[str, Split] = field(default_factory=dict)
    policies: dict[str, list[Policy]] = field(default_factory=dict)
    frontier: list[tuple[Curve, Point]] | None = None
    posteriors: list[Posterior] = field(default_factory=list)

    @property
    def problems(self) -> dict[str, int]:
        """The number of problems of each source."""
        return {table.source: len(table.problems) for table in self.tables}

    def as_dict(self) -> dict[str, Any]:
        """Return the document of `ttc sweep --json`, schema 1.

        It has the curves of all sources and, under further names, the comparisons, gates,
        predictions, splits, policies and Pareto frontier that there are.
        """
        names = list(self.problems)
        problems = {problem for table in self.tables for problem in table.problems}
        whole = as_document(
            self.curves,
            source=names[0],
            problems=len(problems),
            conventions=self.options.conventions,
            warnings=self.warnings,
        )
        if len(names) > 1:
            whole["source"] = names
            for curve, entry in zip(self.curves, whole["curves"], strict=True):
                entry["source"] = curve.source
        if self.comparisons:
            whole["comparisons"] = [each.as_dict() for each in self.comparisons]
        if self.decisions:
            whole["gates"] = [each.as_dict() for each in self.decisions]
        for source, found in self.predictions.items():
            saturated = self.saturations[source]
            whole.setdefault("predictions", {})[source] = {
                "coverage": [each.as_dict() for each in found],
                "saturation": None if saturated is None else saturated.as_dict(),
            }
        for source, split in self.splits.items():
            whole.setdefault("splits", {})[source] = split.as_dict()
        for source, policies in self.policies.items():
            whole.setdefault("policies", {})[source] = [each.as_dict() for each in policies]
        if self.posteriors:
            whole["posteriors"] = [each.as_dict() for each in self.posteriors]
        if self.frontier is not None:
            whole["pareto"] = [
                {"source": curve.source, "selector": curve.selector, "k": point.k}
                for curve, point in self.frontier
            ]
        return whole

    def hold(self) -> None:
        """Raise GateError with the reasons if a gate is not met."""
        if broken := [decision.reason for decision in self.decisions if not decision.met]:
            raise GateError(f"not met: {'; '.join(broken)}")
