"""`ttc sweep --baseline` and `--assert each:` as CI runs them: exit codes, lines, JSON, JUnit."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import ttc as library
from ttc.errors import UsageError

Ttc = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[1]
# Written by the first ttc 0.1.0 for examples/gate/main.jsonl: values, and no draws.
OLD = ROOT / "tests" / "baseline-0.1.0.json"
GATE = ROOT / "examples" / "gate"
RULES = ("-s", "coverage,majority", "-k", "1,8")


def suite(
    path: Path, fallen: Iterable[int] = (), right: int = 0, problems: int = 30, first: int = 0
) -> Path:
    """Write eight draws of each problem: all right, but `right` of those that fell."""
    lines = [
        {
            "problem": f"p{at:02}",
            "index": draw,
            "answer": "18" if draw < right or at not in fallen else "7",
            "correct": draw < right or at not in fallen,
            "completion_tokens": 40 + (7 * draw + at) % 11,
        }
        for at in range(first, first + problems)
        for draw in range(8)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def base(ttc: Ttc, own_home: Path) -> str:
    """The baseline of thirty problems that are always right."""
    ran = ttc("sweep", suite(own_home / "all.jsonl"), "--save-baseline", "base.json")
    assert ran.code == 0
    return "base.json"


@pytest.mark.parametrize("fallen", [(3,), (3, 4), (3, 4, 5)])
@pytest.mark.parametrize("against", ["base.json", "all.jsonl"])
@pytest.mark.usefixtures("base")
def test_no_broken_problem_passes(
    ttc: Ttc, own_home: Path, fallen: tuple[int, ...], against: str
) -> None:
    new = suite(own_home / "new.jsonl", fallen)
    ran = ttc("sweep", "new.jsonl", "--baseline", against, "--max-drop", 0)
    assert ran.code == 1
    told = f"no drop beyond 0 from {against} on these problems: {len(fallen)} of 30 problems fell: "
    assert f"{told}p03 8/8 → 0/8 (p = 0.000" in ran.err
    for at in fallen:
        assert f"p{at:02}  correct  8/8 → 0/8  p = 0.000" in ran.out
    assert (
        library.gate(new, baseline=own_home / against).decisions[0].as_dict()
        == (ttc("sweep", new, "--baseline", own_home / against, "--json").document["gates"][0])
    )


def test_all_that_fell_is_in_json_junit_and_the_summary(
    ttc: Ttc, own_home: Path, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(own_home / "summary.md"))
    suite(own_home / "new.jsonl", range(5))
    options = ("--junit", "g.xml", "--github", "--json", "-s", "coverage")
    ran = ttc("sweep", "new.jsonl", "--baseline", base, *options)
    assert ran.code == 1
    assert re.search(r"p02 8/8 → 0/8 \(p = 0.000\d\) and 2 more; the mean fell", ran.err)
    (gate,) = ran.document["gates"]
    assert (gate["met"], gate["population"]) == (False, "draws")
    assert [each["problem"] for each in gate["problems"]] == [f"p{at:02}" for at in range(5)]
    first = gate["problems"][0]
    assert first["baseline"] == {"correct": 8, "draws": 8}
    assert first["now"] == {"correct": 0, "draws": 8}
    assert first["p"] == pytest.approx(1 / 12870)
    assert gate["power"]["problem"] is None
    suites = ElementTree.parse(own_home / "g.xml").getroot()
    cases = [case.attrib["name"] for case in suites.iter("testcase")]
    assert cases[1:6] == [f"{gate['gate']}: p{at:02}" for at in range(5)]
    assert cases[6:] == [f"coverage@{k}" for k in (1, 2, 4, 8)]
    assert 'failures="10"' in (own_home / "g.xml").read_text()
    summary = (own_home / "summary.md").read_text()
    assert "| p04 | correct | 8/8 → 0/8 |" in summary


def test_half_a_fall_is_told_with_its_power(ttc: Ttc, own_home: Path, base: str) -> None:
    suite(own_home / "new.jsonl", [3], right=4)
    ran = ttc("sweep", "new.jsonl", "-s", "coverage", "--baseline", base)
    assert ran.code == 0
    assert "new.jsonl, these problems: nothing fell that chance does not explain" in ran.out
    told = next(line for line in ran.out.splitlines() if line.startswith("p03 8/8 → 4/8"))
    assert "is seen with probability 0.14 at these draws; 0.80 takes " in told
    wide = ttc("sweep", "new.jsonl", "-s", "coverage", "--baseline", base, "--max-drop", 0.6)
    assert (wide.code, "p03" in wide.out) == (0, False)


def test_the_question_may_be_chosen(ttc: Ttc, own_home: Path, base: str) -> None:
    suite(own_home / "new.jsonl", [3])
    problems = ("--population", "problems")
    ran = ttc("sweep", "new.jsonl", "--baseline", base, *problems, "--json")
    assert ran.code == 0
    assert ran.document["gates"][0]["population"] == "problems"
    suite(own_home / "worse.jsonl", range(12))
    ran = ttc("sweep", "worse.jsonl", "--baseline", base, *problems)
    assert ran.code == 1
    assert "no drop beyond 0 from base.json on problems like these: coverage@1 0.6000" in ran.err
    wrong = ttc("sweep", "new.jsonl", "--baseline", base, "--population", "models")
    assert (wrong.code, "--population models: there are draws, problems" in wrong.err) == (2, True)
    with pytest.raises(UsageError, match="population='models': there are draws, problems"):
        library.gate("new.jsonl", baseline=base, population="models")


def test_few_problems_are_told_where_they_are_a_sample(ttc: Ttc, own_home: Path) -> None:
    suite(own_home / "old.jsonl", problems=5)
    suite(own_home / "new.jsonl", range(5), problems=5)
    ran = ttc("sweep", "new.jsonl", "--baseline", "old.jsonl", "--population", "problems")
    assert (ran.code, "5 problems are too few to tell a drop from chance" in ran.err) == (0, True)
    assert ttc("sweep", "new.jsonl", "--baseline", "old.jsonl").code == 1


def test_a_baseline_of_0_1_0_still_decides(ttc: Ttc) -> None:
    for name, code in (("main", 0), ("change", 1)):
        ran = ttc("sweep", GATE / f"{name}.jsonl", *RULES, "--baseline", OLD, "--max-drop", 0.02)
        assert ran.code == code
        assert f"note: {OLD} has values and no draws (ttc 0.1.0 saved none)" in ran.err
        assert "save it again with --save-baseline" in ran.err
        assert "problems like these" in ran.out
    refused = ttc("sweep", GATE / "main.jsonl", "--baseline", OLD, "--population", "draws")
    assert (refused.code, "no draws: save it again, or ask about --population" in refused.err) == (
        2,
        True,
    )
    strict = ttc("sweep", GATE / "change.jsonl", *RULES, "--baseline", OLD, "--strict")
    assert (strict.code, "note:" in strict.err) == (1, False)


def test_a_new_baseline_has_the_values_of_an_old_one(ttc: Ttc) -> None:
    assert ttc("sweep", GATE / "main.jsonl", *RULES, "--save-baseline", "new.json").code == 0
    new, old = json.loads(Path("new.json").read_text()), json.loads(OLD.read_text())
    assert {**new, "source": old["source"]} == {
        **old,
        "fields": new["fields"],
        "draws": new["draws"],
    }


def test_problems_that_one_side_lacks_are_named_and_counted(
    ttc: Ttc, own_home: Path, base: str
) -> None:
    suite(own_home / "new.jsonl", [28], problems=30, first=26)
    for against in (base, "all.jsonl"):
        ran = ttc("sweep", "new.jsonl", "--baseline", against)
        assert ran.code == 1
        assert "1 of 4 problems fell: p28 8/8 → 0/8" in ran.err
        assert (
            f"new.jsonl: 26 of 30 problems of {against} are missing (p00, p01, p02, …)" in ran.err
        )
        assert (
            f"{against}: 26 of 30 problems of new.jsonl are missing (p30, p31, p32, …)" in ran.err
        )
    suite(own_home / "other.jsonl", problems=2, first=40)
    ran = ttc("sweep", "other.jsonl", "--baseline", base)
    assert ran.code == 2
    assert (
        "other.jsonl and base.json have no problem in common: 2 here (p40, p41), "
        "30 there (p00, p01, p02, …); nothing to compare"
    ) in ran.err


@pytest.mark.usefixtures("base")
def test_an_assertion_may_be_about_each_problem(ttc: Ttc, own_home: Path) -> None:
    suite(own_home / "new.jsonl", [3, 9, 10, 11, 12], right=2)
    met = ttc("sweep", "all.jsonl", "-s", "mean", "--assert", "each:mean@1>=0.8")
    assert met.code == 0
    gate = "each:mean@1>=0.8"
    ran = ttc("sweep", "new.jsonl", "-s", "mean", "--assert", gate, "--junit", "g.xml", "--json")
    assert ran.code == 1
    told = "5 of 30 problems: p03 0.25, p09 0.25, p10 0.25 and 2 more"
    assert f"not met: new.jsonl: {gate} ({told})" in ran.err
    assert ran.document["gates"][0]["below"] == {f"p{at:02}": 0.25 for at in (3, 9, 10, 11, 12)}
    assert 'failures="7"' in (own_home / "g.xml").read_text()  # the gate, five problems, mean@1
    between = ttc("sweep", "new.jsonl", "--assert", "each:coverage@8-mean@1<=0.5", "-s", "mean")
    assert (between.code, "5 of 30 problems: p03 0.75" in between.err) == (1, True)
    assert library.gate("all.jsonl", rules="mean", asserted=gate).met


@pytest.mark.parametrize(
    ("gate", "fault"),
    [
        ("each:mean@0>=0.8", "k must be 1 or more"),
        ("each:mean@9>=0.8", "cannot be decided: mean@9: k exceeds the 8 draws"),
        ("each:mean@1>=nan", "with each: before it, for every problem"),
        ("each:mean@1", "with each: before it, for every problem"),
        ("every:mean@1>=0.8", "every"),
        ("each:meen@1>=0.8", "did you mean mean?"),
    ],
)
@pytest.mark.usefixtures("base")
def test_what_each_cannot_decide_is_a_usage_error(ttc: Ttc, gate: str, fault: str) -> None:
    ran = ttc("sweep", "all.jsonl", "-s", "mean", "--assert", gate)
    assert (ran.code, fault in ran.err, ran.err.count("\n")) == (2, True, 1), ran.err


def test_a_problem_with_fewer_draws_leaves_each_undecided(ttc: Ttc, own_home: Path) -> None:
    lines = suite(own_home / "all.jsonl").read_text().splitlines()
    (own_home / "short.jsonl").write_text("\n".join(lines[:-4]) + "\n")
    ran = ttc("sweep", "short.jsonl", "-s", "mean", "--assert", "each:mean@8>=0.8")
    assert ran.code == 2
    assert "only 29 of 30 problems have 8 or more draws" in ran.err


def test_rules_whose_draws_a_file_does_not_hold_are_told(ttc: Ttc, own_home: Path) -> None:
    texts = [
        {"problem": f"p{at}", "index": i, "text": "ab"[i % 2] * 9, "correct": True, "answer": "x"}
        for at in range(3)
        for i in range(4)
    ]
    (own_home / "texts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in texts))
    rules = ("-s", "coverage,mbr", "-k", "1,2")
    assert ttc("sweep", "texts.jsonl", *rules, "--save-baseline", "base.json").code == 0
    assert "aaa" not in (own_home / "base.json").read_text()
    ran = ttc("sweep", "texts.jsonl", *rules, "--baseline", "base.json")
    assert ran.code == 0
    assert "base.json holds no text or other fields for mbr: their means are tested" in ran.err
