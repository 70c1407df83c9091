"""The main job on the real model, from the shell: sample, verify, sweep; Ctrl-C; nothing left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WORDS = 600  # of a question that is longer than the context


@pytest.fixture(scope="module")
def folder(smollm2: Path, small: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with problems, one of them too long, and aliases of the model."""
    path = tmp_path_factory.mktemp("job")
    questions = [f"What is {i} + 2?" for i in range(3)] + ["word " * WORDS]
    rows = ({"id": f"s{i}", "question": q, "answer": str(i + 2)} for i, q in enumerate(questions))
    (path / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    tables = (
        f"[models.{name}]\nmodel = {json.dumps(f'vllm:{smollm2}')}\n{toml({**small, **others})}"
        for name, others in (("small", {}), ("narrow", {"max_num_seqs": 4}))
    )
    (path / "ttc.toml").write_text("\n".join(tables))
    return path


def toml(options: dict[str, Any]) -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in options.items())


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "ttc", *args]


def environment(folder: Path) -> dict[str, str]:
    places = {"TTC_HOME": "home", "TTC_CACHE": "cache", "TTC_CONFIG_HOME": "config"}
    return {**os.environ, **{name: str(folder / place) for name, place in places.items()}}


def ttc(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*args),
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=300,
    )


DRAW = ("sample", "sums.jsonl", "-n", "4", "-m", "small", "--pool", "demo", "--max-tokens", "12")


@pytest.fixture(scope="module")
def drawn(folder: Path) -> Iterator[subprocess.CompletedProcess[str]]:
    return ttc(folder, *DRAW)


def test_stdout_holds_samples_alone(drawn: subprocess.CompletedProcess[str]) -> None:
    lines = [json.loads(line) for line in drawn.stdout.splitlines()]
    assert {(line["problem"], line["index"]) for line in lines} == {
        (f"s{i}", index) for i in range(3) for index in range(4)
    }
    for line in lines:
        assert line["text"].strip()
        assert 1 <= line["completion_tokens"] <= 12
        assert line["logprob"] < 0
        assert line["model"] == "SmolLM2-135M-Instruct+float32"
        # A CPU build knows no seeds, and the samples say that they had none.
        assert "seed" not in line
    assert len({line["text"] for line in lines}) > 6


def test_stderr_is_ttc_s_and_says_what_failed(drawn: subprocess.CompletedProcess[str]) -> None:
    assert drawn.returncode == 4
    assert "4 draws failed (the first: s3 draw 0: the prompt has 6" in drawn.stderr
    assert " tokens, the context 512)" in drawn.stderr
    for noise in ("INFO", "WARN", "Traceback", "%|"):
        assert noise not in drawn.stderr


def test_a_rerun_loads_no_model(folder: Path, drawn: subprocess.CompletedProcess[str]) -> None:
    limited = (*DRAW, "--limit", "3")
    again = ttc(folder, *limited)
    assert again.returncode == 0, again.stderr
    assert sorted(again.stdout.splitlines()) == sorted(drawn.stdout.splitlines())
    assert "0 new (0 tokens" in again.stderr
    assert ttc(folder, "verify", "demo", "-V", "numeric").returncode == 0
    swept = json.loads(ttc(folder, "sweep", "demo", "-k", "1,4", "--json", "-q").stdout)
    assert [point["problems"] for point in swept["curves"][0]["points"]] == [3, 3]


def test_ctrl_c_keeps_what_is_finished_and_leaves_nothing_behind(folder: Path) -> None:
    psutil = pytest.importorskip("psutil")
    args = ("sample", "sums.jsonl", "-n", "40", "-m", "narrow", "--pool", "cut", "--limit", "3")
    process = subprocess.Popen(
        command(*args, "--max-tokens", "16"),
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, told = process.communicate(timeout=300)
    assert process.returncode == 130, told
    assert "interrupted; what is finished is kept; to resume: ttc sample" in told
    printed = [first, *rest.splitlines()]
    pools = json.loads(ttc(folder, "ls", "--json").stdout)["pools"]
    (kept,) = (pool["samples"] for pool in pools if pool["pool"] == "cut")
    # What was printed is kept; a draw may have been kept that nobody printed any more.
    assert len(printed) <= kept < 120
    assert "Traceback" not in told
    assert [p.pid for p in psutil.process_iter() if session_of(p.pid) == process.pid] == []


def session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def test_the_benchmark_runs(smollm2: Path, folder: Path) -> None:
    script = Path(__file__).parents[3] / "benchmarks" / "vllm_offline.py"
    tiny = ("--rounds", "1", "-n", "2", "--max-tokens", "2", "--json")
    tiny += ("--option", f"kv_cache_memory_bytes={2**28}")
    done = subprocess.run(
        [sys.executable, str(script), "--model", str(smollm2), *tiny],
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    figures = {figure["key"]: figure["value"] for figure in json.loads(done.stdout)["figures"]}
    assert {"chat", "ttc", "bare", "ttc_chat", "ttc_bare", "ttc_outside"} <= figures.keys()
    assert all(value > 0 for key, value in figures.items() if not key.endswith("_outside"))


def test_what_is_wrong_is_one_line(folder: Path, tmp_path: Path) -> None:
    for model, code, said in (
        (f"vllm:{tmp_path}", 3, "not a model: the folder has no config.json"),
        ("vllm:./nowhere", 3, "no such folder"),
    ):
        done = ttc(folder, "sample", "sums.jsonl", "-n", "1", "-q", "-m", model)
        assert (done.returncode, done.stdout) == (code, "")
        assert len(done.stderr.splitlines()) == 1
        assert said in done.stderr
    wrong = f'[models.typo]\nmodel = "vllm:{tmp_path}"\ntensor_paralel_size = 2\n'
    (tmp_path / "ttc.toml").write_text(wrong)
    config = str(tmp_path / "ttc.toml")
    done = ttc(folder, "sample", "sums.jsonl", "-q", "-m", "typo", "--config", config)
    assert done.returncode == 2
    assert "did you mean tensor_parallel_size?" in done.stderr
