"""Logs of evalplus, OpenAI's batches, crucible and Every Eval Ever, as these tools write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc


def lines(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def drawn(ttc: Ttc, pool: str = "p") -> dict[tuple[str, int], dict[str, Any]]:
    found = ttc("export", pool, "-q").lines
    return {(line["problem"], line["index"]): line for line in found}


# evalplus


def result(solution: str, base: str, plus: str | None) -> dict[str, Any]:
    failed = {"base_fail_tests": [], "plus_fail_tests": []}
    return {
        "task_id": "HumanEval/0",
        "solution": solution,
        "base_status": base,
        "plus_status": plus,
        **failed,
    }


RESULTS = {
    "date": "2026-01-01 10:00",
    "hash": "abc",
    "eval": {
        "HumanEval/0": [
            result("a", "pass", "pass"),
            result("b", "pass", "fail"),
            result("c", "timeout", "pass"),
        ]
    },
}


def test_results_of_evalplus(ttc: Ttc, own_home: Path) -> None:
    (own_home / "s_eval_results.json").write_text(json.dumps(RESULTS))
    done = ttc("import", "s_eval_results.json", "--pool", "p")
    assert "6 verdicts by evalplus, evalplus:base" in done.err
    found = [(line["text"], line["correct"], line["status"]) for line in drawn(ttc).values()]
    assert found == [("a", True, "ok"), ("b", False, "ok"), ("c", False, "timeout")]
    base = ttc("export", "p", "-V", "evalplus:base", "-q").lines
    assert [line["correct"] for line in base] == [True, True, False]
    # Without -V, all tests count.
    swept = ttc("sweep", "p", "-s", "coverage", "-k", "1", "--json").document["curves"]
    assert swept[0]["points"][0]["value"] == pytest.approx(1 / 3)


def test_samples_of_evalplus_and_their_results_are_the_same_draws(ttc: Ttc, own_home: Path) -> None:
    samples = [{"task_id": "HumanEval/0", "solution": text} for text in "abc"]
    ttc("import", lines(own_home / "s.jsonl", samples), "--pool", "p")
    (own_home / "r.json").write_text(json.dumps(RESULTS))
    done = ttc("import", "r.json", "--pool", "p", "--json").document
    assert (done["new"], done["known"]) == (0, 3)
    assert done["verdicts"] == {"evalplus": 3, "evalplus:base": 3}


def test_a_folder_of_programs_with_their_results(ttc: Ttc, own_home: Path) -> None:
    for number, text in ((0, "a"), (2, "b"), (10, "c")):
        folder = own_home / "run" / "HumanEval_0"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.py").write_text(text)
    (own_home / "run" / "eval_results.json").write_text(json.dumps(RESULTS))
    ttc("import", "run", "--pool", "p")
    found = {key: line["correct"] for key, line in drawn(ttc).items()}
    assert found == {
        ("HumanEval/0", 0): True,
        ("HumanEval/0", 2): False,
        ("HumanEval/0", 10): False,
    }


# OpenAI's batches


def response(name: str, content: Any, at: str = "1", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}}
    body = {
        "id": f"chatcmpl-{name}-{at}",
        "object": "chat.completion",
        "model": "gpt-4o-2024-08-06",
        "choices": [{**choice, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 4,
            "total_tokens": 13,
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
        **more,
    }
    return {
        "id": "batch_req_1",
        "custom_id": name,
        "response": {"status_code": 200, "request_id": "r", "body": body},
        "error": None,
    }


def test_responses_of_a_batch(ttc: Ttc, own_home: Path) -> None:
    both = [
        {"message": {"content": "x"}, "finish_reason": "stop"},
        {"message": {"content": "y"}, "finish_reason": "length"},
    ]
    parts = [{"type": "output_text", "text": "z"}]
    output = [{"type": "reasoning"}, {"type": "message", "content": parts}]
    failed = {"status_code": 400, "body": {"error": {"message": "too long"}}}
    records = [
        response("a", "two"),
        response("a", "2", at="2"),
        response("b", None, choices=both),
        response("c", None, choices=[], output=output, usage={"input_tokens": 3}),
        response("d", None, choices=[{"message": {"content": None, "refusal": "No."}}]),
        response("e", None, choices=[{"text": "old"}]),
        {"id": "f", "custom_id": "f", "response": failed, "error": None},
        {"id": "g", "custom_id": "g", "response": None, "error": {"message": "expired"}},
    ]
    path = lines(own_home / "out.jsonl", records)
    done = ttc("import", path, "--pool", "p")
    assert done.code == 0, done.err
    assert "2 draws failed or cancelled" in done.err
    found = drawn(ttc)
    texts = {key: (line["text"], line["finish_reason"]) for key, line in found.items()}
    assert texts == {
        ("a", 0): ("two", "stop"),
        ("a", 1): ("2", "stop"),
        ("b", 0): ("x", "stop"),
        ("b", 1): ("y", "length"),
        ("c", 0): ("z", "stop"),
        ("d", 0): ("No.", "stop"),
        ("e", 0): ("old", "stop"),
    }
    first = found["a", 0]
    counts = (first["prompt_tokens"], first["completion_tokens"], first["think_tokens"])
    assert (*counts, first["model"]) == (9, 4, 2, "gpt-4o-2024-08-06")
    assert "completion_tokens" not in found["b", 0]
    assert ttc("import", path, "--pool", "p", "--json").document["new"] == 0


def test_requests_give_the_questions_and_names_can_be_split(ttc: Ttc, own_home: Path) -> None:
    names = ("a-0", "a-1", "b-0")
    lines(own_home / "out.jsonl", [response(name, name) for name in names])
    asked = [{"role": "user", "content": "1+1?"}]
    request = {"method": "POST", "url": "/v1/chat/completions", "body": {"messages": asked}}
    lines(own_home / "in.jsonl", [{"custom_id": name, **request} for name in "ab"])
    options = ("--option", "split=-", "--problems", "in.jsonl")
    done = ttc("import", "out.jsonl", "--pool", "p", *options, "--json").document
    assert (done["problems"], done["new"], done["questions_unknown"]) == (2, 3, 0)
    assert ttc("show", "p", "b", "--json").document["messages"] == asked


# crucible


def test_a_cassette_of_a_benchmark(ttc: Ttc, own_home: Path) -> None:
    traces = [
        {"text": "\\boxed{72}", "tokens": 12, "correct": True, "prm_score": 0.9},
        {"text": "\\boxed{7}", "tokens": 0, "correct": False, "prm_score": 0.1},
    ]
    meta = {"dataset": "gsm8k", "model": "qwen", "temperature": 0.7, "max_tokens": 64, "seed": 3}
    record = {"problem_id": "1", "gold": "72", "difficulty": "easy", "traces": traces}
    (own_home / "c.json").write_text(json.dumps({"meta": meta, "records": [record]}, indent=2))
    done = ttc("import", "c.json", "--pool", "p")
    assert "(crucible, qwen), 4 verdicts by crucible, crucible:prm" in done.err
    first, second = drawn(ttc).values()
    assert first["params"] == {"temperature": 0.7, "max_tokens": 64, "seed": 3}
    assert (first["correct"], first["completion_tokens"]) == (True, 12)
    assert (first["reference"], first["tags"]) == ({"answer": "72"}, {"difficulty": "easy"})
    assert "completion_tokens" not in second
    swept = ttc("sweep", "p", "-s", "best-of-n:score=crucible:prm", "-k", "1")
    assert swept.code == 0, swept.err


def test_a_cassette_of_a_policy(ttc: Ttc, own_home: Path) -> None:
    steps = [{"text": "So", "token_count": 1}, {"text": "72.", "token_count": 2}]
    compute = {"policy_gen_tokens": 3, "policy_forward_calls": 1, "wall_seconds": 1.5}
    problem = {"id": "1", "prompt": "6 × 12?", "answer": "72", "difficulty": None}
    whole = {
        "backend": "ollama",
        "model": "qwen",
        "seed": 0,
        "sampling": {"temperature": 0.7, "max_tokens": 64, "n": 1},
        "records": [{"problem": problem, "traces": [{"steps": steps, "compute": compute}]}],
        "problems": [problem],
        "step_records": [{"key": "1:x", "batches": []}],
    }
    (own_home / "c.json").write_text(json.dumps(whole))
    done = ttc("import", "c.json", "--pool", "p")
    assert "not used: step_records" in done.err
    (line,) = drawn(ttc).values()
    assert (line["text"], line["completion_tokens"], line["seconds"]) == ("So\n\n72.", 3, 1.5)
    asked = ttc("show", "p", "1", "--json").document["messages"]
    assert asked == [{"role": "user", "content": "6 × 12?"}]


# Every Eval Ever


def instance(epoch: int, **more: Any) -> dict[str, Any]:
    return {
        "schema_version": "0.3.0",
        "evaluation_id": "gsm8k/m/1",
        "model_id": "org/m",
        "evaluation_name": "gsm8k",
        "sample_id": "q1",
        "interaction_type": "single_turn",
        "input": {"raw": "2+2?", "reference": ["4"]},
        "output": {"raw": [f"It is 4. ({epoch})"], "reasoning_trace": ["hm"]},
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": "4",
                "extraction_method": "match",
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": 1.0, "is_correct": True},
        "token_usage": {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14},
        "metadata": {"epoch": str(epoch), "subject": "arithmetic", "other": "x"},
        **more,
    }


def test_instances_of_every_eval_ever(ttc: Ttc, own_home: Path) -> None:
    judged = {"evaluation_result_id": "f1", "evaluation": {"score": 0.5, "is_correct": False}}
    lines(own_home / "u_samples.jsonl", [instance(1), instance(2), instance(1, **judged)])
    config = {"generation_args": {"temperature": 0.5}}
    aggregate = {
        "schema_version": "0.3.0",
        "evaluation_id": "gsm8k/m/1",
        "model_info": {"name": "m", "id": "org/m"},
        "eval_library": {"name": "lm_eval", "version": "0.4"},
        "evaluation_results": [{"evaluation_name": "gsm8k", "generation_config": config}],
    }
    (own_home / "u.json").write_text(json.dumps(aggregate))
    done = ttc("import", "u.json", "--pool", "p")
    assert "1 problem × 2 draws from 1 file (every-eval-ever lm_eval 0.4, org/m)" in done.err
    assert "not used: metadata.other" in done.err
    first = drawn(ttc)["q1", 0]
    assert first["text"] == "<think>\nhm\n</think>\n\nIt is 4. (1)"
    assert first["params"] == {"temperature": 0.5}
    assert (first["reference"], first["tags"]) == ({"answer": "4"}, {"subject": "arithmetic"})
    gsm8k = ttc("export", "p", "-V", "every-eval-ever:gsm8k", "-q").lines
    assert [(line["answer"], line["correct"]) for line in gsm8k] == [("4", True)] * 2
    f1 = ttc("export", "p", "-V", "every-eval-ever:f1", "-q").lines
    assert [line.get("score") for line in f1] == [0.5, None]


# Batches whose requests had several choices, or failed before a model was told


def choice(index: int, content: str, reason: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {"index": index, "message": message, "finish_reason": reason}


def answered(name: str, *choices: dict[str, Any]) -> dict[str, Any]:
    body = {"id": f"chatcmpl-{name}", "model": "m-1", "choices": list(choices)}
    return {"custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}


EXPIRED = {"custom_id": "c", "response": None, "error": {"code": "batch_expired"}}
LIMITED = {
    "custom_id": "d",
    "response": {"status_code": 429, "body": {"error": {"message": "slow down"}}},
    "error": None,
}
BATCH = [
    answered("a", choice(0, "4", "stop"), choice(1, "5", "length")),
    EXPIRED,
    LIMITED,
]


def test_failed_requests_in_a_file_before_join_the_only_model(ttc: Ttc, own_home: Path) -> None:
    lines(own_home / "failed.jsonl", [EXPIRED])
    lines(own_home / "out.jsonl", BATCH[:1])
    done = ttc("import", "failed.jsonl", "out.jsonl", "--pool", "p")
    assert done.code == 0, done.err
    assert [each["pool"] for each in ttc("ls", "--json").document["pools"]] == ["p"]


@pytest.mark.parametrize("records", [BATCH, BATCH[::-1]])
def test_failed_requests_make_no_pool_of_their_own(
    ttc: Ttc, own_home: Path, records: list[dict[str, Any]]
) -> None:
    lines(own_home / "out.jsonl", records)
    done = ttc("import", "out.jsonl", "--pool", "p")
    assert done.code == 0, done.err
    assert "1 problem × 2 draws" in done.err
    assert "2 draws failed" in done.err
    assert [each["pool"] for each in ttc("ls", "--json").document["pools"]] == ["p"]
    assert [(line["text"], line["finish_reason"]) for line in drawn(ttc).values()] == [
        ("4", "stop"),
        ("5", "length"),
    ]


def test_choices_of_one_request_come_back_as_draws(ttc: Ttc, own_home: Path) -> None:
    lines(own_home / "out.jsonl", BATCH)
    ttc("import", "out.jsonl", "--pool", "p")
    ttc("export", "p", "--format", "openai-batch", "-o", "back.jsonl")
    again = ttc("import", "back.jsonl", "--pool", "p", "--json").document
    assert (again["new"], again["conflicts"]) == (0, [])
    ttc("import", "back.jsonl", "--pool", "q")
    assert [line["text"] for line in drawn(ttc, "q").values()] == ["4", "5"]
