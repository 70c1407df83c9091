"""The store: is it damaged, locked or short of space? Nothing is created or written."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from ttc.doctor.checks import Check, DoctorOptions, Step, fail, note, ok, refused
from ttc.doctor.system import existing
from ttc.errors import StoreError
from ttc.messages.counts import size, some
from ttc.store import integrity, lock, runs
from ttc.store.database import NETWORK_FILE_SYSTEMS, file_system, open_any
from ttc.store.migrations.views import NAMES
from ttc.store.schema import MIGRATIONS
from ttc.store.sql import translated
from ttc.store.writer import FREE_SPACE

_OTHER = "name another store with --db, TTC_DB or db = in the settings"
_WHOLE_CHECK = 5.0  # seconds; a larger store needs `ttc db check`
_HELD = 3.0  # seconds that a writer may keep the lock before it is reported


def steps(options: DoctorOptions) -> list[Step]:
    """Return the steps of this group."""
    path = options.store()
    return [
        Step("place", lambda: _place(path)),
        Step("file system", lambda: _file_system(path)),
        Step("lock", lambda: _lock(path)),
        Step("contents", lambda: _contents(path), _WHOLE_CHECK + 15),
    ]


def _place(path: Path) -> Iterator[Check]:
    folder = existing(path.parent)
    if path.is_dir():
        yield fail("store", f"{path} is a folder", _OTHER)
        return
    there = path.exists()
    writable = os.access(folder, os.W_OK | os.X_OK)
    if there and not os.access(path, os.R_OK):
        yield fail("store", f"{path} cannot be read by this user", _OTHER)
    elif not writable or (there and not os.access(path, os.W_OK)):
        what = path if writable else folder
        if not folder.is_dir():
            yield fail("store", f"{path}: {folder} is not a folder", _OTHER)
        else:
            yield fail("store", f"{path}: {what} is not writable, so nothing is stored", _OTHER)
    elif there:
        yield ok("store", f"{path}, {_sizes(path)}")
    else:
        yield note("store", f"none yet; the first run creates {path}")
    free = shutil.disk_usage(folder).free
    if free < FREE_SPACE:
        least = size(FREE_SPACE)
        yield fail(
            "disk", f"{size(free)} free at {folder}; runs stop below {least}", "free some space"
        )
    else:
        yield ok("disk", f"{size(free)} free at {folder}")


def _sizes(path: Path) -> str:
    """Return the size of a store, and those of its log and its search index if there are any."""
    real = Path(os.path.realpath(path))
    parts = [size(real.stat().st_size)]
    for suffix, what in (("-wal", "log"), (".search", "search index")):
        with contextlib.suppress(OSError):
            if there := real.with_name(real.name + suffix).stat().st_size:
                parts.append(f"its {what} {size(there)}")
    return ", ".join(parts)


def _file_system(path: Path) -> Iterator[Check]:
    kind = file_system(existing(path))
    if kind is None:
        yield note("file system", "unknown on this platform; keep the store on a local disk")
    elif kind not in NETWORK_FILE_SYSTEMS:
        yield ok("file system", kind)
    elif os.environ.get("TTC_NETWORK_DB") == "1":
        yield note(
            "file system",
            f"{kind}, a network file system: only safe for one process at a time "
            "(TTC_NETWORK_DB=1)",
            "put the store on a local disk with --db",
        )
    else:
        yield fail(
            "file system",
            f"{kind}, a network file system, where processes cannot share SQLite safely",
            "put the store on a local disk with --db, or set TTC_NETWORK_DB=1 and use it from one "
            "process at a time",
        )


def _lock(path: Path) -> Iterator[Check]:
    """Report a process that holds the write lock for longer than a transaction takes."""
    file = lock.lock_file(path)
    if not file.exists():
        return
    descriptor = lock.opened(file)
    try:
        until = time.monotonic() + _HELD
        while time.monotonic() < until:
            if lock.try_lock(descriptor):
                lock.unlock(descriptor)
                yield ok("lock", "free")
                return
            time.sleep(0.02)
        pid = lock.holder(descriptor)
    except OSError as error:
        yield note("lock", f"cannot be tried here: {error.strerror or error}")
        return
    finally:
        os.close(descriptor)
    who = f"pid {pid}{_command(pid)}" if pid else "another process"
    end = f", or end it: kill {pid}" if pid else ""
    yield fail(
        "lock", f"{who} has been writing for {_HELD:.0f} s; others wait", f"wait for it{end}"
    )


def _command(pid: str) -> str:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        if line := " ".join(filter(None, words)):
            return f" ({line[:80]})"
    return ""


def _contents(path: Path) -> Iterator[Check]:
    if not path.is_file():
        return
    try:
        connection, version = open_any(path, alone=True)
    except StoreError as error:
        yield refused("contents", error, _OTHER)
        return
    with contextlib.closing(connection):
        newest = len(MIGRATIONS)
        if version < newest:
            yield note("schema", f"{version}; the next run migrates it to {newest}, with a backup")
        else:
            yield ok("schema", str(version))
        if version:
            yield _sound(connection, path)
            if version == newest:
                yield from _views(connection, path)
                yield from _runs(connection, path)


def _sound(connection: sqlite3.Connection, path: Path) -> Check:
    deadline = time.monotonic() + _WHOLE_CHECK
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        found = integrity.faults(connection, path)
    except StoreError as error:
        if time.monotonic() > deadline and "interrupted" in str(error):
            long = f"longer than {_WHOLE_CHECK:.0f} s to check"
            return note("contents", f"no damage found so far; takes {long}", "ttc db check")
        return refused("contents", error, _OTHER)
    finally:
        connection.set_progress_handler(None, 0)
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        how = "restore a backup, or start another store with --db; ttc db check lists all faults"
        return fail("contents", f"damaged: {found[0]}{more}", how)
    with translated(path):
        pools, samples = (
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("pools", "samples")
        )
    return ok("contents", f"no damage; {some(pools, 'pool')}, {some(samples, 'sample')}")


def _views(connection: sqlite3.Connection, path: Path) -> Iterator[Check]:
    """Report views that are missing from the store."""
    with translated(path):
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")
        there = {row[0] for row in found}
    if missing := [name for name in NAMES if name not in there]:
        copied = "ttc db merge into a new store has them again"
        yield note("views", f"{', '.join(missing)} dropped by another program", copied)
    else:
        yield ok("views", f"{', '.join(NAMES)}; ttc db views shows their columns")


def _runs(connection: sqlite3.Connection, path: Path) -> Iterator[Check]:
    with translated(path):
        killed = {run["id"] for run in runs.unclean(connection)}
        under_way = runs.under_way(connection)
    for run in under_way:
        since = run["started"][:19]
        if run["id"] in killed:
            yield note("run", f"{run['pool']}: a run of {since} was cut off; the next one resumes")
        else:
            where = f"pid {run['pid']} on {run['host']}"
            detail = f"{where} has been drawing since {since} ({run['command']})"
            yield note("run", f"{run['pool']}: {detail}")
