"""Opening the store: connections, the write lock, migrations, and copies of the file.

Writers of all processes take turns on `DB.lock`, held for one transaction or checkpoint at a
time: SQLite before 3.51.3 can lose commits when two connections write and checkpoint at once,
and a pipe of `ttc sample | ttc verify` has two writers. Readers neither lock nor create files.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from ttc import paths
from ttc.errors import StoreError, UsageError
from ttc.store import integrity
from ttc.store.lock import WriteLock
from ttc.store.presence import refuse_second_names
from ttc.store.schema import APPLICATION_ID, MIGRATIONS, statements
from ttc.store.sql import translated

NETWORK_FILE_SYSTEMS = frozenset(
    "9p afs ceph cifs fuse.glusterfs fuse.sshfs glusterfs gpfs lustre nfs nfs4 smb3 smbfs".split()  # noqa: SIM905
)


class OlderStoreError(StoreError):
    """The file has an older schema; opening it for writing migrates it."""


class NewerStoreError(StoreError):
    """The file has a newer schema than this ttc can read."""


def file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """Return the type of the file system that holds a path; None if the platform has no mounts
    table."""
    try:
        table = [
            [part.replace("\\040", " ") for part in line.split()[1:3]]
            for line in mounts.read_text().splitlines()
        ]
    except OSError:
        return None
    resolved = str(path.resolve())
    best: tuple[str, str | None] = ("", None)
    for point, kind in table:
        inside = resolved == point or resolved.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]


def _journal_mode(path: Path) -> str:
    kind = file_system(path)
    if kind not in NETWORK_FILE_SYSTEMS:
        return "WAL"
    if os.environ.get("TTC_NETWORK_DB") == "1":
        return "DELETE"
    raise StoreError(
        f"{path}: on a network file system ({kind}), where processes cannot share SQLite safely; "
        "put the store on a local disk with --db, or set TTC_NETWORK_DB=1 to use it from one "
        "process at a time"
    )


@contextlib.contextmanager
def _one_snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Read one state of the file: another process may be creating the store just now."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _check_header(connection: sqlite3.Connection, path: Path) -> int:
    """Return the schema version; StoreError if the file is not a ttc store, or is too new."""
    with _one_snapshot(connection):
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != APPLICATION_ID and not (empty and version == 0):
        raise StoreError(f"{path}: a SQLite database, but not a ttc store; use another --db")
    if version > len(MIGRATIONS):
        raise NewerStoreError(
            f"{path}: written by a newer ttc (schema {version}; this ttc reads up to "
            f"{len(MIGRATIONS)}); upgrade ttc-cli, or use another --db"
        )
    return version


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = _check_header(connection, path)
    if version == len(MIGRATIONS):
        return
    if version > 0:
        backup_to(connection, path.with_name(f"{path.name}.bak-v{version}"))
    connection.execute("BEGIN EXCLUSIVE")
    try:
        # Another process may have migrated the file while this one waited for the lock.
        for script in MIGRATIONS[_check_header(connection, path) :]:
            for statement in statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        # SQLite may have rolled back already; that error must not hide the first one.
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def open_writer(path: Path, lock: WriteLock) -> sqlite3.Connection:
    """Open for writing, creating or migrating the file as needed. StoreError if it is damaged,
    before anything is written."""
    with translated(path), lock:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA busy_timeout = 30000")
            _check_header(connection, path)
            refuse_second_names(path)
            integrity.check(connection, path)
            mode = _journal_mode(path)
            # FULL: a committed sample survives a power cut. A sync takes 4 ms, a sample seconds.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            if sys.platform == "darwin":
                connection.execute("PRAGMA fullfsync = ON")
                connection.execute("PRAGMA checkpoint_fullfsync = ON")
            _migrate(connection, path)
            connection.execute(f"PRAGMA journal_mode = {mode}")
        except BaseException:
            connection.close()
            raise
        return connection


def in_use(path: Path) -> bool:
    """Return whether a store is open somewhere, or was left with its write-ahead log."""
    real = Path(os.path.realpath(path))
    return real.with_name(real.name + "-wal").exists()


def open_any(
    path: Path, *, alone: bool = False, threads: bool = False
) -> tuple[sqlite3.Connection, int]:
    """Open a store of any schema version for reading only; return the version too.

    With `alone`, a store that is not in use is read without a lock, so no file is left beside it;
    with `threads`, several threads may use the connection, one after the other. StoreError if
    there is no store, or it cannot be read.
    """
    if not path.exists():
        raise StoreError(f"{path}: no store there yet; ttc sample creates one")
    quoted = path.resolve().as_uri()
    _journal_mode(path)
    with translated(path):
        how = "immutable=1" if alone and not in_use(path) else "mode=ro"
        connection = _connected(f"{quoted}?{how}", threads)
        try:
            version = _check_header(connection, path)
        except sqlite3.OperationalError:
            # A database in WAL mode, in a read-only folder, opens only as immutable.
            connection.close()
            if in_use(path):
                raise
            connection = _connected(f"{quoted}?immutable=1", threads)
            version = _check_header(connection, path)
        connection.execute("PRAGMA busy_timeout = 30000")
        return connection, version


def _connected(uri: str, threads: bool) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=not threads)


def open_reader(
    path: Path, *, checked: bool = False, alone: bool = False, threads: bool = False
) -> sqlite3.Connection:
    """Open for reading only; `alone` and `threads` as for `open_any`.

    OlderStoreError if it needs a migration; StoreError as `open_any`, and if the store is damaged
    (not tested if it was `checked` already, on opening it for writing).
    """
    connection, version = open_any(path, alone=alone, threads=threads)
    try:
        if version < len(MIGRATIONS):
            raise OlderStoreError(f"{path}: has an older schema ({version}) and is not migrated")
        if not checked:
            with translated(path):
                integrity.check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def empty() -> sqlite3.Connection:
    """Return an empty store in memory, for a dry merge when there is no store yet."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for script in MIGRATIONS:
        connection.executescript(script)
    return connection


def backup(source: Path, copy: Path) -> None:
    """Write a copy of a store as one file. UsageError if the file exists or has no folder."""
    if copy.exists():
        raise UsageError(f"{copy}: exists already; name a new file")
    if not copy.parent.is_dir():
        raise UsageError(f"{copy}: no such folder")
    copied(source, copy)


def copied(path: Path, copy: Path, *, alone: bool = False) -> None:
    """Copy a store of any schema version to one file; `alone` as for `open_any`."""
    connection, _ = open_any(path, alone=alone)
    with contextlib.closing(connection), translated(path):
        backup_to(connection, copy)


def backup_to(connection: sqlite3.Connection, copy: Path) -> None:
    """Write the contents of a connection to a file, completely or not at all."""
    with paths.replacing(copy) as part:
        part.unlink(missing_ok=True)
        connection.execute("VACUUM INTO ?", (str(part),))
