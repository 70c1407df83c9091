"""The backend `batch`: the draws that are submitted before a wait go out as batch files.

Its draws are those of the alias' own model, so they have the same key: a pool may be drawn partly
by one and partly by the other.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttc.backends import Completion, Request
from ttc.errors import UsageError
from ttc.messages import notes
from ttc.messages.counts import some
from ttc_openai.backend import OpenAI
from ttc_openai.batch import states
from ttc_openai.batch.journal import Journal, Record
from ttc_openai.batch.lines import custom_id, endpoint_of, input_line
from ttc_openai.batch.watch import Running, Watch
from ttc_openai.dialect import Dialect
from ttc_openai.errors import ExchangeError
from ttc_openai.server import ModelServer
from ttc_openai.serving import check_same_weights

if TYPE_CHECKING:
    from ttc_openai.batch.api import BatchApi
    from ttc_openai.batch.submission import Submission

# Batches that one run asks for at a time.
FILES = 4
PIECE = 0.5  # seconds


class Batch(OpenAI):
    """A model on a server with a batch API as a ttc backend."""

    def __init__(self, server: ModelServer) -> None:
        super().__init__(replace(server, traits=replace(server.traits, chunks=None)))
        self.model = replace(self.model, backend="openai")
        self.capabilities -= {"cancel"}  # what is submitted is paid for
        self._store = Path()
        self._named = ""
        self._journal = Journal(server.address)
        self._dialect: Dialect | None = None
        self._api_open: BatchApi | None = None
        self._collected: dict[str, Request] = {}
        self._watch = Watch(self._server)
        self._ready: deque[Completion] = deque()
        # Whose the results in `_ready` are, by request; and what was returned, by batch.
        self._owners: dict[str, tuple[str, str]] = {}
        self._handed: dict[str, set[str]] = {}

    @classmethod
    def open(cls, model: str, options: Mapping[str, Any]) -> Batch:
        """Find the model's address, as `OpenAI.open`; `db` is the store, `named` what -m was."""
        given = dict(options)
        store, named = given.pop("db", ""), str(given.pop("named", f"batch:{model}"))
        found = super().open(model, given)
        assert isinstance(found, Batch)
        found._store, found._named = Path(store).absolute(), named
        return found

    @property
    def _api(self) -> BatchApi:
        if self._api_open is None:
            from ttc_openai.batch.api import BatchApi

            self._api_open = BatchApi(self._server)
        return self._api_open

    def room(self) -> int:
        """Return how many requests fit into the batches of one round."""
        return FILES * self._server.options.batch_size

    def submit(self, request: Request) -> None:
        """Collect a request for the next batch."""
        error = self.refuses(request)
        self._under_way.add(request.id)
        if error is not None:
            self._ready.append(Completion(request.id, "", "error", error=error))
        else:
            self._collected[custom_id(request)] = request

    def wait(self) -> Completion:
        """Submit what was collected; return the next draw, once its batch has ended."""
        while (done := self.step()) is None:
            pass
        return done

    def step(self) -> Completion | None:
        """Do a part of what `wait` does; None if no draw is there yet."""
        if not self._under_way:
            raise LookupError("no request is under way")
        if not self._ready and self._collected:
            self._flush()
        if not self._ready:
            time.sleep(min(self._watch.pause, PIECE))
            if not self._watch.pause:
                self._look()
        if not self._ready:
            return None
        done = self._ready.popleft()
        if done.request_id in self._owners:
            batch, name = self._owners.pop(done.request_id)
            self._handed.setdefault(batch, set()).add(name)
        self._under_way.discard(done.request_id)
        return self._without_key(done)

    def _look(self) -> None:
        for batch, name, done in self._watch.look(self._api):
            self._owners[done.request_id] = batch, name
            self._ready.append(done)

    def cancel(self, request_id: str) -> None:
        """Return a draw as `cancelled`. Its batch goes on: it is paid for, and fetched later."""
        places = [self._collected, *(running.requests for running in self._watch.running)]
        for requests in places:
            for name, request in requests.items():
                if request.id == request_id:
                    del requests[name]
                    self._ready.append(Completion(request_id, "", "cancelled"))
                    return

    def close(self) -> None:
        """Keep which draws are in the store, and close the connections; batches go on."""
        if sys.exc_info()[1] is None:
            self._hand_on()
        for running in self._watch.running:
            batch = running.record.batch_id
            notes.tell(
                f"{batch} goes on at {self._server.address.base_url}; the same command fetches "
                f"it, and ttc models batches {self._named} --cancel {batch} ends it"
            )
        self._watch.running.clear()
        for kept in (self._collected, self._ready, self._owners, self._handed):
            kept.clear()
        if self._api_open is not None:
            self._api_open.close()
            self._api_open = None
        super().close()

    def _hand_on(self) -> None:
        """Take the draws that were returned, and so are in the store, out of their records."""
        for record in list(self._journal.records(self._store)):
            if done := self._handed.get(record.name):
                with contextlib.suppress(OSError):  # they are read again, and not asked for
                    self._journal.hand_on(record, done)

    def batches(self) -> list[dict[str, Any]]:
        """Return the batches that have draws for the store, as rows of a table."""
        found = []
        for record in self._journal.records(self._store):
            status = "not submitted" if record.batch_id is None else self._status(record.batch_id)
            row = {"batch": record.batch_id or record.name, "draws": len(record.ids)}
            found.append({**row, "created": _when(record.created), "status": status})
        return found

    def _status(self, batch_id: str) -> str:
        try:
            return states.state_of(self._api.batch(batch_id))
        except ExchangeError as fault:
            return f"unknown: {fault}"

    def cancel_batch(self, batch_id: str) -> str:
        """Cancel a batch and return its state; what it has drawn so far can still be fetched."""
        return states.state_of(self._api.cancel(batch_id))

    # Submitting.

    def _flush(self) -> None:
        """Attach what was collected to the batches that have it, and submit the rest."""
        from ttc_openai.batch.submission import Submission

        submission = Submission(self._server, self._journal, self._api, str(self._store))
        there = {running.record.name for running in self._watch.running}
        for record in list(self._journal.records(self._store)):
            if record.name in there or not self._exists(submission, record):
                continue
            if names := self._collected.keys() & frozenset(record.ids):
                taken = {name: self._collected.pop(name) for name in names}
                self._watch.add(Running(record, taken))
                notes.tell(
                    f"{record.batch_id}: waiting for {some(len(taken), 'draw')} submitted before"
                )
        if not self._collected:
            return
        if self._dialect is None:
            from ttc_openai.batch.rehearsal import rehearse

            self._server, entry = self._server.check()
            check_same_weights(self._server.address, self.model.fingerprint, entry)
            self._dialect = rehearse(self._server, next(iter(self._collected.values())))
        for part, record in self._prepared(submission, self._dialect):
            submission.submit(record)
            self._watch.add(Running(record, part))

    def _exists(self, submission: Submission, record: Record) -> bool:
        """Return whether the server has the batch of a record; drop one of which it has nothing."""
        if record.batch_id is not None:
            return True
        if record.busy:
            return False  # another run is submitting it
        if record.creating and submission.find(record):
            return True
        self._journal.drop(record)
        return False

    def _prepared(
        self, submission: Submission, dialect: Dialect
    ) -> list[tuple[dict[str, Request], Record]]:
        """Keep the intent to submit all that was collected."""
        traits, model = self._server.traits, self._server.address.model
        prepared = []
        for endpoint in sorted({endpoint_of(each) for each in self._collected.values()}):
            lines = [
                (name, input_line(request, name, dialect, traits, model))
                for name, request in self._collected.items()
                if endpoint_of(request) == endpoint
            ]
            for part in submission.parts(lines):
                requests = {name: self._collected.pop(name) for name, _ in part}
                prepared.append((requests, submission.prepare(part, endpoint)))
        return prepared


def _when(created: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(created))


def open_batch(model: str, options: Mapping[str, Any]) -> Batch:
    """Open it. UsageError for a model without a server."""
    if not model:
        raise UsageError("batch: name a model, -m batch:ALIAS or -m batch:http://HOST/v1#MODEL")
    return Batch.open(model, options)
