"""Small mutable containers that both sides still hold after a call: a list that an object keeps, or
that tests took from it. Changes of either side cross with the next message.

The judge offers what its tests hold; the candidate answers which of these its program does not.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable
from typing import Any

from ttc.verifiers.sandbox.inside.values.shared import same, snapshot

_MOST, _LARGEST = 64, 256  # containers; items of one

_KINDS = frozenset({list, dict, set, deque, OrderedDict, Counter, defaultdict, bytearray, array})
_Pairs = dict[int, tuple[Any, Any]]  # containers with their snapshots, by number


class Kept:
    """The containers by number; `ids` has the numbers by id."""

    def __init__(self) -> None:
        self.pairs: _Pairs = {}
        self.ids: dict[int, int] = {}
        self.used: set[int] = set()  # since `take`
        self._last: _Pairs = {}  # of the call before, by their numbers in it
        self._next = 0

    @property
    def busy(self) -> bool:
        """Whether anything is kept, or may be of the last call."""
        return bool(self._last or self.pairs)

    def remember(self, containers: list[Any]) -> None:
        """Remember the containers of a call that has ended."""
        self._last = {
            number: (each, snapshot(each))
            for number, each in enumerate(containers)
            if _size(each) <= _LARGEST
        }

    def offers(self) -> list[int]:
        """Return which containers of the last call something else holds, or has changed since, as
        in `object.items.append(1)`."""
        if not self._last:
            return []
        held = set(_held(self._last))
        found = [
            number
            for number, (container, before) in self._last.items()
            if number in held or not same(before, snapshot(container))
        ]
        return found[: max(0, _MOST - len(self.pairs))]

    def take(self, numbers: Iterable[int]) -> None:
        """Keep these containers of the last call."""
        for number in numbers:
            pair = self._last[number]
            if id(pair[0]) not in self.ids:
                self.ids[id(pair[0])] = self._next
                self.pairs[self._next] = pair
            self._next += 1
        self._last = {}
        self.used.clear()

    def get(self, number: Any) -> Any:
        """Return a container."""
        self.used.add(number)
        return self.pairs[number][0]

    def unheld(self) -> list[int]:
        """Return the containers that nothing else holds, that were not used since `take`, and whose
        changes the other side knows."""
        held = {*_held(self.pairs), *self.used} if self.pairs else ()
        return [
            number
            for number, (container, before) in self.pairs.items()
            if number not in held and same(before, snapshot(container))
        ]

    def release(self) -> list[int]:
        """Forget the containers that nothing else holds, and return their numbers."""
        self.used.clear()
        self.forget(found := self.unheld())
        return found

    def forget(self, numbers: Iterable[int]) -> None:
        """Forget containers."""
        for number in numbers:
            if (pair := self.pairs.pop(number, None)) is not None:
                del self.ids[id(pair[0])]

    def changed(self) -> list[int]:
        """Return the containers that changed since their snapshots, and renew these."""
        found = []
        for number, (container, before) in self.pairs.items():
            now = snapshot(container)
            if not same(before, now):
                found.append(number)
        for number in found:
            self.snap(number)
        return found

    def snap(self, number: int) -> None:
        """Take a new snapshot of a container."""
        container, _ = self.pairs[number]
        self.pairs[number] = (container, snapshot(container))


def _size(container: Any) -> int:
    """Return how many items a container has; too many for one with a class of its own."""
    kind = type(container)
    if kind is list or kind in _KINDS:
        return len(container)
    return int(container.nbytes) >> 3 if kind.__module__ == "numpy" else _LARGEST + 1


def _counts(pairs: _Pairs) -> list[tuple[int, int]]:
    return [(number, sys.getrefcount(container)) for number, (container, _) in pairs.items()]


def _held(pairs: _Pairs) -> list[int]:
    return [number for number, count in _counts(pairs) if count > _ALONE]


_ALONE = _counts({0: ([], None)})[0][1]
