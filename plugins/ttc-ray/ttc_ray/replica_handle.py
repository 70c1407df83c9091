"""A replica as the driver sees it, and the two ways to speak to it."""

from __future__ import annotations

import math
import socket
import time
from dataclasses import dataclass, field, replace
from typing import Any

from ttc.backends import Completion, Request


@dataclass(slots=True)
class ReplicaHandle:
    """One replica as the driver sees it. It is there once it has told its host."""

    actor: Any
    told: Any
    born: float
    deaths: int
    host: str = ""
    pid: int = 0
    slots: int | None = None
    offset: float = math.inf
    finished: int = 0
    under_way: dict[str, Request] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)

    def here(self, done: Completion, clock: float) -> Completion:
        """Return a completion with its times on this machine's clock.

        Where the replica is on another machine, they are late by the time that its quickest
        message took to arrive.
        """
        same = self.host == socket.gethostname()
        self.offset = 0.0 if same else min(self.offset, time.monotonic() - clock)

        def moved(at: float | None) -> float | None:
            return None if at is None else at + self.offset

        started, first, ended = moved(done.started), moved(done.first_token), moved(done.ended)
        return replace(done, started=started, first_token=first, ended=ended)


def request_batch(actor: Any) -> Any:
    """Ask a replica for what it has to tell; return the promise of it."""
    return actor.take.options(concurrency_group="take").remote()


def order_method(actor: Any) -> Any:
    """Return the method by which a replica is given orders, beside what it is asked to tell."""
    return actor.order.options(concurrency_group="orders")
