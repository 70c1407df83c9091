"""One run at a time draws into a pool: two would draw the same samples twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from ttc.errors import StoreError
from ttc.samples.plan import Plan, refreshed
from ttc.store import Store, pools, runs, samples
from ttc.store.sql import one

# How long another run may hold the pool before we give up.
PATIENCE = 30.0


@contextmanager
def claimed(store: Store, plan: Plan, command: str) -> Iterator[Plan]:
    """Hold the pool while a plan is drawn; yields the plan with what is missing by then.

    A later run waits. StoreError, with the pid of the other, after PATIENCE seconds. A run with
    nothing to draw is recorded too, as the last run of its pool's name.
    """
    until = time.monotonic() + PATIENCE
    while plan.missing:
        other, run_id = store.write(partial(_claim, plan=plan, command=command))
        if run_id is not None:
            try:
                yield refreshed(store, plan)
            finally:
                store.write(partial(_release, run_id=run_id, plan=plan))
            return
        if time.monotonic() > until:
            raise StoreError(
                f"{plan.pool.name}: pid {other['pid']} is drawing into this pool "
                f"({other['command']}); wait for it, end it, or choose another --pool"
            )
        time.sleep(0.2)
        plan = refreshed(store, plan)
    store.write(partial(_note, plan=plan, command=command))
    yield plan


def _check_there(connection: Any, plan: Plan) -> None:
    """Raise StoreError if the pool or its requests were removed since the plan was made. Their row
    ids may be those of others by now."""
    there = pools.find(connection, plan.pool.name)
    key_of = "SELECT key FROM requests WHERE id = ?"
    if (
        there is None
        or there.id != plan.pool.id
        or any(one(connection, key_of, e.request_id) != (e.key,) for e in plan.enrolled)
    ):
        raise StoreError(
            f"{plan.pool.name}: the pool was removed or renamed meanwhile; run the same command "
            "again"
        )


def _claim(connection: Any, plan: Plan, command: str) -> tuple[Any, int | None]:
    _check_there(connection, plan)
    other = runs.live(connection, plan.pool.id)
    return other, None if other else runs.begin(connection, plan.pool.id, command, _asked(plan))


def _release(connection: Any, run_id: int, plan: Plan) -> None:
    there = sum(samples.count_below(connection, key, plan.n) for key in _keys(plan))
    runs.end(connection, run_id, _asked(plan) - there)


def _note(connection: Any, plan: Plan, command: str) -> None:
    _check_there(connection, plan)
    run_id = runs.begin(connection, plan.pool.id, command, _asked(plan))
    runs.end(connection, run_id, 0)


def _keys(plan: Plan) -> set[str]:
    # Problems that ask the same share their draws.
    return {each.key for each in plan.enrolled}


def _asked(plan: Plan) -> int:
    return len(_keys(plan)) * plan.n
