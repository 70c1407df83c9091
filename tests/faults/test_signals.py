"""^C and TERM: what was told is kept, the way on is printed, and a second one ends at once."""

from __future__ import annotations

import contextlib
import ctypes
import json
import shlex
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc

from ttc.cli.signals import stoppable
from ttc.errors import Stopped

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

Start = Callable[..., "subprocess.Popen[str]"]
Problems = Callable[..., Path]
Found = Callable[..., set[tuple[Any, ...]]]
Samples = Callable[..., list[dict[str, Any]]]

# 5 s if nobody stops it; what is drawn does not depend on the tick.
SLOW = "scripted:answers=18*3/20*1,tokens=10-30,slots=8,tick=0.01"
QUICK = SLOW.replace("tick=0.01", "tick=0")
STUCK = SLOW.replace("tick=0.01", "tick=2")


def _line(model: str, *more: str) -> tuple[str, ...]:
    return ("sample", "data.jsonl", "-n", "25", "--pool", "p", "-m", model, *more)


def _read_lines(process: subprocess.Popen[str], count: int) -> str:
    assert process.stdout is not None
    return "".join(process.stdout.readline() for _ in range(count))


def test_solve_is_interrupted_between_answers(start: Start, ttc: Ttc, problems: Problems) -> None:
    problems(8)
    line = ("solve", "--each", "data.jsonl", "-j", "1", "-n", "16", "-m", SLOW)
    process = start(*line)
    told = _read_lines(process, 2)
    process.send_signal(signal.SIGINT)
    rest, talk = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in talk
    resume = talk.splitlines()[-1]
    assert shlex.split(resume.partition("to resume: ")[2]) == ["ttc", *line]
    done = ttc(*line[:-1], QUICK)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(told + rest)
    assert done.stderr.count(" 0 new tokens") >= 2


@pytest.mark.parametrize(
    ("signum", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["INT", "TERM", "HUP"],
)
def test_interrupted(
    start: Start,
    ttc: Ttc,
    ttc_process: Ttc,
    problems: Problems,
    held: Found,
    printed: Found,
    samples: Samples,
    tmp_path: Path,
    signum: int,
    code: int,
) -> None:
    """Case 16: told is kept, the line that resumes is printed, and it completes the same set."""
    problems(8)
    process = start(*_line(SLOW))
    told = _read_lines(process, 3)
    process.send_signal(signum)
    rest, talk = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in talk
    told += rest
    assert 3 <= len(printed(told)) < 200
    assert printed(told) <= held()
    resume = talk.splitlines()[-1]
    assert "to resume: " in resume
    again = shlex.split(resume.partition("to resume: ")[2])
    assert again == ["ttc", *_line(SLOW)]
    kept = len(held())
    done = ttc(*_line(QUICK), "--json")
    assert done.returncode == 0, done.stderr
    assert "cut off" not in done.stderr, "it ended in good order"
    report = json.loads(done.stdout)
    assert (report["kept"], report["drawn"]) == (kept, 200 - kept)
    other = tmp_path / "unbroken.db"
    assert ttc(*_line(QUICK), "--db", other).returncode == 0
    assert samples() == samples(other)


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_second_one_ends_at_once(
    start: Start, problems: Problems, held: Found, printed: Found, database: Path, second: int
) -> None:
    """Case 16: whoever asks twice does not wait, and the store is sound."""
    import fcntl

    problems(8)
    process = start(*_line(SLOW))
    told = _read_lines(process, 3)
    # While another holds the turn to write, the run cannot end in good order.
    with database.with_name("ttc.db.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None, "it should be waiting for its turn to write"
        began = time.monotonic()
        process.send_signal(second)
        rest, talk = process.communicate(timeout=30)
        assert time.monotonic() - began < 25
    assert process.returncode == 128 + second
    assert "Traceback" not in talk
    assert printed(told + rest) <= held()


def _wait_for(table: str, database: Path) -> None:
    """Return once a table of the store has a row: draws are about to be asked for."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(sqlite3.OperationalError):
            place = f"{database.as_uri()}?mode=ro"
            with contextlib.closing(sqlite3.connect(place, uri=True)) as store:
                if store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]:
                    time.sleep(0.2)
                    return
        time.sleep(0.02)
    raise AssertionError(f"nothing in {table}")


def test_while_the_model_computes(start: Start, problems: Problems, database: Path) -> None:
    """Case 16: a signal does not wait for a draw that takes a minute."""
    problems(8)
    process = start(*_line(STUCK), stdout=subprocess.DEVNULL)
    _wait_for("runs", database)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=30)
    assert time.monotonic() - began < 25
    assert process.returncode == 130
    assert "to resume: ttc sample" in talk


def test_quiet(start: Start, problems: Problems) -> None:
    """Case 16: with -q, an interruption has nothing to say."""
    problems(8)
    process = start(*_line(SLOW, "-q"))
    _read_lines(process, 1)
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=30)
    assert (process.returncode, talk) == (130, "")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL], ids=["TERM", "KILL"])
def test_old_file_stays_whole(
    start: Start, ttc: Ttc, problems: Problems, held: Found, printed: Found, signum: int
) -> None:
    """Case 16: -o FILE is the old one or the new one, never half of either."""
    problems(8)
    out = Path("out.jsonl")
    out.write_text("as it was\n", encoding="utf-8")
    process = start(*_line(SLOW, "-o", str(out)))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None
        if Path("out.jsonl.part").exists():
            break
        time.sleep(0.02)
    time.sleep(0.4)
    process.send_signal(signum)
    process.communicate(timeout=30)
    assert process.returncode in (143, -signal.SIGKILL)
    assert out.read_text(encoding="utf-8") == "as it was\n"
    if signum == signal.SIGTERM:
        assert not Path("out.jsonl.part").exists()
    assert ttc(*_line(QUICK, "-o", str(out))).returncode == 0
    assert printed(out.read_text(encoding="utf-8")) == held()
    assert not Path("out.jsonl.part").exists()


def test_interrupted_while_judging(
    start: Start, ttc: Ttc, problems: Problems, printed: Found
) -> None:
    """Case 16: verify in a pipe keeps the verdicts that it told."""
    problems(8)
    source = start(*_line(SLOW, "-q"))
    judge = start("verify", "-", "-V", "numeric", stdin=source.stdout)
    assert source.stdout is not None
    source.stdout.close()
    told = _read_lines(judge, 3)
    judge.send_signal(signal.SIGINT)
    assert judge.stdout is not None
    assert judge.stderr is not None
    told, talk = told + judge.stdout.read(), judge.stderr.read()
    assert judge.wait(timeout=30) == 130
    assert "Traceback" not in talk
    assert source.wait(timeout=30) == 141, "nobody reads it any more"
    swept = ttc("sweep", "p", "--json", "-s", "coverage", "-k", "1")
    assert swept.returncode == 0, swept.stderr
    shown = [
        line
        for at in range(8)
        for line in json.loads(ttc("show", "p", f"p{at}", "--json").stdout)["samples"]
        if "correct" in line
    ]
    assert len(shown) >= len(printed(told)) >= 3


def test_solve_interrupted(start: Start, database: Path) -> None:
    """Case 16: solve ends as quickly, and says nothing on stdout."""
    process = start("solve", "What?", "-n", "8", "-m", STUCK)
    _wait_for("requests", database)
    process.send_signal(signal.SIGINT)
    answer, talk = process.communicate(timeout=30)
    assert process.returncode == 130
    assert (answer, "Traceback" in talk) == ("", False)


def test_failed_draws_are_filled_in(ttc: Ttc, problems: Problems, held: Found) -> None:
    """Case 16, of the backend's making: exit 4 with the way on, and a rerun fills the gaps."""
    problems(8)
    done = ttc(*_line(f"{QUICK},fail=0.3"))
    assert done.returncode == 4
    assert "draws failed" in done.stderr
    assert "to fill the gaps: ttc" in done.stderr
    kept = len(held())
    assert 0 < kept < 200
    again = ttc(*_line(QUICK), "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["drawn"] == 200 - kept
    assert len(held()) == 200


def test_every_draw_fails(ttc: Ttc, refused: Callable[..., str], problems: Problems) -> None:
    """Never a green 0 where nothing was drawn: exit 3."""
    problems(2)
    refused(ttc(*_line(f"{QUICK},fail=1"), "-q"), 3, "50 draws failed")


def test_what_nohup_ignores_stays_ignored(problems: Problems, start: Start) -> None:
    """Case 16: a run in the background that was told to ignore a signal goes on."""
    problems(4)
    line = _line("scripted:answers=18*3/20*1,tokens=10-20,slots=4,tick=0.01", "-q")

    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    process = start(*line, preexec_fn=ignore)
    _read_lines(process, 1)
    process.send_signal(signal.SIGHUP)
    _, talk = process.communicate(timeout=60)
    assert (process.returncode, talk) == (0, "")


@pytest.mark.parametrize("signum", [signal.SIGPIPE, signal.SIGURG], ids=["PIPE", "URG"])
def test_a_broken_connection_is_no_reader_that_left(
    problems: Problems, start: Start, held: Found, signum: int
) -> None:
    """A write to a server that died raises SIGPIPE in the process: the run goes on."""
    problems(4)
    line = _line("scripted:answers=18*3/20*1,tokens=10-20,slots=4,tick=0.01", "-q")
    process = start(*line)
    _read_lines(process, 1)
    process.send_signal(signum)
    _, talk = process.communicate(timeout=60)
    assert (process.returncode, talk) == (0, "")
    assert len(held()) == 100


@pytest.mark.parametrize("ours", [True, False], ids=["INT", "reader gone"])
def test_a_signal_within_a_callback_of_native_code_is_not_lost(ours: bool) -> None:
    """ctypes prints and drops what is raised in a callback, such as the log of llama.cpp."""

    def run() -> None:
        with stoppable() as wake:

            @ctypes.CFUNCTYPE(None)
            def callback() -> None:
                if ours:
                    signal.raise_signal(signal.SIGINT)
                else:
                    wake()
                time.sleep(0)

            callback()
            ended = time.monotonic() + 30
            while time.monotonic() < ended:
                time.sleep(0.01)

    with pytest.raises(Stopped) as stopped:
        run()
    assert stopped.value.nobody_reads is not ours
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
