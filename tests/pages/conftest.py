"""The folder in which the blocks of a page are run."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples, and the commands of this interpreter."""
    if not Path(sys.executable).with_name("ttc").exists():
        pytest.skip("the ttc script is not installed beside this interpreter")
    shutil.copytree(ROOT / "examples", own_home / "examples")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TTC_DB", str(own_home / "ttc.db"))
    monkeypatch.setenv("COLUMNS", "110")
    # A job of CI has other output, which is no reader's.
    for variable in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITLAB_CI"):
        monkeypatch.delenv(variable, raising=False)
    return own_home
