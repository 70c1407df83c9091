"""What a judge needs from the store: the questions, earlier votes, and known correct answers."""

from __future__ import annotations

import json
from dataclasses import replace

from ttc.records import Message, Sample, Vote
from ttc.store import Store, verdicts
from ttc.store.pools import Pool
from ttc.store.samples import asked, of_pool
from ttc.store.verdicts import VerifierId
from ttc.verifiers import Verifier


def remember_votes(
    store: Store, who: VerifierId, verifier: Verifier, *, recall: bool = True
) -> None:
    """Keep a judge's votes one by one as they come, and reuse those of a run that was cut off. A
    verifier that asks no model has none."""
    if (remember := getattr(verifier, "remember", None)) is None:
        return

    def keep(sample: Sample, at: int, vote: Vote) -> None:
        store.submit(lambda connection: verdicts.keep_vote(connection, who, sample, at, vote))

    def recalled(sample: Sample) -> dict[int, Vote]:
        return verdicts.votes_on(store.reader, who, sample) if recall else {}

    remember(recalled, keep)


def with_question(store: Store, sample: Sample, prompts: dict[str, tuple[Message, ...]]) -> Sample:
    """Return a sample with what was asked, if the store knows it; `prompts` is a memo."""
    if sample.asked or sample.prompt_id is None:
        return sample
    if sample.prompt_id not in prompts:
        prompts[sample.prompt_id] = asked(store.reader, sample.prompt_id)
    return replace(sample, asked=prompts[sample.prompt_id])


def known_truths(
    store: Store, pool: Pool, judge: Verifier
) -> tuple[str, dict[tuple[str, int], bool]] | None:
    """Return which samples of a pool are correct, by problem and draw, and who says so.

    It is the latest verifier with a word on it, other than those that ask a model.
    """
    for row in verdicts.verifiers_of(store.reader, pool):
        if row["name"] == judge.name or "model" in json.loads(row["config"]):
            continue
        by_row = verdicts.by_sample(store.reader, pool, row["id"])
        known = {
            (sample.problem, sample.index): by_row[at].correct
            for at, sample in of_pool(store.reader, pool)
            if at in by_row
        }
        told = {place: correct for place, correct in known.items() if correct is not None}
        if told:
            return row["name"], told
    return None
