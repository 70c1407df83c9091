"""What was computed and still holds: the last few values by key, for several threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Memory:
    """Keeps the `most` values that were asked for last, each with the state that it holds in.

    Of several threads that ask for one key at a time, one computes and the others wait.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Hashable, Any]] = OrderedDict()
        self._busy: dict[Hashable, threading.Lock] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, state: Hashable, compute: Callable[[], T]) -> T:
        """Return the value of a key in a state: the one that is kept, or computed and then kept."""
        found, kept = self._look(key, state)
        if found:
            value: T = kept
            return value
        with self._lock:
            busy = self._busy.setdefault(key, threading.Lock())
        with busy:
            try:
                found, kept = self._look(key, state)
                value = kept if found else compute()
                with self._lock:
                    self._kept[key] = state, value
                    self._kept.move_to_end(key)
                    while len(self._kept) > self._most:
                        self._kept.popitem(last=False)
            finally:  # keys come from requests, and many of them may fail
                with self._lock:
                    self._busy.pop(key, None)
        return value

    def holds(self, key: Hashable, state: Hashable) -> bool:
        """Return whether the value of a key in this state is kept."""
        return self._look(key, state)[0]

    def last(self, key: Hashable) -> Any:
        """Return the value that is kept under a key, in whatever state; None if there is none."""
        with self._lock:
            kept = self._kept.get(key)
            return None if kept is None else kept[1]

    def _look(self, key: Hashable, state: Hashable) -> tuple[bool, Any]:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept[0] != state:
                return False, None
            self._kept.move_to_end(key)
            return True, kept[1]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
