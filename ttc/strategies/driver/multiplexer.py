"""Multiplex all tasks' requests over the engines; route each completion to its task."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from ttc.backends import Backend, Completion, Request

# Runs of this process are numbered, so that no two requests share an id at an engine.
_RUNS = itertools.count()


class Sender(Protocol):
    """What the requests of one task go out by."""

    def send(
        self, backend: Backend, request: Request, deliver: Callable[[Completion], None]
    ) -> str:
        """Submit a request under an id of its own, and return that; `deliver` is called with the
        completion."""

    def cancel(self, request_id: str) -> None:
        """Cancel a request; its completion is delivered all the same, as `cancelled`."""

    def wait(self) -> None:
        """Wait a while for the completions of any task, and deliver them."""


class Multiplexer:
    """The requests of all tasks of a run that are at an engine."""

    def __init__(self) -> None:
        self._routes: dict[str, tuple[Backend, Callable[[Completion], None]]] = {}
        self._run = next(_RUNS)
        self._sent = 0

    @property
    def busy(self) -> bool:
        """Whether any request is at an engine."""
        return bool(self._routes)

    def send(
        self, backend: Backend, request: Request, deliver: Callable[[Completion], None]
    ) -> str:
        """Submit a request under an id of its own, and return that; `deliver` is called with the
        completion."""
        self._sent += 1
        # Two tasks may ask for the same draw.
        request_id = f"{self._run}.{self._sent}/{request.id}"
        self._routes[request_id] = (backend, deliver)
        backend.submit(replace(request, id=request_id))
        return request_id

    def cancel(self, request_id: str) -> None:
        """Cancel a request; its completion is delivered all the same, as `cancelled`."""
        self._routes[request_id][0].cancel(request_id)

    def abandon(self) -> None:
        """Cancel all requests without waiting: whoever waits next passes their completions over."""
        for request_id, (backend, _) in self._routes.items():
            backend.cancel(request_id)

    def wait(self) -> None:
        """Wait for the next completion of one engine, and deliver it.

        Engines take turns: it is the engine of the request that was passed over most often.
        """
        oldest, (backend, _) = next(iter(self._routes.items()))
        done = backend.wait()
        if done.request_id not in self._routes:
            return  # of a run that was interrupted
        _, deliver = self._routes.pop(done.request_id)
        if oldest in self._routes:
            self._routes[oldest] = self._routes.pop(oldest)
        deliver(done)
