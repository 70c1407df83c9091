"""Whether a pool has the draws of the last `ttc sample` of its name, and all of them.

A gate that reads a pool takes its draws for those of the last run. They are not if the last run of
that name drew into another pool, or did not finish.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ttc.errors import GateError
from ttc.store import Store, runs
from ttc.store.pools import Pool


def superseded(
    connection: sqlite3.Connection, pool: Pool, beside: Collection[str] = ()
) -> str | None:
    """Return a line if the last sampling of a pool's name drew into another pool, else None.

    `beside` are pools that are read together with it; the newer one may be among them.
    """
    last = runs.last(connection, pool.base)
    if last is not None and last["dropped"] is not None:
        return (
            f"{pool.name} does not have the latest samples: the last ttc sample of {pool.base} "
            f"({last['started'][:19]}) drew none; run it again: {last['command']}"
        )
    if last is None or last["pool_id"] == pool.id or last["pool"] in beside:
        return None
    return (
        f"{pool.name} does not have the latest samples: the last ttc sample of {pool.base} "
        f"({last['started'][:19]}) drew into {last['pool']}; read {shlex.quote(last['pool'])}"
    )


def unfinished(connection: sqlite3.Connection, pool: Pool) -> str | None:
    """Return a line if the last sampling into a pool did not make all its draws, else None."""
    last = runs.last(connection, pool.base)
    if last is None or last["pool_id"] != pool.id or last["dropped"] or not _short(last):
        return None
    if runs.alive(last):
        how = f"is still drawing (pid {last['pid']})"
    elif last["lacking"] is None:
        how = f"was cut off before all its draws were made, {last['asked']} of them"
    else:
        how = f"ended with {last['lacking']} of {last['asked']} draws missing"
    again = "" if runs.alive(last) else f"; to fill the gaps: {last['command']}"
    return f"the last ttc sample of {pool.name} {how}{again}"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a pool has the latest samples and all of them; no gate passes if `superseded`."""

    superseded: str | None = None
    unfinished: str | None = None

    @property
    def notes(self) -> list[str]:
        """The notes, one line each."""
        return [line for line in (self.superseded, self.unfinished) if line is not None]

    def hold(self, gate: str) -> None:
        """Raise GateError if the pool does not have the latest samples."""
        if self.superseded is not None:
            raise GateError(f"not met: {gate}: {self.superseded}")


def standing(store: Store, pool: Pool, beside: Collection[str] = ()) -> Standing:
    """Compare a pool with the last sampling of its name."""
    return standing_in(store.reader, pool, beside)


def standing_in(
    connection: sqlite3.Connection, pool: Pool, beside: Collection[str] = ()
) -> Standing:
    """Return the same by a connection to the store."""
    return Standing(superseded(connection, pool, beside), unfinished(connection, pool))


def _short(run: dict[str, Any]) -> bool:
    # Runs of older versions did not say what they were to draw.
    return run["asked"] is not None and run["lacking"] != 0
