"""Removing and renaming pools: what goes, what stays, and never a half of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import TTC, Ttc

import ttc as library
from ttc.errors import StoreError, UsageError
from ttc.samples import plan
from ttc.store import Store, counts, integrity
from ttc.store.upkeep import removal
from ttc.store.upkeep.renaming import renamed

MODEL = "scripted:tokens=5-9"
TABLES = ("pools", "problems", "requests", "prompts", "refs", "samples", "attempts", "verdicts")
TABLES += ("votes", "verifiers", "runs", "request_counts", "verdict_counts")


@pytest.fixture
def database(own_home: Path) -> Path:
    return own_home / "ttc_home" / "ttc.db"


def draw(ttc: Ttc, data: Path, pool: str, n: int, *more: object) -> None:
    assert ttc("sample", data, "-n", n, "--pool", pool, "-m", MODEL, "-q", *more).code == 0


def rows(database: Path) -> dict[str, int]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        found = {t: connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in TABLES}
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert list(counts.faults(connection)) == []
        assert integrity.faults(connection, database) == []
    return found


def test_all_of_a_pool_goes_that_is_its_own(ttc: Ttc, sums: Path, database: Path) -> None:
    draw(ttc, sums, "keep", 2)
    before = rows(database)
    other = sums.with_name("other.jsonl")
    other.write_text('{"id":"o","question":"9 + 3?","answer":"12"}\n')
    draw(ttc, other, "tmp", 3, "--tag", "level=id")
    ttc("verify", "tmp", "-V", "exact")
    told = ttc("rm", "tmp", "--dry-run", "--json").document
    assert told["dry_run"] is True
    expected = {"pools": 1, "problems": 1, "samples": 3, "verdicts": 3, "runs": 1, "prompts": 1}
    expected |= {"references": 1, "verifiers": 1, "traces": 0, "attempts": 0, "votes": 0}
    assert expected.items() <= told["removed"].items()
    assert told["removed"]["bytes"] > 0
    assert rows(database)["pools"] == 2
    done = ttc("rm", "tmp", "--yes", "--json")
    assert done.document["removed"] == told["removed"]
    assert "removed tmp: 3 samples, 3 verdicts" in done.err
    assert rows(database) == before


def test_samples_that_another_pool_uses_stay(ttc: Ttc, sums: Path, database: Path) -> None:
    draw(ttc, sums, "one", 3)
    draw(ttc, sums, "two", 2)
    ttc("verify", "one", "-V", "numeric")
    done = ttc("rm", "one", "-y", "--json").document["removed"]
    assert (done["samples"], done["shared"], done["verdicts"]) == (0, 18, 0)
    assert rows(database)["samples"] == 18
    assert ttc("sweep", "two", "-q").code == 0
    assert ttc("rm", "two", "-y", "--json").document["removed"]["samples"] == 18
    assert not any(rows(database).values())


def test_verdicts_by_a_reference_of_the_removed_pool_alone_go(
    ttc: Ttc, sums: Path, database: Path
) -> None:
    draw(ttc, sums, "one", 2)
    other = sums.with_name("other.jsonl")
    lines = [json.loads(line) for line in sums.read_text().splitlines()]
    other.write_text("".join(json.dumps({**line, "answer": "0"}) + "\n" for line in lines))
    draw(ttc, other, "two", 2)
    for pool in ("one", "two"):
        ttc("verify", pool, "-V", "numeric")
    assert rows(database)["verdicts"] == 24
    done = ttc("rm", "two", "-y", "--json").document["removed"]
    assert (done["verdicts"], done["references"], done["samples"]) == (12, 1, 0)
    assert rows(database)["verdicts"] == 12
    assert ttc("show", "one", "s1", "--json").document["samples"][0]["verifier"] == "numeric"


def test_traces_go_with_the_last_pool_that_asks_their_prompt(
    ttc: Ttc, tmp_path: Path, database: Path
) -> None:
    """A search leaves samples of no pool: steps, and what continues them."""
    beam = ("--method", "beam:n=4,m=2", "-m", "synth:", "--scorer", "synth", "-q")
    for name, seed in (("a", 0), ("b", 1)):
        assert ttc("solve", "What is 1+1?", *beam, "--keep", name, "--seed", seed).code == 0

    def traces(*pools: str) -> int:
        return int(ttc("rm", *pools, "--dry-run", "--json").document["removed"]["traces"])

    every = rows(database)["samples"] - 2
    assert traces("a") == 0  # the pool that the search drew into asks the same
    assert traces("a", "b", "solve*") == every
    assert 0 < traces("a", "solve-synth") < every
    ttc("rm", "a", "solve-synth", "-y")
    assert traces("b", "solve*") + rows(database)["samples"] == 2 * rows(database)["samples"] - 1
    ttc("rm", "*", "-y")
    assert not any(rows(database).values())


@pytest.mark.parametrize("missing", [["nope"], ["p", "nope"], ["tmp-*"], [""], ["-"], ["x" * 5000]])
def test_all_named_pools_are_there_or_nothing_happens(
    ttc: Ttc, sums: Path, database: Path, missing: list[str]
) -> None:
    draw(ttc, sums, "p", 1)
    before = rows(database)
    done = ttc("rm", "--yes", "--", *missing)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert len(done.err) < 300
    assert rows(database) == before


def test_patterns_name_several_pools_and_no_others(ttc: Ttc, sums: Path) -> None:
    for name in ("tmp-1", "tmp-2", "other"):
        draw(ttc, sums, name, 1)
    assert ttc("rm", "tmp-*", "--yes", "-q").code == 0
    assert [row["pool"] for row in ttc("ls", "--json").document["pools"]] == ["other"]


def test_off_a_terminal_it_wants_yes(ttc: Ttc, sums: Path, database: Path) -> None:
    draw(ttc, sums, "p", 1)
    done = ttc("rm", "p", stdin="y\n")
    assert (done.code, "--yes" in done.err, "6 samples" in done.err) == (2, True, True)
    assert rows(database)["samples"] == 6


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_on_a_terminal_it_asks(
    ttc_process: Ttc, ttc: Ttc, sums: Path, answer: str, left: int
) -> None:
    pty = pytest.importorskip("pty")
    draw(ttc, sums, "p", 1)
    controller, terminal = pty.openpty()
    process = subprocess.Popen([*TTC, "rm", "p"], stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    os.write(controller, answer.encode())
    seen = b""
    with contextlib.suppress(OSError):
        while part := os.read(controller, 4096):
            seen += part
    os.close(controller)
    assert process.wait(30) == (0 if not left else 2)
    assert b"remove p: 6 samples" in seen
    assert len(ttc("ls", "--json").document["pools"]) == left


def test_a_name_of_a_pool_goes_before_a_pattern(ttc: Ttc, sums: Path, database: Path) -> None:
    draw(ttc, sums, "a1", 1)
    draw(ttc, sums, "a", 2)
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE pools SET name = 'a?', base = 'a?' WHERE name = 'a'")
    assert ttc("rm", "a?", "--yes", "-q").code == 0
    assert [row["pool"] for row in ttc("ls", "--json").document["pools"]] == ["a1"]


@contextlib.contextmanager
def drawing(tmp_path: Path, data: Path, pool: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that draws into a pool; yields once it has begun."""
    model = "scripted:tokens=50,tick=0.002,slots=1"
    words = [
        "sample",
        str(data),
        "-n",
        "50",
        "--pool",
        pool,
        "-m",
        model,
        "-o",
        str(tmp_path / "o"),
    ]
    process = subprocess.Popen([*TTC, *words], stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until and process.poll() is None:
            with contextlib.suppress(StoreError, UsageError):
                if len(library.pool(pool)) > 0:
                    break
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("command", [["rm", "p", "--yes"], ["mv", "p", "q"], ["db", "vacuum"]])
def test_a_pool_that_another_process_draws_into_is_left_alone(
    ttc: Ttc, tmp_path: Path, sums: Path, command: list[str]
) -> None:
    with drawing(tmp_path, sums, "p") as process:
        done = ttc(*command)
        assert (done.code, f"pid {process.pid}" in done.err) == (6, True)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert ttc(*command).code == 0


def test_of_a_removal_that_is_killed_all_is_left_or_nothing(
    ttc: Ttc, sums: Path, database: Path
) -> None:
    draw(ttc, sums, "p", 60)
    ttc("verify", "p", "-V", "numeric")
    before = rows(database)
    killed = 0
    for wait in (0.0, 0.001, 0.003, 0.006, 0.012):
        script = (
            "import os, sys, threading, time\n"
            "from pathlib import Path\n"
            "from ttc.store.upkeep import removal, rows\n"
            "delete = rows.delete\n"
            "def slowly(connection, pools):\n"
            f"    threading.Timer({wait}, lambda: os.kill(os.getpid(), 9)).start()\n"
            "    return delete(connection, pools)\n"
            "removal.delete = slowly\n"
            f"removal.remove(Path({str(database)!r}), ['p'])\n"
        )
        done = subprocess.run([TTC[0], "-c", script], timeout=60)
        found = rows(database)
        assert found == before or not any(found.values())
        killed += done.returncode == -9
        if found != before:
            break
    assert killed
    ttc("rm", "p", "-y")
    assert not any(rows(database).values())


def test_a_removal_that_fails_is_undone(
    ttc: Ttc, sums: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(ttc, sums, "p", 2)
    before = rows(database)
    delete = removal.delete

    def fails(*args: Any) -> None:
        delete(*args)
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(removal, "delete", fails)
    done = ttc("rm", "p", "--yes")
    assert (done.code, "the disk is full" in done.err) == (6, True)
    assert rows(database) == before


def test_verdicts_never_come_to_a_sample_that_took_the_place_of_another(
    ttc: Ttc, sums: Path, database: Path
) -> None:
    """Row ids of removed samples are used again."""
    draw(ttc, sums, "p", 1)
    judged = library.pool("p").verify_each("numeric", progress=False)
    next(judged)
    library.pool("p").delete()
    draw(ttc, sums, "q", 1, "-t", 0.1)
    with pytest.raises(StoreError, match="removed meanwhile"):
        list(judged)
    assert rows(database)["verdicts"] == 0


def test_a_run_whose_pool_is_removed_before_its_first_draw_ends(
    ttc: Ttc, sums: Path, monkeypatch: pytest.MonkeyPatch, database: Path
) -> None:
    """Row ids are used again: what it draws must not come to another pool."""
    draw(ttc, sums, "other", 1)
    refreshed = plan.refreshed

    def removed(store: Store, planned: Any) -> Any:
        with contextlib.closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE pools SET name = 'x' WHERE id = ?", (planned.pool.id,))
        return refreshed(store, planned)

    monkeypatch.setattr(plan, "refreshed", removed)
    done = ttc("sample", sums, "-n", 2, "--pool", "p", "-m", MODEL, "-t", 0.1)
    assert (done.code, "removed or renamed meanwhile" in done.err) == (6, True)
    assert rows(database)["samples"] == 6


# Renaming.


def test_a_renamed_pool_is_resumed_by_its_new_name(ttc: Ttc, sums: Path, database: Path) -> None:
    draw(ttc, sums, "old", 2)
    done = ttc("mv", "old", "new", "--json")
    assert (done.code, done.document["pool"]) == (0, "new")
    again = ttc("sample", sums, "-n", 3, "--pool", "new", "-m", MODEL, "--json").document
    assert (again["pool"], again["drawn"], again["kept"]) == ("new", 6, 12)
    assert ttc("show", "old").code == 2
    assert rows(database)["pools"] == 1


def test_a_pool_with_a_suffix_leaves_its_siblings(ttc: Ttc, sums: Path) -> None:
    draw(ttc, sums, "p", 1)
    draw(ttc, sums, "p", 1, "-t", 0.1, "--new-pool")
    assert ttc("mv", "p.2", "cool").code == 0
    again = ttc("sample", sums, "-n", 1, "--pool", "cool", "-t", 0.1, "-m", MODEL, "--json")
    assert again.document["drawn"] == 0
    assert ttc("sweep", "p", "-q").code == 2  # not judged, but the latest of its name
    assert "does not have the latest" not in ttc("sweep", "p").err


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("taken", "already"),
        ("", "empty"),
        ("a/b", "slash"),
        ("..", "slash"),
        ("-x", "begin with -"),
        ("a\nb", "control"),
        ("x" * 4096, "200"),
        ("sums.jsonl", "a file here"),
        ("a*", "stand for several"),
    ],
)
def test_names_that_a_pool_may_not_get(ttc: Ttc, sums: Path, new: str, why: str) -> None:
    draw(ttc, sums, "p", 1)
    draw(ttc, sums, "taken", 1, "-t", 0.1)
    done = ttc("mv", "p", "--", new)
    assert (done.code, why in done.err, len(done.err.splitlines())) == (2, True, 1)
    assert {row["pool"] for row in ttc("ls", "--json").document["pools"]} == {"p", "taken"}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("ttc sample d.jsonl --pool old -n 4", "ttc sample d.jsonl --pool new -n 4"),
        ("ttc sample d.jsonl --pool=old", "ttc sample d.jsonl --pool=new"),
        ("ttc sample 'my d.jsonl'", "ttc sample 'my d.jsonl' --pool new"),
        ("ttc sample d --pool old --new-pool", "ttc sample d --pool new"),
        ("ttc sample d --pool old.2", "ttc sample d --pool new"),
        ("ttc.sample(…)", "ttc.sample(…)"),
        ("python train.py --pool old", "python train.py --pool old"),
        ("ttc sample 'd", "ttc sample 'd"),
    ],
)
def test_commands_that_resume_a_pool_name_it(command: str, expected: str) -> None:
    assert renamed(command, {"old", "old.2"}, "new") == expected


def test_the_note_on_a_pool_that_was_cut_off_names_it(ttc: Ttc, tmp_path: Path, sums: Path) -> None:
    with drawing(tmp_path, sums, "p") as process:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    ttc("mv", "p", "q")
    ttc("verify", "q", "-V", "numeric")
    told = ttc("sweep", "q").err
    assert "--pool q" in told
    assert "--pool p" not in told


def test_pools_are_removed_and_renamed_from_python(ttc: Ttc, sums: Path) -> None:
    draw(ttc, sums, "p", 1)
    pool = library.pool("p").rename("q")
    assert (pool.name, len(pool)) == ("q", 6)
    assert pool.delete(dry_run=True)["samples"] == 6
    assert pool.delete()["samples"] == 6
    assert library.pools() == []
    with pytest.raises(UsageError, match="no pool 'q'"):
        pool.delete()


# A failed run leaves no empty pool.


@pytest.mark.parametrize("first", [False, True])
def test_a_run_without_a_draw_leaves_no_pool(
    ttc: Ttc, sums: Path, database: Path, first: bool
) -> None:
    if first:
        draw(ttc, sums, "other", 1)
    done = ttc("sample", sums, "-n", 2, "--pool", "p", "-m", "scripted:fail=1")
    assert done.code == 3
    assert rows(database)["attempts"] == 12  # what failed is still known
    pools = [row["pool"] for row in ttc("ls", "--json").document["pools"]]
    assert pools == (["other"] if first else [])
    assert ttc("solve", "1+1?", "-m", "scripted:fail=1").code == 3
    assert [row["pool"] for row in ttc("ls", "--json").document["pools"]] == pools


def test_a_run_that_is_interrupted_before_its_first_draw_leaves_none(
    ttc: Ttc, sums: Path, tmp_path: Path, database: Path
) -> None:
    words = ["sample", str(sums), "--pool", "p", "-m", "scripted:tokens=9000,tick=0.01,slots=1"]
    process = subprocess.Popen([*TTC, *words, "-o", str(tmp_path / "o"), "--max-tokens", "9000"])
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(sqlite3.Error, StoreError), Store.reading(database) as store:
            if store.reader.execute("SELECT count(*) FROM runs").fetchone()[0]:
                break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert ttc("ls", "--json").document["pools"] == []
    assert not any(rows(database).values())


def test_a_gate_still_sees_that_the_last_run_of_a_name_drew_nothing(ttc: Ttc, sums: Path) -> None:
    draw(ttc, sums, "p", 2)
    ttc("verify", "p", "-V", "numeric")
    failed = ttc("sample", sums, "--pool", "p", "--new-pool", "-m", "scripted:fail=1", "-t", "0.3")
    assert failed.code == 3
    assert [row["pool"] for row in ttc("ls", "--json").document["pools"]] == ["p"]
    gate = ttc("sweep", "p", "--assert", "coverage@1>=0")
    assert (gate.code, "drew none; run it again" in gate.err) == (1, True)
    draw(ttc, sums, "p", 3)
    assert ttc("sweep", "p", "--assert", "coverage@1>=0").code == 0
