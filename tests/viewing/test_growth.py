"""The page is never older than the store: what is drawn, judged, removed or replaced meanwhile."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc
from viewing.demo_store import DRAWS, NUMERIC, PROBLEMS
from viewing.pages import Server, document, serving

from ttc.backends import Completion
from ttc.errors import StoreError
from ttc.records import Sample, Verdict
from ttc.store import Store, pools, samples, tags, verdicts, verifiers
from ttc.view import table as tables
from ttc.view.library import Library


@pytest.fixture
def store(demo: Path, tmp_path: Path) -> Path:
    """A copy of the demo store, to write to."""
    return Path(shutil.copy(demo, tmp_path / "grows.db"))


@pytest.fixture
def page(store: Path) -> Iterator[Library]:
    found = Library(store)
    yield found
    found.close()


def request_of(connection: Any, pool: str, problem: str) -> int:
    sql = (
        "SELECT request_id FROM problems JOIN pools ON pools.id = pool_id "
        "WHERE pools.name = ? AND problems.name = ?"
    )
    return int(connection.execute(sql, (pool, problem)).fetchone()[0])


def draw(connection: Any) -> None:
    done = Completion("", "one more: 2", "stop", completion_tokens=1)
    samples.insert(connection, request_of(connection, "demo", "sum/1"), 90, None, done)


def judge(connection: Any, *, correct: bool, index: int = 0) -> None:
    request = request_of(connection, "demo", "sum/1")
    sql = "SELECT id FROM samples WHERE request_id = ? AND draw = ?"
    row = connection.execute(sql, (request, index)).fetchone()[0]
    who = verifiers.verifier_id(connection, NUMERIC)
    about = Sample("sum/1", index, "", "stop", reference=PROBLEMS[1].reference)
    verdicts.keep(connection, row, who, about, Verdict("new", correct))


def fail(connection: Any) -> None:
    lost = Completion("", "", "error", error="gone")
    samples.insert_attempt(connection, request_of(connection, "demo", "sum/2"), 91, lost)


def tag(connection: Any) -> None:
    pool = pools.find(connection, "demo")
    assert pool is not None
    tags.write(connection, pool.id, "sum/1", {"level": "new"})


def state(page: Library, pool: str = "demo") -> dict[str, Any]:
    return document(page, "overview", pool=pool, verifier="numeric")


CHANGES: dict[str, tuple[Callable[[Any], None], Callable[[dict[str, Any]], Any], Any]] = {
    "a draw": (draw, lambda found: found["counts"]["draws"], DRAWS * len(PROBLEMS) + 1),
    "an attempt": (fail, lambda found: found["counts"]["failed"], 2),
    "a tag": (tag, lambda found: found["groups"]["level"]["new"], DRAWS),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_new_is_shown(page: Library, store: Path, change: str) -> None:
    work, shown, expected = CHANGES[change]
    before = state(page)
    assert state(page) == before
    with Store.writing(store) as opened:
        opened.write(work)
        assert shown(state(page)) == expected  # while the writer is there
    assert shown(state(page)) == expected


def test_a_verdict_that_is_replaced_is_shown(page: Library, store: Path) -> None:
    """The counts of verdicts stay the same then."""
    for correct in (True, False, True):
        with Store.writing(store) as opened:
            opened.write(lambda connection, correct=correct: judge(connection, correct=correct))
        rows = document(page, "draws", pool="demo", problem="sum/1", verifier="numeric")["rows"]
        assert (rows[0]["answer"], rows[0]["correct"]) == ("new", correct)
        curves = document(page, "curves", pool="demo", verifier="numeric", rules="mean")
        value = curves["curves"][0]["points"][0]["value"]
        shown = document(page, "problems", pool="demo", verifier="numeric")["rows"]
        shares = [row["correct"] / DRAWS for row in shown]
        assert value == pytest.approx(sum(shares) / len(shares))


def test_searches_and_pools_are_not_older(page: Library, store: Path, ttc: Ttc) -> None:
    assert document(page, "draws", pool="demo", search="one more")["total"] == 0
    with Store.writing(store) as opened:
        opened.write(draw)
    assert document(page, "draws", pool="demo", search="one more")["total"] == 1
    listed = document(page, "pools")["pools"]
    assert listed[0]["samples"] == DRAWS * len(PROBLEMS) + 1
    assert ttc("rm", "other", "--yes", "--db", store).code == 0
    assert [each["pool"] for each in document(page, "pools")["pools"]] == ["demo", "beams"]
    assert ttc("mv", "beams", "renamed", "--db", store).code == 0
    assert document(page, "overview", pool="renamed")["pool"] == "renamed"


def test_another_pool_leaves_what_was_read(page: Library, store: Path) -> None:
    with page.reading() as reader:
        first = page.shelf(reader, "other").table
    with Store.writing(store) as opened:
        opened.write(draw)
    with page.reading() as reader:
        assert page.shelf(reader, "other").table is first
        assert page.shelf(reader, "demo").table is not first


def test_a_store_that_was_replaced_is_read_anew(page: Library, store: Path, tmp_path: Path) -> None:
    state(page)
    other = tmp_path / "other.db"
    with Store.writing(other) as opened:
        opened.write(lambda connection: pools.ensure(connection, "fresh", "m", {}))
    other.replace(store)
    for suffix in ("-wal", "-shm"):
        Path(f"{store}{suffix}").unlink(missing_ok=True)
    assert [each["pool"] for each in document(page, "pools")["pools"]] == ["fresh"]
    store.unlink()
    with pytest.raises(StoreError, match="deleted or moved"):
        document(page, "pools")


def test_a_pool_grows_under_a_server(store: Path) -> None:
    with serving(store, "demo", "other") as server, Store.writing(store) as opened:
        stop = threading.Event()
        wrong: list[str] = []
        threads = [
            threading.Thread(target=ask, args=(server, stop, wrong), daemon=True) for _ in range(3)
        ]
        for thread in threads:
            thread.start()

        def more(connection: Any, index: int) -> None:
            done = Completion("", f"grown {index}", "stop", completion_tokens=1)
            for problem in PROBLEMS:
                request = request_of(connection, "demo", problem.id)
                samples.insert(connection, request, index, None, done)

        for index in range(100, 130):
            opened.write(lambda connection, index=index: more(connection, index))
            found = server.document("draws", pool="demo", search=f"grown {index}")
            assert found["total"] == len(PROBLEMS)
        stop.set()
        for thread in threads:
            thread.join()
        assert wrong == []
        total = (DRAWS + 30) * len(PROBLEMS)
        assert server.document("overview", pool="demo")["counts"]["draws"] == total


def ask(server: Server, stop: threading.Event, wrong: list[str]) -> None:
    names = ("draws", "problems", "overview", "pools")
    at = 0
    while not stop.is_set():
        answer = server.get(names[at % 4], pool="demo", filter="wrong")
        if answer.status_code != 200:
            wrong.append(answer.text)
        at += 1


def test_a_named_pool_that_is_removed_leaves_the_others(store: Path, ttc: Ttc) -> None:
    library = Library(store, ["demo", "other"])
    assert ttc("rm", "demo", "--yes", "--db", store).code == 0
    assert [each["pool"] for each in document(library, "pools")["pools"]] == ["other"]


def test_memory_of_what_was_asked_is_bounded(page: Library) -> None:
    for at in range(80):
        document(page, "draws", pool="demo", search=f"text {at}", filter=f"answer:{at}")
    assert len(page._results) <= 32
    with page.reading() as reader:
        kept = page.shelf(reader, "demo").table.kept
    assert not [key for key in kept if key[1:] and str(key[1]).startswith("answer:")]


def test_a_pool_that_takes_long_to_read_is_not_read_all_the_time(
    page: Library, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "SLOW", 0.0)
    monkeypatch.setattr(tables, "PATIENCE", 1e6)
    before = state(page)
    assert not [note for note in before["notes"] if "read again" in note]
    with Store.writing(store) as opened:
        opened.write(draw)
    waiting = state(page)
    assert waiting["counts"] == before["counts"]
    assert [note for note in waiting["notes"] if "the pool has changed in the last" in note]
    monkeypatch.setattr(tables, "PATIENCE", 0.0)
    assert state(page)["counts"]["draws"] == before["counts"]["draws"] + 1
