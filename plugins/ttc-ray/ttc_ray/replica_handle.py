"""A replica as the driver sees it, and its two remote methods."""

from __future__ import annotations

import math
import socket
import time
from dataclasses import dataclass, field, replace
from typing import Any

from ttc.backends import Completion, Request


@dataclass(slots=True)
class ReplicaHandle:
    """The driver's view of one replica, which has started once its `host` is known.

    `actor` is Ray's handle, `batch_ref` the pending result of `take`. `offset` is what to add to
    the replica's times to get times of this machine.
    """

    actor: Any
    batch_ref: Any
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

        If the replica is on another machine, they are late by the time that its fastest message
        took.
        """
        same = self.host == socket.gethostname()
        self.offset = 0.0 if same else min(self.offset, time.monotonic() - clock)

        def moved(at: float | None) -> float | None:
            return None if at is None else at + self.offset

        started, first, ended = moved(done.started), moved(done.first_token), moved(done.ended)
        return replace(done, started=started, first_token=first, ended=ended)


def request_batch(actor: Any) -> Any:
    """Request a replica's next batch; return the reference to it."""
    return actor.take.options(concurrency_group="take").remote()


def order_method(actor: Any) -> Any:
    """Return the remote method that gives a replica requests beside a pending `take`."""
    return actor.order.options(concurrency_group="orders")
