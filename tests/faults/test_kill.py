"""kill -9 at random moments: every line that was told is kept, and a rerun makes the whole set."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

Start = Callable[..., "subprocess.Popen[str]"]
Problems = Callable[..., Path]
Found = Callable[..., set[tuple[Any, ...]]]
Samples = Callable[..., list[dict[str, Any]]]

SLOW = "scripted:answers=18*3/20*1,tokens=10-30,slots=8,tick=0.004"
QUICK = SLOW.replace("tick=0.004", "tick=0")
DRAWS = 50
CHAINS, KILLS = 4, 5


def _line(model: str) -> tuple[str, ...]:
    return ("sample", "data.jsonl", "-n", str(DRAWS), "--pool", "p", "-m", model)


def _look(database: Path) -> tuple[int, str]:
    """Return how many runs are open, and what the integrity check says, writing nothing."""
    if not database.exists():
        return 0, "ok"
    with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as found:
        there = found.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone()
        runs = "SELECT count(*) FROM runs WHERE ended IS NULL"
        left = found.execute(runs).fetchone()[0] if there else 0
        return left, found.execute("PRAGMA integrity_check").fetchone()[0]


@pytest.mark.parametrize("chain", range(CHAINS))
def test_killed_again_and_again(
    start: Start,
    ttc_process: Ttc,
    ttc: Ttc,
    problems: Problems,
    database: Path,
    held: Found,
    printed: Found,
    samples: Samples,
    tmp_path: Path,
    chain: int,
) -> None:
    """Case 17: after five kills, all acknowledged lines are there and the set is the same."""
    rng = random.Random(f"kill {chain}")
    problems(8)
    told: set[tuple[Any, ...]] = set()
    for number in range(KILLS):
        kept = len(held()) if told else 0
        process = start(*_line(SLOW))
        assert process.stdout is not None
        # Some die while they start, the others in the middle of their work.
        more = kept + 1 if number else 0
        lines = "".join(process.stdout.readline() for _ in range(more))
        time.sleep(rng.uniform(0.2, 0.6) if number == 0 else rng.uniform(0.0, 0.15))
        process.kill()
        rest, talk = process.communicate(timeout=30)
        assert process.returncode == -9, "it was done before it could be killed: raise DRAWS"
        assert "Traceback" not in talk
        told |= printed(lines + rest)
        _, sound = _look(database)
        assert sound == "ok"
        assert told <= (held() if told else set())
    left, _ = _look(database)
    assert left == 1
    kept = len(held())
    assert 0 < kept < 8 * DRAWS
    done = ttc_process(*_line(QUICK), "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("was cut off") == 1
    assert "kept" in done.stderr
    report = json.loads(done.stdout)
    assert (report["kept"], report["drawn"]) == (kept, 8 * DRAWS - kept)
    assert _look(database) == (0, "ok")
    unbroken = tmp_path / "unbroken.db"
    assert ttc(*_line(QUICK), "--db", unbroken).returncode == 0
    assert samples() == samples(unbroken)
    again = ttc(*_line(QUICK), "--json")
    assert json.loads(again.stdout)["drawn"] == 0
    assert "cut off" not in again.stderr


def test_reading_after_a_kill(
    start: Start, ttc: Ttc, problems: Problems, printed: Found, held: Found
) -> None:
    """Case 17: what only reads works on what a killed run left."""
    problems(8)
    process = start(*_line(SLOW))
    assert process.stdout is not None
    lines = "".join(process.stdout.readline() for _ in range(4))
    process.kill()
    process.communicate(timeout=30)
    shown = ttc("ls", "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["pools"][0]["samples"] >= 4
    assert ttc("show", "p", "p0").returncode == 0
    assert ttc("verify", "p", "-q", "-V", "numeric", "--json").returncode == 0
    assert ttc("sweep", "p", "-q").returncode == 0
    assert printed(lines) <= held()


def test_damage_is_found_after_a_kill(
    start: Start, ttc: Ttc, refused: Callable[..., str], problems: Problems, database: Path
) -> None:
    """Case 17: the check after a killed run is a real one."""
    problems(8)
    assert ttc(*_line(QUICK), "-q").returncode == 0
    with contextlib.closing(sqlite3.connect(database)) as store:
        store.execute("UPDATE runs SET ended = NULL, pid = 1, process = 'start 0'")
        store.commit()
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = store.execute("SELECT rootpage FROM sqlite_master WHERE name = 'samples'").fetchone()
        size = store.execute("PRAGMA page_size").fetchone()[0]
    whole = bytearray(database.read_bytes())
    at = (root[0] - 1) * size
    whole[at : at + 64] = bytes(64)
    database.write_bytes(whole)
    refused(ttc(*_line(QUICK), "-q"), 6, "damaged", "--db")
    assert database.read_bytes() == bytes(whole)
