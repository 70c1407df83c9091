"""What a judge needs from the store: questions, earlier votes, and samples known to be correct."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace

from ttc.records import Message, Sample, Verdict, Vote
from ttc.store import Store, verdicts, verifiers
from ttc.store.judged import truths
from ttc.store.pools import Pool
from ttc.store.samples import asked
from ttc.store.verifiers import VerifierId
from ttc.verifiers import Verifier
from ttc.verifiers.extras import Remembering


def remember_reading(store: Store, who: VerifierId, reads: bool | None) -> None:
    """Store whether a verifier reads references, if its verdicts of earlier runs do not say so."""
    if verifiers.lacks_reading(store.reader, who, reads):
        store.write(lambda connection: verifiers.verifier_id(connection, who, reads))


def remember_votes(
    store: Store, who: VerifierId, verifier: Verifier, *, recall: bool = True
) -> None:
    """Store a judge's votes one by one as they come, and reuse those of a run that was cut off.
    Does nothing for a verifier that uses no model."""
    if not isinstance(verifier, Remembering):
        return

    def keep(sample: Sample, at: int, vote: Vote) -> None:
        store.submit(lambda connection: verdicts.keep_vote(connection, who, sample, at, vote))

    def recalled(sample: Sample) -> dict[int, Vote]:
        return verdicts.votes_on(store.reader, who, sample) if recall else {}

    verifier.remember(recalled, keep)


def with_question(store: Store, sample: Sample, prompts: dict[str, tuple[Message, ...]]) -> Sample:
    """Return a sample with its prompt, if the store has it; `prompts` is a memo."""
    if sample.asked or sample.prompt_id is None:
        return sample
    if sample.prompt_id not in prompts:
        prompts[sample.prompt_id] = asked(store.reader, sample.prompt_id)
    return replace(sample, asked=prompts[sample.prompt_id])


def known_truths(
    store: Store, pool: Pool, judge: Verifier
) -> tuple[str, dict[str, dict[int, bool]]] | None:
    """Return the verifier that decides which samples of a pool are correct, and its decisions by
    problem and draw. It is the latest one with verdicts that uses no model; one that read the
    reference comes before any other. None if there is none.
    """
    found = verifiers.verifiers_of(store.reader, pool)
    for row in sorted(found, key=lambda row: not row["reads_reference"]):
        if row["name"] == judge.name or "model" in json.loads(row["config"]):
            continue
        if known := truths(store.reader, pool, row["id"]):
            return row["name"], known
    return None


def keep_streamed(
    store: Store, who: VerifierId, reads: bool | None, judged: Iterable[tuple[Sample, Verdict]]
) -> int:
    """Store verdicts on samples that came through a pipe or a file, if the store has the sample.
    `reads` is whether the verifier reads references. Return how many were stored."""

    def keep(connection: sqlite3.Connection) -> int:
        verifier_row = verifiers.verifier_id(connection, who, reads)
        kept = 0
        for sample, verdict in judged:
            row = verdicts.sample_row(connection, sample)
            if row is not None:
                verdicts.keep(connection, row, verifier_row, sample, verdict)
                kept += 1
        return kept

    return store.write(keep)
