"""Waiting for batches: asks for their states with growing pauses, and reads the files of those that
have ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ttc.backends import Completion, Request
from ttc.errors import BackendError
from ttc.messages import notes
from ttc_openai.batch import states
from ttc_openai.batch.journal import Record
from ttc_openai.batch.lines import completion_of
from ttc_openai.errors import ExchangeError
from ttc_openai.server import ModelServer

if TYPE_CHECKING:
    from ttc_openai.batch.api import BatchApi

# The longest pause between two looks, and the seconds of faults after which a run ends.
SLOWEST, PATIENCE = 60.0, 900.0


@dataclass(slots=True)
class Running:
    """A batch that is waited for, with the requests of this run in it by `custom_id`."""

    record: Record
    requests: dict[str, Request]


class Ended(NamedTuple):
    """A draw of a batch that has ended: the names of the batch and of the draw, and its result."""

    batch: str
    custom_id: str
    done: Completion


class Watch:
    """The batches that are waited for."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._first = server.options.batch_poll
        self._pause, self._due = self._first, 0.0
        self._failing: float | None = None
        self.running: list[Running] = []

    def add(self, running: Running) -> None:
        """Wait for a batch; the next look is soon."""
        self.running.append(running)
        self._pause = self._first
        self._due = min(self._due, time.monotonic() + self._first)

    @property
    def pause(self) -> float:
        """The seconds until the next look."""
        return max(self._due - time.monotonic(), 0.0)

    def look(self, api: BatchApi) -> Iterator[Ended]:
        """Ask for the state of each batch, and yield the draws of those that have ended.
        BackendError if the server does not answer for long."""
        moved, after = False, 0.0
        for running in list(self.running):
            try:
                batch = api.batch(running.record.batch_id or "")
            except ExchangeError as fault:
                if fault.missing:
                    gone = f"the server has no batch {running.record.batch_id} any more"
                    yield from self._ended(running, {}, gone)
                else:
                    after = max(after, self._endured(running, fault))
                continue
            self._failing = None
            moved |= _told(running.record, batch)
            if states.is_over(batch):
                yield from self._read(api, running, batch)
        self._pause = self._first if moved else min(self._pause * 1.5, max(SLOWEST, self._first))
        self._due = time.monotonic() + max(self._pause, after)

    def _endured(self, running: Running, fault: ExchangeError) -> float:
        """Return the least pause after a fault that may pass; BackendError if it does not."""
        now = time.monotonic()
        self._failing = self._failing or now
        if not fault.again or now - self._failing > PATIENCE:
            raise BackendError(f"{running.record.batch_id}: {fault}")
        return fault.after or 0.0

    def _read(self, api: BatchApi, running: Running, batch: Mapping[str, Any]) -> Iterator[Ended]:
        rows: dict[str, Mapping[str, Any]] = {}
        for name in ("error_file_id", "output_file_id"):
            if file_id := batch.get(name):
                rows |= {str(row.get("custom_id")): row for row in api.rows(str(file_id))}
        why = f"the batch {running.record.batch_id} {states.end_of(batch)}"
        yield from self._ended(running, rows, why)

    def _ended(
        self, running: Running, rows: Mapping[str, Mapping[str, Any]], why: str
    ) -> Iterator[Ended]:
        self.running.remove(running)
        for name, request in running.requests.items():
            row = rows.get(name)
            if row is None:
                error = f"{why}, without this draw"
                done = Completion(request.id, "", "error", error=error)
            else:
                done = completion_of(request, row, self._server.traits)
            yield Ended(running.record.name, name, done)


def _told(record: Record, batch: Mapping[str, Any]) -> bool:
    """Print the state of a batch if it is another than before; return whether it is."""
    state = states.state_of(batch)
    if state == record.status:
        return False
    record.status = state
    notes.tell(f"{record.batch_id}: {state}")
    return True
