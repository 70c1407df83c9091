"""Caveats: what a reader of curves has to know about the draws behind them, a line each."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from math import fsum
from typing import TYPE_CHECKING

from ttc.curves.exchangeability import Dependence, dependences
from ttc.curves.table import Problems, Table
from ttc.messages.counts import some
from ttc.records import Curve
from ttc.selectors.oracles import BY_CORRECT

if TYPE_CHECKING:
    from ttc.outcomes import Source

NAMED = 6  # draws that a line names at most


def caveats(source: Source, curves: Sequence[Curve], *, several: bool = False) -> list[str]:
    """Return the caveats about the curves of a source; with its name if there are `several`."""
    lines = [*source.standing.notes, *warnings(source.problems)]
    lines += map(unlike_draws, dependences(source.problems))
    lines += lost_races(curves, source.problems)
    lines += source.notes
    if source.outdated is not None:
        lines.append(source.outdated)
    if source.unjudged:
        left = (
            "draw has no verdict yet and is left out",
            "draws have no verdict yet and are left out",
        )
        again = source.judging or f"ttc verify {shlex.quote(source.name)} -V NAME"
        lines.append(f"{some(source.unjudged, *left)}; {again}")
    if source.cancelled:
        lost = ("draw was cancelled and is missing", "draws were cancelled and are missing")
        lines.append(
            f"{some(source.cancelled, *lost)}, which leaves the short ones: not a fair sample "
            "until they are drawn (ttc sample)"
        )
    return [f"{source.name}: {line}" for line in lines] if several else lines


def unlike_draws(found: Dependence) -> str:
    """Return the line about draws that are not exchangeable, with those that stand out."""
    form = {"accuracy": "right in {:.0%}", "value": "{:.4g}", "length": "{:.0f} tokens"}[found.of]
    most = [*found.draws][:NAMED]
    named = ", ".join(f"{i} ({form.format(found.draws[i])})" for i in sorted(most))
    more = f" and {len(found.draws) - NAMED} more" if len(found.draws) > NAMED else ""
    usual = form.format(found.usual)
    stand_out = f"; draws {named}{more} stand out from {usual}" if found.draws else ""
    return (
        f"the draws are not exchangeable: their {found.of} depends on the draw index "
        f"({found.test}, p = {found.p:.1g}){stand_out}; means over k-subsets mix unlike draws"
    )


def warnings(problems: Problems) -> list[str]:
    """Return the caveats that hold for any curve over these draws."""
    draws = [outcome for outcomes in problems.values() for outcome in outcomes]
    counts = [len(outcomes) for outcomes in problems.values()]
    lines = []
    if truncated := sum(outcome.truncated for outcome in draws):
        share = 100 * truncated / len(draws)
        lines.append(
            f"{truncated} of {len(draws)} draws ({share:.1f}%) are truncated: they ended at the "
            "token limit, unfinished"
        )
    if undecided := sum(o.correct is None and o.value is None for o in draws):
        lines.append(f"{undecided} of {len(draws)} draws have no verdict and count as not correct")
    if len(set(counts)) > 1:
        lines.append(
            f"problems have between {min(counts)} and {some(max(counts), 'draw')}: a point at k is "
            "the mean over those with at least k"
        )
    return lines


def oracle_notes(tables: Sequence[Table]) -> list[str]:
    """Return a line for each thing, besides `correct` itself, that oracles pick by."""
    lines = []
    for table in tables:
        by_reason: dict[str, list[str]] = {}
        for rule, why in table.oracles.items():
            if why != BY_CORRECT and rule not in table.left_out:
                by_reason.setdefault(why, []).append(rule)
        of = f"{table.source}: " if len(tables) > 1 else ""
        for why, rules in by_reason.items():
            many = "are oracles: they pick" if len(rules) > 1 else "is an oracle: it picks"
            lines.append(f"{of}{', '.join(rules)} {many} by {why}")
    return lines


def lost_races(curves: Sequence[Curve], problems: Problems) -> list[str]:
    """Return a line for each first-finish rule whose value is below that of a single draw."""
    means = [
        fsum(outcome.worth for outcome in outcomes) / len(outcomes)
        for outcomes in problems.values()
        if outcomes
    ]
    single = fsum(means) / len(means) if means else 0.0
    graded = any(outcome.value is not None for draws in problems.values() for outcome in draws[:1])
    worse = "worth less" if graded else "right less often"
    lines = []
    for curve in curves:
        if not curve.selector.startswith(("first-finish", "short-1")):
            continue
        whole = [point for point in curve.points if point.value is not None and not point.note]
        if whole and (last := whole[-1]).k > 1 and (last.value or 0) < single - 1e-9:
            lines.append(
                f"{curve.selector}@{last.k} ({last.value:.4f}) is below a single draw "
                f"({single:.4f}): here, what finishes first is {worse}"
            )
    return lines
