"""Logs of lm-eval, promptfoo, large_language_monkeys and NeMo-Skills, in their own layouts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc

from ttc.errors import UsageError
from ttc.formats import Draw, loading
from ttc.formats.logs.opening import head_of

Record = dict[str, Any]
QUESTION = "Question: What is 1+{}?\nAnswer:"


def read(name: str, path: Path, **options: str) -> list[Draw]:
    """Return the draws of a log, which its format knows."""
    form = loading.named(name)
    assert form.holds_draws(path, head_of(path))
    return list(form.draws(path, options))


def jsonl(path: Path, *records: Mapping[str, Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return path


def row(doc: int, name: str, responses: list[str], value: Any = 1.0, **more: Any) -> Record:
    """Return a row of lm-eval as `--log_samples` writes it."""
    return {
        "doc_id": doc,
        "doc": {"question": f"What is 1+{doc}?", "answer": f"It is {1 + doc}.\n#### {1 + doc}"},
        "target": f"It is {1 + doc}.\n#### {1 + doc}",
        "arguments": {
            "gen_args_0": {
                "arg_0": QUESTION.format(doc),
                "arg_1": {"until": ["Question:", "</s>"], "do_sample": True, "temperature": 0.2},
            }
        },
        "resps": [responses],
        "filtered_resps": [str(1 + doc)],
        "filter": name,
        "metrics": ["exact_match"],
        "doc_hash": "d",
        "prompt_hash": "p",
        "target_hash": "t",
        "exact_match": value,
        **more,
    }


TIME = "2025-11-02T10-11-12.131415"


def test_rows_of_lm_eval(own_home: Path) -> None:
    rows = [row(at, "strict-match", [f"#### {1 + at}"], float(at)) for at in (0, 1)]
    path = jsonl(own_home / f"samples_gsm8k_cot_{TIME}.jsonl", *rows)
    about = {"config": {"model": "hf"}, "model_name": "Qwen/Q", "lm_eval_version": "0.4.9"}
    (own_home / f"results_{TIME}.json").write_text(json.dumps(about))
    first, second = read("lm-eval", path)
    assert (first.problem.id, second.problem.id) == ("gsm8k_cot/0", "gsm8k_cot/1")
    assert first.problem.prompt == QUESTION.format(0)
    assert first.problem.reference == {"answer": "1"}
    assert (first.sample.text, first.sample.index, first.sample.model) == ("#### 1", 0, "Qwen/Q")
    stops = ["Question:", "</s>"]
    assert first.sample.params == {"temperature": 0.2, "stop": stops}
    (opinion,) = first.opinions
    assert (opinion.verifier, first.version) == ("lm-eval:exact_match:strict-match", "0.4.9")
    assert opinion.config == {"metric": "exact_match", "filter": "strict-match"}
    assert (opinion.verdict.score, opinion.verdict.answer) == (0.0, "1")
    assert first.unused == frozenset()


def test_repeats_of_lm_eval_are_draws_and_their_one_metric_is_of_none(own_home: Path) -> None:
    draws = read("lm-eval", jsonl(own_home / "rows.jsonl", row(3, "none", ["a", "b", "c"])))
    assert [(each.problem.id, each.sample.index, each.sample.text) for each in draws] == [
        ("3", 0, "a"),
        ("3", 1, "b"),
        ("3", 2, "c"),
    ]
    assert {each.opinions for each in draws} == {()}
    assert draws[0].unused == {"exact_match"}


@pytest.mark.parametrize("indent", [None, 2])
def test_rows_in_an_array_are_read_as_older_versions_write_them(
    ttc: Ttc, own_home: Path, indent: int | None
) -> None:
    path = own_home / "gsm8k.jsonl"
    path.write_text(json.dumps([row(at, "none", ["x"]) for at in (0, 1)], indent=indent))
    assert len(read("lm-eval", path)) == 2
    assert ttc("import", path, "--pool", "p").code == 0


def test_rows_by_several_filters_want_a_choice(own_home: Path) -> None:
    rows = [
        row(doc, name, ["x"], name == "strict-match")
        for name in ("strict-match", "flexible-extract")
        for doc in (0, 1)
    ]
    path = jsonl(own_home / "rows.jsonl", *rows)
    with pytest.raises(UsageError, match=r"2 filters \(strict-match, flexible-extract\).*--filter"):
        read("lm-eval", path)
    chosen = read("lm-eval", path, filter="flexible-extract")
    assert [each.opinions[0].verdict.correct for each in chosen] == [False, False]
    with pytest.raises(
        UsageError, match="no rows with the filter 'strict'; there are strict-match"
    ):
        read("lm-eval", path, filter="strict")
    with pytest.raises(UsageError, match="no such option"):
        read("lm-eval", path, repeats="2")


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (
            {
                "doc_id": 0,
                "doc": {},
                "target": "1",
                "arguments": {
                    f"gen_args_{at}": {"arg_0": "Q", "arg_1": f" {letter}"}
                    for at, letter in enumerate("AB")
                },
                "resps": [[["-1.5", "True"]], [["-2.5", "False"]]],
                "filtered_resps": [["-1.5", "True"], ["-2.5", "False"]],
                "filter": "none",
                "metrics": ["acc"],
                "acc": 1.0,
            },
            "a log-likelihood task",
        ),
        (
            {
                "doc_id": 0,
                "target": "",
                "arguments": {"gen_args_0": {"arg_0": "all of a text"}},
                "resps": [["-103.5"]],
            },
            "a log-likelihood task",
        ),
        (row(0, "none", ["x"]) | {"resps": [["x"], ["y"]]}, "a row with 2 requests"),
        (row(0, "none", ["x"]) | {"resps": "x"}, "it needs 'doc_id' and 'resps'"),
    ],
)
def test_rows_that_hold_no_draws(own_home: Path, record: Record, why: str) -> None:
    with pytest.raises(UsageError, match=f"rows.jsonl:1: .*{why}"):
        read("lm-eval", jsonl(own_home / "rows.jsonl", record))


CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+1?"}]


@pytest.mark.parametrize(
    ("change", "of", "found"),
    [
        ({"arguments": [["Q", {"until": []}]]}, "prompt", "Q"),  # older versions
        ({"arguments": [[[json.dumps(CHAT)], {"until": []}]]}, "messages", 2),
        ({"arguments": [[json.dumps(CHAT), {"until": []}]]}, "messages", 2),
        ({"arguments": [["[not JSON", {}]]}, "prompt", "[not JSON"),
        ({"target": "B"}, "answer", "B"),
        ({"target": "['a', 'b']"}, "answer", ["a", "b"]),
        ({"target": "[1, 2]"}, "answer", "[1, 2]"),
        ({"doc": {"level": "Level 2"}}, "level", "Level 2"),
        ({"filtered_resps": ["[invalid]"]}, "status", "no_answer"),
        ({"exact_match": True}, "correct", True),
        ({"exact_match": [1, 2]}, "verdicts", 0),
        ({"metrics": ["exact_match", "f1"], "f1": 0.5}, "verdicts", 2),
        ({"arguments": [["Q", {"do_sample": False, "max_gen_toks": 9}]]}, "max_tokens", 9),
    ],
)
def test_layouts_of_lm_eval(own_home: Path, change: Record, of: str, found: Any) -> None:
    record = row(1, "none", ["x"]) | change
    (draw,) = read("lm-eval", jsonl(own_home / "rows.jsonl", record))
    verdict = draw.opinions[0].verdict if draw.opinions else None
    known = {
        "prompt": draw.problem.prompt,
        "messages": len(draw.problem.messages),
        "answer": draw.problem.reference.get("answer"),
        "level": draw.problem.tags.get("level"),
        "status": verdict and verdict.status,
        "correct": verdict and verdict.correct,
        "verdicts": len(draw.opinions),
        "max_tokens": draw.sample.params.get("max_tokens"),
    }
    assert known[of] == found


def result(output: Any, passed: bool = True, provider: str = "openai:a", **more: Any) -> Record:
    """Return a result of promptfoo."""
    return {
        "promptIdx": 0,
        "testIdx": 0,
        "testCase": {"vars": {"q": "1+1"}, "assert": [{"type": "equals", "value": "2"}]},
        "promptId": "p",
        "provider": {"id": provider, "label": ""},
        "prompt": {"raw": "What is 1+1?", "label": "What is {{q}}?"},
        "vars": {"q": "1+1"},
        "response": {
            "output": output,
            "tokenUsage": {"total": 17, "prompt": 12, "completion": 5},
            "cached": False,
            "finishReason": "length",
        },
        "success": passed,
        "failureReason": int(not passed),
        "score": float(passed),
        "latencyMs": 420,
        "gradingResult": {"pass": passed, "score": float(passed), "reason": "why"},
        "namedScores": {"brevity": 0.5},
        "cost": 0.1,
        **more,
    }


def promptfoo(path: Path, results: list[Record], **more: Any) -> Path:
    inner = {"version": 3, "timestamp": "t", "prompts": [], "results": results, "stats": {}}
    document = {
        "evalId": "eval-1",
        "results": inner,
        "config": {"providers": [{"id": "openai:a", "config": {"temperature": 0.7}}]},
        "shareableUrl": None,
        "metadata": {"promptfooVersion": "0.119.0"},
        **more,
    }
    path.write_text(json.dumps(document, indent=2))
    return path


def test_results_of_promptfoo(own_home: Path) -> None:
    path = promptfoo(own_home / "out.json", [result("2"), result("3", passed=False)])
    first, second = read("promptfoo", path)
    assert first.problem == second.problem
    assert first.problem.messages[0].content == "What is 1+1?"
    assert first.problem.reference == {"answer": "2"}
    sample = first.sample
    assert (sample.text, sample.index, second.sample.index) == ("2", 0, 1)
    assert (sample.prompt_tokens, sample.completion_tokens) == (12, 5)
    assert (sample.finish_reason, sample.model) == ("length", "openai:a")
    assert (sample.params, first.version) == ({"temperature": 0.7}, "0.119.0")
    assert [each.verifier for each in second.opinions] == ["promptfoo", "promptfoo:brevity"]
    assert [(each.verdict.correct, each.verdict.score) for each in second.opinions] == [
        (False, 0.0),
        (None, 0.5),
    ]
    assert second.opinions[0].verdict.detail == "why"
    assert first.unused == {"cost", "latencyMs"}


@pytest.mark.parametrize("layout", ["v3", "summary", "list", "lines"])
def test_layouts_of_promptfoo(own_home: Path, layout: str) -> None:
    results = [result("2"), result("4", provider="openai:b")]
    path = own_home / ("out.jsonl" if layout == "lines" else "out.json")
    if layout == "lines":
        jsonl(path, *results)
    elif layout == "v3":
        promptfoo(path, results)
    else:
        whole: Any = results if layout == "list" else {"version": 2, "results": results}
        path.write_text(json.dumps(whole))
    if layout == "list":
        return
    assert [each.sample.model for each in read("promptfoo", path)] == ["openai:a", "openai:b"]
    (only,) = read("promptfoo", path, provider="openai:b")
    assert only.sample.text == "4"
    with pytest.raises(UsageError, match="no results of the provider 'c'; there are openai:a, op"):
        read("promptfoo", path, provider="c")


@pytest.mark.parametrize(
    ("change", "text", "error", "verdicts"),
    [
        ({}, "2", "", 2),
        ({"response": {"output": {"a": 1}}}, '{"a": 1}', "", 2),
        ({"response": {"error": "503"}, "failureReason": 2, "success": False}, "", "503", 0),
        ({"response": None, "error": "timed out", "failureReason": 2}, "", "timed out", 0),
        ({"gradingResult": None, "namedScores": {}}, "2", "", 1),
        ({"gradingResult": {"pass": True, "score": 1, "reason": "No assertions"}}, "2", "", 1),
        ({"testCase": {"vars": {}}, "namedScores": {}}, "2", "", 0),
        ({"error": "Expected 2", "failureReason": 1, "success": False}, "2", "", 2),
    ],
)
def test_results_with_and_without_answers(
    own_home: Path, change: Record, text: str, error: str, verdicts: int
) -> None:
    (draw,) = read("promptfoo", promptfoo(own_home / "out.json", [result("2") | change]))
    assert (draw.sample.text, draw.error) == (text, error)
    assert draw.sample.finish_reason == "error" if error else draw.sample.finish_reason != "error"
    assert len(draw.opinions) == verdicts


def test_tests_of_promptfoo_are_called_by_their_description(own_home: Path) -> None:
    one = {"vars": {"q": "1"}, "description": "a sum", "assert": [{"type": "contains"}]}
    two = {"vars": {"q": "2"}, "description": "a story", "assert": [{"type": "contains"}]}
    asked = {"raw": json.dumps(CHAT), "label": "l"}
    results = [
        result("x", testCase=one, vars={"q": "1"}),
        result("x", testCase=two, vars={"q": "2"}),
        result("x", testCase=two, vars={"q": "2"}, prompt=asked),
    ]
    draws = read("promptfoo", promptfoo(own_home / "out.json", results))
    assert draws[0].problem.id == "a sum"
    assert all(each.problem.id.startswith("a story-") for each in draws[1:])
    assert draws[1].problem.id != draws[2].problem.id
    assert [turn.role for turn in draws[2].problem.messages] == ["system", "user"]


MONKEYS = """gt_answer: 'It is 2.

  #### 1,002'
is_corrects:
- true
- false
prompt: "Question: 1+1?\\nAnswer:"
question: 1+1?
samples:
- ' #### 1002'
- |2
   It is
  three.
"""


def test_a_file_of_large_language_monkeys(own_home: Path) -> None:
    pytest.importorskip("yaml")
    path = own_home / "17.yaml"
    path.write_text(MONKEYS)
    first, second = read("large-language-monkeys", path)
    assert (first.problem.id, first.problem.prompt) == ("17", "Question: 1+1?\nAnswer:")
    assert first.problem.reference == {"answer": "1002"}
    assert (second.sample.index, second.sample.text) == (1, " It is\nthree.\n")
    assert [each.opinions[0].verdict.correct for each in (first, second)] == [True, False]
    path.write_text(MONKEYS.replace("- false\n", ""))
    with pytest.raises(UsageError, match=r"17.yaml: 1 'is_corrects' for 2 'samples'"):
        read("large-language-monkeys", path)


def test_code_and_maths_of_large_language_monkeys(own_home: Path) -> None:
    yaml = pytest.importorskip("yaml")
    record = {"prompt": "Q", "question": "q", "samples": ["x"], "timeout": 2.0}
    cases = {"input": ["1\n"], "output": ["2\n"]}
    path = own_home / "two.yaml"
    path.write_text(yaml.dump({**record, "test_cases": cases}))
    (draw,) = read("large-language-monkeys", path)
    assert draw.problem.reference == {"inputs": ["1\n"], "outputs": ["2\n"]}
    assert draw.opinions == ()
    path.write_text(yaml.dump({**record, "gt_answer": r"So it is $\boxed{\frac{1}{2}}$."}))
    (draw,) = read("large-language-monkeys", path)
    assert draw.problem.reference == {"answer": r"\frac{1}{2}"}


def generation(at: int, text: str, correct: bool | None = True, **more: Any) -> Record:
    """Return a line of NeMo-Skills."""
    judged = {} if correct is None else {"predicted_answer": text, "symbolic_correct": correct}
    return {
        "generation": text,
        "num_generated_tokens": 5,
        "generation_start_time": 1.0,
        "generation_end_time": 3.0,
        "generation_time": 2.0,
        "finish_reason": "stop",
        "id": f"algebra/{at}",
        "problem": f"What is 1+{at}?",
        "expected_answer": str(1 + at),
        **judged,
        **more,
    }


def test_outputs_of_nemo_skills(own_home: Path) -> None:
    more = {"finish_reason": "length", "num_input_tokens": 9, "judgement": "Hm.\nJudgement: No"}
    path = jsonl(
        own_home / "output-rs3.jsonl", generation(0, "1"), generation(1, "7", False, **more)
    )
    first, second = read("nemo-skills", path)
    assert (first.problem.id, first.sample.index, first.sample.seed) == ("algebra/0", 3, 3)
    assert first.problem.messages[0].content == "What is 1+0?"
    assert (first.fixed, first.problem.reference) == (True, {"answer": "1"})
    assert (second.sample.prompt_tokens, second.sample.completion_tokens) == (9, 5)
    assert second.sample.finish_reason == "length"
    assert [(each.verifier, each.verdict.correct) for each in second.opinions] == [
        ("nemo-skills:symbolic_correct", False),
        ("nemo-skills:judgement", False),
    ]
    assert second.opinions[0].verdict.answer == "7"
    assert first.unused == {"generation_start_time", "generation_end_time", "generation_time"}


@pytest.mark.parametrize(
    ("change", "of", "found"),
    [
        ({"reasoning_content": "Hm."}, "text", "<think>\nHm.\n</think>\n\nx"),
        ({"_full_generation": "<think>a</think>x"}, "text", "<think>a</think>x"),
        ({"logprobs": [-0.5] * 5}, "logprob", -2.5),
        ({"logprobs": [-0.5] * 4}, "logprob", None),
        ({"judgement": "Judgement: Yes"}, "correct", True),
        ({"judgement": "no idea"}, "correct", None),
        ({"is_correct": True}, "correct", True),
        ({"generation": "", "error": "context"}, "error", "context"),
        ({"expected_answer": 3.5}, "answer", "3.5"),
    ],
)
def test_lines_of_nemo_skills(own_home: Path, change: Record, of: str, found: Any) -> None:
    record = {**generation(0, "x", None), **change}
    (draw,) = read("nemo-skills", jsonl(own_home / "output.jsonl", record))
    known = {
        "text": draw.sample.text,
        "logprob": draw.sample.logprob,
        "correct": draw.opinions[-1].verdict.correct if draw.opinions else None,
        "error": draw.error,
        "answer": draw.problem.reference["answer"],
    }
    assert known[of] == found


def test_two_lines_of_one_problem_and_seed_are_refused(own_home: Path) -> None:
    path = jsonl(own_home / "output-rs0.jsonl", generation(0, "1"), generation(0, "2"))
    with pytest.raises(UsageError, match=r"rs0.jsonl:2: 'algebra/0' is there already"):
        read("nemo-skills", path)


def test_folders_of_logs_become_pools(ttc: Ttc, own_home: Path) -> None:
    nemo = own_home / "nemo"
    nemo.mkdir()
    for seed, texts in enumerate((("1", "2"), ("1", "9"), ("0", "2"))):
        lines = [
            generation(at, text, text == str(1 + at), judgement="Judgement: yes")
            for at, text in enumerate(texts)
        ]
        jsonl(nemo / f"output-rs{seed}.jsonl", *lines)
    done = ttc("import", nemo, "--pool", "n")
    assert done.code == 0, done.err
    swept = ttc("sweep", "n", "-V", "nemo-skills:symbolic_correct", "-s", "coverage", "--json")
    points = swept.document["curves"][0]["points"]
    assert [point["value"] for point in points] == pytest.approx([2 / 3, 1.0, 1.0])
    again = ttc("import", nemo, "--pool", "n", "--json").document
    assert again["new"] == 0


def test_an_imported_log_of_lm_eval_sweeps(ttc: Ttc, own_home: Path) -> None:
    rows = [row(at, name, ["x"], float(at)) for name in ("a", "b") for at in (0, 1)]
    path = jsonl(own_home / f"samples_gsm8k_{TIME}.jsonl", *rows)
    refused = ttc("import", path, "--pool", "p")
    assert (refused.code, "choose one: --filter a" in refused.err) == (2, True)
    assert ttc("import", path, "--pool", "p", "--filter", "b").code == 0
    swept = ttc("sweep", "p", "-s", "coverage", "-k", "1", "--json").document
    assert swept["curves"][0]["points"][0]["value"] == 0.5


def test_providers_of_promptfoo_have_pools_of_their_own(ttc: Ttc, own_home: Path) -> None:
    results = [result("2"), result("3", passed=False), result("2", provider="openai:b")]
    path = promptfoo(own_home / "out.json", results)
    done = ttc("import", path, "--pool", "p")
    assert done.code == 0, done.err
    assert len(ttc("export", "p", "-V", "promptfoo", "-q").lines) == 2
    assert len(ttc("export", "p-openai-b", "-V", "promptfoo", "-q").lines) == 1
    swept = ttc("sweep", "p", "-V", "promptfoo", "-s", "coverage", "-k", "1", "--json").document
    assert swept["curves"][0]["points"][0]["value"] == 0.5
