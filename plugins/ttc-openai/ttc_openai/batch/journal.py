"""What was submitted, in files that survive a kill: one of JSON for each batch.

A record is written before each step that costs something, and again with its result. So at any
moment it says one of these:

    `creating` is false        nothing was paid; what there is of it is dropped
    `creating`, no `batch_id`  the batch may exist; it is looked for before anything is sent again
    `batch_id`                 the batch exists, and has or will have the draws `ids`

A draw leaves `ids` once a run that got it has ended in good order, when it is in the store; and a
record without `ids` is dropped. The records of a server and model are in a folder of their own,
beside the input files. A draw belongs to a store: that of the run that asked for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from ttc import keys, paths
from ttc.messages import notes
from ttc_openai.address import Address
from ttc_openai.server_traits import write_json

SCHEMA = 1
# Servers keep the files of a batch for about as long.
KEPT = 60 * 86400.0  # seconds


@dataclass(slots=True)
class Record:
    """One batch. `ids` are the `custom_id`s of the draws that it still has; `created` is in seconds
    since the epoch, `pid` the process that submits it."""

    name: str
    store: str
    endpoint: str
    ids: list[str]
    created: float = field(default_factory=time.time)
    input_file: str | None = None
    creating: bool = False
    batch_id: str | None = None
    status: str = ""
    pid: int = field(default_factory=os.getpid)

    @property
    def busy(self) -> bool:
        """Whether another process may be submitting it now."""
        if self.pid == os.getpid() or sys.platform == "win32":
            return False
        try:
            os.kill(self.pid, 0)
        except OSError as error:
            return isinstance(error, PermissionError)
        return True


class Journal:
    """The records of one server and model."""

    def __init__(self, address: Address) -> None:
        digest = keys.digest("batches1", [address.base_url, address.model]).rpartition(":")[2]
        self.folder = paths.data_folder() / "batches" / digest
        self._about = {"schema": SCHEMA, "server": address.base_url, "model": address.model}

    def input_path(self, record: Record) -> Path:
        """Return the path of the input file of a batch."""
        return self.folder / f"{record.name}.jsonl"

    def write(self, record: Record) -> None:
        """Keep a record. OSError if it cannot be written."""
        write_json(self._path(record), {**self._about, **asdict(record)})

    def hand_on(self, record: Record, done: Collection[str]) -> None:
        """Record that draws of a batch are in the store; OSError if it cannot be written."""
        record.ids = [each for each in record.ids if each not in done]
        if record.ids:
            self.write(record)
        else:
            self.drop(record)

    def drop(self, record: Record) -> None:
        """Forget a record and its input file."""
        for path in (self._path(record), self.input_path(record)):
            with contextlib.suppress(OSError):
                path.unlink()

    def records(self, store: Path | None = None) -> Iterator[Record]:
        """Yield the records of a store, oldest first; of all stores for None.

        Those of a store that is no longer at its path count as well: it may have been moved.
        """
        for record in sorted(self._all(), key=lambda record: record.created):
            if time.time() - record.created > KEPT:
                self.drop(record)
            elif store is None or record.store == str(store) or not Path(record.store).exists():
                yield record

    def _all(self) -> Iterator[Record]:
        known = {each.name for each in fields(Record)}
        for path in self.folder.glob("*.json") if self.folder.is_dir() else ():
            try:
                kept = json.loads(path.read_text(encoding="utf-8"))
                if kept["schema"] != SCHEMA:
                    continue
                yield Record(**{name: value for name, value in kept.items() if name in known})
            except (OSError, ValueError, TypeError, KeyError, AttributeError):
                notes.tell(f"{path}: not a record of a batch; it is left alone")

    def _path(self, record: Record) -> Path:
        return self.folder / f"{record.name}.json"
