"""The replicas of a run: which requests each holds, which are up, which were lost and replaced."""

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
from ttc.messages.counts import some
from ttc_ray.cluster import Cluster
from ttc_ray.options import Options, resources
from ttc_ray.quiet import first_line
from ttc_ray.replica import Batch, InnerBackend, Replica
from ttc_ray.replica_handle import ReplicaHandle, order_method, request_batch

DEATHS = 3  # of one replica in a row, without a draw finished between
STARTING = 20.0  # seconds for which a starting replica has its share of the work reserved
START_TIMEOUT = 300.0  # seconds without a single replica; a cloud takes minutes to add a machine
HELD = 40  # draws that a replica holds whose backend does not report its slots
TURN = 1.0  # seconds between looks at the clock
LOOKS = 3.0  # seconds between looks at the cluster while draws come


class Replicas:
    """Distribute requests over replicas and collect their completions.

    A replica holds as many requests as its backend advances together and a quarter more, so that it
    does not wait for the next one; but never more than its share of what is left, so that all
    replicas finish together.
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
            f"{some(self._count, 'replica needs', 'replicas need')} {each['num_cpus']:g} CPUs and "
            f"{each['num_gpus']:g} GPUs each, but the cluster has {there.get('CPU', 0):g} CPUs and "
            f"{there.get('GPU', 0):g} GPUs"
        )

    def _actor(self) -> Callable[[InnerBackend], Any]:
        # Orders arrive while `take` waits for completions.
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
        """Whether any request has not been returned."""
        return bool(self._waiting) or any(handle.under_way for handle in self.handles)

    def cancel(self, request_id: str) -> Completion | None:
        """Cancel a request; return its completion at once if no replica holds it."""
        if self._waiting.pop(request_id, None) is not None:
            return Completion(request_id, "", "cancelled", completion_tokens=0)
        for handle in self.handles:
            if request_id in handle.under_way and request_id not in handle.cancelled:
                handle.cancelled.add(request_id)
                order_method(handle.actor).remote((), (request_id,))
        return None

    def receive(self, turn: float = TURN) -> list[Completion]:
        """Hand out what the replicas have room for, and return what arrives within so many seconds.

        Raises BackendError if the replicas cannot do the work, once all earlier completions are
        returned.
        """
        if self._failure is not None:
            raise self._failure
        if time.monotonic() - self._looked > LOOKS:
            # Replicas may continue for a while without a head; then Ray ends the process.
            self._look()
        self._hand_out()
        by_ref = {handle.batch_ref: handle for handle in self.handles}
        # Not by ray.wait, which never returns once the raylet has died.
        self._promised = {ref: self._promised.get(ref) or ref.future() for ref in by_ref}
        ready, _ = wait(self._promised.values(), timeout=turn, return_when=FIRST_COMPLETED)
        if not ready:
            if turn >= TURN:
                self._look()
            self._check_start()
            return []
        back: list[Completion] = []
        for ref in [ref for ref, promise in self._promised.items() if promise in ready]:
            try:
                for done in self._take(by_ref[ref]):
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
            batch: Batch = self._promised[handle.batch_ref].result()
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
            handle.batch_ref = request_batch(handle.actor)
        elif batch.hopeless:
            raise BackendError(f"ray: on {batch.host}: {batch.failure}")
        else:
            yield from self._lose(handle, batch.failure)

    def _lose(self, handle: ReplicaHandle, why: str) -> Iterator[Completion]:
        """Replace a dead replica, and queue its requests again behind the others.

        Behind, because one of them may be what kills replicas, and the others should come first.
        """
        self.lost += 1
        for request in handle.under_way.values():
            if request.id in handle.cancelled:
                # What it had generated is lost.
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

    def _check_start(self) -> None:
        if any(handle.host for handle in self.handles):
            self._heard = time.monotonic()
        elif time.monotonic() - self._heard > START_TIMEOUT:
            raise BackendError(
                f"ray: no replica could be started in {START_TIMEOUT:.0f} s; {self._wanted()}"
            )

    def room(self) -> int:
        """Return how many requests keep all replicas busy, with as many again to hand out."""
        return 2 * sum(self._holds(handle) for handle in self.handles)

    def status(self) -> str:
        """Return how many draws each replica has finished, in a few words."""
        counts = [handle.finished for handle in self.handles]
        if len(counts) > 8:
            shown = (
                f"{some(len(counts), 'replica')} with {min(counts)} to {some(max(counts), 'draw')}"
            )
        else:
            shown = f"replicas {' + '.join(map(str, counts))}"
        return shown + (f", {self.lost} lost" if self.lost else "")

    def close(self) -> None:
        """End the replicas."""
        for handle in [] if self._cluster.gone else self.handles:
            with suppress(self._ray.exceptions.RayError):
                self._ray.kill(handle.actor, no_restart=True)
