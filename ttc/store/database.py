"""Opening the store: connections, the write lock, migrations, and every way a file can be wrong.

Writers of all processes take turns on `DB.lock`, held for one transaction or checkpoint at a
time: SQLite before 3.51.3 can lose commits when two connections write and checkpoint at once,
and a pipe of `ttc sample | ttc verify` has two writers. Readers never lock and never create.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from ttc import paths
from ttc.errors import StoreError
from ttc.store import integrity
from ttc.store.lock import WriteLock
from ttc.store.schema import APPLICATION_ID, MIGRATIONS, statements

NETWORK_FILE_SYSTEMS = frozenset(
    "9p afs ceph cifs fuse.glusterfs fuse.sshfs glusterfs gpfs lustre nfs nfs4 smb3 smbfs".split()  # noqa: SIM905
)


_IO = re.compile("disk I/O error|unable to open")


class OlderStoreError(StoreError):
    """The file is of an earlier schema; opening it for writing migrates it."""


class NewerStoreError(StoreError):
    """The file is of a later schema than this ttc knows."""


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """Turn an SQLite error into one line with the remedy."""
    text = str(error)
    if "not a database" in text:
        return StoreError(f"{path}: not a SQLite database; choose another with --db")
    if "malformed" in text or "corrupt" in text:
        return StoreError(
            f"{path}: the store is damaged ({text}); restore a backup, or start another with --db"
        )
    if "full" in text or (_IO.search(text) and _no_space(path)):
        return StoreError(f"{path}: the disk is full; make room and run the same command again")
    if "locked" in text or "busy" in text:
        return StoreError(f"{path}: the store is locked by another program; try again later")
    return StoreError(f"{path}: {text}; --db names another store")


def _no_space(path: Path) -> bool:
    """Whether the file system has no room for a page: SQLite then may speak of other faults."""
    with contextlib.suppress(OSError):
        return shutil.disk_usage(path.parent).free < 1 << 16
    return False


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise StoreError for whatever SQLite or the file system raises."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}; --db names another store") from error


def file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """Return the type of the file system that holds a path, where the platform tells."""
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
        f"{path}: on a network file system ({kind}), where SQLite cannot be shared safely; "
        "put the store on a local disk with --db, or set TTC_NETWORK_DB=1 to use it from one "
        "process at a time"
    )


def _check_header(connection: sqlite3.Connection, path: Path) -> int:
    """Return the schema version; StoreError for a file that is not ours or newer than we know."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != APPLICATION_ID and not (empty and version == 0):
        raise StoreError(f"{path}: a SQLite database, but not a ttc store; use another --db")
    if version > len(MIGRATIONS):
        raise NewerStoreError(
            f"{path}: written by a newer ttc (schema {version}, this one knows "
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
        # The version may have moved while we waited for the lock.
        for script in MIGRATIONS[_check_header(connection, path) :]:
            for statement in statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        # SQLite may have rolled back by itself; an error of that would hide the first one.
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def open_writer(path: Path, lock: WriteLock) -> sqlite3.Connection:
    """Open for writing, creating or migrating the file as needed. StoreError for a damaged one,
    before anything is written."""
    with translated(path), lock:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA busy_timeout = 30000")
            _check_header(connection, path)
            integrity.check(connection, path)
            mode = _journal_mode(path)
            # FULL: an acknowledged sample survives a power cut, for 4 ms against its seconds.
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
    """Whether somebody has a store open, or left it without folding its log into it."""
    return path.with_name(path.name + "-wal").exists()


def open_any(path: Path, *, alone: bool = False) -> tuple[sqlite3.Connection, int]:
    """Open a store of any schema that is known, for reading only; return its version too.

    With `alone`, one that nobody has open is read without a lock, which leaves no file beside it.
    StoreError if there is no store, or none that can be read.
    """
    if not path.exists():
        raise StoreError(f"{path}: no store there yet; ttc sample makes one")
    quoted = path.resolve().as_uri()
    _journal_mode(path)
    with translated(path):
        how = "immutable=1" if alone and not in_use(path) else "mode=ro"
        connection = sqlite3.connect(f"{quoted}?{how}", uri=True, isolation_level=None)
        try:
            version = _check_header(connection, path)
        except sqlite3.OperationalError:
            # A WAL file in a folder that cannot be written opens only as immutable.
            connection.close()
            if in_use(path):
                raise
            connection = sqlite3.connect(f"{quoted}?immutable=1", uri=True, isolation_level=None)
            version = _check_header(connection, path)
        connection.execute("PRAGMA busy_timeout = 30000")
        return connection, version


def open_reader(path: Path, *, checked: bool = False, alone: bool = False) -> sqlite3.Connection:
    """Open for reading only. OlderStoreError before it is migrated; StoreError as above, and for
    a store that is damaged, unless it was `checked` when it was opened for writing."""
    connection, version = open_any(path, alone=alone)
    try:
        if version < len(MIGRATIONS):
            raise OlderStoreError(f"{path}: of an older schema ({version}), and not yet migrated")
        if not checked:
            with translated(path):
                integrity.check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def empty() -> sqlite3.Connection:
    """Return a store in memory, for what only needs one to hold others against."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for script in MIGRATIONS:
        connection.executescript(script)
    return connection


def copied(path: Path, copy: Path, *, alone: bool = False) -> None:
    """Write what a store of any schema that is known holds to a file, as one."""
    connection, _ = open_any(path, alone=alone)
    with contextlib.closing(connection), translated(path):
        backup_to(connection, copy)


def backup_to(connection: sqlite3.Connection, copy: Path) -> None:
    """Write what a connection sees to a file, which is there whole or not at all."""
    with paths.replacing(copy) as part:
        part.unlink(missing_ok=True)
        connection.execute("VACUUM INTO ?", (str(part),))
