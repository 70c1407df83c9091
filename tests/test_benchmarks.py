"""The benchmarks run, in a configuration that is too small to measure anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SMALL = {
    "startup": ["--runs", "1"],
    "rerun": ["--repeats", "1"],
    "throughput": ["--repeats", "1", "--samples", "30"],
    "share": ["--rate", "200", "--paced", "8", "--block", "3"],
    "wide": ["--problems", "3", "--draws", "8"],
    "deep": ["--deep-problems", "2", "--deep-draws", "9"],
    "simulated": ["--sample", "1", "--draws", "8", "--error", "0.02"],
    "rules": ["--timed", "1"],
    "math": ["--problems", "2", "--samples", "60"],
    "gates": ["--trials", "2", "--problems", "5", "--draws", "8"],
    "strategies": ["--tasks", "1"],
    "serve": ["--requests", "8", "--many", "5"],
}
SCRIPTS = {"startup": "startup", "gates": "gates", "math": "verify", "strategies": "strategies"}
SCRIPTS |= {"serve": "serve"}
SCRIPTS |= dict.fromkeys(("wide", "deep", "simulated", "rules"), "curves")
FIGURES = {
    "startup": {"python", "typer", "help", "sweep-help", "models-help"}
    | {"tab-bash", "tab-zsh", "tab-commands", "tab-values", "tab-rules", "tab-options"}
    | {"tab-verifiers", "tab-models", "tab-settings", "tab-pools", "tab-problems"},
    "rerun": {"first_seconds", "rerun_seconds", "rerun_tokens", "rerun_differing"},
    "throughput": {"command_rate", "command_peak_mb", "loop_rate", "backend_rate"},
    "share": {"loop_share", "loop_share_error", "writer_share", "writer_cpu_share", "commit_ms"},
    "wide": {f"wide_{key}" for key in ("seconds", "cpu_seconds", "peak_mb", "inexact")},
    "deep": {f"deep_{key}" for key in ("seconds", "cpu_seconds", "peak_mb", "inexact")},
    "simulated": {"exact_ms", "subsets", "simulated_ms", "times_faster", "furthest"}
    | {"mean_subsets", "mean_times_faster"},
    "serve": {"solved_ms", "served_ms", "overhead_ms", "ratio", "overhead_cpu_ms", "many_seconds"}
    | {"many_cpu_ms", "many_wrong", "peak_mb", "grown_mb"},
    "math": {f"math_{key}" for key in ("answers", "cold_seconds", "cold_peak_mb", "memo_seconds")}
    | {"math_wrong", "math_astray"},
    "gates": {
        f"{cell}_{question}"
        for question in ("draws", "problems")
        for cell in (
            *("false_alarms", "false_alarms_rare", "one_broken", "two_broken", "three_broken"),
            *("one_halved", "mean_05", "mean_10", "mean_05_many", "mean_10_many"),
        )
    },
}
# Each strategy has a row; what they are called is of no matter here.
COLUMNS = ("accuracy", "hacked", "tokens", "KV tokens", "scores", "rounds")


def run(part: str, folder: Path, *args: str) -> str:
    """Run a benchmark, or one part of the store's, and return what it prints."""
    script = SCRIPTS.get(part, "store")
    only = [] if part == script else ["--only", part]
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / f"{script}.py"), *only, *SMALL[part], *args],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("part", SMALL)
def test_a_benchmark_prints_one_json_document(part: str, tmp_path: Path) -> None:
    document = json.loads(run(part, tmp_path, "--json"))
    assert document.keys() == {"benchmark", "machine", "settings", "figures"}
    assert document["machine"].keys() == {"python", "system", "cpus", "load"}
    figures: dict[str, dict[str, Any]] = {figure["key"]: figure for figure in document["figures"]}
    if part == "strategies":
        assert {f"beam: {column}" for column in COLUMNS} | {"off", "seconds"} <= figures.keys()
    elif part == "rules":
        assert {"ac:c=0.95_5", "ac:c=0.95_20", "esc_5", "mean_20"} <= figures.keys()
    else:
        assert figures.keys() - {f"{key}_cpu" for key in figures} == FIGURES[part]
    for figure in figures.values():
        aimed = figure["at_most"] is not None or figure["at_least"] is not None
        assert (figure["met"] is not None) == aimed
    assert not list(tmp_path.iterdir())


def test_a_rerun_asks_nothing_of_the_model_and_prints_the_same_lines(tmp_path: Path) -> None:
    document = json.loads(run("rerun", tmp_path, "--json"))
    figures = {figure["key"]: figure["value"] for figure in document["figures"]}
    assert (figures["rerun_tokens"], figures["rerun_differing"]) == (0, 0)


def test_answers_of_known_classes_are_judged_as_drawn(tmp_path: Path) -> None:
    document = json.loads(run("math", tmp_path, "--json"))
    figures = {figure["key"]: figure["value"] for figure in document["figures"]}
    assert (figures["math_wrong"], figures["math_astray"]) == (0, 0)
    assert figures["math_answers"] > 20


def test_the_table_tells_targets_and_whether_they_are_met(tmp_path: Path) -> None:
    lines = run("share", tmp_path).splitlines()
    assert lines[3].split() == ["figure", "value", "unit", "range", "target", "met"]
    assert len(lines) == 4 + len(FIGURES["share"])
    assert lines[4].split()[-1] in ("yes", "no")
