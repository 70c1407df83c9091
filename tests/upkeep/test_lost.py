"""A store that is deleted, moved or replaced under a run ends it: exit 6 and one true line."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent import futures
from pathlib import Path

import pytest
from commands import TTC, Ttc

from ttc.errors import StoreError
from ttc.store import Store, pools
from ttc.store.lock import WriteLock
from ttc.store.presence import LostStoreError

MODEL = "scripted:tokens=20,tick=0.002,slots=1"
LINUX = sys.platform == "linux"
Harm = Callable[[Path], object]


def count(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM samples").fetchone()[0])


def during(home: Path, harm: Harm, data: Path) -> tuple[int, str]:
    """Run `ttc sample`, harm its store once it has samples, and return its exit code and notes."""
    path = home / "folder" / "s.db"
    words = ["sample", data, "-n", "30", "--pool", "p", "-m", MODEL, "--db", path, "-o", "o.jsonl"]
    process = subprocess.Popen(
        [*TTC, *map(str, words)], cwd=home, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(sqlite3.Error):
            if count(path) > 3:
                break
        time.sleep(0.02)
    harm(path)
    _, told = process.communicate(timeout=60)
    return process.returncode, told


def replace(path: Path) -> None:
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.replace(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (Path.unlink, "was deleted under this run; what this run drew is lost"),
        (lambda path: shutil.rmtree(path.parent), "was deleted under this run"),
        (replace, "was replaced by another file under this run; what this run drew is lost"),
    ],
    ids=["deleted", "with its folder", "replaced"],
)
@pytest.mark.skipif(not LINUX, reason="elsewhere it is not known whether it was moved")
def test_a_store_that_is_gone_ends_the_run(
    own_home: Path, sums: Path, harm: Harm, said: str
) -> None:
    code, told = during(own_home, harm, sums)
    (line,) = [line for line in told.splitlines() if line.startswith("ttc:")]
    assert code == 6
    assert said in line
    assert "kept" not in told
    assert " new " not in told


@pytest.mark.slow
@pytest.mark.skipif(not LINUX, reason="elsewhere it is not known where it was moved")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_store_that_was_moved_has_what_was_drawn(
    own_home: Path, sums: Path, ttc: Ttc, what: str
) -> None:
    def move(path: Path) -> None:
        if what == "file":
            path.rename(own_home / "there.db")
        else:
            path.parent.rename(own_home / "moved")

    code, told = during(own_home, move, sums)
    there = own_home / ("there.db" if what == "file" else "moved/s.db")
    assert code == 6
    assert f"moved to {there} under this run; what was drawn so far is there" in told
    assert count(there) > 3
    assert ttc("db", "check", "--db", there).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_a_log_that_is_deleted_ends_the_run_with_all_in_the_store(
    own_home: Path, sums: Path, ttc: Ttc, suffix: str
) -> None:
    harm = lambda path: path.with_name(path.name + suffix).unlink()  # noqa: E731
    code, told = during(own_home, harm, sums)
    assert code == 6
    assert "the store has what was drawn so far" in told
    path = own_home / "folder" / "s.db"
    there = count(path)
    assert there > 3
    again = ttc("sample", sums, "-n", 30, "--pool", "p", "-m", "scripted:tokens=20", "--db", path)
    assert again.code == 0
    assert f"{there} kept" in again.err
    assert ttc("db", "check", "--db", path).code == 0


def test_a_lock_that_is_deleted_is_made_again(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writers hold one lock, also if its file was deleted between."""
    monkeypatch.setattr("ttc.store.lock.LOCK_PATIENCE", 0.1)
    path = own_home / "s.db"
    first = WriteLock(path)
    path.with_name("s.db.lock").unlink()
    second = WriteLock(path)
    with first, pytest.raises(StoreError, match="has been writing"):
        second.acquire()
    first.close()
    second.close()


@pytest.mark.parametrize("at_the_end", [False, True])
def test_the_loss_is_seen_at_the_next_commit_or_at_the_end(
    tmp_path: Path, at_the_end: bool
) -> None:
    path = tmp_path / "s.db"
    store = Store.writing(path)
    store.write(lambda c: pools.ensure(c, "p", "m", {}))
    path.unlink()
    if not at_the_end:
        with pytest.raises(LostStoreError):
            store.write(lambda c: pools.ensure(c, "q", "m", {}))
    with pytest.raises(LostStoreError):
        store.close()
    assert not path.exists()


def test_what_is_committed_to_a_lost_store_is_not_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = Store.writing(path)

    def lose(connection: sqlite3.Connection) -> int:
        path.unlink()
        return pools.ensure(connection, "p", "m", {}).id

    with pytest.raises(LostStoreError, match="deleted"):
        store.write(lose)
    with contextlib.suppress(StoreError):
        store.close()


@pytest.mark.parametrize("link", ["absolute", "relative", "of a link"])
def test_links_to_a_store_take_its_lock(tmp_path: Path, link: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "links").mkdir()
    real, name = tmp_path / "data" / "s.db", tmp_path / "links" / "l.db"
    Store.writing(real).close()
    if link == "absolute":
        name.symlink_to(real)
    else:
        name.symlink_to("../data/s.db")
    if link == "of a link":
        name = tmp_path / "links" / "second.db"
        name.symlink_to("l.db")
    with Store.writing(name) as store:
        store.write(lambda c: pools.ensure(c, "p", "m", {}))
        lock = WriteLock(real)
        with lock, pytest.raises(futures.TimeoutError):
            store.submit(lambda c: pools.ensure(c, "q", "m", {})).result(0.3)
        lock.close()
    assert sorted(each.name for each in (tmp_path / "links").iterdir() if each.is_file()) == sorted(
        each.name for each in (tmp_path / "links").iterdir() if each.is_symlink()
    )
    with Store.reading(real) as store:
        assert pools.names(store.reader) == ["p", "q"]


@pytest.mark.slow
def test_two_processes_write_through_two_links(tmp_path: Path, ttc: Ttc, sums: Path) -> None:
    real = tmp_path / "s.db"
    Store.writing(real).close()
    (tmp_path / "l.db").symlink_to("s.db")
    words = ["sample", str(sums), "-n", "8", "-m", MODEL, "-q", "-o", "/dev/null"]
    started = [
        subprocess.Popen([*TTC, *words, "--pool", "ab"[at], "-t", f"0.{at + 1}", "--db", str(path)])
        for at, path in enumerate([real, tmp_path / "l.db"])
    ]
    assert [process.wait(60) for process in started] == [0, 0]
    assert count(real) == 96
    assert ttc("db", "check", "--db", real).code == 0


def test_a_store_with_two_names_is_not_written(tmp_path: Path, ttc: Ttc, sums: Path) -> None:
    real = tmp_path / "s.db"
    ttc("sample", sums, "-n", 1, "--pool", "p", "-m", "scripted:", "--db", real)
    os.link(real, tmp_path / "second.db")
    for path in (real, tmp_path / "second.db"):
        done = ttc("sample", sums, "-n", 2, "--pool", "p", "-m", "scripted:", "--db", path)
        assert (done.code, "ln -s" in done.err) == (6, True)
        assert ttc("ls", "--db", path, "--json").document["pools"][0]["samples"] == 6
    (tmp_path / "second.db").unlink()
    assert ttc("sample", sums, "-n", 2, "--pool", "p", "-m", "scripted:", "--db", real).code == 0


@pytest.mark.slow
def test_verdicts_are_not_written_to_a_lost_store_either(
    own_home: Path, sums: Path, ttc: Ttc
) -> None:
    path = own_home / "s.db"
    ttc("sample", sums, "-n", 2, "--pool", "p", "-m", "scripted:", "--db", path)
    slow = "cmd:sleep 1"
    process = subprocess.Popen(
        [*TTC, "verify", "p", "-V", slow, "--db", str(path)], stderr=subprocess.PIPE, text=True
    )
    time.sleep(1.5)
    if process.poll() is not None:
        pytest.skip("the verifier ended before the store was deleted")
    path.unlink()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 6
    assert "was deleted" in told or not LINUX


@pytest.mark.slow
@pytest.mark.skipif(not LINUX or shutil.which("unshare") is None, reason="needs mounts of its own")
def test_a_store_that_is_unmounted_ends_the_run(own_home: Path, sums: Path) -> None:
    folder = own_home / "disk"
    folder.mkdir()
    program = " ".join(TTC)
    script = (
        f"mount -t tmpfs -o size=1g none {folder} || exit 77\n"
        f"{program} sample {sums} -n 30 --pool p -m {MODEL} --db {folder}/s.db -o o.jsonl &\n"
        f"sleep 1.5; umount -l {folder}; wait $!\n"
    )
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", script], capture_output=True, text=True, timeout=60
    )
    if done.returncode in (1, 77):
        pytest.skip("no mounts here")
    assert done.returncode == 6
    assert "unmounted under this run; what this run drew may be lost" in done.stderr


@pytest.mark.slow
def test_ctrl_c_after_the_loss_promises_nothing(own_home: Path, sums: Path) -> None:
    path = own_home / "s.db"
    model = "scripted:tokens=400,tick=0.01,slots=1"
    words = ["sample", str(sums), "-n", "9", "--pool", "p", "-m", model, "--db", str(path)]
    process = subprocess.Popen(
        [*TTC, *words, "--max-tokens", "900", "-o", "o"], stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 30
    while time.monotonic() < until and not path.exists():
        time.sleep(0.02)
    time.sleep(0.5)
    path.unlink()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 6
    assert "kept" not in told
