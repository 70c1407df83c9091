"""`ttc import`, `ttc export` and their Python twins: what is told, refused, and left as it was."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from subprocess import PIPE, Popen

import full_pools as full
import pytest
from commands import TTC, Ttc

import ttc as library

LINES = [
    {"problem": "a", "index": 0, "text": "x", "model": "m", "correct": True, "verifier": "v"},
    {"problem": "a", "index": 1, "text": "y", "model": "m", "correct": False, "verifier": "v"},
]


def lines(path: Path, records: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_a_dry_run_tells_the_same_and_writes_nothing(ttc: Ttc, own_home: Path) -> None:
    log = lines(own_home / "a.jsonl", LINES)
    told = ttc("import", log, "--pool", "p", "--dry-run")
    assert told.err.startswith("p: would import 1 problem × 2 draws from 1 file (ttc, m), 2 verd")
    assert not Path(os.environ["TTC_HOME"], "ttc.db").exists()
    ttc("import", log, "--pool", "p")
    more = lines(own_home / "b.jsonl", [{**LINES[0], "index": 2}])
    assert ttc("import", more, "--pool", "p", "--dry-run", "--json").document["new"] == 1
    assert len(ttc("export", "p", "-q").lines) == 2


def test_lines_come_from_standard_input_with_their_places(ttc: Ttc) -> None:
    text = "".join(json.dumps(record) + "\n" for record in LINES)
    assert ttc("import", "-", "--pool", "p", stdin=text).code == 0
    other = json.dumps({**LINES[0], "text": "z"}) + "\n"
    told = ttc("import", "-", "--pool", "p", stdin=other).err
    assert "the first at <stdin>: a draw 0" in told
    bad = ttc("import", "-", "--pool", "p", stdin=text + "{\n")
    assert (bad.code, "<stdin>:3" in bad.err) == (2, True)


def test_a_model_is_named_where_the_log_names_none(ttc: Ttc, own_home: Path) -> None:
    """Draws of two models never join in one pool."""
    bare = lines(own_home / "a.jsonl", [{"problem": "a", "text": "x"}])
    ttc("import", bare, "--pool", "p", "-m", "m")
    assert ttc("export", "p", "-q").lines[0]["model"] == "m"
    more = lines(own_home / "b.jsonl", LINES[1:])
    assert ttc("import", more, "--pool", "p", "-m", "other", "--json").document["new"] == 1
    done = ttc("import", bare, "--pool", "p", "-m", "other")
    assert (done.code, "model m → other" in done.err) == (2, True)


def test_the_same_draw_with_another_text_is_told(ttc: Ttc, own_home: Path) -> None:
    ttc("import", lines(own_home / "a.jsonl", LINES), "--pool", "p")
    other = lines(own_home / "b.jsonl", [{**LINES[0], "text": "z"}, {**LINES[1], "index": 2}])
    done = ttc("import", other, "--pool", "p")
    assert done.code == 0
    assert (
        f"conflict: 1 left out, since the pool has another text for the draw; the first at {other}"
        in done.err
    )
    assert [line["text"] for line in ttc("export", "p", "-q").lines] == ["x", "y", "y"]
    anew = ttc("import", other, "--pool", "p", "--option", "index=new", "--json").document
    assert anew["new"] == 2


def test_nothing_but_conflicts_is_an_error(ttc: Ttc, own_home: Path) -> None:
    ttc("import", lines(own_home / "a.jsonl", LINES), "--pool", "p")
    other = lines(own_home / "b.jsonl", [{**LINES[0], "text": "z"}])
    assert ttc("import", other, "--pool", "p").code == 2


def test_another_reference_is_told_and_a_missing_one_is_added(ttc: Ttc, own_home: Path) -> None:
    ttc("import", lines(own_home / "a.jsonl", LINES), "--pool", "p")
    known = [{**line, "reference": {"answer": "1"}} for line in LINES]
    added = ttc("import", lines(own_home / "b.jsonl", known), "--pool", "p")
    assert "references added to 1 problem" in added.err
    other = [{**line, "reference": {"answer": "2"}} for line in LINES]
    told = ttc("import", lines(own_home / "c.jsonl", other), "--pool", "p")
    assert "another reference for the problem" in told.err
    found = ttc("export", "p", "-q").lines
    assert [(line["reference"], line["correct"]) for line in found] == [
        ({"answer": "1"}, True),
        ({"answer": "1"}, False),
    ]


def test_pools_of_one_log_do_not_share_their_draws(ttc: Ttc, own_home: Path) -> None:
    for name in ("p", "q"):
        ttc("import", lines(own_home / f"{name}.jsonl", LINES[:1]), "--pool", name)
    ttc("import", lines(own_home / "more.jsonl", LINES), "--pool", "q")
    assert len(ttc("export", "p", "-q").lines) == 1


def test_imported_pools_are_renamed_merged_and_removed(ttc: Ttc, own_home: Path) -> None:
    """The log is known after each, and a new pool with the old name is another one."""
    log = lines(own_home / "a.jsonl", LINES)
    for name in ("one", "two"):
        ttc("import", log, "--pool", "p", "--db", f"{name}.db")
    ttc("mv", "p", "q", "--db", "one.db")
    assert ttc("import", log, "--pool", "q", "--db", "one.db", "--json").document["new"] == 0
    assert ttc("import", log, "--pool", "p", "--db", "one.db", "--json").document["new"] == 2
    merged = ttc("db", "merge", "one.db", "two.db", "--db", "all.db")
    assert merged.code == 0, merged.err
    assert ttc("import", log, "--pool", "q", "--db", "all.db", "--json").document["new"] == 0
    ttc("rm", "q", "--yes", "--db", "all.db")
    left = [row["samples"] for row in ttc("ls", "--json", "--db", "all.db").document["pools"]]
    assert left == [2] * len(left)


def test_a_question_that_is_not_known_is_told(ttc: Ttc, own_home: Path) -> None:
    ttc("import", lines(own_home / "a.jsonl", LINES), "--pool", "p")
    assert "p: question unknown for 1 of 1 problems" in ttc("ls").err
    assert "question unknown for 1 of 1 problems" in ttc("show", "p").out
    assert "question unknown" in ttc("show", "p", "a").out
    judged = ttc("verify", "p", "-V", "judge:model=scripted:")
    assert (judged.code, "--problems DATA" in judged.err) == (2, True)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "an empty file"),
        ('{"id": "a", "question": "1+1?"}\n', "look like problems, not draws: ttc sample"),
        ('{"a": 1}\n', "no log that ttc knows; name its format with --format"),
    ],
)
def test_what_is_no_log_is_told_what_to_do(
    ttc: Ttc, own_home: Path, content: str, why: str
) -> None:
    (own_home / "a.jsonl").write_text(content)
    done = ttc("import", "a.jsonl", "--pool", "p")
    assert (done.code, why in done.err) == (2, True)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"problem": "", "text": "x"}, "names no problem"),
        ({"problem": "a", "text": "x", "index": -1}, "an index from 0, not -1"),
        ({"problem": "a", "text": "x", "seed": 1 << 63}, "'seed' has an integer of 19 digits"),
        ({"problem": "a", "text": "x", "prompt_tokens": 10**30}, "which is too large"),
        ({"problem": "\ud800", "text": "x"}, "half a surrogate pair"),
    ],
)
def test_what_the_store_cannot_hold_is_refused(
    ttc: Ttc, own_home: Path, line: dict[str, object], why: str
) -> None:
    done = ttc("import", lines(own_home / "a.jsonl", [*LINES, line]), "--pool", "p")
    assert (done.code, why in done.err) == (2, True), done.err
    assert ttc("ls").out == ""


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("import", "nowhere", "--pool", "p"), "nowhere: no such file or folder"),
        (("import", "a.jsonl", "--pool", "p", "--format", "nope"), "no such format reads logs"),
        (("import", "a.jsonl", "--pool", "p", "--option", "x=1"), "have no such option"),
        (("import", "a.jsonl", "--pool", "p", "--option", "x"), "write KEY=VALUE"),
        (("import", "a.jsonl", "--pool", " "), "--pool: name the pool"),
        (("export", "nope"), "no such pool"),
        (("export", "p", "--format", "nope"), "no such format writes draws"),
        (("export", "p", "--problems", "nope"), "has no problem 'nope'"),
        (("export", "p", "-V", "nope"), "no verdicts by nope"),
        (("export", "p", "-o", "no/such/folder"), "-o no/such/folder: No such file"),
    ],
)
def test_what_is_wrong_is_one_line(
    ttc: Ttc, own_home: Path, args: tuple[str, ...], why: str
) -> None:
    log = lines(own_home / "a.jsonl", LINES)
    ttc("import", log, "--pool", "p")
    done = ttc(*args)
    assert (done.code, why in done.err, done.err.count("\n")) == (2, True, 1), done.err


def test_an_export_is_what_verify_prints(ttc: Ttc, own_home: Path) -> None:
    (own_home / "d.jsonl").write_text('{"id": "q, 1", "question": "?", "answer": "1"}\n')
    ttc("sample", "d.jsonl", "-n", "3", "-m", "scripted:", "--pool", "p", "-q")
    drawn = ttc("sample", "d.jsonl", "-n", "3", "-m", "scripted:", "--pool", "p", "-q").out
    assert ttc("export", "p").out == drawn
    judged = ttc("verify", "p", "-V", "numeric", "-q").out
    assert ttc("export", "p", "--problems", "q, 1").out == judged
    both = ttc("export", "p", "p", "-q").out
    assert both == judged * 2


def test_an_export_that_fails_leaves_the_file_as_it_was(ttc: Ttc, own_home: Path) -> None:
    (own_home / "x.json").write_text("before")
    ttc("import", lines(own_home / "a.jsonl", [{"problem": "a", "text": "x"}]), "--pool", "p")
    done = ttc("export", "p", "--format", "every-eval-ever", "-o", "x.json")
    assert (done.code, "wants a verdict" in done.err) == (2, True)
    assert (own_home / "x.json").read_text() == "before"
    assert sorted(each.name for each in own_home.glob("x*")) == ["x.json"]


def test_the_library_imports_and_exports(own_home: Path) -> None:
    pool = library.import_logs(lines(own_home / "a.jsonl", LINES), "p", progress=False)
    assert [sample.text for sample in pool] == ["x", "y"]
    assert pool.sweep("coverage")["coverage", 1].value == 0.5
    assert pool.export("x.csv", questions=True) == []
    again = library.import_logs(["x.csv", own_home / "a.jsonl"], "q", progress=False)
    assert len(again) == 2
    with pytest.raises(library.UsageError, match="no such file"):
        library.import_logs("nowhere", "p", progress=False)


@pytest.mark.slow
def test_what_was_kept_when_interrupted_is_there_and_the_rest_follows(own_home: Path) -> None:
    records = ({"task_id": f"t{at % 50}", "completion": f"{at}" * 20} for at in range(20_000))
    lines(own_home / "a.jsonl", list(records))
    command = [*TTC, "import", "a.jsonl", "--pool", "p", "--db", "s.db"]
    running = Popen(command, stderr=PIPE, text=True)
    database = own_home / "s.db"
    while not database.exists() or _count(database) == 0:
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=60)
    kept = int(told.split("interrupted; ")[1].split()[0].replace(",", ""))
    assert _count(database) == kept
    done = Popen(command, stderr=PIPE, text=True)
    _, told = done.communicate(timeout=60)
    assert f"{20_000 - kept:,} draws are new, {kept:,} were in the pool already" in told
    assert _count(database) == 20_000


def _count(database: Path) -> int:
    import sqlite3

    try:
        found = sqlite3.connect(database).execute("SELECT count(*) FROM samples").fetchone()
    except sqlite3.OperationalError:
        return 0
    return int(found[0])


def test_a_reader_that_leaves_is_no_failure(own_home: Path) -> None:
    full.make(own_home / "s.db")
    command = [*TTC, "export", "full", "--db", "s.db", "-q"]
    running = Popen(command, stdout=PIPE, stderr=PIPE)
    assert running.stdout is not None
    running.stdout.read(10)
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == b""
    assert running.wait(timeout=60) == 141


def test_a_verdict_of_another_tool_that_is_not_there_is_told(ttc: Ttc, own_home: Path) -> None:
    log = lines(own_home / "a.jsonl", [{**line, "verifier": "tool:exact"} for line in LINES])
    ttc("import", log, "--pool", "p")
    done = ttc("sweep", "p", "-V", "tool:other")
    assert done.err == "ttc: p: no verdicts by tool:other; a log brought those by tool:exact\n"


@pytest.mark.parametrize("name", ["d.csv", "d.tsv", "d.parquet", "d.arrow", "d.jsonl"])
def test_exported_tables_have_their_tags(ttc: Ttc, own_home: Path, name: str) -> None:
    rows = [{"id": at, "question": "1+1?", "answer": "2", "level": f"L{at}"} for at in range(2)]
    (own_home / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert ttc("sample", "q.jsonl", "-n", "2", "-m", "scripted:", "--pool", "d", "-q").code == 0
    ttc("verify", "d", "-V", "numeric", "-q")
    assert ttc("export", "d", "-o", name).code == 0
    groups = ttc("sweep", name, "--by", "level", "-s", "mean", "-k", "1", "--json").document
    found = {curve.get("group") for curve in groups["curves"]}
    assert found == {None, "L0", "L1"}
