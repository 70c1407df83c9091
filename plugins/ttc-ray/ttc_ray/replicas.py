"""The replicas of a run: who holds which requests, who is there, who was lost and begun anew."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from typing import Any

from ttc.backends import Completion, Request
from ttc.errors import BackendError
from ttc_ray.cluster import Cluster, first_line
from ttc_ray.options import Options, resources
from ttc_ray.replica import Batch, InnerBackend, Replica
from ttc_ray.replica_handle import ReplicaHandle, order_method, request_batch

DEATHS = 3  # of one replica in a row, without a draw finished between
STARTING = 20.0  # seconds for which a replica that is being started has a share of the work kept
PATIENCE = 300.0  # seconds without a single replica; a cloud takes minutes to add a machine
HELD = 40  # draws that a replica holds whose backend does not tell its slots
TURN = 1.0  # seconds between looks at the clock
LOOKS = 3.0  # seconds between looks at the cluster while draws come


class Replicas:
    """Hands requests out as places free up, and takes completions in.

    A replica holds what its backend advances together and a quarter more, so that it need not
    wait for the next, and never more than its share of what is left, so that all end together.
    """

    def __init__(self, cluster: Cluster, inner: InnerBackend, options: Options) -> None:
        self._cluster = cluster
        self._ray = cluster.ray
        self._inner = inner
        self._options = options
        self._waiting: OrderedDict[str, Request] = OrderedDict()
        self._count, self._each = resources(self._ray, options)
        if cluster.own:
            self._check_feasible()
        self._create = self._actor()
        self._failure: BackendError | None = None
        self._promised: dict[Any, Future[Batch]] = {}
        self._heard = self._looked = time.monotonic()
        self.lost = 0
        self.handles = [self._begin(deaths=0) for _ in range(self._count)]

    def _check_feasible(self) -> None:
        there = self._ray.cluster_resources()
        if self._each["num_gpus"] * self._count > there.get("GPU", 0):
            raise BackendError(f"ray: {self._wanted()}; lower ray_replicas or ray_gpus")

    def _wanted(self) -> str:
        there, each = self._ray.cluster_resources(), self._each
        return (
            f"{self._count} replicas with {each['num_cpus']:g} CPUs and {each['num_gpus']:g} GPUs "
            f"each were asked of {there.get('CPU', 0):g} CPUs and {there.get('GPU', 0):g} GPUs"
        )

    def _actor(self) -> Callable[[InnerBackend], Any]:
        # Orders are taken while the replica waits for something to tell.
        remote = self._ray.remote(concurrency_groups={"orders": 1, "take": 1}, **self._each)
        create = remote(Replica).options(scheduling_strategy="SPREAD").remote
        made: Callable[[InnerBackend], Any] = create
        return made

    def _begin(self, deaths: int) -> ReplicaHandle:
        actor = self._create(self._inner)
        return ReplicaHandle(actor, request_batch(actor), time.monotonic(), deaths)

    def add(self, request: Request) -> None:
        """Queue a request."""
        self._waiting[request.id] = request

    @property
    def busy(self) -> bool:
        """Whether anything has not come back."""
        return bool(self._waiting) or any(handle.under_way for handle in self.handles)

    def cancel(self, request_id: str) -> Completion | None:
        """Cancel a request; one that nobody holds comes back at once."""
        if self._waiting.pop(request_id, None) is not None:
            return Completion(request_id, "", "cancelled", completion_tokens=0)
        for handle in self.handles:
            if request_id in handle.under_way and request_id not in handle.cancelled:
                handle.cancelled.add(request_id)
                order_method(handle.actor).remote((), (request_id,))
        return None

    def receive(self) -> list[Completion]:
        """Hand out what there is place for, and return what has come within a turn.

        BackendError if the replicas cannot do the work, once all that came before is returned.
        """
        if self._failure is not None:
            raise self._failure
        if time.monotonic() - self._looked > LOOKS:
            # Replicas may go on for a while without a head; Ray then ends the process.
            self._look()
        self._hand_out()
        by_told = {handle.told: handle for handle in self.handles}
        # Not by ray.wait, which never comes back once the raylet has died.
        self._promised = {told: self._promised.get(told) or told.future() for told in by_told}
        ready, _ = wait(self._promised.values(), timeout=TURN, return_when=FIRST_COMPLETED)
        if not ready:
            self._look()
            self._check_patience()
            return []
        back: list[Completion] = []
        for told in [told for told, promise in self._promised.items() if promise in ready]:
            try:
                for done in self._take(by_told[told]):
                    back.append(done)
            except BackendError as error:
                self._failure = error
        return back

    def _look(self) -> None:
        self._cluster.check()
        self._looked = time.monotonic()

    def _hand_out(self) -> None:
        if not self._waiting:
            return
        now = time.monotonic()
        there = [handle for handle in self.handles if handle.host]
        sharing = sum(bool(m.host) or now - m.born < STARTING for m in self.handles)
        left = len(self._waiting) + sum(len(handle.under_way) for handle in there)
        share = math.ceil(left / max(sharing, 1))
        for handle in sorted(there, key=lambda handle: len(handle.under_way)):
            room = min(self._holds(handle), share) - len(handle.under_way)
            count = min(room, len(self._waiting))
            given = [self._waiting.popitem(last=False)[1] for _ in range(count)]
            if given:
                handle.under_way.update((request.id, request) for request in given)
                order_method(handle.actor).remote(given, ())

    def _holds(self, handle: ReplicaHandle) -> int:
        if self._options.ray_slots is not None:
            return self._options.ray_slots
        return HELD if handle.slots is None else handle.slots + max(handle.slots // 4, 2)

    def _take(self, handle: ReplicaHandle) -> Iterator[Completion]:
        try:
            batch: Batch = self._promised[handle.told].result()
        except self._ray.exceptions.RayError as error:
            yield from self._lose(handle, first_line(error))
            return
        self._heard = time.monotonic()
        handle.host, handle.pid, handle.slots = batch.host, batch.pid, batch.slots
        for done in batch.completions:
            handle.under_way.pop(done.request_id)
            handle.cancelled.discard(done.request_id)
            handle.finished, handle.deaths = handle.finished + 1, 0
            yield handle.here(done, batch.clock)
        if batch.failure is None:
            handle.told = request_batch(handle.actor)
        elif batch.hopeless:
            raise BackendError(f"ray: on {batch.host}: {batch.failure}")
        else:
            yield from self._lose(handle, batch.failure)

    def _lose(self, handle: ReplicaHandle, why: str) -> Iterator[Completion]:
        """Queue again what a dead replica held, behind the rest: should a request be what kills
        replicas, the others come first. Begin another in its place."""
        self.lost += 1
        for request in handle.under_way.values():
            if request.id in handle.cancelled:
                # What it had generated is not known any more.
                yield Completion(request.id, "", "cancelled")
            else:
                self._waiting[request.id] = request
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(handle.actor, no_restart=True)
        if handle.deaths + 1 == DEATHS:
            where = f" on {handle.host}" if handle.host else ""
            raise BackendError(
                f"ray: a replica died {DEATHS} times in a row without finishing a draw, the last "
                f"time{where}: {why}"
            )
        successor = self._begin(handle.deaths + 1)
        successor.finished = handle.finished
        self.handles[self.handles.index(handle)] = successor

    def _check_patience(self) -> None:
        if any(handle.host for handle in self.handles):
            self._heard = time.monotonic()
        elif time.monotonic() - self._heard > PATIENCE:
            raise BackendError(
                f"ray: no replica could be started in {PATIENCE:.0f} s; {self._wanted()}"
            )

    def room(self) -> int:
        """Return how many requests keep all replicas busy, with as many again to hand out."""
        return 2 * sum(self._holds(handle) for handle in self.handles)

    def status(self) -> str:
        """Say how many draws each replica has finished, in a few words."""
        counts = [handle.finished for handle in self.handles]
        if len(counts) > 8:
            told = f"{len(counts)} replicas with {min(counts)} to {max(counts)} draws"
        else:
            told = f"replicas {' + '.join(map(str, counts))}"
        return told + (f", {self.lost} lost" if self.lost else "")

    def close(self) -> None:
        """End the replicas."""
        for handle in [] if self._cluster.gone else self.handles:
            with suppress(self._ray.exceptions.RayError):
                self._ray.kill(handle.actor, no_restart=True)
