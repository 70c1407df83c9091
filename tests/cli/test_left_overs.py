"""What commands say of data: skipped lines, cut archives, near names, options without effect."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Ttc

import ttc as library

S = ("-m", "scripted:answers=1*1")


def written(path: Path, *rows: object) -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_the_first_bad_line_is_the_first_of_the_file(ttc: Ttc, tmp_path: Path) -> None:
    good = {"question": "a?", "answer": "1"}
    tools = {**good, "tools": [{"type": "function", "function": {"name": "f"}}]}
    written(tmp_path / "mixed.jsonl", {"foo": 1}, good, "nope", tools)
    ran = ttc("sample", "mixed.jsonl", "--skip-bad", "-n", 1, *S)
    assert "3 bad lines skipped, first mixed.jsonl:1: " in ran.err
    written(tmp_path / "odd.jsonl", good, tools)
    ran = ttc("sample", "odd.jsonl", "--skip-bad", "-n", 1, *S)
    assert "1 bad line skipped, first odd.jsonl:2: it has 'tools', which" in ran.err
    assert "--skip-bad" not in ran.err
    assert "leave such records out with --skip-bad" in ttc("sample", "odd.jsonl", *S).err


@pytest.mark.parametrize("wrap", [False, True])
def test_the_wrapper_of_a_schema_is_taken_off(ttc: Ttc, tmp_path: Path, wrap: bool) -> None:
    inner = {"type": "object", "properties": {"a": {"type": "integer"}}}
    outer: dict[str, object] = {"name": "x", "strict": True, "schema": inner}
    if wrap:
        outer = {"type": "json_schema", "json_schema": outer}
    written(tmp_path / "outer.json", outer)
    log = written(tmp_path / "log.jsonl", {"problem": "p", "text": '{"a": 1}'})
    ran = ttc("verify", log, "-V", "schema:outer.json", "--json")
    assert (ran.code, ran.document["correct"]) == (0, 1)
    assert "the schema inside it is used" in ran.err
    # A schema of an object that has such properties is meant itself.
    written(tmp_path / "own.json", {"type": "object", "properties": {"schema": {}, "name": {}}})
    assert "inside" not in ttc("verify", log, "-V", "schema:own.json").err


def test_a_cut_archive_is_told(ttc: Ttc, tmp_path: Path) -> None:
    (tmp_path / "cut.eval").write_bytes(b"PK\x03\x04" + b"\0" * 40)
    ran = ttc("import", "cut.eval", "--pool", "p")
    assert ran.code == 2
    assert "cut.eval: not a whole ZIP archive: cut, damaged, or still being written" in ran.err


def test_near_names_of_files_and_formats(ttc: Ttc, tmp_path: Path, sums: Path) -> None:
    assert "did you mean sums.jsonl?" in ttc("sample", "sums.jsn", *S).err
    assert "did you mean" not in ttc("sample", "zzzzzz", *S).err
    ttc("sample", sums, "-n", 1, "--pool", "p", *S, "-q")
    assert "did you mean parquet?" in ttc("export", "p", "--format", "parqet").err
    assert "did you mean inspect?" in ttc("import", sums, "--format", "inspct", "--pool", "q").err


def test_no_shots_are_told(ttc: Ttc, tmp_path: Path, sums: Path) -> None:
    written(tmp_path / "ex.jsonl", {"question": "e?", "answer": "1"})
    ran = ttc("sample", sums, "--few-shot", "ex.jsonl", "--shots", 0, "-n", 1, *S)
    assert "--shots 0: no example of ex.jsonl is shown" in ran.err


def test_results_of_anthropics_batches_are_told_how(ttc: Ttc, tmp_path: Path) -> None:
    message = {
        "content": [{"type": "thinking", "thinking": "?"}, {"type": "text", "text": "4"}],
        "model": "claude",
        "stop_reason": "max_tokens",
        "usage": {"input_tokens": 3, "output_tokens": 7},
    }
    rows = [
        {"custom_id": "q1", "result": {"type": "succeeded", "message": message}},
        {"custom_id": "q2", "result": {"type": "errored", "error": {"type": "x"}}},
    ]
    log = written(tmp_path / "an swers.jsonl", *rows)
    ran = ttc("import", log.name, "--pool", "p")
    assert ran.code == 2
    told = ran.err.partition("turn them into lines: ")[2].strip()
    assert told.startswith("jq -c ")
    if shutil.which("jq") is None:
        pytest.skip("jq is not here")
    lines = subprocess.run(
        ["sh", "-c", told.partition(" | ttc import")[0]],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    assert ttc("import", "-", "--pool", "p", stdin=lines).code == 0
    (sample,) = library.pool("p").samples()
    assert (sample.problem, sample.text, sample.finish_reason) == ("q1", "4", "length")
    assert (sample.model, sample.prompt_tokens, sample.completion_tokens) == ("claude", 3, 7)


def test_an_import_without_new_draws_says_so(ttc: Ttc, tmp_path: Path) -> None:
    log = written(tmp_path / "log.jsonl", {"problem": "q", "index": 0, "text": "1"})
    assert "p: imported 1 problem × 1 draw" in ttc("import", log, "--pool", "p").err
    assert "p: nothing new in 1 problem" in ttc("import", log, "--pool", "p").err
    judged = {"problem": "q", "index": 0, "text": "1", "correct": True, "verifier": "v"}
    written(log, judged)
    again = ttc("import", log, "--pool", "p").err
    assert "p: no new draws in 1 problem" in again
    assert "1 verdict by" in again
