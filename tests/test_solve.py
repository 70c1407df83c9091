"""solve: which rule answers, how firmly, and at what cost; again for nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Ttc

from ttc.records import Message, Problem
from ttc.strategies.voting import answer_of

VOTE = ("-m", "scripted:answers=25*8/24*1")


def test_votes_are_counted_and_only_the_answer_is_printed(ttc: Ttc) -> None:
    ran = ttc("solve", "How many primes are there below 100?", *VOTE, "-n", 12)
    assert (ran.code, ran.out) == (0, "25\n")
    assert "majority: " in ran.err
    assert " of 12 votes" in ran.err


def test_asking_again_costs_nothing(ttc: Ttc) -> None:
    first = ttc("solve", "6 × 7?", *VOTE, "--json").document
    again = ttc("solve", "6 × 7?", *VOTE, "--json").document
    assert first["tokens"] == first["tokens_paid"] > 0
    assert again == {**first, "tokens": 0}


def test_the_prompt_may_come_through_a_pipe(ttc: Ttc) -> None:
    assert ttc("solve", *VOTE, stdin="How many?\n").out == "25\n"
    assert ttc("solve", "-", *VOTE, stdin="How many?\n").out == "25\n"
    assert "0 new tokens" in ttc("solve", "How many?", *VOTE, stdin="\n").err


def test_first_finish_picks_the_shortest_and_cancels_the_rest(ttc: Ttc) -> None:
    race = ("solve", "How many?", *VOTE, "-n", 16)
    full = ttc(*race, "--method", "majority", "--json").document
    ttc("solve", "How many?", *VOTE, "-n", 16, "--method", "majority")
    lines = ttc("show", full["pool"], full["problem"], "--json").document["samples"]
    shortest = min(lines, key=lambda line: (line["completion_tokens"], line["index"]))
    offline = ttc(*race, "--method", "first-finish", "--json").document
    assert (offline["index"], offline["tokens"]) == (shortest["index"], 0)
    online = ttc(*race, "--method", "first-finish", "--json", "--db", "other.db").document
    assert online["index"] == shortest["index"]
    assert (online["draws"], online["cancelled"]) == (1, 15)
    assert online["tokens"] == 16 * shortest["completion_tokens"]
    assert online["tokens_paid"] == online["tokens"]
    again = ttc(*race, "--method", "first-finish", "--json", "--db", "other.db").document
    assert again == {**online, "tokens": 0}


def test_a_race_does_not_stand_in_for_full_draws(ttc: Ttc) -> None:
    race = ("solve", "How many?", *VOTE, "-n", 8, "--json")
    ttc(*race, "--method", "first-finish")
    vote = ttc(*race, "--method", "majority").document
    assert (vote["draws"], vote["cancelled"]) == (8, 0)


def test_a_truncated_draw_does_not_finish_first(ttc: Ttc) -> None:
    cut = ("solve", "How many?", "-m", "scripted:tokens=10-60", "--max-tokens", 30, "-n", 16)
    ran = ttc(*cut, "--method", "first-finish", "--json").document
    shown = ttc("show", ran["pool"], ran["problem"], ran["index"], "--json").document
    assert shown["finish_reason"] == "stop"


def test_open_questions_are_answered_by_agreement(ttc: Ttc) -> None:
    ran = ttc("solve", "Tell me a tale.", "-m", "replay:tales.jsonl")
    assert ran.code == 3
    tales = ["A fox ran home.", "A fox ran far home.", "Ships sail by night."]
    problem = ttc("solve", "Tell me a tale.", *VOTE, "-n", 1, "--json").document
    sampled = ttc("show", problem["pool"], problem["problem"], 0, "--json").document
    lines = ({**sampled, "index": i, "text": tale} for i, tale in enumerate(tales))
    Path("tales.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ran = ttc("solve", "Tell me a tale.", "-m", "replay:tales.jsonl", "-n", 3)
    assert ran.out in ("A fox ran home.\n", "A fox ran far home.\n")
    assert "mbr: agreement 0." in ran.err
    more = ttc("solve", "Tell me a tale.", "-m", "replay:tales.jsonl", "-n", 4)
    assert (more.code, "lower -n" in more.err) == (3, True)


def test_each_line_is_a_problem(ttc: Ttc) -> None:
    lines = '{"question": "How many?", "id": "q1"}\nHow much is 5 + 5?\n'
    ran = ttc("solve", "--each", *VOTE, stdin=lines)
    assert (ran.code, ran.out) == (0, "25\n25\n")
    records = ttc("solve", "--each", "--json", *VOTE, stdin=lines).lines
    assert [record["answer"] for record in records] == ["25", "25"]
    assert records[0]["problem"] == "q1"
    bad = ttc("solve", "--each", *VOTE, stdin='{"question": "How many?"}\n{"no": 1}\n')
    assert (bad.code, "<stdin>:2: no question in the fields no" in bad.err) == (2, True)
    assert bad.out == "25\n"


def test_a_verifier_that_accepts_nothing_is_exit_one(ttc: Ttc) -> None:
    asked = '{"question": "How many?", "answer": "99"}\n'
    ran = ttc("solve", "--each", *VOTE, "-V", "numeric", "--oracle", stdin=asked)
    assert (ran.code, ran.out) == (1, "\n")
    assert "nothing was accepted" in ran.err
    asked = '{"question": "How many?", "answer": "24"}\n'
    ran = ttc("solve", "--each", *VOTE, "-n", 30, "-V", "numeric", "--oracle", stdin=asked)
    assert (ran.code, ran.out) == (0, "24\n")


def test_every_draw_failing_is_the_backend_s_fault(ttc: Ttc) -> None:
    ran = ttc("solve", "How many?", "-m", "scripted:fail=1")
    assert (ran.code, ran.out) == (3, "")
    assert "scripted failure" in ran.err


@pytest.mark.parametrize(
    ("question", "text", "finish", "answer"),
    [
        ("What is 6 × 7?", "Let me see: 6 × 7 = 42.", "stop", "42"),
        ("What is 6 × 7?", "6 × 7 = 42", "length", None),
        ("What is 6 × 7?", r"So \boxed{42} it", "length", "42"),
        ("How many?", "Count them.\nThere are 3.", "stop", "3"),
        ("How many?", "There are 3.\nThat is all.", "stop", None),
        ("Explain the revolution.", "It began in 1789 and ended in 1799.", "stop", None),
        ("Explain the revolution.", "The answer is freedom.", "stop", "freedom"),
        ("How many?", '{\n  "a": 3.0\n}', "stop", '{"a":3}'),
        ("Is it so?", '{"why": "日", "is": true}', "stop", '{"is":true,"why":"日"}'),
        ("Is it so?", '{"why": "x", "answer": "yes"}', "stop", "yes"),
        ("Is it so?", '{"is": true', "length", None),
        ("Is it so?", '{"is": NaN}', "stop", None),
        ("Write 2 lines of code.", "```\nx = 1\n```", "stop", None),
    ],
)
def test_a_loose_number_answers_only_questions_about_quantities(
    question: str, text: str, finish: str, answer: str | None
) -> None:
    problem = Problem("p", (Message("user", question),))
    assert answer_of(problem, text, finish) == answer  # type: ignore[arg-type]
