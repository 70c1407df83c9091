"""The steps from requests to a batch; a kill between any two loses and doubles nothing.

1. write the input file                       nothing is paid yet, and what there is
2. write the record                           of it would be dropped by the next run
3. upload the file, which is free
4. write the record: it is being created
5. create the batch                           the next run looks for it by its input file
6. write the record with the batch's id       the next run waits for it
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence

from ttc.errors import BackendError
from ttc.messages import notes
from ttc.messages.counts import some
from ttc_openai.batch.api import LONGEST, BatchApi
from ttc_openai.batch.journal import Journal, Record
from ttc_openai.errors import ExchangeError
from ttc_openai.server import ModelServer

# What OpenAI takes in one file.
BYTES = 200_000_000
# A list may lack a batch that was just created: how often it is read, and the seconds between.
LOOKS, SOON = 3, 2.0

Line = tuple[str, bytes]  # custom_id and line


class Submission:
    """Submits batches of one model to one server."""

    def __init__(self, server: ModelServer, journal: Journal, api: BatchApi, store: str) -> None:
        self._server, self._journal, self._api, self._store = server, journal, api, store

    def parts(self, lines: Sequence[Line]) -> Iterator[list[Line]]:
        """Split lines into files within the limits of a server."""
        part: list[Line] = []
        size = 0
        for line in lines:
            if part and (
                len(part) >= self._server.options.batch_size or size + len(line[1]) > BYTES
            ):
                yield part
                part, size = [], 0
            part.append(line)
            size += len(line[1])
        if part:
            yield part

    def prepare(self, lines: Sequence[Line], endpoint: str) -> Record:
        """Keep the lines of a batch and the intent to submit them. BackendError if it cannot."""
        record = Record(f"ttc-{secrets.token_hex(8)}", self._store, endpoint, [n for n, _ in lines])
        try:
            self._journal.folder.mkdir(parents=True, exist_ok=True)
            with self._journal.input_path(record).open("wb") as file:
                file.writelines(line for _, line in lines)
            self._journal.write(record)
        except OSError as error:
            self._journal.drop(record)
            raise BackendError(f"{self._journal.folder}: {error.strerror or error}") from error
        return record

    def submit(self, record: Record) -> None:
        """Create the batch of a record. BackendError if the server does not take it."""
        path = self._journal.input_path(record)
        try:
            record.input_file = self._api.upload(path)
        except BackendError:
            self._journal.drop(record)
            raise
        record.creating = True
        self._journal.write(record)
        pause = 1.0
        for left in reversed(range(self._server.options.retries + 1)):
            fault = self._create(record)
            # A batch may exist all the same, unless the server said that it takes none.
            if fault is None or (fault.again and self.find(record)):
                break
            if not fault.again or not left:
                self._journal.drop(record)
                raise BackendError(f"the batch was not created: {fault}") from fault
            time.sleep(min(fault.after or pause, LONGEST))
            pause *= 2
        path.unlink(missing_ok=True)
        notes.tell(
            f"{record.batch_id}: {some(len(record.ids), 'draw')} submitted to "
            f"{self._server.address.spec}; "
            "the batch goes on if this run ends, and the same command fetches it"
        )

    def _create(self, record: Record) -> ExchangeError | None:
        assert record.input_file is not None
        try:
            created = self._api.create(record.input_file, record.endpoint, record.name)
        except ExchangeError as fault:
            return fault
        self._keep(record, created)
        return None

    def _keep(self, record: Record, batch_id: str) -> None:
        record.batch_id = batch_id
        self._journal.write(record)

    def find(self, record: Record) -> bool:
        """Find the batch of a record that was being created; return whether there is one."""
        assert record.input_file is not None
        for left in reversed(range(LOOKS)):
            try:
                found = self._api.find(record.input_file, record.name)
            except BackendError as error:
                raise BackendError(
                    f"{error}; so whether the batch of the file {record.input_file} was created "
                    "cannot be known: if the provider's page does not show it, delete "
                    f"{self._journal.folder / record.name}.json, and run the same command again"
                ) from error
            if found is not None:
                self._keep(record, found)
                return True
            if left:
                time.sleep(SOON)
        return False
