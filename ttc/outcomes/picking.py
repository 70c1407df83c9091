"""Draws of a pool by what they are: wrong, undecided, truncated (`ttc.store.picked.KINDS`)."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ttc.errors import UsageError
from ttc.outcomes.verifier_choice import choose_verifier, described
from ttc.records import INFRA, Sample, Verdict
from ttc.store import picked, verifiers
from ttc.store.judged import judged
from ttc.store.named import problem_named
from ttc.store.picked import Picked
from ttc.store.pools import Pool
from ttc.store.verifiers import VerifierId


@dataclass(frozen=True, slots=True)
class Found:
    """The draws that are of all the kinds wanted, of how many (`of`), of which `unjudged` have no
    verdict by the `verifier` whose verdicts count (its name, version and configuration; empty if
    there is none)."""

    draws: list[Picked]
    of: int
    unjudged: int
    verifier: Mapping[str, Any]


def find(
    connection: sqlite3.Connection,
    pool: Pool,
    kinds: Iterable[str],
    *,
    verifier: str | None = None,
    problem: str | None = None,
) -> Found:
    """Return the draws of a pool that are of all these kinds.

    `verifier` is the one whose verdicts count (None: the only one there is), `problem` restricts
    to one. UsageError for a name that there is not, and without verdicts if the kinds need some.
    """
    wanted = [*kinds]
    if problem is not None:
        problem_named(connection, pool, problem)
    row, about = _judge(connection, pool, verifier, needed=wanted != ["truncated"])
    every = picked.draws(connection, pool, row, (), problem)
    unjudged = sum(each.status is None or each.status in INFRA for each in every)
    found = picked.draws(connection, pool, row, wanted, problem)
    return Found(found, len(every), unjudged if about else 0, about)


def row_of(
    connection: sqlite3.Connection, pool: Pool, verifier: str | None
) -> tuple[int, Mapping[str, Any]]:
    """Return the row id and the description of the verifier whose verdicts count. UsageError if
    nothing was judged, or several verifiers may be meant."""
    row, about = _judge(connection, pool, verifier, needed=True)
    assert row is not None
    return row, about


def _judge(
    connection: sqlite3.Connection, pool: Pool, wanted: str | None, needed: bool
) -> tuple[int | None, Mapping[str, Any]]:
    known = verifiers.verifiers_of(connection, pool)
    try:
        row = choose_verifier(known, wanted, pool.name)
    except UsageError:
        if needed or wanted is not None:
            raise
        return None, {}
    if row is None and needed:
        why = f"{pool.name}: no samples have a verdict; "
        raise UsageError(
            f"{why}ttc verify {shlex.quote(pool.name)} -V NAME first",
            python=f"{why}ttc.pool({pool.name!r}).verify('NAME') first",
        )
    return row, described(known, row)


def read(
    connection: sqlite3.Connection, pool: Pool, found: Found, chosen: Sequence[Picked]
) -> Iterator[tuple[Sample, Verdict | None]]:
    """Yield the samples of draws with their verdicts, by problem and index."""
    about = found.verifier
    who = VerifierId(about.get("name", ""), about.get("version", ""), about.get("config", {}))
    wanted = {each.sample_id: at for at, each in enumerate(chosen)}
    if not wanted:
        return
    names = list(dict.fromkeys(each.problem for each in chosen))
    # A few problems are read one by one; of many, the whole pool at once.
    each_one = names if len(names) <= _FEW else [None]
    for name in each_one:
        rows = judged(connection, pool, who, by_problem=name is None, problem=name)
        some = [(wanted[row], sample, verdict) for row, sample, verdict in rows if row in wanted]
        for _, sample, verdict in sorted(some, key=lambda each: each[0]):
            yield sample, verdict


_FEW = 100  # problems
