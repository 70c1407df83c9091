"""Judge a part of a pool again, to see how far a judge agrees with itself.

The verdicts of a re-run belong to the judge with one more option, so they stay beside the first
ones, and every vote has another seed.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import nsmallest

from ttc import keys, verdicts
from ttc.curves.inquiries.self_agreement import SelfAgreement, self_agreements
from ttc.errors import UsageError
from ttc.outcomes.opinions import Opinion, Repeats
from ttc.records import Sample, Verdict
from ttc.store import Store
from ttc.store.judged import judged
from ttc.store.pools import Pool
from ttc.store.verifiers import AGAIN
from ttc.verifiers import extras
from ttc.verifiers.judge_model import JudgeModel


@dataclass(slots=True)
class Rerun:
    """A re-run: `first` are the first verdicts on the draws that are judged again, by problem and
    index. `judged` counts the draws of the first run."""

    judge: str
    judged: int
    first: Mapping[tuple[str, int], Opinion]
    runs: dict[str, list[tuple[Opinion, ...]]] = field(default_factory=dict)
    spent: list[int | None] = field(default_factory=list)

    def add(self, sample: Sample, verdict: Verdict) -> None:
        """Count the second verdict on a draw."""
        pair = (self.first[sample.problem, sample.index], Opinion(verdict.correct, verdict.score))
        self.runs.setdefault(sample.problem, []).append(pair)
        self.spent.append(verdict.tokens)

    def agreement(self, source: str, level: float | None = 95) -> list[SelfAgreement]:
        """Return how far both runs agree."""
        known = [count for count in self.spent if count is not None]
        tokens = sum(known) if known and len(known) == len(self.spent) else None
        repeats = Repeats(self.judge, self.judged, self.runs, {}, tokens)
        return self_agreements(repeats, source=source, level=level)


def check(spec: str, most: int) -> None:
    """Raise UsageError unless this is a judge that may be asked again about single draws."""
    if most < 1:
        raise UsageError(f"--rerun {most}: judge 1 draw or more", python=f"rerun={most}: 1 or more")
    name = spec.partition(":")[0]
    verifier = verdicts.make(spec)
    if not (isinstance(verifier, extras.Attachable) and extras.asks(verifier)):
        raise UsageError(f"--rerun: {name} is no judge; it gives the same verdict each time")
    if extras.judges_together(verifier):
        raise UsageError(
            f"--rerun: {name} judges the draws of a problem together; all of them again: "
            f"-V {with_option(spec)}"
        )


def with_option(spec: str) -> str:
    """Return the spec of the re-run of a judge."""
    if f"{AGAIN}=" in spec:
        return spec
    return f"{spec}{',' if ':' in spec else ':'}{AGAIN}=1"


def planned(store: Store, pool: Pool, spec: str, model: JudgeModel | None, most: int) -> Rerun:
    """Return a re-run of at most `most` draws that the judge has judged.

    They are those with the smallest digests, so that a larger number holds all of a smaller one
    and nothing is judged a third time. UsageError if the judge has judged nothing yet.
    """
    judge = verdicts.make(spec)
    if isinstance(judge, extras.Attachable) and model is not None:
        model.attach(judge)
    found = [
        (
            keys.digest("rerun1", [sample.problem, sample.index]),
            (sample.problem, sample.index),
            Opinion(verdict.correct, verdict.score),
        )
        for _, sample, verdict in judged(store.reader, pool, verdicts.identify(judge))
        if verdict is not None and (verdict.correct is not None or verdict.score is not None)
    ]
    if not found:
        first = f"ttc verify {shlex.quote(pool.name)} -V {shlex.quote(spec)} first"
        raise UsageError(f"{pool.name}: {spec} has judged nothing yet; {first}")
    chosen = nsmallest(most, found, key=lambda each: each[0])
    return Rerun(spec, len(found), {draw: opinion for _, draw, opinion in chosen})
