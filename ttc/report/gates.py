"""The gates of a baseline in lines and as Markdown: what fell, and what could be seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ttc.curves.gate_words import change_of, in_words, p_text
from ttc.curves.gates import NAMED, POPULATIONS, GateResult
from ttc.curves.suite_tests.falls import ProblemFall
from ttc.messages.counts import some
from ttc.report.escaping import in_markdown
from ttc.report.tables.columns import aligned

WORST = 10  # problems that an annotation and a test case of JUnit list
MOST_LINES = 20  # of problems on a terminal; JSON, JUnit and Markdown have them all


def lines(decisions: Sequence[GateResult]) -> Iterator[str]:
    """Yield the question of each baseline's gate with its answer, the problems that fell, worst
    first, and the fall that a test of one problem can see."""
    for each in decisions:
        if each.population is None:
            continue
        question = POPULATIONS[each.population]
        yield f"{each.source}, {question}: {_summary(each)}"
        rows = [_cells(fall) for fall in each.problems[:MOST_LINES]]
        yield from aligned(rows) if rows else ()
        if (more := len(each.problems) - MOST_LINES) > 0:
            yield f"and {more} more"
        if each.power is not None:
            yield str(each.power)


def asserted(decisions: Sequence[GateResult]) -> Iterator[str]:
    """Yield whether each assertion is met, and the problems that do not meet it, worst first."""
    for each in decisions:
        if each.population is None:
            yield f"{'met' if each.met else 'not met'}: {each.reason}"
            yield from _below(each)


def reasons(each: GateResult) -> list[str]:
    """Return why a gate is not met, and below it the worst problems if that names not all."""
    fallen = [in_words(fall) for fall in each.problems]
    fallen += [f"{problem}: {value:.4f}" for problem, value in each.below.items()]
    return [each.reason, *(fallen[:WORST] if len(fallen) > NAMED else [])]


def _below(each: GateResult) -> Iterator[str]:
    if len(each.below) > NAMED:
        shown = [*each.below.items()][:MOST_LINES]
        yield from aligned([(name, f"{value:.4f}") for name, value in shown])
        if (more := len(each.below) - MOST_LINES) > 0:
            yield f"and {more} more"


def as_markdown(decisions: Sequence[GateResult]) -> str:
    """Return the problems that do not meet a gate as tables; nothing if there are none."""
    parts: list[str] = []
    for each in decisions:
        if each.problems:
            parts += [f"**{in_markdown(each.source)}**: problems that fell, worst first", ""]
            parts += ["| problem | what | baseline → now | p |", "|---|---|--:|--:|"]
            for name, what, change, p in map(_cells, each.problems):
                parts.append(f"| {in_markdown(name)} | {in_markdown(what)} | {change} | {p} |")
            parts.append("")
        if each.below:
            parts += [f"**{in_markdown(each.source)}**: not {in_markdown(each.gate)}", ""]
            parts += ["| problem | value |", "|---|--:|"]
            parts += [f"| {in_markdown(name)} | {v:.4f} |" for name, v in each.below.items()]
            parts.append("")
    return "\n".join(parts)


def _summary(result: GateResult) -> str:
    if result.met:
        return "nothing fell that chance does not explain"
    parts = []
    if result.problems:
        parts.append(f"{some(len(result.problems), 'problem')} fell")
    if result.means:
        named = ", ".join(mean.term for mean in result.means[:NAMED])
        more = f" and {len(result.means) - NAMED} more" if len(result.means) > NAMED else ""
        parts.append(f"the mean fell at {named}{more}")
    return "; ".join(parts)


def _cells(fall: ProblemFall) -> tuple[str, str, str, str]:
    return fall.problem, fall.term or "correct", change_of(fall), p_text(fall.adjusted)
