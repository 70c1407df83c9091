"""Merges stores: copies the rows of a source that the target lacks.

Rows are matched by their contents, never by their ids: a sample by key and draw index, a pool by
name and identity, a verdict by sample, verifier and reference. So a second merge adds nothing, and
the order of merges does not matter. Nothing is overwritten, except that a later verdict replaces an
earlier one, as when a verifier judges again. A row that the target has with other contents is a
conflict: it is named and left out. Runs are merged only once they have ended; an open run would
seem to draw into the pool here.

Rows are copied in batches, each in its own transaction, in the order of references. A merge that is
cut off has merged whole batches, and the same merge again does the rest.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ttc.messages.progress import Stage
from ttc.store import token_logprobs
from ttc.store.merge import pools, samples
from ttc.store.merge.pools import Conflict, Found, Row
from ttc.store.sql import one, rows

Read = Callable[[sqlite3.Connection], Iterator[Row]]
Find = Callable[[sqlite3.Connection, Row], Found]
Work = Callable[[sqlite3.Connection], list[Found]]


def _reading(sql: str) -> Read:
    return lambda source: rows(source, sql)


# How each kind is read and matched, in the order of references.
KINDS: dict[str, tuple[Read, Find]] = {
    "requests": (_reading(pools.REQUESTS), pools.find_request),
    "pools": (_reading(pools.POOLS), pools.find_pool),
    "models": (_reading(pools.MODELS), pools.find_model),
    "problems": (_reading(pools.PROBLEMS), pools.find_problem),
    "tags": (_reading(pools.TAGS), pools.find_tag),
    "samples": (_reading(samples.SAMPLES), samples.find_sample),
    "logprobs": (_reading(token_logprobs.OF_SAMPLES), token_logprobs.find),
    "verifiers": (_reading(samples.VERIFIERS), samples.find_verifier_reading),
    "verdicts": (samples.verdicts_of, samples.find_verdict),
    "attempts": (_reading(samples.ATTEMPTS), samples.find_attempt),
    "runs": (_reading(pools.RUNS), pools.find_run),
}

COUNTED = ("samples", "verdicts")  # most of a store, and of the time
BATCH_ROWS = 1000
BATCH_CHARACTERS = 4_000_000
NAMED = 10


@dataclass(slots=True)
class Merged:
    """The result of a merge: counts by kind of `new` rows and of those `there` already.

    `conflicting` counts the conflicts; `conflicts` has the messages of the first NAMED.
    """

    new: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    conflicting: int = 0
    conflicts: list[str] = field(default_factory=list)

    def add(self, kind: str, found: Found) -> None:
        """Count a row by the result of its finder."""
        if isinstance(found, Conflict):
            self.conflicting += bool(found)
            if found and len(self.conflicts) < NAMED:
                self.conflicts.append(str(found))
        else:
            (self.new if found else self.there)[kind] += 1


def merge(
    source: sqlite3.Connection,
    transact: Callable[[Work], list[Found]],
    *,
    dry: bool = False,
    stage: Stage | None = None,
) -> Merged:
    """Merge a source; with `dry`, only count. `stage` counts the samples and verdicts.

    `transact` runs a function of the target's connection in a transaction. The source is read in
    one transaction, so later changes to it are not seen.
    """
    merged = Merged()
    source.execute("BEGIN")
    try:
        for kind, (read, find) in KINDS.items():
            for batch in _batches(read(source)):
                for found in transact(_keeping(batch, find, dry)):
                    merged.add(kind, found)
                if stage is not None and kind in COUNTED:
                    stage.done += len(batch)
    finally:
        source.execute("ROLLBACK")
    return merged


def size(source: sqlite3.Connection) -> int:
    """Return how many samples and verdicts a source has."""
    found = one(source, "SELECT (SELECT count(*) FROM samples) + (SELECT count(*) FROM verdicts)")
    return int(found[0]) if found else 0


def _keeping(batch: list[Row], find: Find, dry: bool) -> Work:
    def work(connection: sqlite3.Connection) -> list[Found]:
        outcomes: list[Found] = []
        for row in batch:
            found = find(connection, row)
            if callable(found) and not dry:
                found()
            outcomes.append(found)
        return outcomes

    return work


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Group rows into batches of bounded length and text size."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row.values() if isinstance(value, str))
        if len(batch) == BATCH_ROWS or size > BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
