"""The template for backend authors: it is found by its entry point, and passes the contract."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ttc.config import read_toml
from ttc.plugins import installed

TEMPLATE = Path(__file__).parents[1] / "examples" / "backend"


def test_the_template_passes_the_contract(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(TEMPLATE)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(TEMPLATE), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # One is skipped: cancelling is seen where a long draw is under way beside a short one.
    assert " passed" in done.stdout


def test_the_template_is_a_plugin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ttc.cli.main import run

    told = read_toml(TEMPLATE / "pyproject.toml")["project"]["entry-points"]["ttc.backends"]
    found = {**installed("backends"), "dice": EntryPoint("dice", told["dice"], "ttc.backends")}
    monkeypatch.setattr("ttc.plugins.installed", lambda group: found)
    monkeypatch.syspath_prepend(TEMPLATE)
    assert run(["solve", "-m", "dice:fox", "--max-tokens", "3", "What is in the story?"]) == 0
    assert capsys.readouterr().out == "fox fox fox\n"
    assert run(["solve", "-m", "dice:", "What?"]) == 2
    assert "name the words" in capsys.readouterr().err
