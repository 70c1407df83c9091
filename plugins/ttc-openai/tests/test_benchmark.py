"""benchmarks/backends.py runs, in a configuration that is too small to measure anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "backends.py"
SMALL = {
    "paced": ["--pace", "0.001", "--problems", "2", "--draws", "3", "--repeats", "1"],
    "queue": ["--requests", "200"],
}
FIGURES = {
    "paced": {"paced_bare", "paced_ttc", "paced_share"},
    "queue": {f"queue_{key}" for key in ("requests", "peak_mb", "files", "lost", "errors")}
    | {f"queue_{key}" for key in ("disorder", "submit", "seconds")},
}


@pytest.mark.parametrize("part", SMALL)
def test_the_benchmark_prints_one_json_document(part: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--only", part, *SMALL[part], "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    figures: dict[str, dict[str, Any]] = {each["key"]: each for each in document["figures"]}
    assert figures.keys() == FIGURES[part]
    if part == "queue":
        counts = {key: figures[f"queue_{key}"]["value"] for key in ("lost", "errors", "disorder")}
        assert counts == {"lost": 0, "errors": 0, "disorder": 0}
        assert figures["queue_peak_mb"]["met"]
    else:
        assert figures["paced_ttc"]["value"] > 0
    assert not list(tmp_path.iterdir())


def test_a_server_that_breaks_in_every_way_loses_no_draw(tmp_path: Path) -> None:
    script = SCRIPT.with_name("faults.py")
    small = ["--requests", "300", "--draws", "10", "--pace", "0.005", "--hangs", "0"]
    done = subprocess.run(
        [sys.executable, str(script), *small, "--restarts", "1", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    figures = {each["key"]: each for each in json.loads(done.stdout)["figures"]}
    exact = ("code", "lost", "doubled", "wrong")
    assert {name: figures[f"faults_{name}"]["value"] for name in exact} == dict.fromkeys(exact, 0)
    assert figures["faults_peak_mb"]["met"]
