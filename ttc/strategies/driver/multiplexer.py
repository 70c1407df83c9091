"""What is under way of all tasks together: at which engine, and whose it is."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Protocol

from ttc.backends import Backend, Completion, Request


class Sender(Protocol):
    """Whoever sends requests and takes in what came of them."""

    def land(self, name: str, done: Completion) -> None:
        """Take in what came of the request of that name."""


# Of this process, so that no two runs share a name.
_RUNS = itertools.count()


class Traffic:
    """Sends requests of many tasks to engines, and brings home what comes."""

    def __init__(self) -> None:
        self._whose: dict[str, tuple[Backend, Sender]] = {}
        self._run = next(_RUNS)
        self._sent = 0

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self._whose)

    def send(self, backend: Backend, request: Request, whose: Sender) -> str:
        """Submit a request under a name of its own, and return that."""
        self._sent += 1
        # Two tasks may ask for the same.
        name = f"{self._run}.{self._sent}/{request.id}"
        self._whose[name] = (backend, whose)
        backend.submit(replace(request, id=name))
        return name

    def cancel(self, name: str) -> None:
        """Have a request come back as it is."""
        self._whose[name][0].cancel(name)

    def abandon(self) -> None:
        """Have everything come back as it is, to whoever waits next, who passes it over."""
        for name, (backend, _) in self._whose.items():
            backend.cancel(name)

    def wait(self) -> None:
        """Wait for what comes next, of the engine that has waited longest for its turn."""
        oldest, (backend, _) = next(iter(self._whose.items()))
        done = backend.wait()
        if done.request_id not in self._whose:
            return  # of a run that was interrupted
        _, whose = self._whose.pop(done.request_id)
        if oldest in self._whose:
            self._whose[oldest] = self._whose.pop(oldest)
        whose.land(done.request_id, done)
