"""Take scores for the values of draws: `ttc sweep --value score`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ttc.errors import UsageError
from ttc.selectors import Selector, worth
from ttc.selectors.extras import is_graded

if TYPE_CHECKING:
    from ttc.outcomes import Source

S = TypeVar("S")

# The rules of a sweep that names none, where draws are graded.
DEFAULT_RULES = ("max", "mean", "majority", "first-finish")
NAMED = 3  # problems that a line names at most
LARGEST = 1e100  # the largest value; sums of squares of larger ones would overflow


def grade(value: str, sources: Sequence[Source]) -> tuple[list[Source], list[str]]:
    """Return the sources with draws that are worth their scores, and what to know about them.

    A draw without a score is left out: what it is worth is unknown, and not 0. UsageError if a
    source has no score at all, or an infinite one, of which there is no mean.
    """
    if value == worth.CORRECT:
        return list(sources), []
    scorer, found, lines = worth.scorer_of(value), [], []
    for source in sources:
        graded = {name: worth.graded(draws, scorer) for name, draws in source.problems.items()}
        kept = {name: draws for name, draws in graded.items() if draws}
        total = sum(map(len, source.problems.values()))
        if not kept:
            raise _unscored(source, value, total)
        for name, draws in kept.items():
            for draw in draws:
                if not abs(draw.worth) <= LARGEST:
                    raise UsageError(
                        f"{source.name}: {name!r} draw {draw.index} has the score {draw.value}, of "
                        f"which there is no mean; values are numbers up to {LARGEST:g} in size"
                    )
        found.append(replace(source, problems=kept))
        lines += _lost(source, total - sum(map(len, kept.values())), total, [*kept])
    return found, lines


def _lost(source: Source, lost: int, total: int, kept: Sequence[str]) -> list[str]:
    """Return the line about draws without a score, and about problems that have no other."""
    if not lost:
        return []
    line = (
        f"{source.name}: {lost} of {total} draws have no score and are left out; what they are "
        "worth is unknown, and not 0"
    )
    if gone := sorted(set(source.problems) - set(kept)):
        named = ", ".join(gone[:NAMED]) + (", …" if len(gone) > NAMED else "")
        line += f". {len(gone)} of {len(source.problems)} problems have no score at all: {named}"
    return [line]


def _unscored(source: Source, value: str, total: int) -> UsageError:
    name = worth.scorer_of(value)
    by = f" by {name}" if name else ""
    field = "scores" if name else "score"
    why = f"{source.name}: none of {total} draws has a score{by}; judge them with a verifier that "
    return UsageError(
        f"{why}gives scores, or for a file --map {field}=FIELD",
        python=f"{why}gives scores, or for a file mapping={{{field!r}: 'FIELD'}}",
    )


def leave_out(value: str, rules: dict[str, Selector], asserted: Sequence[str]) -> list[str]:
    """Drop the rules that count right and wrong draws where draws are graded; return the line.

    UsageError if none is left, or a gate is about one of them.
    """
    if value == worth.CORRECT:
        return []
    counting = [name for name, rule in rules.items() if not is_graded(rule)]
    if not counting:
        return []
    many = len(counting) > 1
    line = (
        f"{', '.join(counting)} count{'s' * (not many)} right and wrong draws and "
        f"ha{'ve' if many else 's'} no value where draws have scores"
    )
    if len(counting) == len(rules) or set(counting) & set(asserted):
        remedy = f"name others, such as {', '.join(DEFAULT_RULES[:3])}, or leave "
        raise UsageError(f"{line}; {remedy}--value away", python=f"{line}; {remedy}out value")
    for name in counting:
        del rules[name]
    return [f"left out: {line}"]
