"""The command line: what goes where, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import Ttc

from ttc.plugins import KNOWN_BACKENDS, installing

S = ("-m", "scripted:answers=1*2/2*1/3*1")


@pytest.fixture
def demo(ttc: Ttc, sums: Path) -> Ttc:
    """A pool of six problems × eight draws with numeric verdicts."""
    assert ttc("sample", sums, "-n", 8, "--pool", "demo", *S, "-o", "demo.jsonl").code == 0
    assert ttc("verify", "demo", "-V", "numeric", "-o", "judged.jsonl").code == 0
    return ttc


# --- sample


def test_a_pipe_gets_each_sample_as_a_line(ttc: Ttc, sums: Path) -> None:
    ran = ttc("sample", sums, "-n", 3, "--pool", "demo", *S)
    assert ran.code == 0
    assert {(line["problem"], line["index"]) for line in ran.lines} == {
        (f"s{i}", draw) for i in range(6) for draw in range(3)
    }
    assert all(line["schema"] == 1 and line["pool"] == "demo" for line in ran.lines)
    assert "generic, 6 problems" in ran.err
    assert "18 new" in ran.err


def test_a_rerun_prints_the_same_lines_and_draws_nothing(ttc: Ttc, sums: Path) -> None:
    first = ttc("sample", sums, "-n", 4, *S)
    again = ttc("sample", sums, "-n", 4, *S)
    assert again.out == first.out
    assert "0 new (0 tokens" in again.err
    fewer = ttc("sample", sums, "-n", 2, *S)
    assert set(fewer.out.splitlines()) < set(first.out.splitlines())


def test_json_is_one_document(ttc: Ttc, sums: Path) -> None:
    ran = ttc("sample", sums, "-n", 4, "--json", *S)
    assert ran.document["drawn"] == 24
    again = ttc("sample", sums, "-n", 5, "--json", *S)
    assert (again.document["kept"], again.document["drawn"]) == (24, 6)


def test_dry_run_counts_and_makes_nothing(ttc: Ttc, sums: Path, own_home: Path) -> None:
    ran = ttc("sample", sums, "-n", 4, "--max-tokens", 10, "--dry-run", "--json", *S)
    assert (ran.document["draws"], ran.document["tokens_at_most"]) == (24, 240)
    assert not (own_home / "ttc_home").exists()
    ttc("sample", sums, "-n", 3, "--max-tokens", 10, *S)
    ran = ttc("sample", sums, "-n", 4, "--max-tokens", 10, "--dry-run", "--json", *S)
    assert (ran.document["draws"], ran.document["kept"]) == (6, 18)
    assert ran.document["seconds_at_most"] > 0


def test_explain_names_the_field_that_differs(demo: Ttc, sums: Path) -> None:
    args = ("sample", sums, "-n", 8, "--pool", "demo", *S, "--explain", "--json")
    assert demo(*args).document["new"] is False
    ran = demo(*args, "--temperature", 0.7)
    assert ran.document["new"] is True
    assert ran.document["differs"] == {"demo": {"temperature": {"there": 0.8, "here": 0.7}}}
    plain = demo(*args[:-1], "--system", "Be brief.")
    assert "demo differs in system: None there, 'Be brief.' here" in plain.out


def test_another_temperature_goes_to_a_pool_of_its_own(demo: Ttc, sums: Path) -> None:
    ran = demo("sample", sums, "-n", 2, "--pool", "demo", "--new-pool", *S, "-t", 0.7)
    assert {line["pool"] for line in ran.lines} == {"demo.2"}
    assert "drawing into demo.2" in ran.err
    assert len(demo("ls").out.splitlines()) == 2


def test_max_time_stops_in_good_order_and_a_rerun_ends_it(ttc: Ttc, sums: Path) -> None:
    slow = ("-m", "scripted:tick=0.005,tokens=20-40,slots=2")
    ran = ttc("sample", sums, "-n", 8, "--max-time", "0.5s", *slow)
    assert ran.code == 4
    assert "time is up" in ran.err
    assert "to resume: " in ran.err
    fast = ("-m", "scripted:tokens=20-40")
    done = ttc("sample", sums, "-n", 8, *fast)
    assert done.code == 0
    assert set(ran.out.splitlines()) <= set(done.out.splitlines())


def test_failures_are_partial_and_all_failures_are_the_backend_s(ttc: Ttc, sums: Path) -> None:
    some = ttc("sample", sums, "-n", 8, "-m", "scripted:fail=0.5")
    assert some.code == 4
    assert "scripted failure" in some.err
    every = ttc("sample", sums, "-n", 8, "-m", "scripted:fail=1,answers=9")
    assert (every.code, every.out) == (3, "")


def test_system_and_template_from_files(ttc: Ttc, sums: Path, own_home: Path) -> None:
    (own_home / "t.txt").write_text("Q: {prompt}")
    ttc("sample", sums, "-n", 1, "--pool", "t", "--template", "@t.txt", "--system", "Hm.", *S)
    shown = ttc("show", "t", "s1", "--json").document
    assert shown["messages"] == [
        {"role": "system", "content": "Hm."},
        {"role": "user", "content": "Q: 1 + 1?"},
    ]
    missing = ttc("sample", sums, "--system", "@none.txt", *S)
    assert (missing.code, "none.txt" in missing.err) == (2, True)


def test_several_files_are_one_pool(ttc: Ttc, sums: Path, own_home: Path) -> None:
    other = own_home / "other.jsonl"
    other.write_text('{"id": "o", "question": "2 + 2?", "answer": "4"}\n')
    assert len(ttc("sample", sums, other, "-n", 2, *S).lines) == 14


# --- verify


def test_verify_adds_fields_and_passes_unknown_ones(ttc: Ttc) -> None:
    line = {"problem": "a", "text": "The answer is 4.", "mine": [1], "reference": {"answer": "4"}}
    ran = ttc("verify", "-", "-V", "numeric", stdin=json.dumps(line))
    assert ran.lines == [
        {
            **line,
            "answer": "4",
            "correct": True,
            "score": 1.0,
            "verifier": "numeric",
            "status": "ok",
            "reads_reference": True,
        }
    ]


def test_verify_of_a_pipe_keeps_verdicts_in_the_store(ttc: Ttc, sums: Path) -> None:
    lines = ttc("sample", sums, "-n", 4, "--pool", "demo", *S).out
    ran = ttc("verify", "-", "-V", "numeric", stdin=lines)
    assert "24 verdicts kept in the store" in ran.err
    assert ttc("sweep", "demo", "-s", "coverage", "--json").code == 0


def test_verify_of_foreign_lines_by_map(ttc: Ttc) -> None:
    line = {"q": "a", "out": "so 5", "gold": 5}
    args = ("verify", "-", "-V", "numeric")
    ran = ttc(*args, stdin=json.dumps(line))
    assert (ran.code, "--map problem=FIELD" in ran.err) == (2, True)
    ran = ttc(*args, "--map", "problem=q,text=out,reference.answer=gold", stdin=json.dumps(line))
    assert ran.lines[0]["correct"] is True


def test_verify_without_any_reference_says_so(ttc: Ttc) -> None:
    ran = ttc("verify", "-", "-V", "numeric", stdin='{"problem": "a", "text": "5"}')
    assert (ran.code, "--map reference.answer=FIELD" in ran.err) == (2, True)


def test_fail_under_is_the_only_thing_that_makes_wrong_answers_an_error(demo: Ttc) -> None:
    assert demo("verify", "demo", "-V", "numeric").code == 0
    ran = demo("verify", "demo", "-V", "numeric", "--fail-under", 0.99)
    assert (ran.code, "is under 0.99" in ran.err) == (1, True)
    assert demo("verify", "demo", "-V", "numeric", "--fail-under", 0.01).code == 0


def test_junit_has_a_case_a_problem(demo: Ttc, own_home: Path) -> None:
    demo("verify", "demo", "-V", "numeric", "--junit", "j.xml")
    suite = ElementTree.parse(own_home / "j.xml").getroot()[0]
    assert (suite.tag, suite.get("tests")) == ("testsuite", "6")
    failures = [case.find("failure") for case in suite]
    assert suite.get("failures") == str(sum(f is not None for f in failures))
    texts = [f.text for f in failures if f is not None and f.text]
    assert all("0 of 8 samples correct" in text for text in texts)
    assert texts


def test_verify_needs_a_verifier_and_names_them(demo: Ttc) -> None:
    ran = demo("verify", "demo")
    assert ran.code == 2
    assert (
        "choice, cmd, confidence, constraint, cot-pot, exact, genrm, judge, math, numeric"
        in ran.err
    )
    near = demo("verify", "demo", "-V", "numerc")
    assert (near.code, "did you mean numeric?" in near.err) == (2, True)
    option = demo("verify", "demo", "-V", "numeric:tolerance=1")
    assert (option.code, "tol" in option.err) == (2, True)


# --- sweep


def points(document: dict[str, Any]) -> dict[str, list[float]]:
    return {c["selector"]: [p["value"] for p in c["points"]] for c in document["curves"]}


def test_the_file_and_the_store_give_the_same_numbers(demo: Ttc) -> None:
    args = ("-s", "coverage,majority,first-finish", "--json")
    from_store = demo("sweep", "demo", *args).document
    from_file = demo("sweep", "judged.jsonl", *args).document
    reversed_lines = "\n".join(reversed(Path("judged.jsonl").read_text().splitlines()))
    from_pipe = demo("sweep", "-", *args, stdin=reversed_lines).document
    assert from_store["curves"] == from_file["curves"] == from_pipe["curves"]


def test_coverage_at_one_is_the_mean_of_correct_and_rises(demo: Ttc) -> None:
    lines = [json.loads(line) for line in Path("judged.jsonl").read_text().splitlines()]
    values = points(demo("sweep", "demo", "-s", "coverage", "--json").document)["coverage"]
    assert values[0] == pytest.approx(sum(line["correct"] for line in lines) / len(lines))
    assert values == sorted(values)


def test_sweep_writes_every_form(demo: Ttc, own_home: Path) -> None:
    ran = demo("sweep", "demo", "-k", "1,8,99", "--csv", "c.csv", "--md", "c.md")
    assert ran.code == 0
    assert "k = 99: k exceeds the 8 draws" in ran.out
    rows = (own_home / "c.csv").read_text().splitlines()
    assert len(rows) == 10
    assert rows[0].startswith("source,selector,k,value")
    assert (own_home / "c.md").read_text().count("\n| ") >= 4
    assert demo("sweep", "demo", "--csv", "-").out.startswith("source,selector")


def test_sweep_draws_a_picture(demo: Ttc, own_home: Path) -> None:
    pytest.importorskip("matplotlib")
    for cost in ("samples", "tokens", "latency"):
        assert demo("sweep", "demo", "--plot", "c.svg", "--cost", cost).code == 0
        assert "coverage" in (own_home / "c.svg").read_text()
    wrong = demo("sweep", "demo", "--plot", "c.nope")
    assert (wrong.code, "c.nope" in wrong.err) == (2, True)


def test_several_sources_share_one_document(demo: Ttc) -> None:
    document = demo("sweep", "demo", "judged.jsonl", "--json").document
    assert document["source"] == ["demo", "judged.jsonl"]
    assert [c["source"] for c in document["curves"]] == ["demo"] * 3 + ["judged.jsonl"] * 3


def test_sweep_of_two_verifiers_wants_a_choice(demo: Ttc) -> None:
    demo("verify", "demo", "-V", "exact")
    ran = demo("sweep", "demo")
    assert (ran.code, "choose one with -V" in ran.err) == (2, True)
    assert demo("sweep", "demo", "-V", "exact").code == 0


def test_draws_without_a_verdict_are_left_out_and_told(demo: Ttc, sums: Path) -> None:
    demo("sample", sums, "-n", 10, "--pool", "demo", *S)
    ran = demo("sweep", "demo", "--json")
    assert any("12 draws have no verdict yet" in line for line in ran.document["warnings"])
    assert max(p["k"] for p in ran.document["curves"][0]["points"]) == 8


def test_draws_that_were_cancelled_are_told(ttc: Ttc, sums: Path) -> None:
    slow = ("-m", "scripted:tick=0.005,tokens=10-60,slots=4,answers=1*1/2*1")
    assert ttc("sample", sums, "-n", 8, "--pool", "cut", "--max-time", "0.4s", *slow).code == 4
    ttc("verify", "cut", "-V", "numeric")
    cut = ttc("sweep", "cut", "-s", "coverage", "--json").document["warnings"]
    assert any("draws were cancelled and are missing" in line for line in cut)
    ttc("sample", sums, "-n", 8, "--pool", "cut", "-m", "scripted:tokens=10-60,answers=1*1/2*1")
    ttc("verify", "cut", "-V", "numeric")
    whole = ttc("sweep", "cut", "-s", "coverage", "--json").document["warnings"]
    assert not any("cancelled" in line for line in whole)


def test_a_gate_that_is_not_met_fails_the_job(demo: Ttc) -> None:
    """The value decides, to the bound: equal is enough for >= and not for >."""
    at = points(demo("sweep", "demo", "-s", "coverage", "-k", "1,4", "--json").document)["coverage"]
    for gate, code in [
        (f"coverage@4>={at[1]!r}", 0),
        (f"coverage@4>{at[1]!r}", 1),
        ("coverage@4 - coverage@1 >= 0", 0),
        ("coverage@1-coverage@4>=0", 1 if at[0] < at[1] else 0),
        ("first-finish@1-mean@8<0.000001", 0),
    ]:
        ran = demo("sweep", "demo", "-k", "1", "--csv", "c.csv", "--assert", gate)
        assert (ran.code, "not met: demo: " + gate in ran.err) == (code, code == 1), gate
    both = demo("sweep", "demo", "--assert", "mean@1>=0", "--assert", "mean@1>1", "--json")
    assert both.code == 1
    assert both.document["curves"]  # the curves are there all the same


@pytest.mark.parametrize(
    ("gate", "fault"),
    [
        ("coverage>=0.6", "write RULE@K"),
        ("coverage@0>=0.6", "k must be 1 or more"),
        ("coverage@4>=high", "write RULE@K"),
        ("coverge@4>=0.6", "did you mean coverage?"),
        ("coverage@99>=0.6", "cannot be decided: coverage@99: k exceeds"),
    ],
)
def test_a_gate_that_cannot_be_decided_is_a_usage_error(demo: Ttc, gate: str, fault: str) -> None:
    ran = demo("sweep", "demo", "--assert", gate)
    assert (ran.code, fault in ran.err, ran.err.count("\n")) == (2, True, 1)


@pytest.fixture
def regression(demo: Ttc, own_home: Path) -> Ttc:
    """Two files of judged draws, the second far worse, and a baseline of the first."""
    for name, right in (("old", 6), ("new", 1)):
        lines = [
            {"problem": f"p{i}", "index": d, "correct": (d + i) % 8 < right, "answer": "x"}
            for i in range(24)
            for d in range(8)
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (own_home / f"{name}.jsonl").write_text(text)
    rules = ("-s", "coverage,mean", "-k", "1,4")
    assert demo("sweep", "old.jsonl", *rules, "--save-baseline", "base.json").code == 0
    return demo


def test_a_drop_below_the_baseline_fails_the_job(regression: Ttc, own_home: Path) -> None:
    rules = ("-s", "coverage,mean", "-k", "1,4")
    for baseline in ("base.json", "old.jsonl"):
        same = regression("sweep", "old.jsonl", *rules, "--baseline", baseline)
        assert (same.code, same.err) == (0, "")
        told = ("--junit", "g.xml", "--github", "--json")
        ran = regression("sweep", "new.jsonl", *rules, "--baseline", baseline, *told)
        assert ran.code == 1
        gate = f"no drop beyond 0 from {baseline} on these problems"
        assert f"not met: new.jsonl: {gate}: the mean fell: coverage@1 0.12" in ran.err
        assert "::error title=ttc sweep::new.jsonl: no drop" in ran.err
        assert 'failures="5"' in (own_home / "g.xml").read_text()  # the gate and four values
        assert [gate["met"] for gate in ran.document["gates"]] == [False]
        differences = {each["value_of"]: each for each in ran.document["comparisons"]}
        assert differences["mean@1 (new.jsonl)"]["difference"] == pytest.approx(-5 / 8)
        assert differences["mean@1 (new.jsonl)"]["p"] < 0.001
    wide = regression("sweep", "new.jsonl", *rules, "--baseline", "base.json", "--max-drop", 0.7)
    assert wide.code == 0
    strict = ("--strict", "--max-drop", "0.62")
    ran = regression("sweep", "new.jsonl", *rules, "--baseline", "base.json", *strict)
    assert (ran.code, "mean@1 (new.jsonl) 0.1250 from 0.7500" in ran.err) == (1, True)


def test_what_a_gate_does_not_see_is_told(regression: Ttc, own_home: Path) -> None:
    kept = (own_home / "old.jsonl").read_text().splitlines()[:160]
    (own_home / "fewer.jsonl").write_text("\n".join(kept) + "\n")
    ran = regression("sweep", "fewer.jsonl", "-s", "mean", "-k", "1,2", "--baseline", "base.json")
    assert ran.code == 0
    assert "4 of 24 problems of base.json are missing (p20, p21, p22, …)" in ran.err
    assert "base.json has no mean@2: not compared" in ran.err


def test_a_rule_may_go_by_another_verifiers_score(demo: Ttc, own_home: Path) -> None:
    demo("verify", "demo", "-V", "exact")
    rules = "best-of-n:score=exact,mean,keep=2:by=tokens>best-of-n:score=exact"
    ran = demo("sweep", "demo", "-s", rules, "-k", "1,8", "--json")
    assert ran.code == 0, ran.err
    found = points(ran.document)
    assert found["best-of-n:score=exact"][0] == pytest.approx(found["mean"][0])
    assert found["best-of-n:score=exact"][1] >= found["mean"][1]
    wrong = demo("sweep", "demo", "-s", "best-of-n:score=judge", "-V", "exact")
    assert (wrong.code, "no verdicts by judge; ttc verify demo -V judge" in wrong.err) == (2, True)
    lines = [
        {"problem": "p", "index": i, "correct": i == 2, "scores": {"rm": [0.1, 0.5, 0.9][i]}}
        for i in range(3)
    ]
    (own_home / "rm.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ran = demo("sweep", "rm.jsonl", "-s", "best-of-n:score=rm", "-k", "3", "--json")
    assert points(ran.document) == {"best-of-n:score=rm": [1.0]}
    wrong = demo("sweep", "rm.jsonl", "-s", "best-of-n:score=other", "-k", "3")
    assert (wrong.code, "draw 0 has no score by other" in wrong.err) == (2, True)


def test_a_summary_for_github(
    regression: Ttc, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(own_home / "summary.md"))
    gate = ("--assert", "mean@1>0.9", "--assert", "mean@1>0.1")
    assert regression("sweep", "old.jsonl", "-s", "mean", "-k", 1, "--github", *gate).code == 1
    summary = (own_home / "summary.md").read_text()
    assert "| k | mean |" in summary
    assert "- **not met**: old.jsonl: mean@1>0.9 (it is 0.75)" in summary
    assert "- met: old.jsonl: mean@1>0.1" in summary


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (("--baseline", "none.json"), "none.json"),
        (("--baseline", "other.jsonl"), "have no problem in common"),
        (("--baseline", "broken.json"), "not a whole baseline"),
        (("--max-drop", 0.1), "--max-drop and --strict need --baseline"),
        (("--baseline", "base.json", "--max-drop", 2), "--max-drop 2"),
        (("--draw", "twice"), "--draw twice: there are without, with, prefix"),
        (("--draw", "with", "-s", "esc"), "esc: has no mean over draws with replacement"),
        (("--ties", "fair"), "ties must be one of split, first, strict, not 'fair'"),
        (("--invalid", "drop"), "invalid must be one of abstain, class, wrong, not 'drop'"),
        (("--interval", "t"), "--interval t: there are gaffke, wilson, percentile, bca"),
        (("--rates", "none.toml"), "none.toml"),
        (("--rates", "bad.toml"), "no rate is called 'params'"),
        (("--cost", "euros"), "--cost euros: there are samples"),
        (("--policy", "--cost", "usd"), "--cost usd: needs the rates usd_prompt, usd_completion"),
        (("--rates", "x=good.toml"), "--rates x: no source has this name; there are old.jsonl"),
        (("--rates", "=good.toml"), "write FILE, or POOL=FILE"),
        (("--rates", "old.jsonl=bad.toml"), "--rates bad.toml: no rate is called 'params'"),
        (("--eflops", "mean"), "--eflops mean: there are race, kinetics"),
        (("--predict", 0), "--predict 0: k must be 1 or more"),
        (("-s", "keep>majority"), "write keep=M:by=KEY>RULE"),
        (("-s", "keep=2"), "write keep=M:by=KEY>RULE"),
        (("-s", "keep=0>mean"), "keep a number of draws from 1"),
        (("-s", "majority>mean"), "nothing can follow it"),
        (("-s", "short"), "write short-M"),
        (("-s", "coverage-3"), "coverage takes no argument"),
        (("-s", "accept=high>mean"), "score must be a number, not 'high'"),
        (("-s", "weighted"), "weighted needs score, which"),
        (("-s", "short-2"), "short-2 needs completion_tokens"),
    ],
)
def test_what_a_sweep_cannot_do_is_told_in_a_line(
    regression: Ttc, own_home: Path, args: tuple[object, ...], fault: str
) -> None:
    (own_home / "other.jsonl").write_text('{"problem": "q", "correct": true, "answer": "x"}\n')
    (own_home / "broken.json").write_text('{"kind": "ttc-baseline", "schema": 1}')
    (own_home / "bad.toml").write_text("params = 1\n")
    (own_home / "good.toml").write_text("layers = 1\n")
    ran = regression("sweep", "old.jsonl", "-s", "coverage,majority", *args)
    assert (ran.code, fault in ran.err, ran.err.count("\n")) == (2, True, 1), ran.err


def test_conventions_are_switches_that_every_curve_tells(regression: Ttc) -> None:
    switches = ("--ties", "strict", "--invalid", "class", "--draw", "prefix", "--interval", "bca")
    ran = regression("sweep", "old.jsonl", "-s", "majority", *switches, "--json")
    conventions = {"ties": "strict", "invalid": "class", "draw": "prefix"}
    assert ran.document["conventions"] == conventions
    told = regression("sweep", "old.jsonl", "-s", "majority", *switches).out
    assert "exact of the first k draws; ties are wrong; no answer is an answer" in told
    beyond = regression("sweep", "old.jsonl", "-s", "coverage", "-k", 99, "--draw", "with").out
    assert "plug-in: k exceeds the draws" in beyond


def test_costs_take_rates(regression: Ttc, own_home: Path) -> None:
    lines = (own_home / "old.jsonl").read_text().splitlines()
    costly = [{**json.loads(x), "completion_tokens": 10, "prompt_tokens": 5} for x in lines]
    (own_home / "costly.jsonl").write_text("".join(json.dumps(x) + "\n" for x in costly))
    (own_home / "rates.toml").write_text("usd_prompt = 1.0\nusd_completion = 2.0\n")
    rates = ("--rates", "rates.toml", "--cost", "usd", "-k", "4", "-s", "mean")
    ran = regression("sweep", "costly.jsonl", *rates, "--pareto", "--json")
    (point,) = ran.document["curves"][0]["points"]
    assert point["cost"]["usd"] == pytest.approx((5 * 1.0 + 4 * 10 * 2.0) / 1e6)
    assert point["cost"]["flops"] is None
    assert ran.document["pareto"] == [{"source": "costly.jsonl", "selector": "mean", "k": 4}]


def test_an_oracle_is_no_candidate(regression: Ttc) -> None:
    rules = ("old.jsonl", "-s", "coverage,majority,mean", "--cost", "samples", "--pareto")
    ran = regression("sweep", *rules, "--policy", "--json")
    assert "coverage" not in {point["selector"] for point in ran.document["pareto"]}
    chosen = [each["choices"].values() for each in ran.document["policies"]["old.jsonl"]]
    assert not any(choice.startswith("coverage") for each in chosen for choice in each)
    assert "no candidate of --pareto and --policy: coverage; an oracle cannot" in ran.err
    alone = ("sweep", "old.jsonl", "-s", "coverage", "--cost", "samples", "--pareto", "--policy")
    ran = regression(*alone, "--json")
    assert (ran.document["pareto"], ran.document["policies"]) == ([], {"old.jsonl": []})
    assert "no rule is left to recommend, add one with -s majority" in ran.err
    assert " *" not in regression(*alone).out
    wanted = regression(*alone, "--oracle")
    assert "candidate" not in wanted.err
    assert "4.0 * †" in wanted.out
    assert "hard coverage@" in wanted.out


def test_rules_and_pools_are_compared_in_pairs(regression: Ttc) -> None:
    ran = regression("sweep", "old.jsonl", "-s", "mean,coverage", "-k", "4", "--compare", "--json")
    (found,) = ran.document["comparisons"]
    assert (found["value_of"], found["against"]) == ("coverage@4", "mean@4")
    ran = regression("sweep", "old.jsonl", "new.jsonl", "-s", "mean", "-k", "1", "--compare")
    assert "new.jsonl − old.jsonl, paired by problem" in ran.out
    assert "mean@1  -0.6250 [" in ran.out
    assert "<0.0001  <0.0001" in ran.out


def test_laws_and_policies_are_told(
    regression: Ttc, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttc.curves.scaling_laws.RESAMPLES", 20)
    ran = regression("sweep", "old.jsonl", "-s", "mean,coverage", "-k", "1,2", "--predict", 50)
    assert "coverage@50 = " in ran.out
    assert "by beta-binomial" in ran.out
    document = regression(
        "sweep",
        "old.jsonl",
        "-k",
        "1,2",
        "-s",
        "mean",
        "--policy",
        "--cost",
        "samples",
        "--json",
    ).document
    assert [each["budget"] for each in document["policies"]["old.jsonl"]] == [1.0, 2.0]
    beyond = ("sweep", "old.jsonl", "-k", "1,2", "-s", "coverage", "--predict", 50)
    policy = ("--policy", "--oracle", "--cost", "samples")
    told = regression(*beyond, *policy, "--md", "-").out
    assert "coverage@50 = " in told
    assert "best by difficulty and budget" in told
    *_, beta, power = csv.DictReader(io.StringIO(regression(*beyond, "--csv", "-").out))
    assert (beta["selector"], beta["k"], beta["note"]) == (
        "coverage",
        "50",
        "predicted by beta-binomial",
    )
    # All problems have as many correct draws, so resamples say nothing about the error.
    assert (beta["low"], beta["high"]) == ("", "")
    assert power["note"] == "predicted by power law"
    lines = [
        {"problem": f"p{i}", "index": d, "correct": (d + i) % 8 < i % 5}
        for i in range(24)
        for d in range(8)
    ]
    (own_home / "varied.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    varied = ("sweep", "varied.jsonl", *beyond[2:], "--csv", "-")
    *_, beta, _ = csv.DictReader(io.StringIO(regression(*varied).out))
    assert 0 < float(beta["low"]) < float(beta["value"]) < float(beta["high"]) <= 1


def test_solve_or_verify_is_told(demo: Ttc, own_home: Path) -> None:
    lines = [
        {"problem": f"p{i}", "index": d, "correct": d % 3 == 0, "score": (i + d) % 5 / 4}
        for i in range(8)
        for d in range(8)
    ]
    (own_home / "scored.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ran = demo("sweep", "scored.jsonl", "-s", "coverage", "-k", "1", "--solve-verify", 4)
    assert "(λ = 1, assumed: no verifier tokens)" in ran.out
    assert "C = 2   S = 1  V = 1  0.3750" in ran.out
    ran = demo("sweep", "scored.jsonl", "-s", "coverage", "--solve-verify", 4, "--json")
    first, *_, last = ran.document["splits"]["scored.jsonl"]["optima"]
    assert (first["draws"], first["verifications"], last["budget"]) == (1, 1, 32.0)


def test_a_plot_on_the_terminal(regression: Ttc) -> None:
    pytest.importorskip("plotext")
    plot = ("sweep", "old.jsonl", "-s", "mean,coverage", "-k", "1,2,4,8", "--plot", "-")
    ran = regression(*plot)
    assert (ran.code, "the tokens of these draws are unknown" in ran.err) == (2, True)
    ran = regression(*plot, "--cost", "samples")
    assert (ran.code, ran.err) == (0, "")
    assert "●● mean" in ran.out
    assert "k draws" in ran.out
    assert "\x1b" not in ran.out
    both = regression("sweep", "old.jsonl", "--plot", "-", "--json")
    assert (both.code, both.out) == (2, "")
    assert "--json and '-' both write to stdout" in both.err


def test_rules_take_options(demo: Ttc) -> None:
    ran = demo("sweep", "demo", "-s", "majority:ties=strict,invalid=class,coverage", "--json")
    assert list(points(ran.document)) == ["majority:ties=strict,invalid=class", "coverage"]
    wrong = demo("sweep", "demo", "-s", "majority:tie=strict")
    assert (wrong.code, "majority:tie=strict" in wrong.err) == (2, True)


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (("sweep", "nothing"), "no such file and no such pool"),
        (("sweep", "demo", "-k", "0"), "write whole numbers from 1"),
        (("sweep", "demo", "-s", "majorty"), "did you mean majority?"),
        (("sweep", "demo", "--cost", "euro"), "there are samples, tokens, latency"),
        (("sweep", "demo.jsonl"), "no samples have a verdict"),
        (("sweep", "sums.jsonl"), "these look like problems: ttc sample"),
        (("show", "dem"), "did you mean demo?"),
        (("show", "demo", "s9"), "no problem 's9'"),
        (("show", "demo", "s1", "99"), "no draw 99"),
        (
            ("sample", "sums.jsonl", "-m", "scripted:answer=1"),
            "unknown option 'answer'; did you mean answers?",
        ),
        (("sample", "sums.jsonl", "-m", "scriptd:"), "did you mean scripted:"),
        (("sample", "sums.jsonl", *S, "-t", "-1"), "temperature must be 0 or more"),
        (("sample", "sums.jsonl", *S, "--max-time", "soon"), "write 90s, 30m or 2h"),
        (("sample", "none.jsonl", *S), "none.jsonl: No such file"),
        (("sample", "sums.jsonl", *S, "--map", "nope=x"), "write OURS=THEIRS"),
        (("solve", "", *S), "the question is empty"),
        (("solve", "Why?", *S, "--method", "coverage"), "a measure, so it cannot pick"),
        (("completion", "tcsh"), "no completion for 'tcsh'"),
        (("config", "modle"), "no setting 'modle'"),
    ],
)
def test_each_fault_is_one_line_with_the_remedy(
    demo: Ttc, args: tuple[str, ...], fault: str
) -> None:
    ran = demo(*args)
    assert ran.code in (2, 3)
    assert fault in ran.err
    lines = [line for line in ran.err.splitlines() if line.startswith("ttc: ")]
    assert len(lines) == 1
    assert "Traceback" not in ran.err
    assert ran.out == ""


@pytest.mark.parametrize("name", KNOWN_BACKENDS)
def test_a_backend_that_is_missing_says_what_to_install(
    ttc: Ttc, sums: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("TTC_NO_PLUGINS", "1")
    model = "http://127.0.0.1:9/v1#x" if name == "batch" else "x"
    ran = ttc("sample", sums, "-m", f"{name}:{model}", "-q")
    assert (ran.code, ran.out) == (3, "")
    assert installing.install(KNOWN_BACKENDS[name]) in ran.err


# --- ls, show, models, plugins, config


def test_ls_and_show_tell_what_is_there(demo: Ttc) -> None:
    (pool,) = demo("ls", "--json").document["pools"]
    assert (pool["pool"], pool["problems"], pool["samples"], pool["verdicts"]) == (
        "demo",
        6,
        48,
        48,
    )
    assert demo("ls").out.split()[:5] == ["demo", "scripted", "6", "48", "48"]
    assert "48 verdicts by numeric" in demo("show", "demo").out
    problem = demo("show", "demo", "s2", "--json").document
    assert problem["reference"] == {"answer": "3"}
    assert len(problem["samples"]) == 8
    assert "reference: {'answer': '3'}" in demo("show", "demo", "s2").out
    sample = demo("show", "demo", "s2", 5, "--json").document
    assert (sample["index"], sample["verifier"]) == (5, "numeric")
    assert demo("show", "demo", "s2", 5).out.startswith(sample["text"])


def test_an_empty_store_is_no_error(ttc: Ttc, own_home: Path) -> None:
    ran = ttc("ls")
    assert (ran.code, ran.out) == (0, "")
    assert "no pools yet" in ran.err
    assert not (own_home / "ttc_home").exists()


def test_models_and_plugins_list(ttc: Ttc) -> None:
    about = ttc("models", "scripted:", "--json").document
    assert about["fingerprint"].startswith("scripted1:")
    found = ttc("plugins", "--json").document["plugins"]
    assert {"kind": "selectors", "name": "majority"}.items() <= next(
        row for row in found if row["name"] == "majority"
    ).items()
    assert {row["kind"] for row in ttc("plugins", "--backends", "--json").document["plugins"]} == {
        "backends"
    }


def test_global_options_may_stand_before_the_command(ttc: Ttc, own_home: Path) -> None:
    ran = ttc("--db", "x.db", "--json", "ls")
    assert ran.document["database"] == "x.db"
    assert ttc("ls", "--json", "--db", "x.db").document == ran.document


def test_version(ttc: Ttc) -> None:
    assert ttc("--version").out.startswith("ttc 0.")


def test_a_question_from_a_file_is_that_question(ttc: Ttc, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("What is 2+2?\n", encoding="utf-8")
    from_file = ttc("solve", f"@{tmp_path / 'q.txt'}", "-m", "scripted:", "--json")
    plain = ttc("solve", "What is 2+2?", "-m", "scripted:", "--json")
    assert json.loads(from_file.stdout)["problem"] == json.loads(plain.stdout)["problem"]


def test_a_question_that_only_begins_like_a_file_is_asked(ttc: Ttc) -> None:
    asked = ttc("solve", "@property is what?", "-m", "scripted:", "-q")
    assert asked.code == 0
    missing = ttc("solve", "@nothing.txt", "-m", "scripted:", "-q")
    assert missing.code == 2
    assert "No such file" in missing.stderr
    assert "put a space before the @" in missing.stderr


@pytest.mark.parametrize("text", ["-5 + 3 = ?", "-x + 3 = ?"])
def test_a_text_that_begins_with_a_dash_is_told_how(ttc: Ttc, text: str) -> None:
    refused = ttc("solve", text, "-m", "scripted:", "-q")
    assert refused.code == 2
    assert "write -- before" in refused.stderr
    assert ttc("solve", "-m", "scripted:", "-q", "--", text).code == 0
    assert "write --" not in ttc("solve", "-x", "-m", "scripted:").stderr
