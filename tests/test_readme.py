"""The README says what is true: one-liners run, commands exist, CI runs its test command."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ttc.cli.main import COMMANDS, LazyGroup, build

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(heading: str) -> str:
    """Return the first code block under a heading."""
    section = README.split(f"## {heading}\n", 1)[1]
    return section.split("```", 2)[1].partition("\n")[2]


ONE_LINERS = block("One-liners").strip().splitlines()


@pytest.fixture
def folder(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples and a quick model."""
    if not Path(sys.executable).with_name("ttc").exists():
        pytest.skip("the ttc script is not installed beside this interpreter")
    shutil.copytree(ROOT / "examples", own_home / "examples")
    monkeypatch.setenv("TTC_MODEL", "scripted:answers=24*3/60*2/B*1,tokens=5-20")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return own_home


def test_the_methods_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTC_MODEL", "synth:")
    for line in block("Methods").strip().splitlines():
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, (line, done.stderr)
        assert done.stdout
        assert "Traceback" not in done.stderr


def test_there_are_ten_one_liners_and_they_run(folder: Path) -> None:
    assert len(ONE_LINERS) >= 10
    printed = {}
    for line in ONE_LINERS:
        if "column" in line and shutil.which("column") is None:
            continue
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        # `head` ends a pipe early, which is no failure.
        assert done.returncode in ((0, 141) if "head" in line else (0,)), (line, done.stderr)
        assert done.stdout or ">" in line or "-o demo.jsonl" in line, line
        assert "Traceback" not in done.stderr
        printed[line] = done.stdout
    counted = next(out for line, out in printed.items() if line.endswith("wc -l"))
    assert counted.strip() == "80"
    assert (folder / "report.xml").exists()


def test_the_table_of_curves_is_what_sweep_prints(folder: Path) -> None:
    section = README.split("## Curves\n", 1)[1]
    line = re.search(r"`(ttc sweep [^`]*)` prints", section)
    assert line is not None
    shown = section.split("```", 2)[1].partition("\n")[2]
    done = subprocess.run(
        ["bash", "-c", line[1]], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert [each.rstrip() for each in done.stdout.splitlines()] == shown.splitlines()


def test_the_worked_gate_turns_red(folder: Path) -> None:
    lines, told = (
        text.partition("\n")[2] for text in README.split("**Gates")[1].split("```")[1:4:2]
    )
    ran = [
        subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, timeout=60)
        for line in lines.strip().splitlines()
    ]
    assert [done.returncode for done in ran] == [0, 0, 1]
    assert ran[-1].stderr.strip() == told.strip()
    assert 'failures="4"' in (folder / "gates.xml").read_text(encoding="utf-8")


def test_the_python_lines_run(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", block("From Python")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["coverage", "majority"]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_documented_and_its_line_is_its_docstring(name: str) -> None:
    assert f"ttc {name}" in README
    group = build()
    assert isinstance(group, LazyGroup)
    command = group.get_command(None, name)
    assert command.help.strip().partition("\n")[0] == COMMANDS[name]
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert parameter.help, f"{name} {parameter.name} has no help"


def test_ci_runs_the_readme_s_test_command() -> None:
    commands = re.findall(r"^pip install .*&& pytest -n auto$", README, re.MULTILINE)
    assert len(commands) == 1
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "grep -m 1 '&& pytest -n auto$' README.md" in script
