"""Sample × Verifier → Verdict, through the store. Re-verifying never re-samples.

A verifier that raises on one sample makes that verdict an `error` and goes on with the rest.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from typing import Any

from ttc import keys, plugins
from ttc.errors import Stopped, TtcError
from ttc.plugins.guards import Guarded, unsound
from ttc.records import INFRA, Message, Sample, Verdict
from ttc.store import Store, verdicts
from ttc.store.judged import Row, judged
from ttc.store.pools import Pool
from ttc.store.sql import storable
from ttc.store.verdicts import VerifierId
from ttc.verdicts.judge_inputs import remember_votes, with_question
from ttc.verifiers import Verifier
from ttc.verifiers.extras import asks, judges_together

CHUNK, GAP = 500, 5000  # verdicts kept at once; judged draws that may wait for one under way


def make(spec: str) -> Verifier:
    """Return the verifier of `NAME:key=value,…`; UsageError for an unknown one."""
    behind: Any = Guarded("verifiers", spec.partition(":")[0], plugins.build("verifiers", spec))
    verifier: Verifier = behind
    return verifier


def identify(verifier: Verifier) -> VerifierId:
    """Return what keys the verdicts of a verifier."""
    with plugins.calling("verifiers", str(verifier.name), "be identified"):
        who = VerifierId(str(verifier.name), str(verifier.version), dict(verifier.config))
        keys.canonical_json(who.config)
    return who


@dataclass(slots=True)
class Summary:
    """Counts over the verdicts of one verification; `decided` are those that say right or wrong,
    `total` is the sum of the `scored` ones' scores; `left_out` are those that are not counted."""

    samples: int = 0
    correct: int = 0
    decided: int = 0
    scored: int = 0
    total: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    problems: set[str] = field(default_factory=set)
    solved: set[str] = field(default_factory=set)
    kept: int = 0
    failure: str | None = None
    left_out: int = 0

    def add(self, sample: Sample, verdict: Verdict) -> None:
        """Count one verdict."""
        self.samples += 1
        if verdict.status in INFRA:
            self.left_out += 1
            self.statuses[verdict.status] += 1
            return
        self.problems.add(sample.problem)
        self.decided += verdict.correct is not None
        if verdict.score is not None:
            self.scored += 1
            self.total += verdict.score
        if verdict.correct:
            self.correct += 1
            self.solved.add(sample.problem)
        status = verdict.status
        if status == "error" and self.failure is None:
            self.failure = f"{sample.problem} draw {sample.index}: {verdict.detail}"
        if status == "ok":
            status = {True: "correct", False: "wrong", None: "undecided"}[verdict.correct]
        self.statuses[status] += 1

    @property
    def counted(self) -> int:
        """The samples that count."""
        return self.samples - self.left_out

    @property
    def accuracy(self) -> float | None:
        """The share of correct samples among those that count; None of none."""
        return self.correct / self.counted if self.counted else None

    def told(self) -> str:
        """Return in words what came of it."""
        if self.scored and not self.decided:
            mean = self.total / self.scored
            return f"{self.scored} of {self.samples} samples scored, {mean:.4g} on average"
        accuracy = "unknown" if self.accuracy is None else f"{self.accuracy:.4f}"
        return (
            f"{self.correct} of {self.counted} samples correct ({accuracy}), "
            f"{len(self.solved)} of {len(self.problems)} problems solved at least once"
        )


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
                    if not unjudged:
                        raise plugins.fault("verifiers", verifier.name, "gave a verdict on nothing")
                    yield unjudged.popleft(), _sound(verdict)
        except (TtcError, Stopped, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            failure = plugins.said(error)
            if not unjudged:
                what = f"cannot judge: {failure}; -vv shows where"
                raise plugins.fault("verifiers", verifier.name, what) from error
            yield unjudged.popleft(), _sound(Verdict(status="error", detail=failure))
            continue
        # A verifier that ends early may not have read all samples.
        if left := len(unjudged) + (next(source, None) is not None):
            what = f"gave no verdict on {left} samples or more"
            raise plugins.fault("verifiers", verifier.name, what)
        return


def _sound(verdict: Verdict) -> Verdict:
    """Return a verdict that can be kept and written, whatever words of a program it repeats."""
    if (wrong := unsound(verdict)) is not None:
        verdict = Verdict(status="error", detail=wrong)
    answer = None if verdict.answer is None else storable(verdict.answer)
    detail = storable(verdict.detail)
    if (answer, detail) == (verdict.answer, verdict.detail):
        return verdict
    return replace(verdict, answer=answer, detail=detail)


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
    judged, and these are kept, also when the generator is closed early. A verdict that the machine
    failed to give is made again.

    By a verifier that judges together, all draws of a problem that has new ones are.
    """
    who = identify(verifier)
    remember_votes(store, who, verifier, recall=not recheck)
    rows: deque[Row] = deque()
    done: list[tuple[int, Sample, Verdict]] = []
    together = judges_together(verifier)
    read = judged(store.reader, pool, who, by_problem=together)
    ahead = _to_judge(read, together=together, recheck=recheck)
    asked = asks(verifier)
    prompts: dict[str, tuple[Message, ...]] = {}

    def unjudged(source: Iterable[Row]) -> Iterator[Sample]:
        for each in source:
            rows.append(each)
            if each[2] is None:
                yield with_question(store, each[1], prompts) if asked else each[1]
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
                if asked or len(done) >= CHUNK:
                    store.write(keep)
                    done.clear()
                yield sample, verdict
            yield from _judged_before(rows)
    finally:
        if done:
            store.write(keep)


def _judged_before(rows: deque[Row]) -> Iterator[tuple[Sample, Verdict]]:
    """Take what needs no judging from the head of the queue."""
    while rows and (verdict := rows[0][2]) is not None:
        yield rows.popleft()[1], verdict


def _to_judge(read: Iterable[Row], *, together: bool, recheck: bool) -> Iterator[Row]:
    """Yield draws, without the verdict where they are judged again: all with `recheck`, those on
    which the verifier or the machine failed, and those judged `together` where one of their
    problem has none."""
    redone = {"error", *INFRA}
    found = (
        (row, sample, None if recheck or (said and said.status in redone) else said)
        for row, sample, said in read
    )
    if not together:
        yield from found
        return
    for _, draws in groupby(found, lambda each: each[1].problem):
        rows = list(draws)
        again = any(verdict is None for _, _, verdict in rows)
        yield from ((row, sample, None if again else verdict) for row, sample, verdict in rows)
