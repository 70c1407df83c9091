"""Merging stores: nothing lost, nothing twice, nothing overwritten, in whatever order."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc.backends import Completion
from ttc.errors import StoreError
from ttc.records import Problem, Verdict, Vote
from ttc.store import Store, database, pools, runs, samples, schema, verdicts, verifiers
from ttc.store.merge import stores
from ttc.store.merge.source import check, opened
from ttc.store.merge.stores import Merged
from ttc.store.verifiers import VerifierId

IDENTITY = {"backend": "b", "fingerprint": "f", "seed": 0, "temperature": 0.8}
DONE = Completion(
    "r", "It is 42", "stop", prompt_tokens=5, completion_tokens=4, logprob=-1.5, confidences=[2.0]
)
JUDGE = VerifierId("judge", "1", {"v": 2})

# Everything a store holds, with row numbers replaced by what they stand for. The time of a pool
# is that of whoever made it first, and stays out.
CONTENT = (
    "SELECT 'prompt', * FROM prompts",
    "SELECT 'ref', * FROM refs",
    "SELECT 'request', key, prompt_id, model, identity FROM requests",
    "SELECT 'pool', base, name, model, identity FROM pools",
    "SELECT 'problem', pools.name, problems.name, key, reference_id, tags FROM problems "
    "JOIN pools ON pools.id = pool_id JOIN requests ON requests.id = request_id",
    "SELECT 'sample', key, draw, parent_id, text, finish_reason, stop, prompt_tokens, "
    "cached_tokens, completion_tokens, logprob, confidences, seed, seconds, "
    "first_token_seconds, created "
    "FROM samples JOIN requests ON requests.id = request_id",
    "SELECT 'attempt', key, draw, status, detail, text, completion_tokens, created "
    "FROM attempts JOIN requests ON requests.id = request_id",
    "SELECT 'verdict', key, draw, name, version, config, reference_id, answer, correct, score, "
    "status, detail, verdicts.created, tokens FROM verdicts "
    "JOIN verifiers ON verifiers.id = verifier_id JOIN samples ON samples.id = sample_id "
    "JOIN requests ON requests.id = request_id",
    "SELECT 'vote', key, draw, name, position, value, votes.text FROM votes "
    "JOIN verifiers ON verifiers.id = verifier_id JOIN samples ON samples.id = sample_id "
    "JOIN requests ON requests.id = request_id",
    "SELECT 'run', pools.name, command, host, pid, started, ended FROM runs "
    "JOIN pools ON pools.id = pool_id",
)


def content(path: Path) -> set[tuple[Any, ...]]:
    with Store.reading(path) as store:
        return {row for sql in CONTENT for row in store.reader.execute(sql)}


def problem(number: int) -> Problem:
    return Problem(f"p{number}", prompt=f"{number} + 1?", reference={"answer": str(number + 1)})


def fill(path: Path, draws: Iterable[tuple[int, int]], *, text: str = "", **changes: Any) -> None:
    """Put draws (problem, index) in the pool `demo`: of three one was cancelled, the others are
    samples with a verdict and two votes."""
    identity = {**IDENTITY, **changes}

    def write(connection: sqlite3.Connection) -> None:
        pool = pools.ensure(connection, "demo", "m", identity)
        judge = verifiers.verifier_id(connection, JUDGE)
        for number, draw in draws:
            (each,) = pools.enrol(connection, pool, [problem(number)], identity)
            done = replace(DONE, text=text or f"{number}/{draw}\0\n")
            if draw % 3 == 2:
                cut = replace(done, finish_reason="cancelled")
                samples.insert_attempt(connection, each.request_id, draw, cut)
                continue
            samples.insert(connection, each.request_id, draw, draw, done)
            found = samples.of_pool(connection, pool, problem=each.problem.id)
            row, sample = next(pair for pair in found if pair[1].index == draw)
            votes = (Vote(draw % 2, "yes"), Vote(None, "perhaps"))
            verdict = Verdict(str(number), True, 0.5, tokens=9, votes=votes)
            verdicts.keep(connection, row, judge, sample, verdict)

    with Store.writing(path) as store:
        store.write(write)


def merged(target: Path, *others: Path) -> list[Merged]:
    with Store.writing(target) as store:
        found = []
        for other in others:
            check(other, target)
            with opened(other, target.parent) as source:
                found.append(stores.merge(source, store.write))
        return found


def same_times(paths: Iterable[Path], at: str = "2026-01-01T00:00:00.000+00:00") -> None:
    """Give all rows of stores one time, as if each had been made once and copied."""
    for path in paths:
        connection = sqlite3.connect(path)
        connection.execute("DROP TRIGGER samples_are_immutable")
        for table in ("samples", "attempts", "verdicts"):
            connection.execute(f"UPDATE {table} SET created = ?", (at,))
        connection.commit()
        connection.close()


@settings(max_examples=15, deadline=None)
@given(
    problems=st.integers(1, 3),
    draws=st.integers(1, 6),
    shards=st.integers(1, 3),
    seed=st.integers(),
)
def test_shards_merged_in_any_order_are_the_undivided_pool(
    problems: int, draws: int, shards: int, seed: int
) -> None:
    rng = random.Random(seed)
    whole = [(number, draw) for number in range(problems) for draw in range(draws)]
    parts: list[list[tuple[int, int]]] = [[] for _ in range(shards)]
    for each in whole:
        # Some are drawn on several machines: the same key, index and seed give the same text.
        for part in rng.sample(parts, rng.randint(1, shards)):
            part.append(each)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.db" for number in range(shards)]
        undivided, target = Path(folder) / "undivided.db", Path(folder) / "target.db"
        for path, part in ((undivided, whole), *zip(files, parts, strict=True)):
            fill(path, rng.sample(part, len(part)))
        same_times([undivided, *files])
        rng.shuffle(files)
        merged(target, *files)
        assert content(target) == content(undivided)
        again = merged(target, *files)
        assert not any(found.new or found.conflicting for found in again)
        assert content(target) == content(undivided)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two stores with two draws in common."""
    fill(tmp_path / "a.db", [(0, 0), (0, 1), (0, 2), (1, 0)])
    fill(tmp_path / "b.db", [(0, 0), (0, 1), (0, 3), (2, 0)])
    return tmp_path / "a.db", tmp_path / "b.db"


def test_the_command_says_what_came_and_a_second_time_that_nothing_does(
    ttc: Ttc, two: tuple[Path, Path]
) -> None:
    dry = ttc("db", "merge", *two, "--db", "all.db", "--dry-run", "--json").document
    assert not Path("all.db").exists()
    assert [found["new"]["samples"] for found in dry["sources"]] == [3, 4]
    first = ttc("db", "merge", *two, "--db", "all.db", "--json")
    assert first.code == 0
    a, b = first.document["sources"]
    assert a["new"] == {
        "requests": 2, "pools": 1, "problems": 2, "samples": 3, "verdicts": 3, "attempts": 1
    }  # fmt: skip
    assert (b["new"]["samples"], b["there"]["samples"], b["there"]["pools"]) == (2, 2, 1)
    again = ttc("db", "merge", *two, "--db", "all.db")
    assert again.code == 0
    assert again.err.splitlines() == [
        f"{two[0]}: nothing new; 3 samples were here already",
        f"{two[1]}: nothing new; 4 samples were here already",
    ]
    assert ttc("ls", "--db", "all.db", "--json").document["pools"][0]["samples"] == 5
    assert ttc("sweep", "demo", "--db", "all.db", "-s", "coverage", "-k", "1").code == 0


def test_another_text_or_seed_is_a_conflict_and_what_is_here_stays(
    ttc: Ttc, tmp_path: Path
) -> None:
    fill(tmp_path / "here.db", [(0, 0), (0, 1)])
    fill(tmp_path / "text.db", [(0, 0), (0, 3)], text="another")
    shutil.copy(tmp_path / "here.db", tmp_path / "seed.db")
    other = sqlite3.connect(tmp_path / "seed.db")
    other.execute("DROP TRIGGER samples_are_immutable")
    other.execute("UPDATE samples SET seed = 99 WHERE draw = 1")
    other.commit()
    other.close()
    before = content(tmp_path / "here.db")
    done = ttc("db", "merge", "text.db", "seed.db", "--db", "here.db")
    assert done.code == 4
    assert "text.db: left out: demo: p0 draw 0 has another text (key1:" in done.err
    assert "seed.db: left out: demo: p0 draw 1 has another seed (key1:" in done.err
    assert "1 conflict in all; what here.db holds stays" in done.err
    gained = content(tmp_path / "here.db") - before
    assert before < content(tmp_path / "here.db")
    assert {row[0] for row in gained} == {"sample", "verdict", "vote"}
    assert all(row[2] == 3 for row in gained)


def test_a_problem_with_another_prompt_or_reference_is_a_conflict(ttc: Ttc, tmp_path: Path) -> None:
    for name, prompt, answer in (("a", "1?", "1"), ("b", "2?", "1"), ("c", "1?", "3")):
        asked = Problem("p", prompt=prompt, reference={"answer": answer})
        with Store.writing(tmp_path / f"{name}.db") as store:
            pool = store.write(lambda c: pools.ensure(c, "demo", "m", IDENTITY))
            store.write(lambda c, asked=asked, pool=pool: pools.enrol(c, pool, [asked], IDENTITY))
    done = ttc("db", "merge", "b.db", "c.db", "--db", "a.db")
    assert done.code == 4
    assert "b.db: left out: the pool demo has another problem called 'p'" in done.err
    assert "c.db: left out: the pool demo has another reference for 'p'" in done.err


def test_a_name_of_another_identity_gets_a_number(ttc: Ttc, tmp_path: Path) -> None:
    fill(tmp_path / "a.db", [(0, 0)])
    fill(tmp_path / "b.db", [(0, 0)], temperature=0.1)
    assert ttc("db", "merge", "b.db", "--db", "a.db").code == 0
    listed = ttc("ls", "--db", "a.db", "--json").document["pools"]
    assert [(row["pool"], row["samples"]) for row in listed] == [("demo", 1), ("demo.2", 1)]
    # And back: there demo is what is called demo.2 here.
    assert ttc("db", "merge", "a.db", "--db", "b.db").code == 0
    names = {row["pool"] for row in ttc("ls", "--db", "b.db", "--json").document["pools"]}
    assert names == {"demo", "demo.2"}


def test_of_two_verdicts_the_later_one_stays_with_its_votes(tmp_path: Path) -> None:
    early, late = tmp_path / "early.db", tmp_path / "late.db"
    fill(early, [(0, 0)])
    shutil.copy(early, late)
    connection = sqlite3.connect(late)
    connection.execute("UPDATE verdicts SET status = 'error', created = '2999'")
    connection.execute("DELETE FROM votes WHERE position = 1")
    connection.commit()
    connection.close()
    wanted = content(late)
    merged(early, late)
    assert content(early) == wanted
    fill(tmp_path / "fresh.db", [(0, 0)])
    merged(late, tmp_path / "fresh.db")
    assert content(late) == wanted


def test_runs_come_along_once_they_have_ended(tmp_path: Path) -> None:
    a, b = tmp_path / "a.db", tmp_path / "b.db"
    fill(a, [(0, 0)])
    with Store.writing(a) as store:
        run = store.write(lambda c: runs.begin(c, 1, "ttc sample"))
        store.write(lambda c: c.execute("UPDATE runs SET host = 'far', started = '2000'").rowcount)
    merged(b, a)
    with Store.reading(b) as store:
        assert runs.live(store.reader, 1) is None
    with Store.writing(a) as store:
        store.write(lambda c: runs.end(c, run))
    assert merged(b, a)[0].new == {"runs": 1}
    assert merged(b, a)[0].new == {}
    # How fast another machine was says nothing of this one.
    with Store.reading(b) as store:
        pool = pools.find(store.reader, "demo")
        assert pool is not None
        assert samples.speed(store.reader, pool) is None


def listing(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder but SQLite's index of its log, which readers share."""
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and not path.name.endswith(("-shm", "-wal", ".lock"))
    }


def test_sources_are_not_altered_and_older_ones_are_migrated_as_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", schema.MIGRATIONS[:1])
        with Store.writing(folder / "old.db") as store:
            pool = store.write(lambda c: pools.ensure(c, "demo", "m", IDENTITY))
            (each,) = store.write(lambda c: pools.enrol(c, pool, [problem(0)], IDENTITY))
            old = "INSERT INTO samples (request_id, draw, text, finish_reason, created) VALUES "
            store.write(lambda c: c.execute(f"{old} ({each.request_id}, 0, 'x', 'stop', 'then')"))
    fill(folder / "new.db", [(0, 1)])
    there = listing(folder)
    target = tmp_path / "target.db"
    old, new = merged(target, folder / "old.db", folder / "new.db")
    assert (old.new["samples"], new.new["samples"]) == (1, 1)
    assert listing(folder) == there
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".ttc")]


def _newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()


def _forged(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE requests SET identity = replace(identity, '0.8', '0.9')")
    connection.commit()
    connection.close()


def _foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (x)")
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "code", "told"),
    [
        (Path.unlink, 2, "no such file"),
        (lambda path: path.write_text("no store"), 6, "not a SQLite database"),
        (_foreign, 6, "a SQLite database, but not a ttc store"),
        (_newer, 6, "written by a newer ttc (schema 999"),
        (_forged, 6, "is not the key of its prompt and parameters"),
    ],
    ids=["missing", "text", "foreign", "newer", "forged"],
)
def test_what_cannot_be_merged_is_one_line(
    ttc: Ttc, two: tuple[Path, Path], spoil: Callable[[Path], object], code: int, told: str
) -> None:
    spoil(two[1])
    before = content(two[0])
    done = ttc("db", "merge", two[1], "--db", two[0])
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"ttc: {two[1]}: ")
    assert told in done.err
    assert len(done.err.splitlines()) == 1
    assert "--db" not in done.err
    assert content(two[0]) == before


def test_the_target_is_no_source(ttc: Ttc, two: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(two[0])
    done = ttc("db", "merge", two[1], tmp_path / "link.db", "--db", two[0])
    assert done.code == 2
    assert "is the store to merge into" in done.err
    with Store.reading(two[0]) as store:
        assert store.reader.execute("SELECT count(*) FROM samples").fetchone() == (3,)


def test_a_merge_that_is_cut_off_is_a_prefix_and_the_same_merge_finishes(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "BATCH_ROWS", 1)
    whole = two[0].with_name("whole.db")
    merged(whole, *two)
    target = two[0].with_name("target.db")
    steps = 0
    while True:
        allowed, steps = steps, steps + 1
        with Store.writing(target) as store, opened(two[0], target.parent) as source:

            def transact(work: Any, store: Store = store) -> Any:
                nonlocal allowed
                if allowed == 0:
                    raise KeyboardInterrupt
                allowed -= 1
                return store.write(work)

            try:
                stores.merge(source, transact)
            except KeyboardInterrupt:
                assert store.reader.execute("PRAGMA foreign_key_check").fetchall() == []
                continue
        break
    assert steps > 10
    merged(target, two[1])
    assert content(target) == content(whole)


def test_an_interrupt_leaves_whole_batches_and_the_same_command_does_the_rest(
    tmp_path: Path, ttc_process: Ttc
) -> None:
    fill(tmp_path / "a.db", [(0, 0)])
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 40000)"
        "INSERT INTO samples (request_id, draw, text, finish_reason, created) "
        "SELECT 1, i, 'text ' || i, 'stop', '2026' FROM n")  # fmt: skip
    connection.commit()
    connection.close()
    command = ("db", "merge", "a.db", "--db", "b.db")
    program = [sys.executable, "-m", "ttc.cli.main", *command]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as running:
        while kept(tmp_path / "b.db") == 0:
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        told = running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert "interrupted" in told
    assert "Traceback" not in told
    assert 0 < kept(tmp_path / "b.db") < 40001
    assert kept(tmp_path / "b.db") % 1000 == 0
    assert ttc_process(*command).code == 0
    assert content(tmp_path / "b.db") == content(tmp_path / "a.db")


def kept(path: Path) -> int:
    """Return how many samples a store holds that may be in the making."""
    with contextlib.suppress(StoreError, sqlite3.Error), Store.reading(path) as store:
        return int(store.reader.execute("SELECT count(*) FROM samples").fetchone()[0])
    return 0


def test_a_batch_is_bounded_by_rows_and_by_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "a.db", [(0, draw) for draw in range(0, 60, 3)], text="x" * 100)
    monkeypatch.setattr(stores, "BATCH_CHARACTERS", 1000)
    sizes = []
    connection = database.empty()
    with opened(tmp_path / "a.db", tmp_path) as source:
        for batch in stores._batches(stores.KINDS["samples"][0](source)):
            sizes.append(len(batch))
            assert sum(len(row["text"]) for row in batch) <= 1000
    connection.close()
    assert sum(sizes) == 20
    assert len(sizes) > 2


def test_the_keys_of_a_store_are_checked(ttc: Ttc, two: tuple[Path, Path]) -> None:
    assert ttc("db", "check", "--db", two[0], "--json").document["sound"] is True
    _forged(two[0])
    done = ttc("db", "check", "--db", two[0])
    assert done.code == 6
    assert "is not the key of its prompt and parameters" in done.out
    connection = sqlite3.connect(two[1])
    connection.execute("DELETE FROM prompts")
    connection.commit()
    connection.close()
    done = ttc("db", "check", "--db", two[1])
    assert (done.code, "refers to a missing row of prompts" in done.out) == (6, True)


def test_a_backup_is_one_file_with_all_in_it(ttc: Ttc, two: tuple[Path, Path]) -> None:
    with Store.writing(two[0]) as store:
        store.write(lambda c: verifiers.verifier_id(c, VerifierId("late", "1", {})))
        assert ttc("db", "backup", "copy.db", "--db", two[0]).code == 0
    assert content(Path("copy.db")) == content(two[0])
    again = ttc("db", "backup", "copy.db", "--db", two[0])
    assert (again.code, "exists already" in again.err) == (2, True)
    assert ttc("db", "backup", "no/copy.db", "--db", two[0]).code == 2


def test_the_rest_of_the_command_line(ttc: Ttc, own_home: Path) -> None:
    assert ttc("db", "path", "--db", "x.db").out.strip() == str(own_home / "x.db")
    assert ttc("db", "path", "--json").document["exists"] is False
    assert ttc("db", "check", "--db", "x.db").code == 6
    for wrong in (["nothing"], ["merge"], ["backup"], ["check", "x"], ["path", "--dry-run"]):
        done = ttc("db", *wrong)
        assert (done.code, len(done.err.splitlines())) == (2, 1)


@pytest.mark.parametrize(
    ("here", "there", "merged"),
    [(None, True, 1), (True, None, 1), (None, False, 0), (False, True, 1), (True, False, 1)],
)
def test_whether_a_verifier_read_the_reference_is_merged(
    ttc: Ttc, tmp_path: Path, here: bool | None, there: bool | None, merged: int
) -> None:
    """Of two answers the cautious one holds, whichever store is merged into the other."""

    def made(name: str, draws: Iterable[tuple[int, int]], reads: bool | None) -> Path:
        path = tmp_path / name
        fill(path, draws)
        with Store.writing(path) as store:
            store.write(lambda c: verifiers.verifier_id(c, JUDGE, reads))
        return path

    both = made("a.db", [(0, 0), (0, 1)], here), made("b.db", [(0, 1), (1, 1)], there)
    for first, second in (both, both[::-1]):
        target = tmp_path / f"into-{first.name}"
        for source in (first, second, first):
            assert ttc("db", "merge", source, "--db", target, "--dry-run").code == 0
            assert ttc("db", "merge", source, "--db", target).code == 0
        with Store.reading(target) as store:
            sql = "SELECT name, reads_reference FROM verifiers"
            assert store.reader.execute(sql).fetchall() == [("judge", merged)]


def test_a_dry_merge_into_an_older_store_counts_too(
    ttc: Ttc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    fill(new, [(0, 1)])
    with Store.writing(new) as store:
        store.write(lambda c: verifiers.verifier_id(c, JUDGE, True))
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", schema.MIGRATIONS[:4])
        with Store.writing(old) as store:
            sql = "INSERT INTO verifiers (name, version, config) VALUES ('judge', '1', '{\"v\":2}')"
            store.write(lambda c: c.execute(sql))
    ran = ttc("db", "merge", new, "--db", old, "--dry-run", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["sources"][0]["new"]["verifiers"] == 1
