"""`ttc sweep --value score`, the field's spellings of rules, and scores that are no numbers."""

from __future__ import annotations

import json
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc

import ttc
from ttc import interchange
from ttc.curves.asserts import parse
from ttc.curves.sweep import SweepOptions
from ttc.errors import UsageError
from ttc.outcomes.lines import read_outcomes
from ttc.plugins.guards import verdict_fault
from ttc.records import Outcome, Sample, Verdict
from ttc.selectors import spec, worth
from ttc.selectors.spec import SYNONYMS, Named, named
from ttc.verdicts import _sound

CROSSWORD = [
    {
        "problem": f"grid-{p}",
        "index": i,
        "answer": f"fill-{p * i % 3}",
        "correct": share == 1,
        "score": share,
        "completion_tokens": 20 + 7 * i,
    }
    for p in range(4)
    for i, share in enumerate([p / 4, 0.5, 1 - p / 8, 0.25, 0.75, 1.0 if p == 2 else 0.6])
]
BEST = [sorted(float(str(r["score"])) for r in CROSSWORD if r["problem"] == f"grid-{p}")[-1]
        for p in range(4)]  # fmt: skip


@pytest.mark.parametrize(
    ("spelling", "rule", "k"),
    [
        ("pass@8", "coverage", 8),
        ("pass@k", "coverage", None),
        ("Pass@16", "coverage", 16),
        ("accuracy", "mean", None),
        ("acc@4", "mean", 4),
        ("vote@8", "majority", 8),
        ("maj@16", "majority", 16),
        ("cons@64", "majority", 64),
        ("self_consistency", "majority", None),
        ("bon", "best-of-n", None),
        ("best_of_n", "best-of-n", None),
        ("best-of-8", "best-of-n", 8),
        ("bo8", "best-of-n", 8),
        ("bon@8:score=rm:a/b,aggregate=min", "best-of-n:score=rm:a/b,aggregate=min", 8),
        ("pass^8", "pass^k", 8),
        ("pass^k", "pass^k", None),
        ("pass^k@4", "pass^k", 4),
        ("avg@16", "mean", 16),
        ("g-pass@16_0.5", "g-pass:tau=0.5", 16),
        ("G-Pass@k_0.25", "g-pass:tau=0.25", None),
        ("mG-Pass@16", "mg-pass", 16),
        ("Bayes@16", "bayes", 16),
        ("max@4", "max", 4),
        ("MoB", "majority-of-bests", None),
        ("bom:alpha=0.2@8", "best-of-majority:alpha=0.2", 8),
        ("keep=8:by=score>maj@16", "keep=8:by=score>majority", 16),
        ("majority:ties=strict@4", "majority:ties=strict", 4),
        # What was a rule before is the same rule.
        *[
            (rule, rule, None)
            for rule in (
                "short-3", "best-of-n:score=X", "best-of-n:score=rm:hf:a/b@8", "a>b", "esc:w=5",
                "keep=10%:score=confidence>weighted:score=confidence", "accept=0.5>best-of-n",
                "weighted:ties=first,score=judge:n=2,as=verdict",
            )
        ],
    ],
)  # fmt: skip
def test_the_field_s_spellings_are_understood(spelling: str, rule: str, k: int | None) -> None:
    assert named(spelling) == Named(rule, k)
    assert named(rule) == Named(rule)


def test_every_synonym_is_a_rule_that_there_is() -> None:
    assert {named(word).rule for word in SYNONYMS} <= set(ttc.plugins.installed("selectors"))


@pytest.mark.parametrize(
    ("spelling", "message"),
    [
        ("majj", r"no selector 'majj'; did you mean maj \(majority\)\?"),
        ("covrage", r"no selector 'covrage'; did you mean coverage\?"),
        ("zzz", "no selector 'zzz'; there are ac, accept"),
        ("pass@8", "pass@8: no budget is named here; write coverage"),
    ],
)
def test_unknown_rules_get_a_suggestion(spelling: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        spec.build(spelling)


@pytest.mark.parametrize(
    ("gate", "terms"),
    [
        ("pass@8>=0.6", [("coverage", 8)]),
        ("maj@8-pass@1>0", [("majority", 8), ("coverage", 1)]),
        ("pass^4>=0.2", [("pass^k", 4)]),
        ("pass^k@4>=0.2", [("pass^k", 4)]),
        ("G-Pass@8_0.5 >= 0.5", [("g-pass:tau=0.5", 8)]),
        ("majority:ties=strict@2<1", [("majority:ties=strict", 2)]),
    ],
)
def test_gates_take_the_spellings(gate: str, terms: list[tuple[str, int]]) -> None:
    found = parse(gate)
    assert list(found.terms) == terms
    assert found.text == gate


def test_budgets_of_rules_are_added_to_those_of_all() -> None:
    assert SweepOptions(rules=("pass@1", "maj@6")).budgets(8) == [1, 6]
    assert SweepOptions(rules=("pass@1", "maj")).budgets(8) == [1, 2, 4, 8, 1]
    assert SweepOptions(rules=("pass@3", "maj"), ks=(2,)).budgets(8) == [2, 3]
    found = ttc.sweep(CROSSWORD, rules="pass@1,pass@6,maj@2", ci=None)
    assert [curve.selector for curve in found] == ["coverage", "majority"]
    assert [point.k for point in found["maj"].points] == [1, 2, 6]
    assert found["pass@6"] == found["coverage", 6] == found["pass", 6]


def test_the_crossword_is_swept_by_its_score() -> None:
    found = ttc.sweep(CROSSWORD, value="score", ci=None)
    assert [curve.selector for curve in found] == ["max", "mean", "majority", "first-finish"]
    mean = sum(float(str(record["score"])) for record in CROSSWORD) / len(CROSSWORD)
    assert [point.value for point in found["mean"].points] == pytest.approx([mean] * 4)
    assert found["max", 1].value == pytest.approx(mean)
    assert found["max", 6].value == pytest.approx(sum(BEST) / 4)
    assert found.as_dict()["conventions"]["value"] == "score"
    right = ttc.sweep(CROSSWORD, ci=None)
    assert right["coverage", 6].value == 0.5
    assert "value" not in right.as_dict()["conventions"]


def test_python_and_the_command_line_value_alike(ttc: Ttc, tmp_path: Path) -> None:
    path = tmp_path / "grids.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in CROSSWORD))
    ran = ttc("sweep", str(path), "--value", "score", "-s", "max@6,maj,mean-of-best:m=2", "--json")
    from ttc import sweep

    there = sweep(str(path), value="score", rules="max@6,maj,mean-of-best:m=2").as_dict()
    assert json.loads(ran.out) == there
    table = ttc("sweep", str(path), "--value", "score", "-k", "2")
    assert "values are by score" in table.out


def test_rules_that_count_right_and_wrong_are_left_out() -> None:
    found = ttc.sweep(CROSSWORD, rules="coverage,pass^k,mean", value="score", ci=None)
    assert [curve.selector for curve in found] == ["mean"]
    assert (
        "left out: coverage, pass^k count right and wrong draws and have no value"
        in (found.warnings[0])
    )
    for rules in ("coverage", "g-pass", "mg-pass", "pairwise", "keep=2:by=score>coverage"):
        with pytest.raises(UsageError, match="counts right and wrong draws and has no value"):
            ttc.sweep(CROSSWORD, rules=rules, value="score")
    with pytest.raises(UsageError, match="counts right and wrong"):
        ttc.sweep(CROSSWORD, rules="mean", asserted="pass@1>0", value="score")
    for option in ({"predict": 100}, {"policy": True}, {"solve_verify": 4}):
        with pytest.raises(UsageError, match="counts right and wrong draws, not scores"):
            ttc.sweep(CROSSWORD, value="score", **option)


def scored(*scores: object) -> list[dict[str, Any]]:
    return [{"problem": f"p{i % 2}", "score": score} for i, score in enumerate(scores)]


def test_a_draw_without_a_score_is_unknown_and_not_0() -> None:
    found = ttc.sweep(scored(1, 3, None, 5), rules="mean", ks=1, value="score", ci=None)
    assert found["mean", 1].value == pytest.approx((1 + 4) / 2)
    assert found.warnings[0].startswith(
        "data: 1 of 4 draws have no score and are left out; what they are worth is unknown, and "
        "not 0"
    )
    found = ttc.sweep(scored(None, 3, None, 5), rules="mean", ks=1, value="score", ci=None)
    assert found.problems == {"data": 1}
    assert "1 of 2 problems have no score at all: p0" in found.warnings[0]
    with pytest.raises(UsageError, match="none of 2 draws has a score; judge them with a verifier"):
        ttc.sweep(scored(None, None), value="score")


def test_the_value_may_be_the_score_of_another_verifier() -> None:
    records = [
        {**record, "scores": {"bleu": i / 10, "rm": -i}} for i, record in enumerate(CROSSWORD)
    ]
    found = ttc.sweep(records, value="score:bleu", rules="mean,best-of-n:score=rm", ks=6, ci=None)
    assert found["mean", 6].value == pytest.approx(sum(range(24)) / 240)
    assert found["best-of-n:score=rm", 6].value == pytest.approx((0 + 6 + 12 + 18) / 40)
    with pytest.raises(UsageError, match="none of 24 draws has a score by other"):
        ttc.sweep(records, value="score:other")
    for value in ("scores", "score:", "correct:x", ""):
        with pytest.raises(UsageError, match="there are correct, score and score:VERIFIER"):
            SweepOptions(value=value)


def test_a_rule_by_the_score_that_is_the_value_is_known() -> None:
    draws = worth.graded([Outcome(i, score=i / 3, scores={"rm": -i}) for i in range(4)], "")
    assert worth.is_value(draws, "")
    assert not worth.is_value(draws, "rm")
    assert not worth.is_value([Outcome(0, score=1.0)], "")


def test_a_baseline_of_other_values_is_named(tmp_path: Path) -> None:
    base = tmp_path / "base.json"
    ttc.sweep(CROSSWORD, rules="mean").save_baseline(base)
    found = ttc.sweep(CROSSWORD, rules="mean", value="score", baseline=base, max_drop=5.0)
    assert any("other conventions (value correct → score)" in line for line in found.warnings)


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (10**400, "'score' has an integer of 401 digits, which is too large"),
        ("half", "'score' must be a number, not 'half'"),
        (True, "'score' must be a number, not true; if it says what is right: mapping="),
        ([1], "'score' must be a number, not a list"),
        (nan, "NaN is not JSON; write null"),
        (inf, "Infinity is not JSON; write null"),
    ],
)
def test_scores_that_are_no_numbers_are_refused(score: object, message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        ttc.sweep([*scored(1.0), *scored(score)], rules="best-of-n")
    assert "record 1" in str(raised.value)
    if not isinstance(score, float):
        field = "'scores' has" if not isinstance(score, int) or score is True else "401 digits"
        with pytest.raises(UsageError, match=field):
            ttc.sweep([{"problem": "p", "correct": True, "scores": {"rm": score}}])


@pytest.mark.parametrize("field", ["completion_tokens", "index", "seconds", "logprob"])
def test_numbers_beyond_a_float_are_refused_everywhere(field: str) -> None:
    with pytest.raises(UsageError, match=f"record 0: '{field}' has an integer of 401 digits"):
        ttc.sweep([{"problem": "p", "correct": True, field: 10**400}])


def test_infinite_scores_rank_and_have_no_mean() -> None:
    records = [
        {**record, "correct": record["score"] == "inf", "answer": "x"}
        for record in scored("inf", 1, 0, "-inf", 2, 3)
    ]
    found = ttc.sweep(records, rules="best-of-n,mob,bom:alpha=0.1", ks=[2, 3], ci=None)
    assert found["best-of-n", 3].value == 0.5
    assert found["best-of-n", 2].value == pytest.approx(1 / 3)
    with pytest.raises(UsageError, match=r"'p0' draw 0 has the score inf, of which"):
        ttc.sweep(records, rules="mean", value="score")
    with pytest.raises(UsageError, match="weights are numbers from 0"):
        ttc.sweep(records, rules="weighted")
    line = interchange.verdict_fields(Verdict(score=-inf), "rm")
    assert line["score"] == "-inf"
    json.dumps(line, allow_nan=False)


def test_weights_of_any_size_vote() -> None:
    def swept(unit: float) -> list[float | None]:
        records = [
            {"problem": "p", "answer": "abb"[i % 3], "correct": i % 3 == 0, "score": unit * w}
            for i, w in enumerate([3, 1, 0, 2, 2, 1])
        ]
        points = ttc.sweep(records, rules="weighted", ks=range(1, 7), ci=None)["weighted"].points
        assert all(point.exact for point in points)
        return [point.value for point in points]

    assert swept(2.0**1000) == pytest.approx(swept(1))
    assert swept(0.1) == pytest.approx(swept(1))
    assert swept(0) == swept(-0.0)


def test_what_a_verifier_gives_is_checked() -> None:
    assert verdict_fault(Verdict(score=10**400)) == (
        "the verifier gave a number for score that is too large"
    )
    assert verdict_fault(Verdict(tokens=1 << 63)) is not None
    assert verdict_fault(Verdict(score=True)) is None  # 1, as the store keeps it
    assert _sound(Verdict(score=nan), None).score is None
    assert _sound(Verdict(score=-inf), None).score == -inf


def test_a_verifier_s_infinite_score_is_read_back(tmp_path: Path) -> None:
    sample = Sample("p", 0, "text", "stop")
    record = interchange.sample_line(sample) | interchange.verdict_fields(Verdict(score=inf), "rm")
    ((_, judged, outcome),) = read_outcomes([record])
    assert judged
    assert outcome.score == inf


def test_bayes_has_its_posterior_interval(ttc: Ttc, tmp_path: Path) -> None:
    # The figures of scorio 0.2.3: bayes_ci of these rows, 0 to 1.
    records = [
        {"problem": str(p), "index": i, "correct": c == "1"}
        for p, row in enumerate(["01101", "11011"])
        for i, c in enumerate(row)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    ran = ttc("sweep", str(path), "-s", "bayes@5", "--json")
    (found,) = json.loads(ran.out)["posteriors"]
    assert found["value"] == pytest.approx(0.642857142857)
    assert found["sd"] == pytest.approx(0.118451, abs=5e-7)
    assert (found["low"], found["high"]) == pytest.approx((0.4107, 0.8750), abs=5e-5)
    ran = ttc("sweep", str(path), "-s", "bayes@5")
    line = "rows.jsonl: bayes@5 = 0.6429, posterior sd 0.1185, 95% [0.4107, 0.8750] for these"
    assert line in ran.out
    ran = ttc("sweep", str(path), "-s", "bayes@5", "--ci", "0", "--json")
    assert json.loads(ran.out)["posteriors"][0]["low"] is None


def test_a_gate_holds_scores_against_a_baseline(ttc: Ttc) -> None:
    for name, lost in (("old", 0), ("same", 0), ("new", 1)):
        lines = [
            {
                "problem": f"g{p}",
                "index": i,
                "answer": f"{i % 3}",
                "score": (0.5 if p < lost else 0.75) + i / 64,
                "completion_tokens": 9,
            }
            for p in range(6)
            for i in range(8)
        ]
        Path(f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    rules = ("--value", "score", "-s", "mean,majority", "-k", "1,4")
    assert ttc("sweep", "old.jsonl", *rules, "--save-baseline", "base.json").code == 0
    for baseline in ("base.json", "old.jsonl"):
        assert ttc("sweep", "same.jsonl", *rules, "--baseline", baseline).code == 0
        ran = ttc("sweep", "new.jsonl", *rules, "--baseline", baseline)
        assert ran.code == 1
        assert "1 of 6 problems fell: g0 " in ran.err
        assert "0.8047 → 0.5547 (p = 0.00" in ran.err
