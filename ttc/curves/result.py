"""What a sweep found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ttc.curves.compare import Comparison
from ttc.curves.compute_optimal import Policy
from ttc.curves.document import as_document
from ttc.curves.gates import GateResult
from ttc.curves.groups import Group
from ttc.curves.inquiries.bounds import Bounds
from ttc.curves.inquiries.confusion import Confusion
from ttc.curves.inquiries.draws_beyond import Until
from ttc.curves.inquiries.self_agreement import SelfAgreement
from ttc.curves.lack import LeftOut
from ttc.curves.options import SweepOptions
from ttc.curves.posteriors import Posterior
from ttc.curves.saturation import Saturation
from ttc.curves.scaling_laws import Prediction
from ttc.curves.solve_verify_split import Split
from ttc.curves.table import Table
from ttc.errors import GateError
from ttc.records import Curve, Point


class _Listed(Protocol):
    def as_dict(self) -> dict[str, Any]: ...


@dataclass(slots=True)
class SweepResult:
    """What a sweep found.

    `tables` and `curves` are in the order of the sources; `predictions`, `saturations`, `splits`,
    `policies`, `untils`, `bounds`, `confusions` and `agreements` are by name of the source.
    `decisions` are the gates, those of a baseline
    included. `frontier` is None if it was not asked for. `left_out` are the rules that could not
    be computed. `curves` are those of all problems;
    `groups` and their curves, `by_group`, are in the order of the sources.
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
    groups: list[Group] = field(default_factory=list)
    by_group: list[Curve] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    untils: dict[str, list[Until]] = field(default_factory=dict)
    bounds: dict[str, Bounds] = field(default_factory=dict)
    confusions: dict[str, list[Confusion]] = field(default_factory=dict)
    agreements: dict[str, list[SelfAgreement]] = field(default_factory=dict)
    posteriors: list[Posterior] = field(default_factory=list)

    @property
    def every(self) -> list[Curve]:
        """All curves, source by source: those of all problems, then those of each group."""
        place = {source: at for at, source in enumerate(self.problems)}
        return sorted([*self.curves, *self.by_group], key=lambda curve: place[curve.source])

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
        curves = self.every
        whole = as_document(
            curves,
            source=names[0],
            problems=len(problems),
            conventions=self.options.conventions,
            warnings=self.warnings,
        )
        if len(names) > 1:
            whole["source"] = names
            for curve, entry in zip(curves, whole["curves"], strict=True):
                entry["source"] = curve.source
        if self.groups:
            for curve, entry in zip(curves, whole["curves"], strict=True):
                entry |= {"by": curve.by, "group": curve.group}
        whole |= self._plain()
        for source, found in self.predictions.items():
            saturated = self.saturations[source]
            whole.setdefault("predictions", {})[source] = {
                "coverage": [each.as_dict() for each in found],
                "saturation": None if saturated is None else saturated.as_dict(),
            }
        whole |= self._listed()
        if self.frontier is not None:
            whole["pareto"] = [
                {"source": curve.source, "selector": curve.selector, "k": point.k}
                for curve, point in self.frontier
            ]
        return whole

    def _plain(self) -> dict[str, Any]:
        """Return what is one list, or one entry for each source."""
        lists: tuple[tuple[str, Sequence[_Listed]], ...] = (
            ("groups", self.groups),
            ("left_out", self.left_out),
            ("comparisons", self.comparisons),
            ("gates", self.decisions),
            ("posteriors", self.posteriors),
        )
        by_source: tuple[tuple[str, Mapping[str, _Listed]], ...] = (
            ("splits", self.splits),
            ("bounds", self.bounds),
        )
        return {name: [each.as_dict() for each in found] for name, found in lists if found} | {
            name: {source: each.as_dict() for source, each in found.items()}
            for name, found in by_source
            if found
        }

    def _listed(self) -> dict[str, Any]:
        """Return the analyses with a list of entries for each source."""
        listed: tuple[tuple[str, Mapping[str, Sequence[_Listed]]], ...] = (
            ("policies", self.policies),
            ("until", self.untils),
            ("confusions", self.confusions),
            ("agreements", self.agreements),
        )
        return {
            name: {
                source: [each.as_dict() for each in entries]
                for source, entries in by_source.items()
            }
            for name, by_source in listed
            if by_source
        }

    def hold(self) -> None:
        """Raise GateError with the reasons if a gate is not met."""
        if broken := [decision.reason for decision in self.decisions if not decision.met]:
            raise GateError(f"not met: {'; '.join(broken)}")
