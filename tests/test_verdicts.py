"""The verify stage: pools, streams, and verifiers that raise."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import Ttc

from ttc.errors import BackendError
from ttc.records import Outcome, Sample, Verdict
from ttc.store import Store, verdicts, verifiers
from ttc.store.named import pool_named
from ttc.verdicts import Summary, identify, judge, verify_pool
from ttc.verifiers.numeric import Numeric


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


class Herd(Picky):
    """Judges together: every draw gets the number of draws it was shown of its problem."""

    name, together = "herd", True

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[tuple[str, int]] = []

    def verify(self, given: Iterable[Sample]) -> Iterator[Verdict]:
        for problem, draws in groupby(given, lambda sample: sample.problem):
            count = len(list(draws))
            self.shown.append((problem, count))
            yield from (Verdict(str(count), True, 1.0) for _ in range(count))


def test_draws_judged_together_are_judged_anew_when_there_are_more(
    sums: Path, own_home: Path, ttc: Ttc
) -> None:
    def verify(**options: bool) -> tuple[list[tuple[str, int]], list[tuple[str, str | None]]]:
        herd = Herd()
        with Store.writing(own_home / "ttc_home" / "ttc.db") as store:
            pool = pool_named(store, "pool")
            judged = list(verify_pool(store, pool, herd, **options))
        return herd.shown, [(sample.problem, verdict.answer) for sample, verdict in judged]

    model = ("-m", "scripted:slots=3", "--pool", "pool", "-q")
    ttc("sample", sums, "--limit", 2, "-n", 3, *model)
    assert verify() == ([("s0", 3), ("s1", 3)], [("s0", "3")] * 3 + [("s1", "3")] * 3)
    assert verify()[0] == []
    ttc("sample", sums, "--limit", 1, "-n", 5, *model)
    shown, judged = verify()
    assert shown == [("s0", 5)]
    assert judged == [("s0", "5")] * 5 + [("s1", "3")] * 3
    assert verify() == ([], judged)
    assert verify(recheck=True) == ([("s0", 5), ("s1", 3)], judged)


def test_what_a_verifier_holds_is_given_back_when_judging_is_left() -> None:
    held: list[str] = []

    class Holder(Picky):
        def verify(self, given: Iterable[Sample]) -> Iterator[Verdict]:
            try:
                yield from map(self.one, given)
            finally:
                held.append("given back")

    judged = judge(Holder(), samples("yes", "no"))
    next(judged)
    assert held == []
    judged.close()  # type: ignore[attr-defined]
    assert held == ["given back"]


class Weary(Picky):
    """Is judged by a machine that fails on what it has not seen before."""

    name = "weary"

    def __init__(self, failed: str = "infra_timeout") -> None:
        super().__init__()
        self.failed, self.seen, self.asked = failed, set[tuple[str, int]](), 0

    def one(self, sample: Sample) -> Verdict:
        self.asked += 1
        place = sample.problem, sample.index
        if sample.index % 2 and place not in self.seen:
            self.seen.add(place)
            return Verdict(status=self.failed)
        return Verdict("1", True, 1.0)


@pytest.mark.parametrize("failed", ["infra_timeout", "infra_error"])
def test_what_the_machine_failed_to_judge_counts_for_nobody_and_is_judged_again(
    sums: Path, own_home: Path, ttc: Ttc, failed: str
) -> None:
    ttc("sample", sums, "--limit", 2, "-n", 4, "-m", "scripted:slots=3", "--pool", "pool", "-q")
    weary = Weary(failed)

    def verify() -> tuple[Summary, list[Outcome], list[bool]]:
        summary = Summary()
        with Store.writing(own_home / "ttc_home" / "ttc.db") as store:
            pool = pool_named(store, "pool")
            for sample, verdict in verify_pool(store, pool, weary):
                summary.add(sample, verdict)
            row = verifiers.find_verifier(store.reader, identify(weary))
            read = list(verdicts.outcomes(store.reader, pool, row))
        return summary, [each for _, _, each in read], [judged for _, judged, _ in read]

    summary, _, judged = verify()
    assert (summary.samples, summary.left_out, summary.counted) == (8, 4, 4)
    assert (summary.correct, summary.accuracy, summary.statuses[failed]) == (4, 1.0, 4)
    assert sorted(judged) == [False] * 4 + [True] * 4
    summary, outcomes, judged = verify()
    assert (summary.left_out, summary.accuracy, weary.asked) == (0, 1.0, 12)
    assert all(judged)
    assert all(each.correct for each in outcomes)


def test_a_file_with_verdicts_that_the_machine_failed_to_give(own_home: Path, ttc: Ttc) -> None:
    right, starved = {"correct": True, "status": "ok"}, {"correct": None, "status": "infra_timeout"}
    lines = [{"problem": "p", "index": at, **(starved if at % 2 else right)} for at in range(8)]
    lines += [{"problem": "q", "index": 0, **starved}]
    (own_home / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    swept = ttc("sweep", "s.jsonl", "-s", "coverage", "-k", "1,4", "--json").document
    assert [point["value"] for point in swept["curves"][0]["points"]] == [1.0, 1.0]
    assert (swept["problems"], "5 draws have no verdict yet" in str(swept["warnings"])) == (1, True)


def test_verify_tells_what_it_leaves_out(
    own_home: Path, ttc: Ttc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttc.verdicts.make", lambda spec: Weary())
    lines = [{"problem": f"p{at % 3}", "index": at // 3, "text": "x"} for at in range(6)]
    lines += [{"problem": "alone", "index": 1, "text": "x"}]
    (own_home / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ran = ttc("verify", "s.jsonl", "-V", "x", "--fail-under", 0.9, "--junit", "j.xml", "-o", "o")
    assert ran.code == 4, ran.err  # not 1: of those that count all are right
    assert "3 of 3 samples correct (1.0000), 3 of 3 problems solved" in ran.err
    assert "4 of 7 samples are not counted" in ran.err
    suite = ElementTree.parse(own_home / "j.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("5", "0", "1")
    rows = [json.loads(line) for line in (own_home / "o").read_text().splitlines()]
    assert [row["correct"] for row in rows].count(None) == 4
    (own_home / "a.jsonl").write_text(json.dumps(lines[-1]) + "\n")
    none = ttc("verify", "a.jsonl", "-V", "x", "--fail-under", 0.9, "--json")
    assert (none.code, none.document["accuracy"], none.document["left_out"]) == (4, None, 1)


def test_the_summary_counts_what_it_was_given() -> None:
    summary = Summary()
    for sample, verdict in judge(Picky(), samples("yes", "no", "bad", "no")):
        summary.add(sample, verdict)
    assert (summary.samples, summary.correct, summary.accuracy) == (4, 1, 0.25)
    assert (summary.problems, summary.solved) == ({"p0", "p1"}, {"p0"})
    assert summary.statuses == {"correct": 1, "wrong": 2, "error": 1}


def test_judged_draws_do_not_pile_up_behind_one_that_a_verifier_holds(
    sums: Path, own_home: Path, ttc: Ttc, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Greedy(Picky):
        def verify(self, given: Iterable[Sample]) -> Iterator[Verdict]:
            held = list(given)
            calls.append(len(held))
            return map(self.one, held)

    calls: list[int] = []
    ttc("sample", sums, "--limit", 2, "-n", 20, "-m", "scripted:slots=3", "--pool", "pool", "-q")
    with Store.writing(own_home / "ttc_home" / "ttc.db") as store:
        pool = pool_named(store, "pool")
        whole = list(verify_pool(store, pool, Greedy()))
        assert calls == [40]
        ends = "SELECT min(sample_id) FROM verdicts UNION SELECT max(sample_id) FROM verdicts"
        store.write(lambda c: c.execute(f"DELETE FROM verdicts WHERE sample_id IN ({ends})"))
        calls.clear()
        monkeypatch.setattr("ttc.verdicts.GAP", 5)
        assert list(verify_pool(store, pool, Greedy())) == whole
        assert calls == [1, 1]
        assert list(verify_pool(store, pool, Greedy())) == whole
        assert calls == [1, 1]


@pytest.mark.parametrize("spec", ["numeric", "numeric:tol=0.25"])
def test_sweep_tells_verdicts_of_another_version_and_how_to_judge_again(
    sums: Path, own_home: Path, ttc: Ttc, monkeypatch: pytest.MonkeyPatch, spec: str
) -> None:
    ttc("sample", sums, "--limit", 2, "-n", 4, "-m", "scripted:slots=3", "--pool", "a pool", "-q")
    with monkeypatch.context() as before:
        before.setattr(Numeric, "version", "0")
        ttc("verify", "a pool", "-V", spec)
        assert "version" not in str(ttc("sweep", "a pool", "--json").document["warnings"])
    told = [line for line in ttc("sweep", "a pool", "--json").document["warnings"] if "-V" in line]
    assert len(told) == 1
    assert f"by version 0 of numeric, and version {Numeric.version} is installed" in told[0]
    again = re.search(r"; (ttc verify .*) judges again$", told[0])
    assert again
    assert again[1] == f"ttc verify 'a pool' -V {spec}"
    assert ttc(*shlex.split(again[1])[1:]).code == 0
    assert "version" not in str(ttc("sweep", "a pool", "-V", spec, "--json").document["warnings"])
