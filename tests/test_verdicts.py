"""The verify stage: pools, streams, and verifiers that raise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from ttc.errors import BackendError
from ttc.records import Sample, Verdict
from ttc.verdicts import Summary, judge


def samples(*texts: str) -> list[Sample]:
    return [Sample(f"p{i % 2}", i // 2, text, "stop") for i, text in enumerate(texts)]


class Picky:
    """Raises on one text; as a map, or as a generator, which dies with its first exception."""

    name, version = "picky", "1"

    def __init__(self, ahead: int = 0, generator: bool = False) -> None:
        self.ahead, self.generator = ahead, generator

    @property
    def config(self) -> Mapping[str, Any]:
        return {}

    def one(self, sample: Sample) -> Verdict:
        if sample.text == "bad":
            raise ZeroDivisionError("no")
        return Verdict(sample.text, sample.text == "yes", 1.0)

    def verify(self, given: Iterable[Sample]) -> Iterator[Verdict]:
        return self.ahead_by(given) if self.generator else map(self.one, given)

    def ahead_by(self, given: Iterable[Sample]) -> Iterator[Verdict]:
        held: list[Sample] = []
        for sample in given:
            held.append(sample)
            if len(held) > self.ahead:
                yield self.one(held.pop(0))
        yield from map(self.one, held)


@pytest.mark.parametrize("verifier", [Picky(), Picky(generator=True), Picky(3, generator=True)])
def test_a_verifier_that_raises_loses_one_sample(verifier: Picky) -> None:
    given = samples("yes", "bad", "no", "bad", "bad", "yes")
    judged = list(judge(verifier, given))
    assert [sample for sample, _ in judged] == given
    assert [verdict.status for _, verdict in judged] == [
        "ok",
        "error",
        "ok",
        "error",
        "error",
        "ok",
    ]
    assert "ZeroDivisionError: no" in judged[1][1].detail
    assert [verdict.correct for _, verdict in judged] == [True, None, False, None, None, True]


def test_a_verifier_that_stops_early_is_told() -> None:
    class Short(Picky):
        def verify(self, given: Iterable[Sample]) -> Iterator[Verdict]:
            list(given)
            return iter(())

    with pytest.raises(BackendError, match="no verdict on 2 samples"):
        list(judge(Short(), samples("a", "b")))


def test_a_verifier_that_cannot_begin_is_told() -> None:
    class Broken(Picky):
        def verify(self, given: Iterable[Sample]) -> Iterator[Verdict]:
            raise RuntimeError("no model")

    with pytest.raises(BackendError, match="RuntimeError: no model"):
        list(judge(Broken(), samples("a")))


def test_the_summary_counts_what_it_was_given() -> None:
    summary = Summary()
    for sample, verdict in judge(Picky(), samples("yes", "no", "bad", "no")):
        summary.add(sample, verdict)
    assert (summary.samples, summary.correct, summary.accuracy) == (4, 1, 0.25)
    assert (summary.problems, summary.solved) == ({"p0", "p1"}, {"p0"})
    assert summary.statuses == {"correct": 1, "wrong": 2, "error": 1}
