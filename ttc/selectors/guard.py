"""A wrapper around a plugin's selection rule that checks its results."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from operator import index
from typing import Any

from ttc import plugins
from ttc.plugins.guards import GuardedMethod, a
from ttc.records import Outcome
from ttc.selectors import Selector


class GuardedSelector(GuardedMethod):
    """A rule of a plugin, which may raise, or return picks and means that are not valid."""

    def __init__(self, name: str, inner: Any) -> None:
        super().__init__("selectors", name, inner)

    @property
    def finishes(self) -> int | None:
        """The number of draws that it waits for; None for all."""
        count = self._call("tell its finishes", lambda: self._inner.finishes)
        if count is not None and (not isinstance(count, int) or count < 1):
            raise self._fault(f"has {count!r} for its finishes, not a number from 1 or None")
        return count

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        """Return the indices of the draws tied for selection."""
        picked = self._call("pick", lambda: tuple(map(index, self._inner.pick(outcomes))))
        if not all(0 <= i < len(outcomes) for i in picked):
            raise self._fault(f"picked {picked!r} of {len(outcomes)} draws")
        return picked

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean value of its picks at each k."""
        values = self._call("compute its mean", lambda: self._inner.expected(outcomes, ks))
        numbers = self._call(f"give means: {a(values)}", lambda: [float(each) for each in values])
        if len(numbers) != len(ks) or not all(map(isfinite, numbers)):
            raise self._fault(f"gave {numbers!r} as its means at k = {list(ks)}")
        return numbers


def guarded(name: str, rule: Selector) -> Selector:
    """Return a plugin's rule in a guard; one of ttc's own as it is."""
    entry = plugins.installed("selectors").get(name)
    if entry is None or plugins.distribution(entry)[0] == plugins.OWN_DISTRIBUTION:
        return rule
    behind: Any = GuardedSelector(name, rule)
    made: Selector = behind
    return made
