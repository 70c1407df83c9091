"""Sample × Verifier → Verdict, through the store. Verifying again never samples again.

If a verifier raises on one sample, that sample gets the status `error`; the others are judged.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, deque
from collections.abc import Container, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from math import isnan
from typing import Any

from ttc import keys, plugins
from ttc.errors import Stopped, TtcError
from ttc.messages.counts import some
from ttc.plugins.guards import Guarded, verdict_fault
from ttc.records import INFRA, Message, Sample, Verdict
from ttc.store import Store, verdicts, verifiers
from ttc.store.judged import Row, judged
from ttc.store.pools import Pool
from ttc.store.sql import storable
from ttc.verdicts.judge_inputs import remember_reading, remember_votes, with_question
from ttc.verifiers import Verifier, extras

CHUNK, GAP = 500, 5000  # verdicts stored at once; judged draws that may wait for an unjudged one


def make(spec: str) -> Verifier:
    """Return the verifier of `NAME:key=value,…`; UsageError for an unknown one."""
    behind: Any = Guarded("verifiers", spec.partition(":")[0], plugins.build("verifiers", spec))
    verifier: Verifier = behind
    return verifier


def identify(verifier: Verifier) -> verifiers.VerifierId:
    """Return the name, version and configuration that key a verifier's verdicts."""
    with plugins.calling("verifiers", str(verifier.name), "be identified"):
        who = verifiers.VerifierId(str(verifier.name), str(verifier.version), dict(verifier.config))
        keys.canonical_json(who.config)
    return who


@dataclass(slots=True)
class Summary:
    """Counts over the verdicts of one verification. `decided` counts those that are correct or
    wrong, `scored` those with a score, `total` sums the scores; `left_out` counts those with an
    INFRA status. `failure` is the first error of the verifier."""

    samples: int = 0
    correct: int = 0
    decided: int = 0
    scored: int = 0
    total: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    problems: set[str] = field(default_factory=set, repr=False)
    solved: set[str] = field(default_factory=set, repr=False)
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
        """The number of samples without those left out."""
        return self.samples - self.left_out

    @property
    def accuracy(self) -> float | None:
        """The share of correct samples among those counted; None if there are none."""
        return self.correct / self.counted if self.counted else None

    def describe(self) -> str:
        """Return the summary line."""
        if self.scored and not self.decided:
            mean = self.total / self.scored
            return f"{self.scored} of {some(self.samples, 'sample')} scored, {mean:.4g} on average"
        accuracy = "unknown" if self.accuracy is None else f"{self.accuracy:.4f}"
        return (
            f"{self.correct} of {some(self.counted, 'sample')} correct ({accuracy}), "
            f"{len(self.solved)} of {some(len(self.problems), 'problem')} solved at least once"
        )


def judge(verifier: Verifier, samples: Iterable[Sample]) -> Iterator[tuple[Sample, Verdict]]:
    """Yield each sample with its verdict, in order. An exception becomes a verdict `error`."""
    source, reads = iter(samples), extras.reads_reference(verifier)
    unjudged: deque[Sample] = deque()

    def feed() -> Iterator[Sample]:
        # After a failure, start with the samples that were read ahead.
        yield from tuple(unjudged)
        for sample in source:
            unjudged.append(sample)
            yield sample

    while True:
        try:
            with _closing(verifier.verify(feed())) as judged:
                for verdict in judged:
                    if not unjudged:
                        what = "gave more verdicts than samples"
                        raise plugins.fault("verifiers", verifier.name, what)
                    sample = unjudged.popleft()
                    yield sample, _sound(verdict, reads if sample.reference else False)
        except (TtcError, Stopped, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            failure = plugins.as_text(error)
            if not unjudged:
                what = f"cannot judge: {failure}; -vv shows where"
                raise plugins.fault("verifiers", verifier.name, what) from error
            yield unjudged.popleft(), _sound(Verdict(status="error", detail=failure), reads)
            continue
        # A verifier that ends early may not have read all samples.
        if left := len(unjudged) + (next(source, None) is not None):
            what = f"gave no verdict on {some(left, 'sample')} or more"
            raise plugins.fault("verifiers", verifier.name, what)
        return


def _sound(verdict: Verdict, reads: bool | None) -> Verdict:
    """Return a verdict that can be stored: with whether its verifier read the reference, without
    the surrogates a program may have printed, an `error` if it is malformed."""
    if (wrong := verdict_fault(verdict)) is not None:
        verdict = Verdict(status="error", detail=wrong)
    answer = None if verdict.answer is None else storable(verdict.answer)
    detail = storable(verdict.detail)
    # NaN is no score; SQLite and JSON have no NaN either.
    score = None if verdict.score is None or isnan(verdict.score) else verdict.score
    return replace(verdict, answer=answer, detail=detail, score=score, reads_reference=reads)


@contextmanager
def _closing(judged: Iterator[Verdict]) -> Iterator[Iterator[Verdict]]:
    """Close a verifier's generator at the end, so that it releases its workers and files."""
    try:
        yield judged
    finally:
        if isinstance(judged, Generator):
            judged.close()


def verify_pool(
    store: Store,
    pool: Pool,
    verifier: Verifier,
    *,
    recheck: bool = False,
    among: Container[tuple[str, int]] | None = None,
) -> Generator[tuple[Sample, Verdict], None, None]:
    """Yield every sample of a pool with its verdict.

    Only samples without a verdict are judged, and those with an `error` or INFRA status again; with
    `recheck`, all. If the verifier judges draws `together`, so are all draws of a problem with an
    unjudged one. `among` restricts all this to some draws, by problem and index. New verdicts are
    stored, also when the generator is closed early.
    """
    who, reads = identify(verifier), extras.reads_reference(verifier)
    remember_votes(store, who, verifier, recall=not recheck)
    remember_reading(store, who, reads)
    rows: deque[Row] = deque()
    done: list[tuple[int, Sample, Verdict]] = []
    together = extras.judges_together(verifier)
    every = judged(store.reader, pool, who, by_problem=together)
    read = (row for row in every if among is None or (row[1].problem, row[1].index) in among)
    ahead = _to_judge(read, together=together, recheck=recheck)
    asks = extras.asks(verifier)
    prompts: dict[str, tuple[Message, ...]] = {}

    def unjudged(source: Iterable[Row]) -> Iterator[Sample]:
        for each in source:
            rows.append(each)
            if each[2] is None:
                yield with_question(store, each[1], prompts) if asks else each[1]
            elif len(rows) > GAP:
                # Judge what was read so far, so that the judged draws behind it can be yielded.
                return

    def keep(connection: sqlite3.Connection) -> None:
        verifier_row = verifiers.verifier_id(connection, who, reads)
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
                # A verdict that used a model is stored before it is yielded.
                if asks or len(done) >= CHUNK:
                    store.write(keep)
                    done.clear()
                yield sample, verdict
            yield from _judged_before(rows)
    finally:
        if done:
            store.write(keep)


def _judged_before(rows: deque[Row]) -> Iterator[tuple[Sample, Verdict]]:
    """Yield the rows at the head of the queue that have a verdict already."""
    while rows and (verdict := rows[0][2]) is not None:
        yield rows.popleft()[1], verdict


def _to_judge(read: Iterable[Row], *, together: bool, recheck: bool) -> Iterator[Row]:
    """Yield draws, without a verdict if they are to be judged: all with `recheck`, those on which
    the verifier or the machine failed, and with `together` all draws of a problem where one has no
    verdict."""
    redone = {"error", *INFRA}
    found = (
        (row, sample, None if recheck or (verdict and verdict.status in redone) else verdict)
        for row, sample, verdict in read
    )
    if not together:
        yield from found
        return
    for _, draws in groupby(found, lambda each: each[1].problem):
        rows = list(draws)
        again = any(verdict is None for _, _, verdict in rows)
        yield from ((row, sample, None if again else verdict) for row, sample, verdict in rows)
