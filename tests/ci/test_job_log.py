"""Under CI, JSON lines go where a step sends them, and not to the job's log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = "ttc sample sums.jsonl -m scripted:answers=1 -n 2 --pool demo"
NOTE = "stdout is the log of this CI job, which gets no JSON lines"
linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are read in /proc")


def step(script: str, *, ci: str = "true", together: bool = False) -> tuple[str, str]:
    """Run a script as a runner of CI does, and return its stdout and stderr.

    The process between has no CI of its own, wherever these tests run; `together` sends both
    streams to one pipe.
    """
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    folder = Path(sys.executable).parent
    environment["PATH"] = f"{folder}{os.pathsep}{environment['PATH']}"
    Path("step.sh").write_text(script)
    ran = subprocess.run(
        ["sh", "-c", f"CI={ci} bash -e step.sh; exit $?"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if together else subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    return ran.stdout, ran.stderr or ""


@linux
def test_a_command_by_itself_writes_no_lines_to_the_log(sums: Path) -> None:
    script = f"{SAMPLE}\nttc verify demo -V numeric\n({SAMPLE})\n"
    out, err = step(script)
    assert out == ""
    assert err.count(NOTE) == 3
    assert "12 samples" in err
    assert step(f"{SAMPLE} -q") == ("", "")
    out, _ = step(f"{SAMPLE} -o - -q")
    assert out.count("\n") == 12


@linux
@pytest.mark.parametrize(
    ("script", "lines"),
    [
        (f"{SAMPLE} -q | wc -l", "12"),
        (f"{{ {SAMPLE} -q; }} | wc -l", "12"),
        (f'found=$({SAMPLE} -q; true); wc -l <<< "$found"', "12"),
        (f'found=$({SAMPLE} -q); wc -l <<< "$found"', "12"),
        (f"{SAMPLE} -q > lines.jsonl; wc -l < lines.jsonl", "12"),
        (f"{SAMPLE} -q | ttc verify - -V numeric -q | grep -c '\"status\"'", "12"),
        (f"bash -c '{SAMPLE} -q' | wc -l", "12"),
    ],
    ids=["pipe", "group", "substitution", "last", "file", "stages", "shell"],
)
def test_what_a_step_redirects_gets_all_lines(sums: Path, script: str, lines: str) -> None:
    out, err = step(script)
    assert (out.strip(), NOTE in err) == (lines, False)


@linux
def test_elsewhere_than_in_ci_a_pipe_is_for_data(sums: Path) -> None:
    for ci in ("false", "0", "''"):
        out, err = step(f"{SAMPLE} -q", ci=ci)
        assert (out.count("\n"), err) == (12, "")


@linux
def test_both_streams_in_one_pipe_are_a_log(sums: Path) -> None:
    out, _ = step(SAMPLE, together=True)
    assert NOTE in out
    assert '"schema"' not in out
    out, _ = step(f"{SAMPLE} 2>&1 | cat")
    assert '"schema"' not in out


def test_a_command_that_ci_starts_itself_keeps_its_data(sums: Path) -> None:
    """`CI=true ttc sample … | …` in a terminal: no process of a job is above it."""
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    command = [sys.executable, "-m", "ttc.cli.main", *SAMPLE.split()[1:], "-q"]
    ran = subprocess.run(
        ["sh", "-c", 'CI=true "$@"; exit $?', "sh", *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout.count("\n") == 12
