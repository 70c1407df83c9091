"""The problems that were answered worst, for the reports of CI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nsmallest
from typing import NamedTuple

from ttc.curves.table import Table
from ttc.report.escaping import in_markdown

MOST = 10


class Answered(NamedTuple):
    """How a problem was answered: the mean value of its draws, and of right or wrong draws how many
    are correct (None: draws have scores) and undecided."""

    problem: str
    value: float
    draws: int
    correct: int | None
    undecided: int = 0

    @property
    def described(self) -> str:
        """The result in words: `2/8 correct, 1 undecided`, or `mean 0.3125 of 8`."""
        if self.correct is None:
            return f"mean {self.value:.4f} of {self.draws}"
        undecided = f", {self.undecided} undecided" if self.undecided else ""
        return f"{self.correct}/{self.draws} correct{undecided}"


def of_table(table: Table, *, graded: bool) -> list[Answered]:
    """Return the worst problems of a source, worst first; none that is always right."""
    found = []
    for problem, draws in zip(table.problems, table.pools, strict=True):
        if not draws:
            continue
        value = sum(draw.worth for draw in draws) / len(draws)
        correct = None if graded else sum(bool(draw.correct) for draw in draws)
        undecided = 0 if graded else sum(draw.correct is None for draw in draws)
        found.append(Answered(problem, value, len(draws), correct, undecided))
    return worst(found)


def worst(answered: Iterable[Answered]) -> list[Answered]:
    """Return at most MOST problems, worst first; equal ones by name.

    Those that are always right are left out, and those of which nothing is known.
    """
    known = (each for each in answered if each.undecided < each.draws != each.correct)
    return nsmallest(MOST, known, key=lambda each: (each.value, each.problem))


def lines(found: Sequence[Answered], problems: int) -> list[str]:
    """Return a title and a line for each problem; nothing without any."""
    if not found:
        return []
    widest = max(len(each.problem) for each in found)
    rows = [f"{each.problem:<{widest}}  {each.described}" for each in found]
    return [f"the {len(found)} worst of {problems} problems:", *rows]


def as_markdown(source: str, found: Sequence[Answered], problems: int) -> str:
    """Return the problems as a table under a title; nothing without any."""
    if not found:
        return ""
    title = f"**{in_markdown(source)}**: the {len(found)} worst of {problems} problems"
    rows = (f"| {in_markdown(each.problem)} | {each.described} |" for each in found)
    return "\n".join((title, "", "| problem | draws |", "|---|---|", *rows)) + "\n"
