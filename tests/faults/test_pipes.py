"""Standard streams in every bad state: nobody reads, the disk is full, closed, not UTF-8, dumb."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

Shell = Callable[[str], subprocess.CompletedProcess[str]]
Problems = Callable[..., Path]
Refused = Callable[..., str]
Found = Callable[..., set[tuple[Any, ...]]]

MODEL = "scripted:answers=18*3/20*1,tokens=5-9"
SLOW = "scripted:answers=18*3/20*1,tokens=5-9,slots=1,tick=0.002"
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")

WRITERS: dict[str, tuple[str, ...]] = {
    "sample": ("sample", "data.jsonl", "-q", "-n", "2", "--pool", "p", "-m", MODEL),
    "solve": ("solve", "What?", "-q", "-n", "1", "-m", MODEL),
    "verify": ("verify", "p", "-q", "-V", "numeric"),
    "sweep": ("sweep", "p", "-q"),
    "sweep-json": ("sweep", "p", "-q", "--json"),
    "ls": ("ls",),
    "config": ("config",),
    "help": ("--help",),
    "version": ("--version",),
}


@pytest.fixture
def pool(ttc: Ttc, problems: Problems) -> None:
    """A pool `p` with verdicts, and its data."""
    problems()
    done = ttc("sample", "data.jsonl", "-n", "2", "--pool", "p", "-m", MODEL)
    assert done.returncode == 0, done.stderr
    assert ttc("verify", "p", "-V", "numeric", "--json").returncode == 0


# 25: nobody reads


def test_head(shell: Shell, problems: Problems, held: Found, printed: Found) -> None:
    """Case 25: `| head -1` ends the run quietly with 141; what was told is kept, and it resumes."""
    problems(8)
    line = f"ttc sample data.jsonl -q -n 40 --pool p -m {SLOW}"
    done = shell(f'{line} | head -1; echo "${{PIPESTATUS[@]}}"')
    assert done.stderr == ""
    first, status = done.stdout.splitlines(keepends=True)
    assert status == "141 0\n"
    assert printed(first) <= held()
    assert 1 <= len(held()) < 320
    again = shell(f"ttc sample data.jsonl -q -n 40 --pool p -m {MODEL} | wc -l")
    assert (again.stdout.strip(), again.stderr) == ("320", "")


def test_head_of_the_last_stage(shell: Shell, problems: Problems, held: Found) -> None:
    """Case 25: a reader that leaves at the end of a longer pipe stops all of it."""
    problems(8)
    line = f"ttc sample data.jsonl -q -n 40 --pool p -m {SLOW} | ttc verify - -q -V numeric"
    done = shell(f'{line} | head -1; echo "${{PIPESTATUS[@]}}"')
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "141 141 0"
    assert json.loads(done.stdout.splitlines()[0])["verifier"] == "numeric"
    assert 1 <= len(held()) < 320


@pytest.mark.parametrize("command", ["sample", "verify", "sweep", "ls", "help", "version"])
@pytest.mark.usefixtures("pool")
def test_nobody_reads(ttc_process: Ttc, command: str) -> None:
    """Case 25: a reader that was never there: 141, and not a word."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = ttc_process(*WRITERS[command], stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


# 25: the disk behind stdout is full


@FULL
@pytest.mark.parametrize("command", WRITERS)
@pytest.mark.usefixtures("pool")
def test_full_disk_behind_stdout(ttc_process: Ttc, refused: Refused, command: str) -> None:
    """Case 25: `>/dev/full` is one line and exit 6."""
    with open("/dev/full", "wb") as full:
        refused(ttc_process(*WRITERS[command], stdout=full), 6, "No space left on device")


@FULL
def test_full_disk_loses_no_sample(ttc_process: Ttc, problems: Problems, held: Found) -> None:
    """Case 25: what was drawn before stdout filled up is in the store; `-o` is no different."""
    problems(8)
    line = ("sample", "data.jsonl", "-q", "-n", "4", "--pool", "p", "-m", MODEL)
    with open("/dev/full", "wb") as full:
        done = ttc_process(*line, stdout=full)
    assert done.returncode == 6
    first = held()
    assert len(first) >= 1
    done = ttc_process(*line, "-o", "/dev/full")
    assert done.returncode == 6
    assert done.stderr.startswith("ttc: /dev/full: No space left on device")
    # How many were drawn by then is a race between drawing and writing.
    second = held()
    assert first <= second
    done = ttc_process(*line, "-o", "out.jsonl")
    assert done.returncode == 0
    assert second <= held()
    assert len(held()) == len(Path("out.jsonl").read_text(encoding="utf-8").splitlines()) == 32


@FULL
@pytest.mark.usefixtures("pool")
def test_full_disk_behind_stderr(ttc_process: Ttc) -> None:
    """Case 25: with nowhere to talk, the work and the exit code are as always."""
    with open("/dev/full", "wb") as full:
        assert ttc_process("frobnicate", stderr=full).returncode == 2
        line = ("sample", "data.jsonl", "-n", "3", "--pool", "p", "-m", MODEL)
        done = ttc_process(*line, stderr=full)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 12


# closed streams


def test_closed_stdin(shell: Shell, problems: Problems) -> None:
    """`<&-`: what needs no input works, and what does says so."""
    problems()
    done = shell(f'ttc sample data.jsonl -q -n 2 -m "{MODEL}" <&-')
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 8


@pytest.mark.parametrize(
    "line",
    [
        f"ttc solve -q -m '{MODEL}' <&-",
        f"ttc sample - -q -m '{MODEL}' <&-",
        "ttc verify - -q -V exact <&-",
    ],
)
def test_closed_stdin_that_is_needed(shell: Shell, refused: Refused, line: str) -> None:
    """`<&-` where input is needed: a line and exit 2."""
    refused(shell(line), 2)


@pytest.mark.parametrize("command", ["sample", "sweep-json", "ls"])
@pytest.mark.usefixtures("pool")
def test_closed_stdout(shell: Shell, command: str) -> None:
    """`>&-`: no traceback; what has nowhere to go is an error, not a green 0."""
    args = " ".join(f"'{arg}'" for arg in WRITERS[command])
    done = shell(f"ttc {args} >&-")
    assert "Traceback" not in done.stderr
    assert done.returncode == 6
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("pool")
def test_closed_stderr(shell: Shell) -> None:
    """`2>&-`: talk is dropped, never sent among the data."""
    done = shell(f"ttc sample data.jsonl -n 3 --pool p -m '{MODEL}' 2>&-")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) == 12
    assert all(line.startswith("{") for line in lines), lines
    failed = shell("ttc frobnicate 2>&-")
    assert (failed.returncode, failed.stdout) == (2, "")


# locale


@pytest.fixture
def accents() -> Path:
    """A problem whose id, question and answer are not ASCII."""
    path = Path("données.jsonl")
    record = {"id": "café", "question": "Combien coûte le café ? ☕", "answer": "é"}
    path.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "args",
    [
        ("sample", "--help"),
        ("sample", "données.jsonl", "-n", "2", "--pool", "été", "-m", "scripted:answers=é"),
        ("sample", "données.jsonl", "-n", "2", "--dry-run", "-m", "scripted:answers=é"),
        ("solve", "Combien ?", "-n", "1", "-m", "scripted:answers=é"),
        ("sweep", "p"),
        ("sweep", "p", "--md", "-"),
        ("show", "p", "café", "0"),
        ("plugins",),
    ],
    ids=lambda args: "-".join(args)[:40].encode("ascii", "replace").decode(),
)
@pytest.mark.usefixtures("accents")
def test_ascii_locale(ttc: Ttc, ttc_process: Ttc, args: tuple[str, ...]) -> None:
    """A locale that knows ASCII only: no command stumbles over its data or its own text."""
    line = ("sample", "données.jsonl", "-n", "2", "--pool", "p", "-m", "scripted:answers=é")
    assert ttc(*line).returncode == 0
    assert ttc("verify", "p", "-V", "exact", "--json").returncode == 0
    done = ttc_process(*(arg.encode() for arg in args), env=ASCII)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("accents")
def test_same_samples_in_an_ascii_locale(ttc: Ttc, ttc_process: Ttc, held: Found) -> None:
    """The locale changes no text, no key and no answer."""
    line = ("sample", "données.jsonl", "-n", "2", "--pool", "p", "-m", "scripted:answers=é")
    assert ttc(*line).returncode == 0
    before = held()
    done = ttc_process(*(arg.encode() for arg in line), "--json", env=ASCII)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["drawn"] == 0
    assert held() == before


def test_argument_in_an_ascii_locale(ttc_process: Ttc, samples: Callable[..., list[Any]]) -> None:
    """A question on the command line is UTF-8 whatever the locale says."""
    done = ttc_process("solve", "Où ?".encode(), "-q", "-n", "1", "-m", MODEL, env=ASCII)
    assert done.returncode == 0, done.stderr
    assert json.loads(samples()[0]["prompt"])["messages"][0]["content"] == "Où ?"


# terminals


def _on_terminal(args: tuple[str, ...], env: dict[str, str]) -> tuple[int, bytes]:
    """Ttc with stdout and stderr on a pseudo-terminal; return the code and all that was shown."""
    ours, theirs = pty.openpty()
    shown = bytearray()

    def read() -> None:
        try:
            while data := os.read(ours, 4096):
                shown.extend(data)
        except OSError:
            pass  # EIO: the last writer is gone

    process = subprocess.Popen(
        [sys.executable, "-m", "ttc.cli.main", *args],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **env},
    )
    os.close(theirs)
    reader = threading.Thread(target=read)
    reader.start()
    try:
        code = process.wait(timeout=60)
    finally:
        process.kill()
        process.wait()
        reader.join()
        os.close(ours)
    return code, bytes(shown)


@pytest.mark.parametrize("command", ["sample", "sweep", "help"])
@pytest.mark.usefixtures("pool")
def test_dumb_terminal(command: str) -> None:
    """TERM=dumb: plain text, no escape codes."""
    args = WRITERS[command]
    args = tuple(arg for arg in args if arg != "-q")
    if command == "sample":
        args = (*args[:2], "-n", "6", "--pool", "p", "-m", SLOW)
    code, shown = _on_terminal(args, {"TERM": "dumb"})
    assert code == 0, shown
    assert shown.strip()
    assert b"\x1b" not in shown, shown
