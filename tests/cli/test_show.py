"""`ttc show`: wrong, undecided and truncated draws, two pools compared, near names, the vote."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc

import ttc as library
from ttc.messages.near import near
from ttc.outcomes.differences import fisher

S = ("-m", "scripted:answers=1*2/2*1/3*1")
Lines = list[dict[str, Any]]


@pytest.fixture
def sums8(tmp_path: Path) -> Path:
    path = tmp_path / "sums8.jsonl"
    rows = (
        {"id": f"easy-{i:02d}", "question": f"What is\n{i} + 1?", "answer": str(i + 1)}
        for i in range(4)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def pools(ttc: Ttc, sums8: Path) -> Ttc:
    """Two pools of four problems × eight draws with numeric verdicts."""
    other = ("-m", "scripted:answers=1*1/2*4/3*3")
    for name, model in (("demo", S), ("other", other)):
        assert ttc("sample", sums8, "-n", 8, "--pool", name, *model, "-q").code == 0
        assert ttc("verify", name, "-V", "numeric", "-q").code == 0
    return ttc


def draws_of(ttc: Ttc, pool: str) -> Lines:
    return [*ttc("export", pool, "-V", "numeric").lines]


def test_wrong_draws_are_those_of_the_store(pools: Ttc) -> None:
    wrong = [line for line in draws_of(pools, "demo") if not line["correct"]]
    ran = pools("show", "demo", "--wrong")
    assert len(ran.out.splitlines()) == len(wrong) > 8
    assert f"demo: {len(wrong)} wrong draws of 32 by numeric, of 4 problems\n" in ran.err
    first = ran.out.splitlines()[0].split(maxsplit=6)
    assert first[0] == "easy-00"
    assert first[6] == "What is 0 + 1?"
    told = pools("show", "demo", "--wrong", "--json").document
    key = ("problem", "index")
    assert sorted(tuple(each[k] for k in key) for each in told["samples"]) == sorted(
        tuple(each[k] for k in key) for each in wrong
    )
    assert (told["found"], told["draws"], told["unjudged"]) == (len(wrong), 32, 0)
    assert all(each["correct"] is False and each["text"] for each in told["samples"])


def test_a_few_are_of_as_many_problems_as_possible(pools: Ttc) -> None:
    ran = pools("show", "demo", "--wrong", "-n", 4)
    assert [line.split()[0] for line in ran.out.splitlines()] == [f"easy-0{i}" for i in range(4)]
    assert "showing 4, of as many problems as possible (-n 0: all)" in ran.err
    one = pools("show", "demo", "--wrong", "easy-03", "-n", 2).out.splitlines()
    assert [line.split()[0] for line in one] == ["easy-03"] * 2
    assert "What is" not in one[0]  # the question that was named
    assert len(pools("show", "demo", "--wrong", "-n", 0).out.splitlines()) > 8


def test_undecided_truncated_and_both(ttc: Ttc, tmp_path: Path) -> None:
    lines = [
        ("a", 0, "stop", "1", True, "ok"),
        ("a", 1, "length", None, None, "no_answer"),
        ("a", 2, "length", "9", False, "ok"),
        ("b", 0, "stop", None, None, "timeout"),
        ("b", 1, "stop", None, None, "infra_timeout"),
        ("b", 2, "length", "1", True, "ok"),
    ]
    names = ("problem", "index", "finish_reason", "answer", "correct", "status")
    log = tmp_path / "log.jsonl"
    log.write_text(
        "".join(
            json.dumps({**dict(zip(names, line, strict=True)), "text": "t", "verifier": "v"}) + "\n"
            for line in lines
        ),
        encoding="utf-8",
    )
    assert ttc("import", log, "--pool", "p", "-q").code == 0
    kinds: list[tuple[tuple[str, ...], set[tuple[str, int]]]] = [
        (("--wrong",), {("a", 2)}),
        (("--undecided",), {("a", 1), ("b", 0)}),
        (("--truncated",), {("a", 1), ("a", 2), ("b", 2)}),
        (("--wrong", "--truncated"), {("a", 2)}),
        (("--undecided", "--truncated"), {("a", 1)}),
        (("--wrong", "--undecided"), set()),
    ]
    for options, expected in kinds:
        ran = ttc("show", "p", *options, "--json")
        found = {(each["problem"], each["index"]) for each in ran.document["samples"]}
        assert found == expected, options
    assert "timeout" in ttc("show", "p", "--undecided").out
    pool = library.pool("p")
    assert [(s.problem, s.index) for s, _ in pool.truncated()] == [("a", 1), ("a", 2), ("b", 2)]
    assert [v.status for _, v in pool.undecided()] == ["no_answer", "timeout"]


def test_without_verdicts_it_says_how_to_get_them(ttc: Ttc, sums8: Path) -> None:
    ttc("sample", sums8, "-n", 2, "--pool", "new", *S, "-q")
    ran = ttc("show", "new", "--wrong")
    assert (ran.code, ran.out) == (2, "")
    assert "new: no samples have a verdict; ttc verify new -V NAME first" in ran.err
    assert ttc("show", "new", "--truncated").code == 0
    assert "vote" not in ttc("show", "new", "easy-00").out
    assert ttc("show", "new", "easy-00", "--json").document["vote"] is None


def test_several_verifiers_want_a_choice(pools: Ttc) -> None:
    pools("verify", "demo", "-V", "exact", "-q")
    ran = pools("show", "demo", "--wrong")
    assert ran.code == 2
    assert "choose one with -V" in ran.err
    assert pools("show", "demo", "--wrong", "-V", "exact").code == 0
    assert "vote:" in pools("show", "demo", "easy-00", "-V", "numeric").out
    assert "no verdicts by math" in pools("show", "demo", "--wrong", "-V", "math").err
    assert "did you mean numeric?" in pools("show", "demo", "--wrong", "-V", "numric").err


def test_two_pools_are_compared_problem_by_problem(pools: Ttc) -> None:
    sides: list[dict[str, list[bool]]] = []
    for name in ("demo", "other"):
        by: dict[str, list[bool]] = {}
        for line in draws_of(pools, name):
            by.setdefault(line["problem"], []).append(line["correct"])
        sides.append(by)
    differ = {name for name in sides[0] if sum(sides[0][name]) != sum(sides[1][name])}
    found = pools("show", "demo", "--diff", "other", "--json").document
    assert {each["problem"] for each in found["differences"]} == differ
    assert found["alike"] + len(differ) == found["compared"] == 4
    ps = [each["p"] for each in found["differences"]]
    assert ps == sorted(ps)
    for each in found["differences"]:
        for side, by in zip(each["pools"], sides, strict=True):
            assert side["correct"] == sum(by[each["problem"]])
            assert side["judged"] == sum(answer["draws"] for answer in side["answers"]) == 8
    ran = pools("show", "demo", "--diff", "other")
    assert len(ran.out.splitlines()) == len(differ)
    assert f"{len(differ)} of 4 problems differ" in ran.err
    assert "ttc sweep demo other --compare" in ran.err
    assert len(pools("show", "demo", "--diff", "other", "-n", 1).out.splitlines()) == 1
    diff = library.diff("demo", "other")
    assert [each.problem for each in diff] == [each["problem"] for each in found["differences"]]
    back = library.pool("other").diff("demo")
    assert sorted(each.change for each in back) == sorted(-each.change for each in diff)
    assert "that is the same pool" in pools("show", "demo", "--diff", "demo").err
    assert "did you mean other?" in pools("show", "demo", "--diff", "othr").err


def test_a_comparison_says_what_it_leaves_out(pools: Ttc, tmp_path: Path) -> None:
    rows = [
        {"id": "easy-00", "question": "What is\n0 + 1?", "answer": "2"},
        {"id": "new", "question": "q", "answer": "2"},
    ]
    file = tmp_path / "third.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    pools("sample", file, "-n", 8, "--pool", "third", *S, "-q")
    pools("verify", "third", "-V", "numeric", "-q")
    ran = pools("show", "demo", "--diff", "third")
    assert "demo alone has judged draws of 3 problems" in ran.err
    assert "third alone has judged draws of 1 problem, e.g. new" in ran.err
    assert "1 problem has another reference in third, e.g. easy-00" in ran.err


def brute_force(c: int, n: int, d: int, m: int) -> float:
    total = c + d
    ways = {
        y: math.comb(m, y) * math.comb(n, total - y)
        for y in range(max(0, total - n), min(m, total) + 1)
    }
    return sum(w for w in ways.values() if w <= ways[d]) / sum(ways.values())


def test_p_is_that_of_fishers_exact_test() -> None:
    for n, m in itertools.product((1, 2, 5, 8), repeat=2):
        for c, d in itertools.product(range(n + 1), range(m + 1)):
            assert fisher(c, n, d, m) == pytest.approx(brute_force(c, n, d, m), abs=1e-9)


def test_a_pool_lists_questions_and_correct_draws(pools: Ttc) -> None:
    shown = pools("show", "demo").out
    correct = sum(1 for e in draws_of(pools, "demo") if e["correct"] and e["problem"] == "easy-00")
    assert f"  {correct}/8  What is 0 + 1?\n" in shown
    rows = pools("show", "demo", "--json").document["problems"]
    assert rows[0]["question"] == "What is\n0 + 1?"
    assert (rows[0]["correct"], rows[0]["judged"]) == (correct, 8)


def test_a_problem_shows_its_vote(pools: Ttc) -> None:
    sweep = pools("sweep", "demo", "-s", "majority", "-k", 8, "--json").document
    worth = 0.0
    for i in range(4):
        found = pools("show", "demo", f"easy-0{i}", "--json").document["vote"]
        worth += found["value"]
        shown = pools("show", "demo", f"easy-0{i}").out
        assert f"vote: {found['answer']} ({found['votes']} of 8 draws)" in shown
    assert worth / 4 == pytest.approx(sweep["curves"][0]["points"][0]["value"])


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("easy-1", "did you mean easy-01?"),
        ("EASY_01", "did you mean easy-01?"),
        ("3", "did you mean easy-03?"),
        ("easi-02", "did you mean easy-0"),
        ("zzz", "ttc show demo lists them"),
    ],
)
def test_a_problem_that_is_not_there(pools: Ttc, name: str, meant: str) -> None:
    for args in (
        ("show", "demo", name),
        ("show", "demo", name, 0),
        ("show", "demo", name, "--wrong"),
        ("export", "demo", "--problems", name),
    ):
        ran = pools(*args)
        assert (ran.code, ran.out) == (2, "")
        assert f"demo has no problem '{name}'; {meant}" in ran.err
    with pytest.raises(library.UsageError, match="demo has no problem"):
        library.pool("demo").wrong(problem=name)


@pytest.mark.parametrize(
    ("name", "names", "meant"),
    [
        ("math/12", ["math/012", "math/120"], "math/012"),
        ("7", ["a/7", "b/7"], None),
        ("HumanEval/7", ["HumanEval/70", "HumanEval/007"], "HumanEval/007"),
        ("x", [], None),
        ("", ["a"], None),
        ("[", ["a/[", "b"], "a/["),
    ],
)
def test_near_names(name: str, names: list[str], meant: str | None) -> None:
    assert near(name, names) == meant


def test_options_that_exclude_each_other(pools: Ttc) -> None:
    for args, line in [
        (("easy-00", "--diff", "other"), "--diff compares whole pools"),
        (("--wrong", "--diff", "other"), "--diff compares whole pools"),
        (("easy-00", 1, "--wrong"), "leave out the index 1"),
        (("-n", 3), "-n goes with --wrong"),
        (("--wrong", "--logprobs"), "--logprobs shows one draw"),
        (("easy-00", 99), "its draws are 0 to 7"),
    ]:
        ran = pools("show", "demo", *args)
        assert (ran.code, line in ran.err) == (2, True)


def test_texts_of_models_stay_texts(ttc: Ttc, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    evil = "\x1b[2Jwrong\nline"
    line = {"problem": evil, "index": 0, "text": evil, "answer": evil, "correct": False}
    log.write_text(json.dumps({**line, "verifier": "v", "question": evil}) + "\n", encoding="utf-8")
    ttc("import", log, "--pool", "p", "-q")
    shown = ttc("show", "p", "--wrong")
    assert len(shown.out.splitlines()) == 1
    assert "\x1b" not in shown.err


def test_wrong_draws_of_a_large_pool_are_found_quickly(ttc: Ttc, tmp_path: Path) -> None:
    """Ten thousand draws: a second at most, on any machine."""
    import time

    log = tmp_path / "log.jsonl"
    with log.open("w", encoding="utf-8") as out:
        for at in range(10_000):
            line = {"problem": f"p{at // 10}", "index": at % 10, "text": "x" * 200, "verifier": "v"}
            out.write(json.dumps({**line, "answer": "1", "correct": at % 3 == 0}) + "\n")
    ttc("import", log, "--pool", "p", "-q")
    start = time.monotonic()
    assert len(ttc("show", "p", "--wrong", "-n", 20).out.splitlines()) == 20
    assert time.monotonic() - start < 2
    # All of them, in a time that does not grow with their square.
    assert len(ttc("show", "p", "--wrong").out.splitlines()) == 6666
    assert time.monotonic() - start < 6
