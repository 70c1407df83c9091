"""One replica: an inner backend in a process of its own, driven by a thread of its own.

A backend has one caller, so all requests pass through an inbox, which the thread reads between two
steps (between two completions if the backend has no steps). Finished completions are collected from
an outbox, many at a time if there are many. Ray calls `order` and `take` from other threads of the
process.
"""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ttc import paths
from ttc.backends import Backend, Completion, Request, Slotted, Stepped, resolve
from ttc.errors import BackendError, TtcError


@dataclass(frozen=True, slots=True)
class InnerBackend:
    """The backend to replicate, and its fingerprint where the run was started."""

    backend: str
    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""

    def open(self) -> Backend:
        """Open it; cheap, as for any backend. Raises BackendError or UsageError."""
        choice = resolve.ModelChoice(self.backend, self.model, self.options)
        return resolve.open_backend(choice, paths.default_database())


@dataclass(frozen=True, slots=True)
class Batch:
    """The completions and state that a replica reports.

    `clock` is its monotonic time. `slots` is how many draws it advances together, if its backend
    reports it. `failure` is why the replica has ended; `hopeless`: it would end like that again.
    """

    completions: tuple[Completion, ...]
    pid: int
    host: str
    clock: float
    slots: int | None = None
    failure: str | None = None
    hopeless: bool = False


class Replica:
    """The actor. Its first batch is empty and shows that the replica has started."""

    def __init__(self, inner: InnerBackend) -> None:
        self._inner = inner
        self._inbox: queue.SimpleQueue[Request | str] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[Completion | None] = queue.SimpleQueue()
        self._slots: int | None = None
        self._failure: str | None = None
        self._hopeless = False
        threading.Thread(target=self._run, name="ttc-replica", daemon=True).start()

    def order(self, requests: Sequence[Request], cancels: Sequence[str]) -> None:
        """Queue requests, and cancel others by their ids."""
        for request in requests:
            self._inbox.put(request)
        for request_id in cancels:
            self._inbox.put(request_id)

    def take(self) -> Batch:
        """Wait until there is something to report, and return all of it."""
        taken = [self._outbox.get()]
        while not self._outbox.empty():
            taken.append(self._outbox.get())
        return Batch(
            tuple(done for done in taken if done is not None),
            os.getpid(),
            socket.gethostname(),
            time.monotonic(),
            self._slots,
            self._failure,
            self._hopeless,
        )

    def _run(self) -> None:
        try:
            backend = self._open()
            self._outbox.put(None)
            self._drive(backend)
        except TtcError as error:
            self._failure, self._hopeless = str(error), True
        except Exception as error:  # noqa: BLE001 (whatever an engine raises ends its replica)
            self._failure = f"{type(error).__name__}: {error}"
        self._outbox.put(None)

    def _open(self) -> Backend:
        backend = self._inner.open()
        if backend.model.fingerprint != self._inner.fingerprint:
            raise BackendError(
                f"{self._inner.backend}:{self._inner.model} is {backend.model.fingerprint} here, "
                f"but {self._inner.fingerprint} where the run was started; copy the same model to "
                "both"
            )
        return backend

    def _drive(self, backend: Backend) -> None:
        advance: Callable[[], Completion | None] = backend.wait
        if isinstance(backend, Stepped):
            advance = backend.step
        under_way = 0
        while True:
            while not under_way or not self._inbox.empty():
                order = self._inbox.get()
                if isinstance(order, Request):
                    backend.submit(order)
                    under_way += 1
                else:
                    backend.cancel(order)
            if (done := advance()) is not None:
                under_way -= 1
                # Some backends have them only once they are loaded.
                self._slots = backend.slots if isinstance(backend, Slotted) else None
                self._outbox.put(done)
