"""Every command that takes the name of a pool has one answer to a name that is none."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from commands import Ttc

import ttc as library
from ttc.errors import TtcError, UsageError
from ttc.store.names import check_new, why_not

ODD = {
    "empty": "",
    "blank": "  ",
    "stdin": "-",
    "option": "--x",
    "here": ".",
    "above": "..",
    "path": "a/b",
    "absolute": "/tmp/x",
    "backslash": "a\\b",
    "newline": "a\nb",
    "tab": "a\tb",
    "escape": "a\x1b[31mb",
    "hidden": "a\u202eb",
    "surrogate": "a\udcffb",
    "spaces around": " a ",
    "long": "x" * 4096,
    "pattern": "a*",
}
GOOD = ["demo", "gsm8k-qwen2.5", "a b", "größe", "模型", "p.2", "x" * 200, "a,b", "it's", "v1:math"]


@pytest.mark.parametrize("name", ODD.values(), ids=ODD)
def test_no_new_pool_gets_an_odd_name(name: str) -> None:
    assert why_not(name) is not None
    with pytest.raises(UsageError) as refused:
        check_new(name, "--pool")
    line = str(refused.value)
    assert len(line) < 300
    assert line.isprintable()
    better = line.rpartition("for example --pool ")[2]
    assert why_not(better) is None


@pytest.mark.parametrize("name", GOOD)
def test_names_that_are_good(name: str) -> None:
    assert why_not(name) is None


@pytest.fixture
def pool(ttc: Ttc, sums: Path) -> None:
    ttc("sample", sums, "-n", 2, "--pool", "demo", "-m", "scripted:")
    ttc("verify", "demo", "-V", "numeric")


@pytest.mark.parametrize("database", [(), ("--db", "new.db")])
@pytest.mark.usefixtures("pool")
def test_new_pools_are_refused_before_anything_is_drawn(
    ttc: Ttc, sums: Path, database: tuple[str, ...], own_home: Path
) -> None:
    for name in ODD.values():
        done = ttc("sample", sums, "-n", 1, f"--pool={name}", "-m", "scripted:", *database)
        told = [line for line in done.err.splitlines() if line.startswith("ttc:")]
        assert (done.code, len(told)) == (2, 1)
        assert "a pool's name" in told[0]
    assert not (own_home / "new.db").exists()
    assert [row["pool"] for row in ttc("ls", "--json").document["pools"]] == ["demo"]


@pytest.mark.parametrize("command", ["show", "rm", "mv", "verify", "sweep", "export", "search"])
@pytest.mark.usefixtures("pool")
def test_pools_that_cannot_be_are_answered(ttc: Ttc, command: str) -> None:
    for name in ODD.values():
        words = {
            "rm": ["rm", "--yes", "--", name],
            "mv": ["mv", "--", name, "new"],
            "verify": ["verify", "-V", "numeric", "--", name],
            "search": ["db", "search", "the", f"--pool={name}"],
            "export": ["export", "-o", "out.jsonl", "--", name],
        }.get(command, [command, "--", name])
        done = ttc(*words, stdin="")
        told = [line for line in done.err.splitlines() if line.startswith("ttc:")]
        if name != "-" or command not in ("verify", "sweep", "export"):
            assert (done.code, len(told)) == (2, 1), (name, done.err)
        assert done.code in (0, 2)
        assert len(done.err) < 500
    assert [row["pool"] for row in ttc("ls", "--json").document["pools"]] == ["demo"]


@pytest.mark.usefixtures("pool")
def test_python_answers_them_too() -> None:
    for name in ODD.values():
        with pytest.raises(TtcError) as refused:
            library.pool(name)
        assert len(str(refused.value)) < 300


def test_a_pool_that_has_an_odd_name_already_goes_on(ttc: Ttc, pool: None, own_home: Path) -> None:
    database = own_home / "ttc_home" / "ttc.db"
    for name in ("runs/a", "a*", "--x"):
        with contextlib.closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE pools SET name = ?, base = ?", (name, name))
        again = ttc("sample", "sums.jsonl", "-n", 3, f"--pool={name}", "-m", "scripted:", "--json")
        assert again.document["pool"] == name
        assert ttc("show", "--", name).code == 0
        assert ttc("sweep", "-q", "--", name).code == 0
    assert ttc("mv", "--", "--x", "good").code == 0
    assert ttc("show", "good").code == 0


@pytest.mark.parametrize("command", [["sweep"], ["verify", "-V", "numeric"]])
@pytest.mark.usefixtures("pool")
def test_of_a_file_and_a_pool_of_one_name_it_is_said_which_is_read(
    ttc: Ttc, own_home: Path, command: list[str]
) -> None:
    """The file is read, and the remedy works."""
    lines = ttc("sample", "sums.jsonl", "-n", 1, "--pool", "demo", "-m", "scripted:", "-o", "-").out
    (own_home / "demo").write_text(lines)
    ttc("verify", "demo", "-V", "numeric", "-o", "judged.jsonl", "--json")
    (own_home / "judged.jsonl").rename(own_home / "demo")
    done = ttc(*command, "demo")
    assert done.code == 0
    assert "demo: reading the file, not the pool of this name" in done.err
    assert ttc("mv", "demo", "other").code == 0
    assert "reading the file" not in ttc(*command, "demo").err
    assert ttc(*command, "other").code == 0


@pytest.mark.usefixtures("pool")
def test_a_new_pool_does_not_take_the_name_of_a_file_that_is_here(ttc: Ttc, own_home: Path) -> None:
    done = ttc("sample", "sums.jsonl", "-n", 1, "--pool", "sums.jsonl", "-m", "scripted:")
    assert (done.code, "a file here has this name" in done.err) == (2, True)
    solved = ttc("solve", "1+1?", "--keep", "sums.jsonl", "-m", "scripted:", "-n", 2)
    assert (solved.code, "--keep sums.jsonl" in solved.err) == (2, True)
