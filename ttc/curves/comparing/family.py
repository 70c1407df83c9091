"""All comparisons of a sweep together: Holm's correction, the family's name, and caveats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ttc.curves import holm
from ttc.curves.compare import Comparison
from ttc.curves.comparing.sign_flips import least_p
from ttc.messages.counts import some

NAMED = 4  # comparisons or problems that a line names at most


def corrected(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons with `p_holm`, p corrected for all of those that have a p."""
    known = [each.p for each in comparisons if each.p is not None]
    fixed = iter(holm.adjusted([holm.Hypothesis(p) for p in known]))
    return [each if each.p is None else replace(each, p_holm=next(fixed)) for each in comparisons]


def name_of(comparisons: Sequence[Comparison]) -> str:
    """Return what the family consists of: `12 comparisons: 2 pools × 3 rules × 2 budgets`."""
    tested = [each for each in comparisons if each.p is not None]
    count = some(len(tested), "comparison")
    sizes = (
        (len({(each.source, each.against_source) for each in tested}), "pool"),
        (len({(each.rule, each.against_rule) for each in tested}), "rule"),
        (len({each.k for each in tested}), "budget"),
    )
    parts = [some(size, noun) for size, noun in sizes if size > 1]
    product = sizes[0][0] * sizes[1][0] * sizes[2][0]
    if len(parts) < 2 or product != len(tested):
        return count
    return f"{count}: {' × '.join(parts)}"


def caveats(comparisons: Sequence[Comparison], ci: float | None) -> list[str]:
    """Return what a reader of comparisons has to know, a line each; `ci` is their level."""
    level = ci or 95
    lines = _too_few(comparisons, level)
    if unknown := _names(comparisons, lambda each: each.p is None):
        lines.append(
            f"{unknown}: how far its values move with the draws is unknown (a single draw, a "
            "simulated rule, or values without draws), so it has no interval and no p"
        )
    return lines


def _too_few(comparisons: Sequence[Comparison], level: float) -> list[str]:
    """Return a line for each number of problems with which no p can reach the level."""
    alpha, size = 1 - level / 100, sum(each.p is not None for each in comparisons)
    lines = []
    counts = {each.problems: each.least_p for each in comparisons if each.least_p is not None}
    for n, least in sorted(counts.items()):
        over = f"{some(n, 'problem')}: p cannot be below {least:.4g}"
        if least > alpha:
            lines.append(
                f"{over}, so no difference can be significant at {100 * alpha:.3g} %; compare at "
                f"least {some(_needed(alpha), 'problem')}, or ask about these problems "
                "(population: draws)"
            )
        elif least * size > alpha:
            lines.append(
                f"{over}, corrected for {some(size, 'comparison')} not below "
                f"{min(1, least * size):.4g}: none can be significant at {100 * alpha:.3g} %; "
                f"compare at least {some(_needed(alpha / size), 'problem')}, or fewer rules and "
                "budgets"
            )
    return lines


def _needed(alpha: float) -> int:
    """Return the number of problems from which p can reach alpha."""
    return next(n for n in range(1, 100) if least_p(n) <= max(alpha, least_p(99)))


def unshared(new: tuple[str, Sequence[str]], old: tuple[str, Sequence[str]]) -> list[str]:
    """Return a line about the problems that only one of two pools has; each is a name and its
    problems."""
    parts = []
    for (name, mine), (other, theirs) in ((new, old), (old, new)):
        if alone := sorted(set(mine) - set(theirs)):
            parts.append(
                f"{len(alone)} of {some(len(mine), 'problem')} of {name} "
                f"{'is' if len(alone) == 1 else 'are'} not in {other} ({_few(alone)})"
            )
    if not parts:
        return []
    both = len(set(new[1]) & set(old[1]))
    return [f"{' and '.join(parts)}: compared over the {both} that both have"]


def _names(comparisons: Sequence[Comparison], wanted: Callable[[Comparison], bool]) -> str:
    several = len({(each.source, each.against_source) for each in comparisons}) > 1
    return _few(
        [
            each.value_of if several else f"{each.rule}@{each.k}"
            for each in comparisons
            if wanted(each)
        ]
    )


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
