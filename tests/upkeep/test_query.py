"""`ttc db`: SQL that only reads, views that people can read, and the search of texts."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from commands import TTC, Ttc

from ttc.store import Store
from ttc.store.upkeep.search import beside, excerpt

ESCAPES = "\x1b]0;title\x07red\u202e"
_Usage = namedtuple("_Usage", "total used free")
FOREVER = "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c"


@pytest.fixture
def database(own_home: Path) -> Path:
    return own_home / "ttc_home" / "ttc.db"


@pytest.fixture
def demo(ttc: Ttc, sums: Path) -> None:
    """A pool whose draws are judged, and one whose draws are not."""
    ttc("sample", sums, "-n", 4, "--pool", "demo", "-m", "scripted:answers=3,tokens=5-9")
    ttc("verify", "demo", "-V", "numeric")
    ttc("sample", sums, "-n", 2, "--pool", "raw", "-t", 0.1, "-m", "scripted:", "--raw")


def rows(ttc: Ttc, sql: str, *more: object) -> list[dict[str, Any]]:
    done = ttc("db", "query", sql, *more, "--json")
    assert done.code == 0, done.err
    found: list[dict[str, Any]] = done.document["rows"]
    return found


# Views.


@pytest.mark.usefixtures("demo")
def test_draws_shows_names_answers_and_questions(ttc: Ttc) -> None:
    found = rows(ttc, "select * from draws where pool = 'demo' and problem = 's2' and draw = 1")
    assert len(found) == 1
    row = found[0]
    assert row.pop("text").endswith("the answer is 3")
    assert row.pop("tokens") >= 5
    assert row.pop("seconds") is not None
    assert row == {
        "pool": "demo",
        "problem": "s2",
        "draw": 1,
        "question": "2 + 1?",
        "reference": "3",
        "answer": "3",
        "correct": 1,
        "score": 1.0,
        "verifier": "numeric",
        "think_tokens": 0,
    }


@pytest.mark.usefixtures("demo")
def test_what_is_not_known_is_null_and_a_draw_without_a_verdict_is_there(ttc: Ttc) -> None:
    found = rows(ttc, "select * from draws where pool = 'raw'")
    assert len(found) == 12
    assert {row["question"] for row in found} == {f"{i} + 1?" for i in range(6)}
    for name in ("answer", "correct", "score", "verifier"):
        assert {row[name] for row in found} == {None}


@pytest.mark.usefixtures("demo")
def test_a_draw_is_a_row_for_each_verifier(ttc: Ttc) -> None:
    ttc("verify", "demo", "-V", "exact")
    counted = rows(ttc, "select verifier, count(*) as n from draws where pool = 'demo' group by 1")
    assert counted == [{"verifier": "exact", "n": 24}, {"verifier": "numeric", "n": 24}]


@pytest.mark.usefixtures("demo")
def test_only_the_latest_version_of_a_verifier_is_shown(ttc: Ttc, database: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE verifiers SET version = 'old'")
    half = [row["problem"] for row in rows(ttc, "select distinct problem from draws limit 3")]
    ttc("verify", "demo", "-V", "numeric")
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "DELETE FROM verdicts WHERE verifier_id = 2 AND sample_id IN (SELECT samples.id FROM "
            "problems JOIN samples USING (request_id) WHERE problems.name = ?)",
            (half[0],),
        )
    for view in ("draws", "curves_input"):
        found = rows(ttc, f"select count(*) as n, count(verifier) as m from {view}")
        assert found == [{"n": 36, "m": 24}]


@pytest.mark.usefixtures("demo")
def test_curves_input_is_what_sweep_reads(ttc: Ttc, own_home: Path) -> None:
    lines = ttc("db", "query", "select * from curves_input where pool = 'demo'", "--nl")
    (own_home / "lines.jsonl").write_text(lines.out)
    kept = ("curves",)
    swept = [ttc("sweep", source, "--json", "--ci", 0) for source in ("demo", "lines.jsonl")]
    values = [[d.document[name] for name in kept] for d in swept]
    points = [
        [(point["k"], point["value"]) for curve in value[0] for point in curve["points"]]
        for value in values
    ]
    assert points[0] == points[1]


@pytest.mark.usefixtures("demo")
def test_spending_adds_up(ttc: Ttc) -> None:
    (row,) = rows(ttc, "select * from spending where pool = 'demo'")
    tokens = rows(ttc, "select sum(tokens) as n from draws where pool = 'demo'")[0]["n"]
    assert (row["draws"], row["attempts"], row["completion_tokens"]) == (24, 0, tokens)
    assert row["verifier_tokens"] is None
    assert row["model"] == "scripted"
    assert len(row["day"]) == 10


def test_spending_counts_attempts_and_shared_requests_once(ttc: Ttc, own_home: Path) -> None:
    twins = own_home / "twins.jsonl"
    twins.write_text('{"id":"a","question":"1?"}\n{"id":"b","question":"1?"}\n')
    ttc("sample", twins, "-n", 3, "--pool", "p", "-m", "scripted:fail=0.4")
    (row,) = rows(ttc, "select draws, attempts from spending")
    assert row["draws"] + row["attempts"] == 3
    assert row["draws"] > 0


@pytest.mark.parametrize("view", ["draws", "curves_input", "spending"])
@pytest.mark.usefixtures("demo")
def test_a_filter_by_pool_reads_no_whole_table(database: Path, view: str) -> None:
    with Store.reading(database) as store:
        sql = f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE pool = 'demo'"
        steps = [row[3] for row in store.reader.execute(sql)]
    scans = [step for step in steps if step.startswith("SCAN")]
    tables = ("pools", "problems", "requests", "prompts", "refs", "samples", "verdicts", "attempts")
    assert not [step for step in scans if set(step.split()) & set(tables)], steps
    assert any("SEARCH pools" in step for step in steps)


def test_a_foreign_key_has_a_label_that_datasette_finds(
    ttc: Ttc, demo: None, database: Path
) -> None:
    """Datasette labels a row by its `name` or `title`, or by the other one of two columns."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        for table in ("pools", "problems", "requests", "verifiers", "prompts", "refs"):
            found = connection.execute(f"PRAGMA table_xinfo({table})").fetchall()
            columns = [row[1] for row in found]
            assert {"name", "title"} & set(columns) or set(columns) == {"id", "content"}
        assert connection.execute("SELECT title FROM requests").fetchone() == ("scripted",)


# Queries.


@pytest.mark.usefixtures("demo")
def test_forms_of_output(ttc: Ttc) -> None:
    sql = "select problem, null as n, 'a,\"b\t' as t, x'00ff' as b, 1 as problem from draws limit 2"
    text = ttc("db", "query", sql, "--csv").out
    header, first, _ = csv.reader(io.StringIO(text))
    assert header == ["problem", "n", "t", "b", "problem_2"]
    assert first == ["s0", "", 'a,"b\t', "AP8=", "1"]
    assert next(csv.reader(io.StringIO(ttc("db", "query", sql).out), delimiter="\t")) == header
    line = ttc("db", "query", sql, "--nl").lines[0]
    assert (line["n"], line["problem_2"]) == (None, 1)
    assert line["b"] == {"$base64": True, "encoded": "AP8="}
    document = ttc("db", "query", sql, "--json").document
    assert (document["columns"], len(document["rows"])) == (header, 2)
    infinite = ttc("db", "query", "select 9e999 as f", "--json").document["rows"]
    assert infinite == [{"f": "inf"}]
    assert ttc("db", "query", sql, "--limit", 1, "--csv").out.count("\n") == 2
    assert ttc("db", "query", "-", "--csv", stdin="select 1 as a").out == "a\n1\n"


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("sql", "options", "said"),
    [
        ("select corect from draws", [], "did you mean correct?"),
        ("select d.corect from draws d", [], "did you mean correct?"),
        ("select * from draw", [], "did you mean draws?"),
        ("select * from nothing_like_it", [], "ttc db tables"),
        ("selct 1", [], "at column 1"),
        ("select * frm draws", [], "at column 10"),
        ("select (1", [], "incomplete input"),
        ("", [], "takes a SELECT"),
        ("-- nothing", [], "takes a SELECT"),
        ("select 1; select 2", [], "one statement"),
        ("select :x", [], "-p x=VALUE"),
        ("select 1", ["-p", "x=1"], "has no :x"),
        ("select :x", ["-p", "x"], "NAME=VALUE"),
        ("select 1", ["--csv", "--json"], "name one form"),
        ("select nofunction(1)", [], "no such function"),
        ("delete from samples", [], "only reads"),
        ("insert into pools values (9, 'x', 'x', 'm', '{}', '')", [], "only reads"),
        ("drop table samples", [], "only reads"),
        ("create table t (x)", [], "only reads"),
        ("vacuum into 'copy.db'", [], "only reads"),
        ("attach 'other.db' as o", [], "only reads"),
        ("pragma journal_mode = delete", [], "only reads"),
        ("pragma user_version = 3", [], "only reads"),
        ("begin", [], "only reads"),
        ("select load_extension('x')", [], "only reads"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    ttc: Ttc, own_home: Path, sql: str, options: list[str], said: str
) -> None:
    before = sorted(own_home.iterdir())
    done = ttc("db", "query", *options, "--", sql)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert said in done.err
    assert sorted(own_home.iterdir()) == before


@pytest.mark.usefixtures("demo")
def test_parameters_and_pragmas_that_read(ttc: Ttc) -> None:
    sql = "select count(*) as n from draws where pool = :pool and draw < :n"
    assert rows(ttc, sql, "-p", "pool=demo", "-p", "n=2") == [{"n": 12}]
    assert rows(ttc, "select :x as x", "-p", "x=a=b") == [{"x": "a=b"}]
    assert rows(ttc, "pragma table_info(pools)")[1]["name"] == "name"
    assert rows(ttc, "explain query plan select 1")


@pytest.mark.usefixtures("demo")
def test_a_query_that_takes_long_is_ended(ttc: Ttc) -> None:
    begun = time.monotonic()
    done = ttc("db", "query", FOREVER, "--max-time", "0.3")
    assert (done.code, "--max-time" in done.err) == (2, True)
    assert time.monotonic() - begun < 5


@pytest.mark.usefixtures("demo")
def test_ctrl_c_ends_a_query() -> None:
    process = subprocess.Popen([*TTC, "db", "query", FOREVER], stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "Traceback" not in told


def on_terminal(*args: str, columns: int = 80) -> str:
    pty = pytest.importorskip("pty")
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [*TTC, *args],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "COLUMNS": str(columns)},
    )
    os.close(terminal)
    seen = b""
    with contextlib.suppress(OSError):
        while part := os.read(controller, 65536):
            seen += part
    os.close(controller)
    assert process.wait(30) == 0
    return seen.decode()


@pytest.mark.usefixtures("demo")
def test_on_a_terminal_it_is_a_table_with_visible_text(ttc: Ttc, database: Path) -> None:
    wide = f"select '{ESCAPES}' as t, '{'x' * 200}' as long, 12345.678 as n from pools"
    seen = on_terminal("db", "query", wide, columns=120)
    assert "T" in seen.splitlines()[0]
    assert "\x1b]0" not in seen
    assert "x" * 60 + "…" in seen
    assert "x" * 200 in on_terminal("db", "query", wide, columns=0)
    narrow = on_terminal("db", "query", wide, columns=60)  # texts are cut before a column is lost
    assert "x" * 20 in narrow
    assert "12345.678" in narrow
    assert max(map(len, narrow.splitlines())) <= 60
    many = f"{FOREVER.replace('select count(*) from c', 'select x from c limit 5000')}"
    seen = on_terminal("db", "query", many)
    assert "there are more than 100 rows" in seen
    assert len(seen.splitlines()) == 102


@pytest.mark.parametrize("command", [["query", "select 1"], ["tables"], ["views"], ["search", "x"]])
def test_without_a_store_there_is_one_line_and_no_file(
    ttc: Ttc, own_home: Path, command: list[str]
) -> None:
    done = ttc("db", *command, "--db", "none.db")
    assert (done.code, len(done.err.splitlines())) == (6, 1)
    assert not list(own_home.glob("none*"))


@pytest.mark.usefixtures("demo")
def test_tables_and_views_are_listed(ttc: Ttc) -> None:
    tables = {row["table"]: row for row in ttc("db", "tables", "--json").document["tables"]}
    assert (tables["samples"]["rows"], tables["verdicts"]["rows"]) == (36, 24)
    assert "text" in tables["samples"]["columns"]
    views = {row["view"]: row["columns"] for row in ttc("db", "views", "--json").document["views"]}
    assert set(views) >= {"draws", "curves_input", "spending"}
    assert views["draws"][:3] == ["pool", "problem", "draw"]
    assert "draws" in ttc("db", "views").out


def test_the_help_lists_every_command(ttc: Ttc) -> None:
    help_text = ttc("db", "--help").out
    for name in ("path", "check", "backup", "merge", "vacuum", "query", "tables", "views"):
        assert f"  {name} " in help_text
    assert ttc("db").code == 2
    assert ttc("db", "nope").code == 2


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    "words",
    [
        ("--db", "{}", "db", "path", "--json"),
        ("db", "--db", "{}", "path", "--json"),
        ("--json", "db", "--db={}", "path"),
        ("db", "path", "--json", "--db", "{}"),
    ],
)
def test_global_options_stand_anywhere(ttc: Ttc, database: Path, words: tuple[str, ...]) -> None:
    filled = [word.replace("{}", str(database)) for word in words]
    assert ttc(*filled).document["database"] == str(database)


@pytest.mark.slow
def test_sqlite_utils_own_commands_read_the_store(ttc: Ttc, demo: None, database: Path) -> None:
    words = [sys.executable, "-m", "sqlite_utils"]

    def run(*args: str) -> Any:
        done = subprocess.run([*words, *args], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert {row["table"] for row in run("tables", str(database))} >= {"samples", "pools"}
    assert {row["view"] for row in run("views", str(database))} >= {"draws", "spending"}
    sql = "select problem, answer from draws where pool = 'demo' limit 1"
    assert run("query", str(database), sql) == [{"problem": "s0", "answer": "3"}]
    assert run("rows", str(database), "spending")[0]["pool"] == "demo"


# Search.


def texts(ttc: Ttc, *args: object) -> list[str]:
    done = ttc("db", "search", *args, "--json")
    assert done.code == 0, done.err
    return [row["text"] for row in done.document["samples"]]


@pytest.fixture
def words(ttc: Ttc, own_home: Path) -> None:
    """A pool with samples of known texts."""
    data = own_home / "w.jsonl"
    data.write_text('{"id":"a","question":"1?"}\n')
    ttc("sample", data, "-n", 3, "--pool", "w", "-m", "scripted:")
    known = ["the quick brown fox", "a quick NOT so brown bear", "naïve café be*"]
    database = own_home / "ttc_home" / "ttc.db"
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM samples")
        for draw, text in enumerate(known):
            connection.execute(
                "INSERT INTO samples (request_id, draw, text, finish_reason, created) "
                "VALUES (1, ?, ?, 'stop', ?)",
                (draw, text, str(draw)),
            )


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("quick", [0, 1]),
        ("QUICK brown", [0, 1]),
        ('"quick brown"', [0]),
        ("fox bear", []),
        ("NOT", [1]),
        ("br*", [0, 1]),
        ("cafe", [2]),
        ("quick OR", []),
        ("fox)", [0]),
        ("fo", []),
        ('"quick', [0, 1]),
    ],
)
def test_words_that_are_found(ttc: Ttc, text: str, found: list[int]) -> None:
    done = ttc("db", "search", text, "--json").document
    assert sorted(row["index"] for row in done["samples"]) == found


@pytest.mark.usefixtures("words")
def test_a_search_adds_what_is_new_and_forgets_what_was_removed(
    ttc: Ttc, database: Path, sums: Path
) -> None:
    assert len(texts(ttc, "quick")) == 2
    ttc("sample", sums, "-n", 1, "--pool", "more", "-m", "scripted:answers=zebra")
    assert len(texts(ttc, "zebra")) == 6
    assert len(texts(ttc, "zebra", "--pool", "w")) == 0
    ttc("rm", "more", "--yes")
    ttc("sample", sums, "-n", 1, "--pool", "again", "-m", "scripted:answers=okapi", "-t", 0.1)
    done = ttc("db", "search", "okapi", "--json")
    assert (len(done.document["samples"]), "making the index anew" in done.err) == (6, True)
    assert texts(ttc, "zebra") == []
    assert "making" not in ttc("db", "search", "okapi").err


@pytest.mark.usefixtures("words")
def test_the_index_can_be_deleted_broken_or_made_anew(ttc: Ttc, database: Path) -> None:
    assert len(texts(ttc, "quick")) == 2
    index = beside(database)
    assert index.exists()
    index.write_bytes(b"nothing like a database, and long enough to be read as one" * 100)
    assert len(texts(ttc, "quick")) == 2
    index.unlink()
    assert len(texts(ttc, "quick")) == 2
    assert len(texts(ttc, "quick", "--rebuild")) == 2
    with contextlib.closing(sqlite3.connect(database)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert not [name for name in names if "fts" in name or name == "texts"]


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(("text", "code"), [("", 2), ("***", 2), ("-", 2)])
def test_a_search_without_words_is_refused(ttc: Ttc, text: str, code: int) -> None:
    done = ttc("db", "search", "--", text)
    assert (done.code, "no word" in done.err) == (code, True)


@pytest.mark.usefixtures("words")
def test_two_searches_at_once_index_each_sample_once(ttc: Ttc, database: Path) -> None:
    started = [
        subprocess.Popen([*TTC, "db", "search", "quick", "--json"], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in started:
        out, _ = process.communicate(timeout=30)
        assert process.returncode == 0
        assert len(json.loads(out)["samples"]) == 2


def test_an_excerpt_shows_the_word() -> None:
    text = "word " * 50 + "here is the needle\nin " + "hay " * 50
    shown = excerpt(text, '"needle"')
    assert "the needle in" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert excerpt("needle", '"needle"') == "needle"


# Vacuum.


@pytest.mark.usefixtures("demo")
def test_vacuum_gives_space_back(ttc: Ttc, sums: Path, database: Path) -> None:
    ttc("sample", sums, "-n", 200, "--pool", "big", "-t", 0.3, "-m", "scripted:tokens=200")
    ttc("rm", "big", "--yes")
    size = database.stat().st_size
    done = ttc("db", "vacuum", "--json")
    assert done.code == 0
    assert done.document["before"] == size
    assert database.stat().st_size == done.document["after"] < size / 2
    assert len(rows(ttc, "select * from draws")) == 36
    assert ttc("db", "check").code == 0


@pytest.mark.usefixtures("demo")
def test_vacuum_while_another_process_reads(ttc: Ttc, database: Path) -> None:
    """The reader goes on with what it sees, and the file shrinks later."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reader:
        cursor = reader.execute("SELECT text FROM samples")
        first = cursor.fetchone()
        done = ttc("db", "vacuum", "--json")
        assert (done.code, done.document["later"]) == (0, True)
        assert len([first, *cursor]) == 36
    assert ttc("db", "check").code == 0


@pytest.mark.usefixtures("demo")
def test_vacuum_needs_room(ttc: Ttc, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttc.store.upkeep.vacuum.shutil.disk_usage", lambda _: _Usage(9, 9, 1000))
    done = ttc("db", "vacuum")
    assert done.code == 6
    assert "free disk" in done.err
