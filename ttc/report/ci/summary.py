"""What `ttc sweep` and `ttc verify` add to the summary of a step on GitHub."""

from __future__ import annotations

from collections.abc import Sequence

from ttc.curves.gates import GateResult
from ttc.curves.result import SweepResult
from ttc.messages.counts import some
from ttc.report.ci import picture, worst
from ttc.report.ci.worst import Answered
from ttc.report.escaping import in_markdown


def of_sweep(result: SweepResult, gates: str, tables: str) -> str:
    """Return a sweep as Markdown: the gates, the picture, the worst problems, then the tables.

    `gates` and `tables` are the Markdown of the gates and of the rest.
    """
    parts = [f"### ttc sweep{_met(result.decisions)}\n", gates]
    for table in result.tables:
        parts.append(picture.chart(table.source, result.curves))
        found = worst.of_table(table, graded=result.options.graded)
        parts.append(worst.as_markdown(table.source, found, len(table.problems)))
    return _joined([*parts, tables])


def _met(decisions: Sequence[GateResult]) -> str:
    if not decisions:
        return ""
    met = sum(each.met for each in decisions)
    return f": {met} of {some(len(decisions), 'gate')} met"


def of_verify(
    source: str, notes: Sequence[str], found: Sequence[Answered], problems: int, gate: str | None
) -> str:
    """Return a verification as Markdown: its notes, its gate if it has one, the worst problems."""
    lines = [f"- {in_markdown(line)}" for line in (*([gate] if gate else []), *notes)]
    heading = f"### ttc verify {in_markdown(source)}\n"
    return _joined([heading, "\n".join(lines) + "\n", worst.as_markdown(source, found, problems)])


def _joined(parts: Sequence[str]) -> str:
    return "\n".join(part for part in parts if part.strip()) + "\n"
