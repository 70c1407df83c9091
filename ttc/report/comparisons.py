"""Paired differences as lines of text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ttc.curves.compare import Comparison
from ttc.curves.comparing.family import name_of
from ttc.curves.comparing.sign_flips import EXACT, FLIPS
from ttc.report.escaping import in_markdown
from ttc.report.tables.columns import aligned

WIDER = "‡"
HEAD = ("rule@k", "difference [interval]", "p", "Holm", "MDE", "problems")
QUESTIONS = {
    "problems": "problems like these: p by flipping signs, the interval inverts the same test",
    "draws": "these problems, other draws: p by a score test, the interval inverts the same test",
}


def as_lines(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield a table for the differences of each two sides, and what its columns mean."""
    for title, rows in _tables(comparisons):
        yield title
        yield from aligned([HEAD, *rows], HEAD)
    yield from _legend(comparisons)


def as_markdown(comparisons: Sequence[Comparison]) -> str:
    """Return the same as tables of Markdown."""
    lines: list[str] = []
    for title, rows in _tables(comparisons):
        lines += [f"**{in_markdown(title)}**", "", f"| {' | '.join(HEAD)} |"]
        lines.append("|---" + "|--:" * (len(HEAD) - 1) + "|")
        lines += [f"| {' | '.join(map(in_markdown, row))} |" for row in rows]
        lines.append("")
    lines += [f"- {in_markdown(line)}" for line in _legend(comparisons)]
    return "\n".join(lines) + "\n"


def _tables(
    comparisons: Sequence[Comparison],
) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """Yield a title and its rows for each two sources, or each source whose rules are compared."""
    for (source, other, base), found in groupby(comparisons, _sides):
        against = f"{source} − {other}" if base is None else f"{source}: rules − {base}"
        yield f"{against}, paired by problem", [_row(each) for each in found]


def _sides(each: Comparison) -> tuple[str, str, str | None]:
    base = each.against_rule if each.against_rule != each.rule else None
    return each.source, each.against_source, base


def _row(each: Comparison) -> tuple[str, ...]:
    interval = ""
    if each.low is not None and each.high is not None:
        interval = f" [{_bound(each.low)}, {_bound(each.high)}]{WIDER * each.widened}"
    detectable = "–" if each.detectable is None else f"{each.detectable:.3f}"
    return (
        f"{each.rule}@{each.k}",
        f"{_plain(each.difference):+.4f}{interval}",
        _p(each.p),
        _p(each.p_holm),
        detectable,
        str(each.problems),
    )


def _bound(value: float) -> str:
    """Return a bound that does not look like zero unless it is."""
    text = f"{value:+.3f}"
    return f"{value:+.1g}" if value and not float(text) else text


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "<0.0001" if value < 1e-4 else f"{value:.4f}"


def _legend(comparisons: Sequence[Comparison]) -> Iterator[str]:
    for question in dict.fromkeys(each.population for each in comparisons):
        yield QUESTIONS[question]
    if comparisons:
        yield f"Holm: p corrected for {name_of(comparisons)}"
        yield "MDE: the difference that is found with 80% power at this level; – is unknown"
    if any(each.widened and each.low is not None for each in comparisons):
        yield f"{WIDER} few problems carry it: wider, for kinds of problems that were not seen"
    errors = [each.p_error for each in comparisons if each.p_error is not None]
    if errors and max(errors) >= 0.00005:
        yield (
            f"p of more than {EXACT} problems: {FLIPS} pairs of random sign patterns, standard "
            f"error up to {max(errors):.4f}"
        )


def _plain(difference: float) -> float:
    """Return a difference, 0 for one that is only rounding, which would be printed as -0.0000."""
    return difference if abs(difference) >= 0.00005 else 0.0
