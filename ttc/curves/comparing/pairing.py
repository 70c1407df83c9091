"""Two sides of a comparison, paired by problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple, TypeAlias

from ttc.curves.comparing.paired_tests import Noise, Tested, over_draws, over_problems
from ttc.errors import UsageError

# The value of one rule at one budget, by problem.
Values: TypeAlias = Mapping[str, float]
_ROUNDING = 1e-9


class Side(NamedTuple):
    """A rule on a source."""

    source: str
    rule: str


class Pair(NamedTuple):
    """Two sides at a budget, with their names and values.

    `noise` is that of the difference by problem; None if the question is not about draws.
    """

    sides: tuple[Side, Side]
    k: int
    names: tuple[str, str]
    new: Values
    old: Values
    noise: Mapping[str, Noise] | None = None

    @property
    def shared(self) -> list[str]:
        """The problems that both have."""
        return sorted(self.new.keys() & self.old.keys())

    @property
    def differences(self) -> list[float]:
        """The first value minus the second on each shared problem."""
        return [self.new[problem] - self.old[problem] for problem in self.shared]

    @property
    def reach(self) -> float | None:
        """How large a difference can be; None for values outside [0, 1]."""
        values = [side[problem] for problem in self.shared for side in (self.new, self.old)]
        return 1.0 if min(values) >= -_ROUNDING and max(values) <= 1 + _ROUNDING else None

    def check(self) -> None:
        """Raise UsageError for a value that is not finite."""
        for name, values in zip(self.names, (self.new, self.old), strict=True):
            for problem in self.shared:
                if not isfinite(values[problem]):
                    raise UsageError(
                        f"{name}: the value of problem {problem} is {values[problem]}, which is "
                        "not finite; nothing can be compared with it"
                    )


def tested(pairs: Sequence[Pair], population: str, level: float, seed: int) -> list[Tested]:
    """Test each pair, which shares a problem, for `problems` like these or other `draws`.

    `level` is that of the intervals in per cent. Without the noise of every problem nothing is
    known of other draws. UsageError for a value that is not finite.
    """
    for pair in pairs:
        pair.check()
    if population == "problems":
        columns, reaches = [pair.differences for pair in pairs], [pair.reach for pair in pairs]
        return over_problems(columns, level=level, reaches=reaches, seed=seed)
    return [_over_draws(pair, level) for pair in pairs]


def _over_draws(pair: Pair, level: float) -> Tested:
    noise, shared = pair.noise or {}, pair.shared
    known = [noise[problem] for problem in shared if problem in noise]
    if len(known) < len(shared):
        return Tested()
    return over_draws(pair.differences, known, k=pair.k, level=level, reach=pair.reach)
