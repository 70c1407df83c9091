"""The Ray backend: the verbs of the protocol over replicas of another backend.

Draws are those of the inner backend, with its seeds and keys: where they were computed is not part
of a sample.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from ttc import paths
from ttc.backends import Completion, ModelInfo, Request, refusal, resolve
from ttc.errors import UsageError
from ttc_ray.cluster import Cluster
from ttc_ray.options import Options
from ttc_ray.replica import InnerBackend
from ttc_ray.replica_handle import ReplicaHandle
from ttc_ray.replicas import TURN, Replicas

# They serve what only this machine holds, or would start clusters within clusters.
REFUSED = ("ray", "replay")
STEP = 0.01  # seconds between two looks at what else there is to do, where a caller steps


class RayBackend:
    """Replicas of a backend, started with the first request."""

    def __init__(
        self, inner: InnerBackend, model: ModelInfo, capabilities: frozenset[str], options: Options
    ) -> None:
        self.model = model
        self.capabilities = capabilities
        self._inner = inner
        self._options = options
        self._cluster: Cluster | None = None
        self._replicas: Replicas | None = None
        self._done: deque[Completion] = deque()

    @classmethod
    def open(cls, model: str, given: Mapping[str, Any]) -> RayBackend:
        """Open the inner backend on this machine to read its model, and close it again."""
        options, others = Options.parse(given)
        if not model:
            raise UsageError("ray: name the model of the replicas, as in -m ray:llamacpp:smollm2")
        name, inner_model = resolve.split(model)
        if name in REFUSED:
            raise UsageError(f"ray: {name} does not run on other machines; name an engine")
        inner_model = paths.expanded(inner_model)
        if Path(inner_model).is_file():
            inner_model = str(Path(inner_model).resolve())
        inner = InnerBackend(name, inner_model, others)
        day = date.today().isoformat()
        with closing(inner.open()) as here:
            inner = replace(inner, fingerprint=here.model.fingerprint)
            if here.model.clock is not None:
                # All replicas see the same day, even one that starts after midnight or in another
                # time zone.
                inner = replace(inner, options={"today": day, **others})
            about = replace(here.model, backend=name)
            return cls(inner, about, frozenset(here.capabilities), options)

    def submit(self, request: Request) -> None:
        """Queue a request; the first one starts the replicas. Raises BackendError if Ray is
        unavailable."""
        if reason := refusal(request, self.capabilities):
            self._done.append(Completion(request.id, "", "error", error=reason))
            return
        if self._replicas is None:
            self._cluster = Cluster.open(self._options)
            self._replicas = Replicas(self._cluster, self._inner, self._options)
        self._replicas.add(request)

    def wait(self) -> Completion:
        """Return the next completion of any replica. Raises LookupError if no request is
        unfinished.

        Raises BackendError if replicas die again and again or cannot be started.
        """
        while True:
            if (done := self._next(TURN)) is not None:
                return done

    def step(self) -> Completion | None:
        """Return a completion that arrives within STEP seconds, else None; LookupError and
        BackendError as for `wait`."""
        return self._next(STEP)

    def _next(self, seconds: float) -> Completion | None:
        if not self._done:
            if self._replicas is None or not self._replicas.busy:
                raise LookupError("no request is under way")
            self._done.extend(self._replicas.receive(seconds))
        return self._done.popleft() if self._done else None

    def cancel(self, request_id: str) -> None:
        """Stop a draw; a running one is stopped between two steps of its replica's engine."""
        if self._replicas is not None and (done := self._replicas.cancel(request_id)) is not None:
            self._done.append(done)

    @property
    def replicas(self) -> Sequence[ReplicaHandle]:
        """The current replicas; empty before the first request."""
        return () if self._replicas is None else tuple(self._replicas.handles)

    def room(self) -> int:
        """Return how many open requests keep the replicas busy."""
        return 0 if self._replicas is None else self._replicas.room()

    def status(self) -> str:
        """Return the state of the replicas, for a line of progress."""
        return "" if self._replicas is None else self._replicas.status()

    def close(self) -> None:
        """End the replicas and a cluster that was started for them. Unfinished requests are
        dropped."""
        if self._replicas is not None:
            self._replicas.close()
            self._replicas = None
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None
        self._done.clear()
