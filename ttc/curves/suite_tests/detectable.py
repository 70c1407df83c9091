"""How large a fall of one problem a gate can see, and how many draws it would take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ttc.curves.holm import Floats, Hypothesis
from ttc.curves.suite_tests import count_tests
from ttc.curves.suite_tests.count_tests import Counts
from ttc.messages.counts import some

AIM = 0.8
MOST_DRAWS = 512
HALVINGS = 50


@dataclass(frozen=True, slots=True)
class Power:
    """The chance that a gate sees a fall of one problem between these success rates.

    `problem` is the one that the rates are of, and `p` the p-value of its test alone; None if they
    are an example. The other problems stay as they are. `draws` is the number on both sides at
    which the chance is AIM; None if it is more than MOST_DRAWS.
    """

    problem: str | None
    baseline: Counts
    now: Counts
    p: float | None
    probability: float
    draws: int | None

    def __str__(self) -> str:
        fall = f"a fall like {self.baseline} → {self.now} on one problem"
        if self.problem is not None:
            fall = (
                f"{self.problem} {self.baseline} → {self.now} is within chance (p = {self.p:.4f} "
                "before correction); such a fall"
            )
        chance = "below 0.01" if self.probability < 0.01 else f"{self.probability:.2f}"
        seen = f"{fall} is seen with probability {chance} at these draws"
        if self.probability >= AIM:
            return seen
        needed = f"more than {some(MOST_DRAWS, 'draw')}"
        if self.draws is not None:
            needed = some(self.draws, "draw")
        return f"{seen}; {AIM:.2f} takes {needed} on both sides"


def power(
    old: Counts,
    new: Counts,
    others: Sequence[Hypothesis],
    alpha: float,
    lowest: Floats | None = None,
    of: tuple[str, float] | None = None,
) -> Power:
    """Return the chance to see one problem fall from the rate of `old` to that of `new`.

    `others` are the other tests of the family, `lowest` the rates that a margin allows
    (`count_tests.allowed`), `of` the problem that fell so and its p-value. The chance is computed
    for the threshold that Holm's first step leaves; the draws that are needed for its plain one,
    which the discrete tests of the others do not use up, and so are rather too many.
    """

    def chance(n: int, m: int, threshold: float) -> float:
        table = count_tests.p_values(n, m, lowest, threshold)
        before, after = (
            count_tests.binomials(draws, np.array([side.rate]))[0]
            for draws, side in ((n, old), (m, new))
        )
        return float(before @ (table <= threshold) @ after)

    low, high = 0.0, alpha
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        spent = middle + sum(test.reach(middle * test.weight) for test in others)
        low, high = (middle, high) if spent <= alpha else (low, middle)
    seen = chance(old.draws, new.draws, low)
    plain = alpha / (1 + sum(test.weight for test in others if not test.constant))
    needed = None if seen >= AIM else _fewest(lambda n: chance(n, n, plain))
    problem, p = of or (None, None)
    return Power(problem, old, new, p, seen, needed)


def _fewest(chance: Callable[[int], float]) -> int | None:
    """Return the number of draws from which the chance is AIM; it may dip a little above it."""
    low, high = 1, 2
    while chance(high) < AIM:
        low, high = high, 2 * high
        if high > MOST_DRAWS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if chance(middle) >= AIM else (middle, high)
    return high
