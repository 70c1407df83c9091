"""The store: what it keeps, what it refuses to change, and how it opens files of any kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ttc.backends import Completion
from ttc.errors import StoreError, UsageError
from ttc.records import Message, Problem, Sample, Verdict, Vote
from ttc.store import Store, counts, database, pools, samples, schema, verdicts, verifiers
from ttc.store.database import file_system
from ttc.store.judged import judged
from ttc.store.verifiers import VerifierId

IDENTITY = {"backend": "b", "fingerprint": "f", "seed": 0, "temperature": 0.8}
PROBLEM = Problem("p", (Message("user", "6 × 7?"),), reference={"answer": "42"})
DONE = Completion("r", "It is 42", "stop", prompt_tokens=5, completion_tokens=4, logprob=-1.5)
NUMERIC = VerifierId("numeric", "1", {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.writing(tmp_path / "s.db") as opened:
        yield opened


def enrol(store: Store, name: str = "demo", **changes: object) -> tuple[pools.Pool, int]:
    identity = {**IDENTITY, **changes}
    pool = store.write(lambda c: pools.ensure(c, name, "m", identity))
    enrolled = store.write(lambda c: pools.enrol(c, pool, [PROBLEM], identity))
    return pool, enrolled[0].request_id


def put(store: Store, request: int, draw: int, done: Completion = DONE) -> None:
    store.write(lambda c: samples.insert(c, request, draw, 7, done))


def test_a_sample_comes_back_as_it_was_kept(store: Store) -> None:
    pool, request = enrol(store)
    put(store, request, 3)
    ((_, sample),) = samples.of_pool(store.reader, pool)
    assert (sample.problem, sample.index, sample.text, sample.seed) == ("p", 3, "It is 42", 7)
    assert sample.reference == {"answer": "42"}
    assert sample.params == {"seed": 0, "temperature": 0.8}


def test_samples_are_immutable_and_the_first_of_a_draw_stays(store: Store) -> None:
    pool, request = enrol(store)
    put(store, request, 0)
    put(store, request, 0, replace(DONE, text="other"))
    ((_, sample),) = samples.of_pool(store.reader, pool)
    assert sample.text == "It is 42"
    with pytest.raises(sqlite3.IntegrityError, match="immutable"):
        store.write(lambda c: c.execute("UPDATE samples SET text = 'x'"))


def test_work_that_fails_undoes_itself_and_nothing_else(store: Store) -> None:
    _, request = enrol(store)

    def half(connection: sqlite3.Connection) -> None:
        samples.insert(connection, request, 0, 7, DONE)
        raise UsageError("no")

    assert store.writer is not None
    good = store.writer.submit(lambda c: samples.insert(c, request, 1, 7, DONE))
    bad = store.writer.submit(half)
    good.result()
    with pytest.raises(UsageError):
        bad.result()
    assert samples.drawn(store.reader, request) == {1}


def test_a_name_is_shared_by_one_identity_only(store: Store) -> None:
    first, _ = enrol(store)
    assert enrol(store)[0] == first
    second, _ = enrol(store, temperature=0.7)
    assert second.name == "demo.2"
    assert enrol(store, temperature=0.7)[0].name == "demo.2"
    assert pools.differences(first.identity, second.identity) == {"temperature": (0.8, 0.7)}


def test_pools_that_ask_the_same_share_their_samples(store: Store) -> None:
    _, request = enrol(store, "one")
    put(store, request, 0)
    other, same_request = enrol(store, "two")
    assert same_request == request
    assert [s.pool for _, s in samples.of_pool(store.reader, other)] == ["two"]


def test_one_name_cannot_stand_for_two_prompts(store: Store) -> None:
    pool, _ = enrol(store)
    changed = replace(PROBLEM, messages=(Message("user", "6 × 8?"),))
    with pytest.raises(UsageError, match="another problem called 'p'"):
        store.write(lambda c: pools.enrol(c, pool, [changed], IDENTITY))


def judge(store: Store, pool: pools.Pool, verdict: Verdict) -> None:
    def keep(connection: sqlite3.Connection) -> None:
        row = verifiers.verifier_id(connection, NUMERIC)
        for sample_id, sample in samples.of_pool(connection, pool):
            verdicts.keep(connection, sample_id, row, sample, verdict)

    store.write(keep)


def test_verdicts_belong_to_verifier_and_reference(store: Store) -> None:
    pool, request = enrol(store)
    put(store, request, 0)
    judge(store, pool, Verdict("42", True, 1.0))
    assert list(verdicts.kept(store.reader, pool, NUMERIC).values()) == [Verdict("42", True, 1.0)]
    later = VerifierId("numeric", "2", {})
    assert verdicts.kept(store.reader, pool, later) == {}
    corrected = replace(PROBLEM, reference={"answer": "43"})
    store.write(lambda c: pools.enrol(c, pool, [corrected], IDENTITY))
    assert verdicts.kept(store.reader, pool, NUMERIC) == {}
    judge(store, pool, Verdict("42", False, 0.0))
    assert [v.correct for v in verdicts.kept(store.reader, pool, NUMERIC).values()] == [False]


def test_an_edited_line_is_not_the_store_s_sample(store: Store) -> None:
    pool, request = enrol(store)
    put(store, request, 0)
    ((row, sample),) = samples.of_pool(store.reader, pool)
    assert verdicts.sample_row(store.reader, sample) == row
    assert verdicts.sample_row(store.reader, replace(sample, text="It is 43")) is None
    assert verdicts.sample_row(store.reader, replace(sample, index=1)) is None


def test_errors_and_cancellations_are_attempts(store: Store) -> None:
    pool, request = enrol(store)
    cut = replace(DONE, finish_reason="cancelled", completion_tokens=2, text="It")
    failed = replace(DONE, finish_reason="error", error="boom")
    for draw, done in ((0, cut), (1, failed), (2, cut)):
        store.write(lambda c, d=draw, x=done: samples.insert_attempt(c, request, d, x))
    put(store, request, 2)
    assert [s.index for _, s in samples.of_pool(store.reader, pool)] == [2]
    assert samples.cancelled_in(store.reader, pool) == 1
    spent = "SELECT draw, completion_tokens FROM attempts WHERE status = 'cancelled' ORDER BY draw"
    assert list(store.reader.execute(spent)) == [(0, 2), (2, 2)]


def test_text_that_no_file_can_hold_is_kept_with_a_mark(store: Store) -> None:
    pool, request = enrol(store)
    put(store, request, 0, replace(DONE, text="a\ud800b\0c"))
    ((_, sample),) = samples.of_pool(store.reader, pool)
    assert sample.text == "a\ufffdb\0c"


def test_a_store_opens_again_as_one_file(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with Store.writing(path) as opened:
        _, request = enrol(opened)
        put(opened, request, 0)
    assert not path.with_name("s.db-wal").exists()
    copied = tmp_path / "copy.db"
    copied.write_bytes(path.read_bytes())
    with Store.reading(copied) as again:
        assert counts.overview(again.reader)[0]["samples"] == 1


def test_the_file_is_plain_sqlite_with_our_mark(tmp_path: Path, store: Store) -> None:
    plain = sqlite3.connect(store.path)
    assert plain.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
    assert plain.execute("PRAGMA application_id").fetchone() == (schema.APPLICATION_ID,)
    assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    plain.close()


def test_sqlite_utils_opens_it(store: Store) -> None:
    sqlite_utils = pytest.importorskip("sqlite_utils")
    put(store, enrol(store)[1], 0)
    opened = sqlite_utils.Database(store.path)
    assert {"pools", "problems", "samples", "verdicts"} <= set(opened.table_names())
    assert next(opened["samples"].rows)["text"] == "It is 42"
    opened.close()


def test_an_older_store_is_migrated_and_backed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.db"
    with Store.writing(path) as opened:
        _, request = enrol(opened)
        put(opened, request, 0)
    steps = (*schema.MIGRATIONS, "CREATE TABLE later (x);\nINSERT INTO later VALUES (1);")
    monkeypatch.setattr(database, "MIGRATIONS", steps)
    with Store.reading(path) as migrated:
        assert migrated.reader.execute("SELECT x FROM later").fetchone() == (1,)
        assert counts.overview(migrated.reader)[0]["samples"] == 1
    version = len(schema.MIGRATIONS)
    old = sqlite3.connect(tmp_path / f"s.db.bak-v{version}")
    assert old.execute("PRAGMA user_version").fetchone() == (version,)
    old.close()


def test_a_store_of_the_first_schema_opens_with_all_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.db"
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", schema.MIGRATIONS[:1])
        with Store.writing(path) as opened:
            pool, request = enrol(opened)
            for statement in (
                "INSERT INTO samples (request_id, draw, text, finish_reason, created) "
                f"VALUES ({request}, 0, 'It is 42', 'stop', 'then')",
                "INSERT INTO verifiers VALUES (7, 'numeric', '1', '{}')",
                "INSERT INTO verdicts SELECT samples.id, 7, reference_id, '42', 1, 1.0, 'ok', '', "
                "'then' FROM samples JOIN problems USING (request_id)",
            ):
                opened.write(lambda connection, sql=statement: connection.execute(sql))
    with Store.writing(path) as migrated:
        there = verdicts.by_sample(migrated.reader, pool, 7)
        assert list(there.values()) == [Verdict("42", True, 1.0)]
        assert verdicts.votes(migrated.reader, pool, 7) == {}


def test_votes_stand_behind_a_verdict_and_are_charged(store: Store) -> None:
    pool, request = enrol(store)
    put(store, request, 0)
    ((sample_id, sample),) = samples.of_pool(store.reader, pool)
    judging = VerifierId("judge", "1", {})
    first = (Vote(1.0, "Yes", 60, 3), Vote(None, "Perhaps", 60, 2))

    def keep(verdict: Verdict, who: VerifierId) -> int:
        def write(connection: sqlite3.Connection) -> int:
            row = verifiers.verifier_id(connection, who)
            verdicts.keep(connection, sample_id, row, sample, verdict)
            return row

        return store.write(write)

    keep(Verdict("42", True, 1.0, tokens=125, votes=first), judging)
    row = keep(Verdict("42", False, 0.0, tokens=64, votes=(Vote(0.0, "No", 60, 4),)), judging)
    assert verdicts.votes(store.reader, pool, row) == {sample_id: [Vote(0.0, "No", 60, 4)]}
    assert verdicts.by_sample(store.reader, pool, row)[sample_id].tokens == 64
    exact = keep(Verdict("42", True, 1.0), VerifierId("exact", "1", {}))

    def charged(verifier: int, **scorers: int) -> int | None:
        found = verdicts.outcomes(store.reader, pool, verifier, scorers=scorers)
        return next(found)[2].verifier_tokens

    assert charged(row) == 64
    assert charged(row, judge=row) == 64
    assert charged(exact) is None
    assert charged(exact, judge=row) == 64


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.db"
    with Store.writing(path) as opened:
        put(opened, enrol(opened)[1], 0)
    steps = (*schema.MIGRATIONS, "CREATE TABLE later (x);\nINSERT INTO nowhere VALUES (1);")
    monkeypatch.setattr(database, "MIGRATIONS", steps)
    with pytest.raises(StoreError):
        Store.writing(path)
    monkeypatch.undo()
    with Store.reading(path) as again:
        assert counts.overview(again.reader)[0]["samples"] == 1
        tables = again.reader.execute("SELECT name FROM sqlite_master").fetchall()
        assert ("later",) not in tables


def test_a_reader_sees_what_a_writer_commits_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store there yet"):
        Store.reading(tmp_path / "none.db")
    assert list(tmp_path.glob("none*")) == []
    with Store.writing(tmp_path / "s.db") as writing, Store.reading(tmp_path / "s.db") as reading:
        put(writing, enrol(writing)[1], 0)
        assert counts.overview(reading.reader)[0]["samples"] == 1
        with pytest.raises(StoreError, match="reading only"):
            reading.write(lambda c: None)


def test_the_file_system_of_a_path_is_the_deepest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"disk / ext4 rw 0 0\nserver {tmp_path}/net nfs4 rw 0 0\n")
    assert file_system(tmp_path / "net" / "s.db", mounts) == "nfs4"
    assert file_system(tmp_path / "network.db", mounts) == "ext4"
    assert file_system(tmp_path, tmp_path / "absent") is None


def test_sample_lines_round_trip_through_the_interchange(store: Store, tmp_path: Path) -> None:
    from ttc import interchange, jsonl

    pool, request = enrol(store)
    for draw in range(3):
        put(store, request, draw, replace(DONE, text=f"é {draw}", finish_reason="length"))
    kept = [sample for _, sample in samples.of_pool(store.reader, pool)]
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(jsonl.dump(interchange.sample_line(s)) + "\n" for s in kept))
    read: list[Sample] = [sample for _, sample in interchange.read_samples(str(path))]
    assert read == kept


def test_of_earlier_verdicts_it_is_known_whether_they_read_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store of the schema before: by name and options, for the verifiers of ttc itself."""
    path = tmp_path / "s.db"
    rows = [
        ("numeric", '{"tol":0.0}', True),
        ("regex", '{"pattern":"4"}', False),
        ("judge", '{"n":"1","reference":"yes"}', True),
        ("genrm", '{"reference":"no"}', False),
        ("cmd", '{"command":["true"],"timeout":30.0}', None),
        ("contains", '{"case":"fold"}', None),
    ]
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", schema.MIGRATIONS[:4])
        with Store.writing(path) as opened:
            pool, request = enrol(opened)
            sample = (
                "INSERT INTO samples (request_id, draw, text, finish_reason, created) "
                f"VALUES ({request}, 0, 'It is 42', 'stop', 'then')"
            )
            opened.write(lambda connection: connection.execute(sample))
            for at, (name, config, _) in enumerate(rows, start=1):
                for statement in (
                    f"INSERT INTO verifiers VALUES ({at}, '{name}', '1', '{config}')",
                    f"INSERT INTO verdicts SELECT samples.id, {at}, reference_id, '42', 1, 1.0, "
                    "'ok', '', 'then', NULL FROM samples JOIN problems USING (request_id)",
                ):
                    opened.write(lambda connection, sql=statement: connection.execute(sql))
    with Store.reading(path) as migrated:
        found = verifiers.verifiers_of(migrated.reader, pool)
        assert {row["name"]: row["reads_reference"] for row in found} == {
            name: reads for name, _, reads in rows
        }
        for at, (_, _, reads) in enumerate(rows, start=1):
            (verdict,) = verdicts.by_sample(migrated.reader, pool, at).values()
            assert (verdict, verdict.reads_reference) == (Verdict("42", True, 1.0), reads)


def test_a_verifier_that_says_it_later_is_believed(store: Store) -> None:
    plugin = VerifierId("contains", "1", {})

    def row(reads: bool | None) -> tuple[int, bool | None]:
        number = store.write(lambda c: verifiers.verifier_id(c, plugin, reads))
        sql = "SELECT reads_reference FROM verifiers WHERE id = ?"
        return number, store.reader.execute(sql, (number,)).fetchone()[0]

    assert [row(reads) for reads in (None, True, None, False)] == [
        (1, None),
        (1, 1),
        (1, 1),
        (1, 0),
    ]
    assert not verifiers.lacks_reading(store.reader, VerifierId("other", "1", {}), True)


def test_an_empty_reference_was_not_read(store: Store) -> None:
    bare = replace(PROBLEM, id="bare", messages=(Message("user", "Tell."),), reference={})
    pool = store.write(lambda c: pools.ensure(c, "demo", "m", IDENTITY))
    for problem in (PROBLEM, bare):
        (enrolled,) = store.write(lambda c, p=problem: pools.enrol(c, pool, [p], IDENTITY))
        put(store, enrolled.request_id, 0)
    store.write(lambda c: verifiers.verifier_id(c, NUMERIC, True))
    judge(store, pool, Verdict("42", True, 1.0))
    kept = verdicts.kept(store.reader, pool, NUMERIC)
    assert [kept[row].reads_reference for row in sorted(kept)] == [True, False]
    found = [verdict for _, _, verdict in judged(store.reader, pool, NUMERIC) if verdict]
    assert [verdict.reads_reference for verdict in found] == [True, False]
