"""Mutable containers that both sides hold during a call, so that changes cross in place.

Both sides number a container when it first crosses, in the same order. Before each message, the
sender compares its containers with snapshots and sends the contents of those that changed.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from operator import is_
from typing import Any

_BUDGET = 2_000_000  # items that are compared during one call; beyond it, small containers only
_SMALL = 256

_ITEMS: dict[type, Callable[[Any], Any]] = {
    list: list.__iter__,
    set: set.__iter__,
    deque: deque.__iter__,
}


def items_of(container: Any) -> list[Any]:
    """Return keys and values of a dict, items of others, past all overridden methods."""
    for base, iterate in _ITEMS.items():
        if isinstance(container, base):
            return list(iterate(container))
    base = dict_of(container)
    return [*base.keys(container), *base.values(container)]


def dict_of(container: Any) -> type[dict[Any, Any]]:
    """Return the standard class with whose methods a dict is read and changed."""
    return OrderedDict if isinstance(container, OrderedDict) else dict


def assign(container: Any, content: Any) -> None:
    """Replace what a container holds; `content` is a list, pairs for a dict, or bytes."""
    if isinstance(container, list):
        list.__setitem__(container, slice(None), content)
    elif isinstance(container, dict):
        base = dict_of(container)
        base.clear(container)
        for key, value in content:
            base.__setitem__(container, key, value)
    elif isinstance(container, set):
        set.clear(container)
        set.update(container, content)
    elif isinstance(container, deque):
        deque.clear(container)
        deque.extend(container, content)
    elif isinstance(container, array):
        del container[:]
        container.frombytes(content)
    elif isinstance(container, bytearray):
        container[:] = content
    else:  # an array of numpy
        container[...] = type(container)(container.shape, container.dtype, content)


class Shared:
    """The containers of a call, by number."""

    def __init__(self) -> None:
        self.objects: list[Any] = []
        self.numbers: dict[int, int] = {}
        self._snapshots: dict[int, Any] = {}
        self._compared = 0

    def add(self, container: Any) -> None:
        """Give a container the next number."""
        self.numbers[id(container)] = len(self.objects)
        self.objects.append(container)

    def forget(self, after: int = 0) -> None:
        """Forget the containers from this number on."""
        if not after:
            self.objects, self.numbers, self._snapshots = [], {}, {}
            self._compared = 0
        while len(self.objects) > after:
            del self.numbers[id(self.objects.pop())]
            self._snapshots.pop(len(self.objects), None)

    def watch(self) -> None:
        """Take a snapshot of each container that has none."""
        for number in range(len(self.objects)):
            if number not in self._snapshots:
                self.snap(number)

    def snap(self, number: int) -> None:
        """Take a new snapshot of a container."""
        self._snapshots[number] = snapshot(self.objects[number])

    def changed(self, *, last: bool) -> Iterator[int]:
        """Yield the containers that changed since their snapshots, and renew these. `last`: this is
        the end of the call, so all are compared."""
        for number, before in list(self._snapshots.items()):
            if not last and self._compared > _BUDGET and len(before) > _SMALL:
                continue
            self._compared += len(before)
            now = snapshot(self.objects[number])
            if not same(before, now):
                self._snapshots[number] = now
                yield number


def snapshot(container: Any) -> Any:
    """Return what a container holds, for `same`."""
    if type(container) is list:
        return container.copy()
    if isinstance(container, (list, dict, set, deque)):
        return items_of(container)
    return container.tobytes() if hasattr(container, "tobytes") else bytes(container)


def same(before: Any, now: Any) -> bool:
    """Return whether two snapshots of a container have the same items."""
    if isinstance(before, bytes):
        return bool(before == now)
    return len(before) == len(now) and all(map(is_, before, now))
