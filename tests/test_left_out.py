"""A rule that cannot be computed is left out with its reason, and the others are printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import nan
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc

import ttc as library
from ttc.curves.curve import curves
from ttc.curves.sweep import SweepOptions, SweepResult, sweep
from ttc.errors import GateError, UsageError
from ttc.outcomes import Source
from ttc.records import Outcome
from ttc.selectors.spec import build

WHOLE: dict[str, Any] = {"answer": "a", "completion_tokens": 5, "score": 0.5, "logprob": -1.0}


def source(name: str = "s", **fields: Any) -> Source:
    """Six problems of four draws; a value that is a function is called with the draw's index."""
    changed = {**WHOLE, **fields}

    def draw(index: int) -> Outcome:
        values = {key: v(index) if callable(v) else v for key, v in changed.items()}
        return Outcome(index, correct=index % 2 == 0, **values)

    return Source(name, {f"p{i}": [draw(d) for d in range(4)] for i in range(6)})


def swept(rules: tuple[str, ...] | None, *sources: Source, **options: Any) -> SweepResult:
    return sweep(SweepOptions(rules=rules, ks=(1, 2), **options), sources)


def printed(result: SweepResult) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for curve in result.curves:
        found.setdefault(curve.source, []).append(curve.selector)
    return found


@pytest.mark.parametrize(
    ("fields", "rule", "reason"),
    [
        ({"answer": None}, "majority", "majority needs answer, which 24 of 24 draws lack"),
        ({"completion_tokens": None}, "first-finish", "which 24 of 24 draws lack"),
        (
            {"completion_tokens": lambda index: index or None},
            "first-finish",
            "first-finish needs completion_tokens, which 6 of 24 draws lack",
        ),
        ({"score": None}, "best-of-n", "best-of-n needs score, which 24 of 24 draws lack"),
        ({"score": nan}, "best-of-n", "best-of-n needs score, which is NaN for all of 24 draws"),
        ({"score": nan}, "keep=2:by=score>mean", "which is NaN for all of 24 draws"),
        ({"score": lambda index: None if index else nan}, "best-of-n", "which 18 of 24 draws lack"),
        ({"logprob": None}, "perplexity", "perplexity needs logprob, which 24 of 24"),
        ({"score": -1.0}, "weighted", "weighted: draw 0 has the score -1.0; weights are numbers"),
        ({"score": 0.3}, "solve-verify:v=1,of=2", "which is no share of 2 verifications"),
        ({}, "best-of-n:score=rm", "best-of-n:score=rm needs scores, which 24 of 24 draws lack"),
        ({"scores": {"rm": nan}}, "best-of-n:score=rm", "the score of rm, which is NaN for all"),
        ({"scores": {"a": 1.0}}, "best-of-n:score=rm", "draw 0 has no score by rm"),
        ({}, "mbr", "mbr needs text, which 24 of 24 draws lack"),
    ],
)
def test_what_is_left_out_and_why(fields: Mapping[str, Any], rule: str, reason: str) -> None:
    result = swept((rule, "mean"), source(**fields))
    assert printed(result) == {"s": ["mean"]}
    (left,) = result.left_out
    assert (left.source, left.rule) == ("s", rule)
    assert reason in left.reason
    assert f"left out: {left.reason}" in result.warnings
    assert result.as_dict()["left_out"] == [{"source": "s", "rule": rule, "reason": left.reason}]
    with pytest.raises(UsageError, match=rule.partition("=")[0].partition(":")[0]):
        swept((rule,), source(**fields))
    with pytest.raises(UsageError):
        curves(source(**fields).problems, {rule: build(rule)}, [1], source="s")


def test_what_some_draws_have_is_computed() -> None:
    some = source(score=lambda index: 0.5 if index else nan, answer=lambda index: index or None)
    assert printed(swept(("best-of-n", "majority"), some)) == {"s": ["best-of-n", "majority"]}
    assert "left_out" not in swept(None, source()).as_dict()


def test_all_reasons_are_told_if_nothing_is_left() -> None:
    bare = source(answer=None, completion_tokens=None)
    with pytest.raises(UsageError, match=r"majority needs answer.*; first-finish needs") as error:
        swept(("majority", "first-finish"), bare)
    assert str(error.value).startswith("none of these rules can be computed: ")
    assert "mapping={'answer': 'FIELD'}" in error.value.python
    with pytest.raises(UsageError, match="majority needs answer") as error:
        swept(("majority",), bare)
    assert "none of these" not in str(error.value)
    with pytest.raises(UsageError, match=r"a: majority needs answer.*; b: majority needs answer"):
        swept(("majority",), source("a", answer=None), source("b", answer=None))


def test_each_source_has_the_rules_that_it_can() -> None:
    sources = source("a", answer=None), source("b"), source("c", completion_tokens=None)
    result = swept(None, *sources, compare=True, pareto=True, cost="samples")
    assert printed(result) == {
        "a": ["coverage", "first-finish"],
        "b": ["coverage", "majority", "first-finish"],
        "c": ["coverage", "majority"],
    }
    assert [(left.source, left.rule) for left in result.left_out] == [
        ("a", "majority"),
        ("c", "first-finish"),
    ]
    assert any(line.startswith("left out of a: majority") for line in result.warnings)
    # What both have is compared.
    compared = {each.value_of for each in result.comparisons}
    assert "first-finish@1 (b)" in compared
    assert not any(name.startswith("majority") for name in compared)
    none_left = swept(("majority",), source("a", answer=None), source("b"))
    assert (printed(none_left), none_left.problems) == ({"b": ["majority"]}, {"a": 6, "b": 6})


def test_a_gate_about_a_rule_that_cannot_be_computed_is_an_error() -> None:
    gate = {"asserted": ("majority@1>=0",)}
    with pytest.raises(UsageError, match="majority needs answer"):
        swept(None, source(answer=None), **gate)
    with pytest.raises(UsageError, match=r"^a: majority needs answer"):
        swept(None, source("a", answer=None), source("b"), **gate)
    assert [decision.met for decision in swept(None, source(), **gate).decisions] == [True]
    other = swept(None, source(answer=None), asserted=("coverage@1>0.9",))
    with pytest.raises(GateError):
        other.hold()


def test_a_baseline_may_lack_a_field_too() -> None:
    options = SweepOptions(ks=(1, 2), asserted=("majority@1>=0",))
    result = sweep(options, [source("new")], source("old", answer=None))
    assert [(left.source, left.rule) for left in result.left_out] == [("old", "majority")]
    assert {each.value_of.partition("@")[0] for each in result.comparisons} == {
        "coverage",
        "first-finish",
    }
    assert any("old has no majority@1" in line for line in result.warnings)
    with pytest.raises(UsageError, match="old: majority needs answer"):
        sweep(SweepOptions(rules=("majority",)), [source("new")], source("old", answer=None))


def test_rules_without_a_mean_over_draws_with_replacement() -> None:
    result = swept(("majority", "esc", "short-2"), source(), draw="with")
    assert printed(result) == {"s": ["majority"]}
    assert [left.reason for left in result.left_out] == [
        "esc: has no mean over draws with replacement",
        "short-2: has no mean over draws with replacement",
    ]
    with pytest.raises(UsageError, match="leave --draw away"):
        swept(("esc",), source(), draw="with")


def test_a_scorer_without_scores_costs_only_its_own_rule(ttc: Ttc, sums: Path) -> None:
    assert ttc("sample", sums, "-n", 4, "--pool", "p", "-m", "scripted:answers=1/2").code == 0
    assert ttc("verify", "p", "-V", "numeric").code == 0
    rules = "mean,best-of-n:score=judge"
    ran = ttc("sweep", "p", "-s", rules, "--json")
    assert ran.code == 0
    assert [curve["selector"] for curve in ran.document["curves"]] == ["mean"]
    assert "p: no verdicts by judge; ttc verify p -V judge" in ran.err
    assert ttc("verify", "p", "-V", "confidence").code == 2  # drawn without: no score for any
    ran = ttc("sweep", "p", "-V", "numeric", "-s", "mean,best-of-n:score=confidence", "--json")
    assert [left["rule"] for left in ran.document["left_out"]] == ["best-of-n:score=confidence"]
    assert "confidence has a score for none of 24 draws" in ran.err
    alone = ttc("sweep", "p", "-V", "numeric", "-s", "best-of-n:score=confidence")
    assert (alone.code, "has a score for none of 24 draws" in alone.err) == (2, True)
    gate = ttc("sweep", "p", "-V", "numeric", "-s", "mean", "--assert", "best-of-n:score=judge@1>0")
    assert (gate.code, "no verdicts by judge" in gate.err) == (2, True)
    pool = library.pool("p").sweep("mean", "best-of-n:score=judge", verifier="numeric")
    assert [left.rule for left in pool.left_out] == ["best-of-n:score=judge"]
    assert any("ttc.verify('p', 'judge')" in line for line in pool.warnings)


def test_the_only_verifier_may_score_as_well(ttc: Ttc, sums: Path) -> None:
    assert ttc("sample", sums, "-n", 4, "--pool", "p", "-m", "scripted:answers=1/2").code == 0
    assert ttc("verify", "p", "-V", "numeric").code == 0
    ran = ttc("sweep", "p", "-s", "mean,best-of-n:score=numeric", "--json")
    assert [curve["oracle"] for curve in ran.document["curves"]] == [False, True]


def test_a_foreign_file_needs_no_more_than_problem_and_correct(ttc: Ttc, tmp_path: Path) -> None:
    lines = [{"problem": f"p{i}", "correct": (i + d) % 3 == 0} for i in range(6) for d in range(4)]
    path = tmp_path / "bare.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for more in (
        (),
        ("--pareto",),
        ("--compare",),
        ("--predict", 9),
        ("--md", "-"),
        ("--csv", "-"),
    ):
        ran = ttc("sweep", path, *more)
        assert (ran.code, "left out: majority needs answer" in ran.err) == (0, True), more
    policy = ttc("sweep", path, "--policy", "--cost", "samples")
    assert (policy.code, "no rule is left to recommend" in policy.err) == (0, True)
