"""Draws until X, and bounds under undecided and truncated draws, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ttc.curves.inquiries.bounds import Bounded, Bounds
from ttc.curves.inquiries.draws_beyond import Until
from ttc.messages.counts import some
from ttc.records import Point
from ttc.report.tables.columns import aligned

_HEADS = {
    "undecided_right": "undecided right",
    "undecided_out": "undecided out",
    "truncated_wrong": "truncated wrong",
    "truncated_right": "truncated right",
    "truncated_out": "truncated out",
    "both_right": "both right",
    "both_out": "both out",
}


def untils(source: str, found: Sequence[Until]) -> Iterator[str]:
    """Yield how many draws each target takes, and what is assumed for it."""
    for each in found:
        goal = f"{source}: {each.rule} ≥ {each.target:g}"
        bounds = _bounds(each)
        if each.k is None:
            least = f" ({bounds})" if bounds else ""
            yield f"{goal}: not known{least}: {each.note}"
            continue
        by = {"exact": "exactly", "±": "with the error of the rule"}.get(
            each.estimator or "", f"by {each.estimator}"
        )
        more = f"within the {some(each.drawn, 'draw')} of each problem"
        if each.more:
            draws = some(each.more, "more draw", grouped=True)
            more = f"{draws} of each problem, {each.total:,} in all"
        yield f"{goal} at k = {each.k:,}{f' ({bounds})' if bounds else ''} {by}: {more}"
        if each.estimator == "beta-binomial":
            hard = (
                "problem without a correct draw is taken as hard",
                "problems without a correct draw are taken as hard",
            )
            other = "" if each.power_law is None else f"; the power law says {each.power_law:,}"
            yield (f"{source}: {some(each.unsolved, *hard)}, not as impossible{other}")
        if each.note is not None:
            yield f"{goal}: {each.note}"


def _bounds(each: Until) -> str:
    """Return the intervals, each with its question."""
    these = _range(each.low_draws, each.high_draws)
    like = _range(each.low, each.high)
    named = (("these problems", these), ("problems like these", like))
    return ", ".join(f"{question} {interval}" for question, interval in named if interval)


def _range(low: int | None, high: int | None) -> str:
    """Return `[3, 17]`, or without an upper bound `[3, …)`; nothing if all is possible."""
    if (low is None or low <= 1) and high is None:
        return ""
    first = "1" if low is None else f"{low:,}"
    return f"[{first}, …)" if high is None else f"[{first}, {high:,}]"


def bounded(source: str, found: Bounds) -> Iterator[str]:
    """Yield the value of each rule and budget under each treatment; one line if there is nothing to
    treat."""
    if not found.rows:
        yield f"{source}: all {found.draws} draws are decided and finished: nothing to bound"
        return
    also = f", {found.both} both" if found.both else ""
    yield (
        f"{source}: of {found.draws} draws {found.undecided} are undecided and {found.truncated} "
        f"truncated{also}"
    )
    names = [name for name in _HEADS if name in found.rows[0].treated]
    heads = ("rule", "k", "shown", *(_HEADS[name] for name in names), "lowest", "highest")
    yield from aligned([heads, *(_row(row, names) for row in found.rows)])
    yield (
        "shown: undecided draws are wrong, truncated ones as judged; right, wrong: had they been "
        "decided so, or ended so where they were cut; out: had they not been drawn"
    )


def _row(row: Bounded, names: Sequence[str]) -> tuple[str, ...]:
    treated = (_cell(row.treated[name], row.shown) for name in names)
    ends = ("–" if value is None else f"{value:.4f}" for value in (row.lowest, row.highest))
    return (row.selector, str(row.shown.k), _cell(row.shown, row.shown), *treated, *ends)


def _cell(point: Point, shown: Point) -> str:
    """Return a value with its error, and the number of problems behind it if that is another."""
    if point.value is None:
        return "–"
    error = "" if point.error is None else f" ±{point.error:.4f}"
    over = "" if point.problems == shown.problems else f" (of {point.problems})"
    return f"{point.value:.4f}{error}{over}"
