"""One run at a time draws into a pool: two would draw the same samples twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from ttc.errors import StoreError
from ttc.plans import Plan, refreshed
from ttc.store import Store, runs

# How long another run may hold the pool before we give up.
PATIENCE = 30.0


@contextmanager
def claimed(store: Store, plan: Plan, command: str) -> Iterator[Plan]:
    """Hold the pool while a plan is drawn; yields the plan with what is missing by then.

    A later run waits. StoreError, with the pid of the other, after PATIENCE seconds.
    """
    until = time.monotonic() + PATIENCE
    while plan.missing:
        other, run_id = store.write(partial(_claim, pool_id=plan.pool.id, command=command))
        if run_id is not None:
            try:
                yield refreshed(store, plan)
            finally:
                store.write(partial(runs.end, run_id=run_id))
            return
        if time.monotonic() > until:
            raise StoreError(
                f"{plan.pool.name}: pid {other['pid']} is drawing into this pool "
                f"({other['command']}); wait for it, end it, or choose another --pool"
            )
        time.sleep(0.2)
        plan = refreshed(store, plan)
    yield plan


def _claim(connection: Any, pool_id: int, command: str) -> tuple[Any, int | None]:
    other = runs.live(connection, pool_id)
    return other, None if other else runs.begin(connection, pool_id, command)
