"""Runs: which processes draw into which pools, and which runs were killed."""

from __future__ import annotations

import os
import socket
import sqlite3
from pathlib import Path
from typing import Any

from ttc.store.sql import now, rows


def process_tag(pid: int) -> str | None:
    """Return a tag that a later process with the same pid does not have; None if there is no such
    process."""
    if Path("/proc/self/stat").exists():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return f"start {fields[19]}"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    return "running"


def begin(
    connection: sqlite3.Connection, pool_id: int, command: str, asked: int | None = None
) -> int:
    """Record that this process draws into a pool; `asked` is how many draws it is to have."""
    pid = os.getpid()
    cursor = connection.execute(
        "INSERT INTO runs (pool_id, command, host, pid, process, started, asked) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (pool_id, command, socket.gethostname(), pid, process_tag(pid), now(), asked),
    )
    return int(cursor.lastrowid or 0)


def end(connection: sqlite3.Connection, run_id: int, lacking: int | None = None) -> None:
    """Record that a run has ended, and how many draws are missing (None if unknown)."""
    connection.execute(
        "UPDATE runs SET ended = ?, lacking = ? WHERE id = ?", (now(), lacking, run_id)
    )


def last(connection: sqlite3.Connection, base: str) -> dict[str, Any] | None:
    """Return the latest run whose pool was requested by this name, or None."""
    sql = (
        "SELECT runs.*, pools.name AS pool FROM runs JOIN pools ON pools.id = pool_id "
        "WHERE base = ? ORDER BY started DESC, runs.id DESC LIMIT 1"
    )
    return next(iter(rows(connection, sql, (base,))), None)


def alive(run: dict[str, Any]) -> bool:
    """Return whether a run is still drawing; a run on another host counts as alive."""
    return run["ended"] is None and _alive(run)


def under_way(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return the runs that are not recorded as ended."""
    sql = (
        "SELECT runs.*, pools.name AS pool FROM runs JOIN pools ON pools.id = pool_id "
        "WHERE ended IS NULL"
    )
    return list(rows(connection, sql))


def _alive(run: dict[str, Any]) -> bool:
    # A run on another machine (shared disk) cannot be checked: assume that it is alive.
    return bool(run["host"] != socket.gethostname() or process_tag(run["pid"]) == run["process"])


def unclean(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return the runs that were killed: not ended, and their process is gone."""
    return [run for run in under_way(connection) if not _alive(run)]


def live(connection: sqlite3.Connection, pool_id: int) -> dict[str, Any] | None:
    """Return the run of another process that is drawing into a pool now, or None."""
    others = (run for run in under_way(connection) if run["pool_id"] == pool_id)
    return next((r for r in others if r["pid"] != os.getpid() and _alive(r)), None)
