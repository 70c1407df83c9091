"""Output in encodings that do not hold all of its characters: a Windows pipe, ASCII."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TTC = [sys.executable, "-m", "ttc"]
NOTE = "holds not all characters of the output"


def run(*args: object, encoding: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run([*TTC, *map(str, args)], env=env, capture_output=True, check=False)


@pytest.mark.parametrize(
    "args", [["ls"], ["sweep", "日本 語", "-k", "1"], ["sweep", "日本 語", "-k", "1", "--csv", "-"]]
)
def test_characters_that_stdout_lacks_are_escaped_and_told(sums: Path, args: list[str]) -> None:
    made = run("sample", sums, "-n1", "--pool=日本 語", "-mscripted:answers=1", encoding="utf-8")
    assert made.returncode == 0
    run("verify", "日本 語", "-V", "numeric", encoding="utf-8")
    for encoding in ("ascii", "cp1252"):
        ran = run(*args, encoding=encoding)
        assert ran.returncode == 0, ran.stderr
        assert rb"\u65e5\u672c" in ran.stdout
        assert ran.stderr.count(NOTE.encode()) == 1
    whole = run(*args, encoding="utf-8")
    assert "日本".encode() in whole.stdout
    assert NOTE.encode() not in whole.stderr
