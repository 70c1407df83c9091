"""`overview`: a pool in numbers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ttc.curves.options import SweepOptions
from ttc.samples import freshness
from ttc.store import imported, traces
from ttc.view import facets, parameters
from ttc.view.library import Library, Shelf
from ttc.view.table import Table
from ttc.view.writing import exact


def overview(library: Library, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the counts of a pool: of its draws by facet, of its problems by facet, by group.

    `verifier` is the one that counts, None without verdicts; `notes` say what a reader of the
    counts has to know.
    """
    name = parameters.text(given, "pool")
    with library.reading() as reader:
        shelf = library.shelf(reader, name, given.get("verifier"))
        table = shelf.table
        notes = _notes(library, reader, shelf)
        trees = library.remembered(
            ("trees", shelf.pool.id), table.serial, lambda: len(traces.searched(reader, shelf.pool))
        )
    return {
        "pool": shelf.pool.name,
        "model": shelf.pool.model,
        "verifier": None if shelf.judge is None else shelf.judge.label,
        "verifiers": [judge.as_dict() for judge in shelf.judges.every],
        "settings": exact(dict(shelf.pool.identity)),
        "notes": notes,
        "counts": counted(table),
        "problem_counts": counted_problems(table),
        "groups": facets.groups(table),
        "rules": list(SweepOptions().selectors()),
        "trees": trees,
    }


def counted(table: Table) -> dict[str, int]:
    """Return the number of draws, of the judged ones, and of those with each facet."""
    found = {"draws": len(table.draws), "judged": int(table.draws.judged.sum())}
    for facet in facets.OF_DRAWS:
        found[facet] = int(facets.draws_with(table, facet).sum())
    for facet, status in facets.OF_ATTEMPTS.items():
        found[facet] = sum(row["status"] == status for row in table.attempts)
    return found


def counted_problems(table: Table) -> dict[str, int]:
    """Return the number of problems, and of those with each facet."""
    named = (*facets.OF_DRAWS, *facets.OF_ATTEMPTS, *facets.OF_PROBLEMS)
    found = {facet: int(facets.problems_with(table, facet).sum()) for facet in named}
    return {"problems": len(table.names), **found}


def _notes(library: Library, reader: Any, shelf: Shelf) -> list[str]:
    pool, notes = shelf.pool, []
    if shelf.judges.note is not None:
        notes.append(shelf.judges.note)
    if unknown := imported.unknown_questions(reader, pool).get(pool.name):
        notes.append(f"question unknown for {unknown} of {len(shelf.table.names)} problems")
    if library.outdated(reader, shelf):
        age = time.monotonic() - shelf.table.ended
        notes.append(
            f"the pool has changed in the last {age:.0f} s; it is large, and read again soon"
        )
    notes += freshness.standing_in(reader, pool).notes
    return notes
