"""The documents of an export, by name: those of the page, cut into files that are loaded as needed.

What a filter leaves is computed here for every facet, so that the page only intersects lists.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ttc.errors import StoreError, TtcError
from ttc.records import Sample
from ttc.store import columns, judged, samples, traces
from ttc.view import facets
from ttc.view.documents import DOCUMENTS
from ttc.view.documents.draw import draw_of
from ttc.view.documents.listing import SORTS, ordered_draws, ordered_problems
from ttc.view.documents.problem import problem_of
from ttc.view.documents.rows import attempt_rows, draw_rows, problem_rows
from ttc.view.library import Library, Shelf

ROWS = 500  # of a file
ASKED = 100  # problems of a file
DRAWS, CHARACTERS = 100, 2_000_000  # of a file of texts
PAIRS = 28  # comparisons at most: of eight pools

Named = Iterator[tuple[str, Any]]


def documents(library: Library) -> Named:
    """Yield each document with the name of its file."""
    listed = DOCUMENTS["pools"](library, {})
    names = [each["pool"] for each in listed["pools"]]
    compared = list(combinations(range(len(names)), 2))[:PAIRS]
    yield "pools", {**listed, "exported": True, "compared": compared}
    for number, name in enumerate(names):
        yield from _pool(library, f"p{number}", name)
    for a, b in compared:
        yield f"compare-{a}-{b}", _or_error(library, "compare", {"a": names[a], "b": names[b]})


def _or_error(library: Library, name: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Return a document, or the reason why there is none."""
    try:
        return DOCUMENTS[name](library, given)
    except TtcError as error:
        return {"error": str(error)}


def _pool(library: Library, place: str, name: str) -> Named:
    with library.reading() as reader:
        shelf = library.shelf(reader, name)
        trees = set(traces.searched(reader, shelf.pool))
        labels = [judge.label for judge in shelf.judges.every] or [""]
        for at, label in enumerate(labels):
            given = {"pool": name, "verifier": label}
            yield f"{place}/v{at}/overview", DOCUMENTS["overview"](library, given)
            yield f"{place}/v{at}/curves", _or_error(library, "curves", given)
            own = library.shelf(reader, name, label)
            yield from _lists(reader, f"{place}/v{at}", own, trees)
        yield from _texts(reader, place, shelf)
        yield f"{place}/attempts", _attempts(reader, shelf)
        for row in sorted(trees):
            number = int(np.searchsorted(shelf.table.rows, row))
            given = {"pool": name, "problem": shelf.table.names[number]}
            yield f"{place}/t{number}", DOCUMENTS["tree"](library, given)


def _lists(reader: sqlite3.Connection, place: str, shelf: Shelf, trees: Collection[int]) -> Named:
    """Yield rows, problems and facets of a pool by one verifier."""
    table = shelf.table
    draws, problems = range(len(table.draws)), range(len(table.names))
    for at in range(0, len(draws), ROWS):
        rows = draw_rows(reader, table, draws[at : at + ROWS])
        yield f"{place}/rows-{at // ROWS}", {"rows": rows}
    for at in range(0, len(problems), ROWS):
        some = problems[at : at + ROWS]
        whole = columns.questions(reader, [int(table.rows[number]) for number in some])
        rows = problem_rows(reader, table, some)
        for row in rows:
            searched = whole.get(int(table.rows[row["number"]]))
            if searched is not None and searched != row["question"]:
                row["searched"] = searched
        yield f"{place}/problems-{at // ROWS}", {"rows": rows}
    for at in range(0, len(problems), ASKED):
        asked = [
            problem_of(reader, shelf, number, int(table.rows[number]) in trees)
            for number in problems[at : at + ASKED]
        ]
        yield f"{place}/q-{at // ASKED}", {"problems": asked}
    yield f"{place}/facets", _facets(shelf)


def _facets(shelf: Shelf) -> dict[str, Any]:
    """Return the numbers that have each facet, and the order by each key."""
    table = shelf.table
    sorts = [sign + name for name in SORTS for sign in ("", "-") if name != "order"]
    return {
        "draws": {
            facet: np.flatnonzero(facets.draws_with(table, facet)).tolist()
            for facet in facets.listed(table)
        },
        "problems": {
            facet: np.flatnonzero(facets.problems_with(table, facet)).tolist()
            for facet in facets.listed(table, of_problems=True)
        },
        "sorts": {
            "draws": {
                sort: ordered_draws(table, np.arange(len(table.draws)), sort).tolist()
                for sort in sorts
            },
            "problems": {
                sort: ordered_problems(table, np.arange(len(table.names)), sort).tolist()
                for sort in sorts
            },
        },
    }


def _texts(reader: sqlite3.Connection, place: str, shelf: Shelf) -> Named:
    """Yield the whole draws of a pool, and the index that says which file has which."""
    total, starts = len(shelf.table.draws), [0]
    held: list[dict[str, Any]] = []
    size = done = 0
    for sample, told in _samples(reader, shelf):
        held.append(draw_of(shelf, sample, told))
        size, done = size + len(sample.text), done + 1
        if len(held) >= DRAWS or size >= CHARACTERS:
            yield f"{place}/texts-{len(starts) - 1}", _packed(held)
            starts.append(done)
            held, size = [], 0
    if held:
        yield f"{place}/texts-{len(starts) - 1}", _packed(held)
    elif len(starts) > 1:
        starts.pop()
    yield (
        f"{place}/index",
        {
            "draws": total,
            "problems": len(shelf.table.names),
            "texts": starts,
            "names": list(shelf.table.names),
            "firsts": shelf.table.starts[:-1].tolist(),
        },
    )


def _packed(draws: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return draws with the fields that are alike in all of them apart, as `shared`."""
    first, *others = draws
    shared = {
        name: value
        for name, value in first.items()
        if all(name in other and other[name] == value for other in others)
    }
    rest = [{k: v for k, v in draw.items() if k not in shared} for draw in draws]
    return {"shared": shared, "draws": rest}


def _samples(
    reader: sqlite3.Connection, shelf: Shelf
) -> Iterator[tuple[Sample, Sequence[dict[str, Any]]]]:
    """Yield the samples of the table in its order with what the verifiers say of each; those that
    were drawn since are passed over.

    StoreError if one was removed meanwhile.
    """
    table = shelf.table
    for number, name in enumerate(table.names):
        there = dict(samples.of_pool(reader, shelf.pool, problem=name))
        told = judged.of_problem(reader, shelf.pool, name)
        for row in table.draws.sample[table.of_problem(number)].tolist():
            if row not in there:
                why = "draws were removed meanwhile (ttc rm); run the same command again"
                raise StoreError(f"{shelf.pool.name}: {why}")
            yield there[row], told.get(row, ())


def _attempts(reader: sqlite3.Connection, shelf: Shelf) -> dict[str, Any]:
    return {
        facet: list(
            attempt_rows(
                reader,
                shelf.table,
                [row for row in shelf.table.attempts if row["status"] == status],
            )
        )
        for facet, status in facets.OF_ATTEMPTS.items()
    }
