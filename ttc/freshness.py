"""Whether a pool is what the last `ttc sample` of its name filled, and whether all of it came.

A gate that reads a pool believes that its draws are those of the run before it. What makes that
untrue is told here: draws under the same name went elsewhere, or not all of them came.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ttc.errors import GateError
from ttc.store import Store, runs
from ttc.store.pools import Pool


def superseded(store: Store, pool: Pool, beside: Collection[str] = ()) -> str | None:
    """Return why a pool is not what the last sampling of its name filled; None if it is.

    `beside` are other pools that are read with it: if the newer one is among them, it is seen.
    """
    last = runs.last(store.reader, pool.base)
    if last is None or last["pool_id"] == pool.id or last["pool"] in beside:
        return None
    return (
        f"{pool.name} was not filled by the last ttc sample of {pool.base}: that drew into "
        f"{last['pool']} ({last['started'][:19]}); name {shlex.quote(last['pool'])} to read it"
    )


def unfinished(store: Store, pool: Pool) -> str | None:
    """Return how the last sampling into a pool fell short; None if it did not."""
    last = runs.last(store.reader, pool.base)
    if last is None or last["pool_id"] != pool.id or not _short(last):
        return None
    if runs.alive(last):
        how = f"is still drawing (pid {last['pid']})"
    elif last["lacking"] is None:
        how = f"was cut off before its {last['asked']} draws were there"
    else:
        how = f"ended with {last['lacking']} of {last['asked']} draws lacking"
    again = "" if runs.alive(last) else f"; to fill the gaps: {last['command']}"
    return f"the last ttc sample of {pool.name} {how}{again}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What whoever reads a pool has to know: `superseded` if a gate must not pass by it."""

    superseded: str | None = None
    unfinished: str | None = None

    @property
    def notes(self) -> list[str]:
        """All of it, a line each."""
        return [line for line in (self.superseded, self.unfinished) if line is not None]

    def hold(self, gate: str) -> None:
        """Raise GateError rather than let a gate pass by other samples than the last."""
        if self.superseded is not None:
            raise GateError(f"not met: {gate}: {self.superseded}")


def standing(store: Store, pool: Pool, beside: Collection[str] = ()) -> Standing:
    """Return how a pool stands beside the last sampling of its name."""
    return Standing(superseded(store, pool, beside), unfinished(store, pool))


def _short(run: dict[str, Any]) -> bool:
    # Runs of older versions did not say what they were to draw.
    return run["asked"] is not None and run["lacking"] != 0
