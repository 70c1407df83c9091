"""The counts that the store keeps are those of its rows, whatever wrote or deleted them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import TTC, Ttc

from ttc.backends import Completion
from ttc.errors import UsageError
from ttc.records import Message, Problem, Verdict
from ttc.store import Store, counts, integrity, pools, samples, verdicts, verifiers
from ttc.store.schema import MIGRATIONS, statements
from ttc.store.verifiers import VerifierId

IDENTITY = {"backend": "b", "fingerprint": "f", "seed": 0}
ASKED = [Problem(f"p{n}", (Message("user", f"{n}?"),), reference={"answer": "42"}) for n in "ab"]
DONE = Completion("r", "It is 42 ü", "stop", completion_tokens=4)
CUT = Completion("r", "It\0is", "length", confidences=(0.5, 0.25))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.writing(tmp_path / "s.db") as opened:
        yield opened


def filled(store: Store) -> pools.Pool:
    pool = store.write(lambda c: pools.ensure(c, "demo", "m", IDENTITY))
    enrolled = store.write(lambda c: pools.enrol(c, pool, ASKED, IDENTITY))
    for draw, done in enumerate([DONE, CUT, DONE]):
        for each in enrolled:
            row = each.request_id
            store.write(lambda c, r=row, i=draw, d=done: samples.insert(c, r, i, 1, d))
    return pool


def recount(connection: sqlite3.Connection) -> None:
    assert list(counts.faults(connection)) == []


def test_samples_are_counted_as_they_are_stored(store: Store) -> None:
    pool = filled(store)
    (row,) = counts.overview(store.reader)
    size = 2 * (2 * len(DONE.text.encode()) + len(CUT.text) + 8)
    assert (row["problems"], row["samples"], row["tokens"], row["uncounted"]) == (2, 6, 16, 2)
    assert row["bytes"] == size
    assert counts.of_pool(store.reader, pool) == 6
    first = counts.problems_overview(store.reader, pool)[0]
    assert first == {"problem": "pa", "samples": 3, "truncated": 1, "tokens": 8, "uncounted": 1}
    recount(store.reader)


def test_verdicts_are_counted_once_however_often_they_are_made(store: Store) -> None:
    pool = filled(store)
    who = VerifierId("numeric", "1", {})
    row = store.write(lambda c: verifiers.verifier_id(c, who))
    for _ in range(2):
        for number, sample in samples.of_pool(store.reader, pool):
            verdict = Verdict("42", True, None, "ok", "")
            store.write(lambda c, n=number, s=sample, v=verdict: verdicts.keep(c, n, row, s, v))
    assert [each["verdicts"] for each in verifiers.verifiers_of(store.reader, pool)] == [6]
    one = verifiers.verifiers_of(store.reader, pool, "pa")
    assert [each["verdicts"] for each in one] == [3]
    assert verifiers.verifiers_of(store.reader, pool, "none") == []
    assert counts.overview(store.reader)[0]["verdicts"] == 6
    recount(store.reader)


@pytest.mark.parametrize("recursive", [0, 1])
@pytest.mark.parametrize("how", ["OR IGNORE", "OR ABORT", "OR REPLACE"])
def test_triggers_count_under_every_policy_of_conflicts(
    store: Store, how: str, recursive: int
) -> None:
    """A policy of the outer statement must not change what the triggers do."""
    filled(store)
    connection = sqlite3.connect(store.path)
    connection.execute(f"PRAGMA recursive_triggers = {recursive}")
    sql = "(request_id, draw, text, finish_reason, created) VALUES (1, ?, 'x', 'stop', '')"
    connection.execute(f"INSERT {how} INTO samples {sql}", (3,))
    if how == "OR IGNORE":
        connection.execute(f"INSERT {how} INTO samples {sql}", (3,))
    connection.execute("DELETE FROM samples WHERE draw = 1")
    recount(connection)
    connection.close()


def test_a_wrong_count_is_a_fault(store: Store) -> None:
    filled(store)
    assert integrity.faults(store.reader, store.path) == []
    store.write(lambda c: c.execute("UPDATE request_counts SET samples = 7 WHERE request_id = 1"))
    (fault,) = integrity.faults(store.reader, store.path)
    assert "request_counts: row 1" in fault


def test_a_store_from_before_is_counted_when_it_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with Store.writing(path) as store:
        filled(store)
    with sqlite3.connect(path) as connection:
        tables = "request_counts", "verdict_counts"
        made = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
        for kind, name in made:
            if kind == "view" or (kind == "trigger" and "counted" in name):
                connection.execute(f"DROP {kind} {name}")
        for table in tables:
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DROP INDEX samples_parent")
        script = next(script for script in MIGRATIONS if "request_counts" in script)
        for statement in statements(script):
            if "ALTER TABLE" not in statement:
                connection.execute(statement)
        recount(connection)
        assert counts.overview(connection)[0]["samples"] == 6


def test_counts_are_exact_under_several_writers(tmp_path: Path) -> None:
    """Two processes draw, a third merges what a fourth drew elsewhere."""
    data = tmp_path / "d.jsonl"
    data.write_text('{"id":"a","question":"1?","answer":"1"}\n{"id":"b","question":"2?"}\n')
    model = ["-m", "scripted:tick=0.001", "-q", "-o", "/dev/null"]
    other = [*TTC, "sample", str(data), "-n", "30", "--pool", "x", *model, "--db", "other.db"]
    subprocess.run(other, cwd=tmp_path, check=True, timeout=60)
    runs = [
        [*TTC, "sample", str(data), "-n", "40", "--pool", "x", *model, "--db", "s.db"],
        [*TTC, "sample", str(data), "-n", "25", "--pool", "y", "-t", "0.2", *model, "--db", "s.db"],
        [*TTC, "db", "merge", "other.db", "--db", "s.db", "-q"],
    ]
    started = [subprocess.Popen(run, cwd=tmp_path) for run in runs]
    assert [run.wait(60) for run in started] == [0, 0, 0]
    with Store.reading(tmp_path / "s.db") as store:
        recount(store.reader)
        found = {row["pool"]: row["samples"] for row in counts.overview(store.reader)}
    assert found == {"x": 80, "y": 50}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000+00:00"),
        ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00.000+00:00"),
        ("yesterday", None),
        ("7", None),
        ("7y", None),
        ("", None),
        ("2026-13-01", None),
    ],
)
def test_the_times_that_since_takes(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(UsageError, match="--since"):
            counts.moment(text)
    else:
        assert counts.moment(text) == expected


def test_ages_are_before_now() -> None:
    assert counts.moment("1d") < counts.moment("12h") < counts.moment("5m")


@pytest.fixture
def three(ttc: Ttc, sums: Path) -> None:
    for number, name in enumerate(["beta", "alpha", "gamma"]):
        draws = (4, 2, 6)[number]
        ttc(
            "sample", sums, "-n", draws, "--pool", name, "-t", 0.1 * number + 0.1, "-m", "scripted:"
        )


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["beta", "alpha", "gamma"]),
        (["--sort", "name"], ["alpha", "beta", "gamma"]),
        (["--sort", "created"], ["gamma", "alpha", "beta"]),
        (["--sort", "samples"], ["gamma", "beta", "alpha"]),
        (["--sort", "size"], ["gamma", "beta", "alpha"]),
        (["--since", "1h"], ["beta", "alpha", "gamma"]),
        (["--since", "2999-01-01"], []),
        (["--model", "SCRIPT"], ["beta", "alpha", "gamma"]),
        (["--model", "scr*"], ["beta", "alpha", "gamma"]),
        (["--model", "cr*"], []),
        (["-m", "qwen"], []),
    ],
)
def test_ls_lists_what_is_asked_for(ttc: Ttc, options: list[str], expected: list[str]) -> None:
    listed = ttc("ls", *options, "--json").document["pools"]
    assert [row["pool"] for row in listed] == expected
    assert all(row["bytes"] > 0 and row["drawn"] for row in listed)
    shown = ttc("ls", *options)
    assert [line.split()[0] for line in shown.out.splitlines()] == expected
    assert expected or "none of 3 pools" in shown.err


@pytest.mark.usefixtures("three")
def test_the_library_lists_them_too() -> None:
    import ttc as library

    assert [pool.name for pool in library.pools(sort="name")] == ["alpha", "beta", "gamma"]
    assert library.pools(model="qwen") == []
    with pytest.raises(UsageError, match="sort='x'"):
        library.pools(sort="x")


@pytest.mark.usefixtures("three")
def test_show_of_one_draw_reads_that_problem_only(
    ttc: Ttc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows that a statement reads are what makes it slow on a large pool."""
    ttc("verify", "beta", "-V", "numeric")
    read: list[str] = []
    by_sample = verdicts.by_sample

    def watched(*args: object) -> dict[int, Verdict]:
        found = by_sample(*args)  # type: ignore[arg-type]
        read.extend(map(str, found))
        return found

    monkeypatch.setattr(verdicts, "by_sample", watched)
    shown = ttc("show", "beta", "s3", 2, "--json").document
    assert (shown["problem"], shown["index"], shown["verifier"]) == ("s3", 2, "numeric")
    assert len(read) == 4


def test_light_commands_import_nothing_heavy(own_home: Path, ttc: Ttc, sums: Path) -> None:
    ttc("sample", sums, "-n", 1, "--pool", "p", "-m", "scripted:")
    for command in (["ls"], ["show", "p", "s1", "0"], ["rm", "p", "--dry-run"]):
        code = f"""
import sys
from ttc.cli.main import run
assert run({command!r}) == 0
print([name for name in ("numpy", "pydantic", "diskcache", "sqlite_utils", "ttc.plugins")
       if name in sys.modules], file=sys.stderr)
"""
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
        )
        assert done.stderr.splitlines()[-1] == "[]", command
