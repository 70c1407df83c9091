"""Sample × Verifier → Verdict, through the store. Re-verifying never re-samples.

A verifier that raises on one sample makes that verdict an `error` and goes on with the rest.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, groupby

from ttc import plugins
from ttc.errors import BackendError, TtcError
from ttc.records import Message, Sample, Verdict, Vote
from ttc.store import Store, verdicts
from ttc.store.judged import Row, judged, truths
from ttc.store.pools import Pool
from ttc.store.samples import asked
from ttc.store.verdicts import VerifierId
from ttc.verifiers import Verifier

CHUNK, GAP = 500, 5000  # verdicts kept at once; judged draws that may wait for one under way


def make(spec: str) -> Verifier:
    """Return the verifier of `NAME:key=value,…`; UsageError for an unknown one."""
    verifier: Verifier = plugins.build("verifiers", spec)
    return verifier


def identify(verifier: Verifier) -> VerifierId:
    """Return what keys the verdicts of a verifier."""
    return VerifierId(verifier.name, verifier.version, dict(verifier.config))


@dataclass(slots=True)
class Summary:
    """Counts over the verdicts of one verification; `decided` are those that say right or wrong,
    `total` is the sum of the `scored` ones' scores."""

    samples: int = 0
    correct: int = 0
    decided: int = 0
    scored: int = 0
    total: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    problems: set[str] = field(default_factory=set)
    solved: set[str] = field(default_factory=set)
    kept: int = 0

    def add(self, sample: Sample, verdict: Verdict) -> None:
        """Count one verdict."""
        self.samples += 1
        self.problems.add(sample.problem)
        self.decided += verdict.correct is not None
        if verdict.score is not None:
            self.scored += 1
            self.total += verdict.score
        if verdict.correct:
            self.correct += 1
            self.solved.add(sample.problem)
        status = verdict.status
        if status == "ok":
            status = {True: "correct", False: "wrong", None: "undecided"}[verdict.correct]
        self.statuses[status] += 1

    @property
    def accuracy(self) -> float | None:
        """The share of correct samples among all; None of none."""
        return self.correct / self.samples if self.samples else None


def judge(verifier: Verifier, samples: Iterable[Sample]) -> Iterator[tuple[Sample, Verdict]]:
    """Yield each sample with its verdict, in order, whatever the verifier raises on one of them."""
    source = iter(samples)
    unjudged: deque[Sample] = deque()

    def feed() -> Iterator[Sample]:
        # After a failure the samples read ahead of it come first.
        yield from tuple(unjudged)
        for sample in source:
            unjudged.append(sample)
            yield sample

    while True:
        try:
            with _closing(verifier.verify(feed())) as judged:
                for verdict in judged:
                    yield unjudged.popleft(), verdict
        except TtcError:
            raise
        except Exception as error:
            if not unjudged:
                raise BackendError(
                    f"the verifier {verifier.name!r} failed: {type(error).__name__}: {error}"
                ) from error
            failure = f"{type(error).__name__}: {error}"
            yield unjudged.popleft(), Verdict(status="error", detail=failure)
            continue
        if unjudged:
            raise BackendError(
                f"the verifier {verifier.name!r} gave no verdict on {len(unjudged)} samples"
            )
        return


@contextmanager
def _closing(judged: Iterator[Verdict]) -> Iterator[Iterator[Verdict]]:
    """Have a verifier give back what it holds (workers, files), however its judging ends."""
    try:
        yield judged
    finally:
        if isinstance(judged, Generator):
            judged.close()


def verify_pool(
    store: Store, pool: Pool, verifier: Verifier, *, recheck: bool = False
) -> Generator[tuple[Sample, Verdict], None, None]:
    """Yield every sample of a pool with its verdict; only new ones (or, with `recheck`, all) are
    judged, and these are kept, also when the generator is closed early.

    By a verifier that judges together, all draws of a problem that has new ones are.
    """
    who = identify(verifier)
    remember_votes(store, verifier, recall=not recheck)
    rows: deque[Row] = deque()
    done: list[tuple[int, Sample, Verdict]] = []
    together = bool(getattr(verifier, "together", False))
    read = judged(store.reader, pool, who, by_problem=together)
    ahead = _to_judge(read, together=together, recheck=recheck)
    asks = getattr(verifier, "asks", False)
    prompts: dict[str, tuple[Message, ...]] = {}

    def unjudged(source: Iterable[Row]) -> Iterator[Sample]:
        for each in source:
            rows.append(each)
            if each[2] is None:
                yield with_question(store, each[1], prompts) if asks else each[1]
            elif len(rows) > GAP:
                # What the verifier holds must come before these can be told.
                return

    def keep(connection: sqlite3.Connection) -> None:
        verifier_row = verdicts.verifier_id(connection, who)
        for row, sample, verdict in done:
            verdicts.keep(connection, row, verifier_row, sample, verdict)

    try:
        for first in ahead:
            if first[2] is not None:
                yield first[1], first[2]
                continue
            for _, verdict in judge(verifier, unjudged(chain((first,), ahead))):
                yield from _judged_before(rows)
                row, sample, _ = rows.popleft()
                done.append((row, sample, verdict))
                # What a model was paid for is kept before it is told.
                if asks or len(done) >= CHUNK:
                    store.write(keep)
                    done.clear()
                yield sample, verdict
            yield from _judged_before(rows)
    finally:
        if done:
            store.write(keep)


def remember_votes(store: Store, verifier: Verifier, *, recall: bool = True) -> None:
    """Have a judge's votes kept one by one as they come, and those of a run that was cut off taken
    up again. A verifier that asks no model has none."""
    if (remember := getattr(verifier, "remember", None)) is None:
        return
    who = identify(verifier)

    def keep(sample: Sample, at: int, vote: Vote) -> None:
        store.submit(lambda connection: verdicts.keep_vote(connection, who, sample, at, vote))

    def recalled(sample: Sample) -> dict[int, Vote]:
        return verdicts.votes_on(store.reader, who, sample) if recall else {}

    remember(recalled, keep)


def _judged_before(rows: deque[Row]) -> Iterator[tuple[Sample, Verdict]]:
    """Take what needs no judging from the head of the queue."""
    while rows and (verdict := rows[0][2]) is not None:
        yield rows.popleft()[1], verdict


def _to_judge(read: Iterable[Row], *, together: bool, recheck: bool) -> Iterator[Row]:
    """Yield draws, without the verdict where they are judged again: all with `recheck`, and those
    judged `together` where one of their problem has none."""
    if not together:
        yield from ((row, s, None) for row, s, _ in read) if recheck else read
        return
    for _, draws in groupby(read, lambda each: each[1].problem):
        rows = list(draws)
        again = recheck or any(verdict is None for _, _, verdict in rows)
        yield from ((row, sample, None if again else verdict) for row, sample, verdict in rows)


def with_question(store: Store, sample: Sample, prompts: dict[str, tuple[Message, ...]]) -> Sample:
    """Return a sample with what was asked, if the store knows it; `prompts` is a memo."""
    if sample.asked or sample.prompt_id is None:
        return sample
    if sample.prompt_id not in prompts:
        prompts[sample.prompt_id] = asked(store.reader, sample.prompt_id)
    return replace(sample, asked=prompts[sample.prompt_id])


def known_truths(
    store: Store, pool: Pool, judge: Verifier
) -> tuple[str, dict[str, dict[int, bool]]] | None:
    """Return which samples of a pool are correct, by problem and draw, and who says so.

    It is the latest verifier with a word on it, other than those that ask a model.
    """
    for row in verdicts.verifiers_of(store.reader, pool):
        if row["name"] == judge.name or "model" in json.loads(row["config"]):
            continue
        if told := truths(store.reader, pool, row["id"]):
            return row["name"], told
    return None


def keep_streamed(
    store: Store, verifier: Verifier, judged: Iterable[tuple[Sample, Verdict]]
) -> int:
    """Keep verdicts on samples that came through a pipe or a file, where they are the store's.

    Returns how many were kept.
    """
    who = identify(verifier)

    def keep(connection: sqlite3.Connection) -> int:
        verifier_row = verdicts.verifier_id(connection, who)
        kept = 0
        for sample, verdict in judged:
            row = verdicts.sample_row(connection, sample)
            if row is not None:
                verdicts.keep(connection, row, verifier_row, sample, verdict)
                kept += 1
        return kept

    return store.write(keep)
