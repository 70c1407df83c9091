"""The commands that benchmarks/kills.py kills: what each begins with, and what it must leave."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import isolated

from ttc.errors import StoreError
from ttc.store import integrity
from ttc.store.database import open_any

# Small disks are what is tried here, so the room that a store wants to keep free is none.
CODE = "from ttc.store import writer; writer.FREE_SPACE = 0; from ttc.cli.main import main; main()"
PROBLEMS, DRAWS = 6, 40
MODEL = "scripted:answers=18*3/20*1,tokens=10-30,slots=8,tick="
SLOW = f"{MODEL}0.004"
QUICK = f"{MODEL}0"
ANSWERING = "scripted:answers=yes*3/no*1,tokens=10-30,slots=4,tick=0.001"
PROGRAM = "```python\ndef f(x):\n    return x + 1\n```"
DRAW = ("sample", "data.jsonl", "-n", str(DRAWS), "--pool", "p", "-q")
SEARCH = ("-m", "synth:depth=6", "--method", "beam:n=16,m=4", "--scorer", "synth")
TABLES = ("--csv", "out.csv", "--md", "out.md", "--junit", "out.xml", "--save-baseline", "out.json")


@dataclass(frozen=True, slots=True)
class Victim:
    """A command: how its folder is made, the store that it writes, and its files.

    `outputs` are there whole or not at all; `copies` are stores, by pattern; `fresh` must not be
    there when the command is run again.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    template: Callable[[Path], None]
    store: str = "home/ttc.db"
    outputs: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    judged: bool = False


def ttc(folder: Path, *args: str) -> None:
    """Run a command in a folder; SystemExit if it fails."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *args],
        cwd=folder,
        env=isolated(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"ttc {' '.join(args)}: exit {done.returncode}: {done.stderr.decode()}")


def problems(folder: Path) -> None:
    """Write the problems."""
    folder.mkdir()
    (folder / "home").mkdir()
    rows = (
        {"id": f"p{at}", "question": f"What is {at} + {at}?", "answer": str(2 * at)}
        for at in range(PROBLEMS)
    )
    (folder / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def drawn(folder: Path) -> None:
    """Make a store that holds a pool."""
    problems(folder)
    ttc(folder, *DRAW, "-m", QUICK)


def asking(folder: Path) -> None:
    """Make a store that holds a pool, and settings that name a model which judges."""
    drawn(folder)
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config/config.toml").write_text(f'[models.j]\nmodel = "{ANSWERING}"\n')


def judged(folder: Path) -> None:
    """Make a store that holds a pool with verdicts."""
    drawn(folder)
    ttc(folder, "verify", "p", "-V", "numeric", "-q")


def programs(folder: Path) -> None:
    """Make a store that holds programs."""
    folder.mkdir()
    (folder / "home").mkdir()
    row = {"question": "Write f.", "tests": "assert f(1) == 2", "entry_point": "f"}
    rows = ({"id": f"c{at}", **row, "question": f"Write f, number {at}."} for at in range(4))
    (folder / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    model = f"scripted:answers={PROGRAM},tokens=10-30,slots=8,tick=0"
    ttc(folder, "sample", "data.jsonl", "-n", "10", "--pool", "p", "-q", "-m", model)


def shards(folder: Path) -> None:
    """Make two stores that share some draws, and a third that is merged into."""
    judged(folder)
    (folder / "home/ttc.db").rename(folder / "one.db")
    ttc(folder, *DRAW, "-m", QUICK, "--seed", "1", "--db", "two.db")
    ttc(folder, "verify", "p", "-V", "numeric", "-q", "--db", "two.db")
    ttc(folder, *DRAW[:3], "3", *DRAW[4:], "-m", QUICK)


def older(folder: Path) -> None:
    """Make a store of the first schema."""
    judged(folder)
    with contextlib.closing(sqlite3.connect(folder / "home/ttc.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("ALTER TABLE samples DROP COLUMN confidences")
        connection.execute("DROP TABLE votes")
        connection.execute("ALTER TABLE verdicts DROP COLUMN tokens")
        for column in ("asked", "lacking"):
            connection.execute(f"ALTER TABLE runs DROP COLUMN {column}")
        connection.execute("PRAGMA user_version = 1")
    shutil.rmtree(folder / "cache", ignore_errors=True)


VICTIMS = {
    each.name: each
    for each in (
        Victim("sample", ((*DRAW, "-m", SLOW),), problems),
        Victim(
            "pipe",
            ((*DRAW, "-m", SLOW), ("verify", "-", "-V", "numeric", "-q")),
            problems,
        ),
        Victim("verify", (("verify", "p", "-V", "exact", "-q"),), drawn),
        Victim("python", (("verify", "p", "-V", "python", "-q"),), programs),
        Victim("judge", (("verify", "p", "-V", "judge:model=j", "-q"),), asking, judged=True),
        Victim(
            "solve",
            (("solve", "--each", "data.jsonl", *SEARCH, "-q"),),
            problems,
        ),
        Victim(
            "sweep",
            (("sweep", "p", "-k", "1,4", "-s", "coverage", "-q", *TABLES),),
            judged,
            outputs=TABLES[1::2],
        ),
        Victim("merge", (("db", "merge", "one.db", "two.db", "-q"),), shards),
        Victim(
            "backup",
            (("db", "backup", "copy.db", "-q"),),
            judged,
            copies=("copy.db",),
            fresh=("copy.db",),
        ),
        Victim("migration", (("ls", "-q"),), older, copies=("home/ttc.db.bak-v*[0-9]",)),
    )
}


def told(folder: Path) -> list[dict[str, Any]]:
    """Return the samples on the whole lines that were printed."""
    found = []
    for line in (folder / "told").read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n") and line.startswith(b'{"schema":1,"pool"'):
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
    return found


def lost(victim: Victim, folder: Path) -> tuple[int, int]:
    """Return how many lines were told, and of how many the store knows nothing."""
    lines = told(folder)
    connection, _ = open_any(folder / victim.store)
    with contextlib.closing(connection):
        if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            return len(lines), len(lines)
        there = {
            (key, draw, text): row
            for row, key, draw, text in connection.execute(
                "SELECT samples.id, key, draw, text FROM samples "
                "JOIN requests ON requests.id = request_id"
            )
        }
        has = {row for (row,) in connection.execute("SELECT sample_id FROM verdicts")}
    missing = 0
    for line in lines:
        row = there.get((line["key"], line["index"], line["text"]))
        missing += row is None or (victim.judged and row not in has)
    return len(lines), missing


def faults(path: Path) -> list[str]:
    """Return what `ttc db check` would find in a store."""
    try:
        connection, _ = open_any(path)
        with contextlib.closing(connection):
            return integrity.faults(connection, path)
    except (StoreError, sqlite3.Error) as error:
        # A store that was never committed to is empty, and whole.
        return [] if "no store there" in str(error) else [str(error)]


_STATE = (
    "SELECT pools.name, problems.name, key, draw, text, seed, completion_tokens, logprob "
    "FROM pools JOIN problems ON pool_id = pools.id JOIN samples USING (request_id) "
    "JOIN requests ON requests.id = request_id",
    "SELECT key, draw, text, completion_tokens FROM samples "
    "JOIN requests ON requests.id = request_id",
    "SELECT key, draw, verifiers.name, version, config, reference_id, answer, correct, score, "
    "status, detail FROM verdicts JOIN samples ON samples.id = sample_id "
    "JOIN requests ON requests.id = request_id JOIN verifiers ON verifiers.id = verifier_id",
    "SELECT key, draw, position, value, votes.text FROM votes "
    "JOIN samples ON samples.id = sample_id JOIN requests ON requests.id = request_id",
)


def state(path: Path) -> list[str]:
    """Return a digest a table of what a store holds, apart from row numbers and times."""
    connection, _ = open_any(path)
    with contextlib.closing(connection):
        return [
            hashlib.sha256(repr(sorted(map(repr, connection.execute(sql)))).encode()).hexdigest()
            for sql in _STATE
        ]


def same_file(path: Path, whole: bytes) -> bool:
    """Whether a file is as an unbroken run writes it, apart from times in it."""
    return path.read_bytes() == whole
