"""What undecided and truncated draws leave open, against every way in which they may turn out."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Ttc
from hypothesis import given, settings
from hypothesis import strategies as st

import ttc as library
from ttc.curves.curve import curves_of
from ttc.curves.inquiries import bounds as module
from ttc.curves.inquiries.bounds import Bounds, accepted, bounds, finished
from ttc.curves.table import tabulate
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import Estimate, estimates_of
from ttc.selectors.spec import build

RULES = (
    "coverage",
    "pass^k",
    "mean",
    "majority",
    "majority:ties=strict",
    "majority:invalid=class",
    "weighted",
    "best-of-n",
    "first-finish",
    "short-2",
    "keep=2:by=score>majority",
)
TOLERANCE = 1e-9


def bounded(problems: dict[str, list[Outcome]], *rules: str, ks: Sequence[int] = (1,)) -> Bounds:
    made = {rule: build(rule) for rule in rules}
    table = tabulate(problems, made, ks, source="pool")
    return bounds(table, curves_of(table, ci=None), made, ci=None)


@st.composite
def draws(draw: st.DrawFn, *, truncated: bool = False) -> list[Outcome]:
    """Up to six draws with answers a, b, c or none; a is right, and verdicts may be undecided."""
    found = []
    for index in range(draw(st.integers(1, 6))):
        answer = draw(st.sampled_from(["a", "b", "c", None]))
        cut = truncated and draw(st.booleans())
        correct: bool | None = answer == "a"
        if cut:
            answer, correct = (None, False) if draw(st.booleans()) else (answer, correct)
        elif not truncated and draw(st.booleans()):
            correct = None
        found.append(
            Outcome(
                index,
                answer=answer,
                correct=correct,
                score=draw(st.sampled_from([1.0, 2.0, 3.0])),
                completion_tokens=9 if cut else draw(st.integers(1, 4)),
                finish_reason="length" if cut else "stop",
            )
        )
    return found


@settings(max_examples=8, deadline=None)
@given(draws())
def test_bounds_hold_every_completion_of_undecided_draws(pool: list[Outcome]) -> None:
    undecided = [at for at, each in enumerate(pool) if each.correct is None]
    if len(undecided) == len(pool):
        return
    ks = range(1, len(pool) + 1)
    rows = {
        (row.selector, row.shown.k): (row.lowest, row.highest)
        for row in bounded({"p": pool}, *RULES, ks=ks).rows
    }
    if not undecided:
        assert not rows
        return
    for name in RULES:
        rule = build(name)
        found: list[list[Estimate]] = []
        for completion in itertools.product((True, False), repeat=len(undecided)):
            whole = list(pool)
            for at, correct in zip(undecided, completion, strict=True):
                whole[at] = replace(pool[at], correct=correct)
            found.append(estimates_of(rule, whole, ks))
        for at, k in enumerate(ks):
            low, high = rows[name, k]
            assert low is not None
            assert high is not None
            # A rule without a closed form has an error here and in the bounds.
            error = TOLERANCE + 5 * max(each[at].error for each in found)
            values = [each[at].value for each in found]
            assert low - error <= min(values)
            assert max(values) <= high + error


@settings(max_examples=10, deadline=None)
@given(draws(truncated=True))
def test_bounds_hold_every_end_of_truncated_draws(pool: list[Outcome]) -> None:
    """Each truncated draw may end, after what it has generated, with any answer, if an answer that
    is right in one draw is right in all."""
    cut = [at for at, each in enumerate(pool) if each.truncated]
    if not cut or len(cut) > 3:
        return
    ks = range(1, len(pool) + 1)
    rules = ("coverage", "majority", "first-finish", "short-2", "mean")
    rows = {
        (row.selector, row.shown.k): (row.lowest, row.highest)
        for row in bounded({"p": pool}, *rules, ks=ks).rows
    }
    for ends in itertools.product(("a", "b", "c", "d", None), repeat=len(cut)):
        whole = list(pool)
        for at, answer in zip(cut, ends, strict=True):
            whole[at] = replace(
                pool[at], answer=answer, correct=answer == "a", finish_reason="stop"
            )
        for name in rules:
            values = build(name).expected(whole, ks)
            for k, value in zip(ks, values, strict=True):
                low, high = rows[name, k]
                assert low is not None
                assert high is not None
                assert low - TOLERANCE <= value <= high + TOLERANCE, (name, k, ends)


def test_what_each_treatment_means() -> None:
    right = Outcome(0, answer="7", correct=True, completion_tokens=3, finish_reason="stop")
    wrong = Outcome(1, answer="8", correct=False, completion_tokens=3, finish_reason="stop")
    open_ = Outcome(2, answer="9", correct=None, completion_tokens=3, finish_reason="stop")
    cut = Outcome(3, correct=False, completion_tokens=9, finish_reason="length")
    pool = [right, wrong, open_, cut]
    assert accepted(pool) == [right, wrong, replace(open_, correct=True), cut]
    ends = {correct: finished(pool, correct=correct)[3] for correct in (True, False)}
    assert (ends[True].answer, ends[True].correct, ends[True].truncated) == ("7", True, False)
    assert (ends[False].answer, ends[False].correct) == ("8", False)
    alone = finished([cut, replace(cut, index=4)], correct=True)
    assert alone[0].answer == alone[1].answer is not None


def test_only_what_changes_is_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = [Outcome(i, answer="7", correct=True) for i in range(4)]
    problems = {f"p{i}": list(plain) for i in range(9)}
    problems["q"] = [*plain[:3], Outcome(3, answer="8", correct=None)]
    computed: list[Sequence[Outcome]] = []
    real = module.values_at

    def counted(name: str, rule: Selector, pool: Sequence[Outcome], *more: object) -> object:
        computed.append(pool)
        return real(name, rule, pool, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "values_at", counted)
    found = bounded(problems, "coverage", ks=(1, 4))
    assert [len(pool) for pool in computed] == [4, 3]
    (one, four) = found.rows
    assert one.shown.value == pytest.approx(0.975)
    assert one.highest == 1
    out = four.treated["undecided_out"]
    assert (out.problems, out.note) == (9, "only 9 of 10 problems have 4 or more draws")


def test_a_problem_without_any_draw_left_is_none() -> None:
    problems = {"p": [Outcome(0, correct=None, answer="7")], "q": [Outcome(0, correct=True)]}
    (row,) = bounded(problems, "coverage").rows
    assert row.treated["undecided_out"].problems == 1
    assert row.treated["undecided_out"].value == 1
    assert (row.lowest, row.highest) == (0.5, 1)


def test_bounds_on_the_command_line(ttc: Ttc, own_home: Path) -> None:
    lines = [
        {
            "problem": p,
            "index": i,
            "answer": str(i % 2),
            "correct": None if i == p else i % 2 == 0,
            "finish_reason": "length" if i == 3 else "stop",
            "completion_tokens": 5,
        }
        for p in range(3)
        for i in range(4)
    ]
    Path("pool.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ran = ttc("sweep", "pool.jsonl", "--bounds", "-k", "1,4", "-s", "coverage,majority")
    assert ran.code == 0, ran.err
    assert "of 12 draws 3 are undecided and 3 truncated" in ran.out
    head = next(line for line in ran.out.splitlines() if "lowest" in line)
    assert head.split()[:3] == ["rule", "k", "shown"]
    document = ttc("sweep", "pool.jsonl", "--bounds", "-k", "1,4", "--json").document
    found = document["bounds"]["pool.jsonl"]
    assert (found["undecided"], found["truncated"], found["both"]) == (3, 3, 0)
    for row in found["rows"]:
        assert row["lowest"] <= row["value"] <= row["highest"]
    assert (
        library.sweep("pool.jsonl", bounds=True, ks=[1, 4]).bounds["pool.jsonl"].as_dict() == found
    )
    assert "undecided right" in ttc("sweep", "pool.jsonl", "--bounds", "--md", "-").out
    decided = [{**line, "correct": True, "finish_reason": "stop"} for line in lines]
    Path("whole.jsonl").write_text("".join(json.dumps(line) + "\n" for line in decided))
    none = ttc("sweep", "whole.jsonl", "--bounds").out
    assert "all 12 draws are decided and finished: nothing to bound" in none


def test_a_problem_without_any_answer_is_no_obstacle() -> None:
    silent = [Outcome(0, correct=False), Outcome(1)]
    spoken = [Outcome(0, answer="a", correct=True), Outcome(1, answer="b", correct=False)]
    rows = bounded({"p": silent, "q": spoken}, "majority", ks=[1, 2]).rows
    assert [row.shown.k for row in rows] == [1, 2]
    assert [row.highest for row in rows] == pytest.approx([0.25, 0.25])
