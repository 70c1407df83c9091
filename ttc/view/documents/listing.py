"""`problems` and `draws`: a page of what a filter and a search leave, in an order."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ttc.errors import UsageError
from ttc.view import facets, parameters, search
from ttc.view.documents.rows import (
    attempt_rows,
    draw_key,
    draw_rows,
    problem_key,
    problem_rows,
)
from ttc.view.library import Library, Shelf
from ttc.view.table import Ints, Mask, Table

SIZE, MOST = 100, 1000  # rows of a page
SORTS = ("order", "accuracy", "tokens", "score")


def draws(library: Library, given: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of the draws that have all facets of the filter and the text of the search.

    `problem` restricts them to one. With a facet of attempts (`cancelled`, `failed`) the rows are
    draws that never finished. `facets` are the counts of each facet among what is left.
    """
    with library.reading() as reader:
        shelf = _shelf(library, reader, given)
        table, wanted = shelf.table, facets.parse(given.get("filter", ""))
        if any(facet in facets.OF_ATTEMPTS for facet in wanted):
            return _attempts(reader, shelf, given, wanted)
        left = _left(shelf, given, wanted)
        needle = given.get("search", "")
        if needle:
            left = left & search.draws(library, reader, shelf, needle)
        order = ordered_draws(table, np.flatnonzero(left), given.get("sort", ""))
        numbers = _page(order, given)
        rows = draw_rows(reader, table, numbers.tolist(), needle)
    return {
        **_paged(order, given),
        "facets": _counts(table, left),
        "rows": rows,
    }


def problems(library: Library, given: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of the problems that have all facets of the filter (one of draws: that have a
    draw with it) and the text of the search in their id or question."""
    with library.reading() as reader:
        shelf = _shelf(library, reader, given)
        table, wanted = shelf.table, facets.parse(given.get("filter", ""))
        left = np.ones(len(table.names), dtype=bool)
        for facet in wanted:
            left = left & facets.problems_with(table, facet)
        if needle := given.get("search", ""):
            left = left & search.problems(reader, shelf, needle)
        order = ordered_problems(table, np.flatnonzero(left), given.get("sort", ""))
        rows = problem_rows(reader, table, _page(order, given).tolist())
    return {
        **_paged(order, given),
        "facets": {
            facet: int((facets.problems_with(table, facet) & left).sum())
            for facet in facets.listed(table, of_problems=True)
        },
        "rows": rows,
    }


def _shelf(library: Library, reader: sqlite3.Connection, given: Mapping[str, str]) -> Shelf:
    return library.shelf(reader, parameters.text(given, "pool"), given.get("verifier"))


def number_of(shelf: Shelf, problem: str) -> int:
    """Return the number of a problem. UsageError if the pool has none of this name."""
    if problem not in shelf.table.numbers:
        raise parameters.no_problem(shelf.pool.name, problem)
    return shelf.table.numbers[problem]


def _left(shelf: Shelf, given: Mapping[str, str], wanted: Sequence[str]) -> Mask:
    table = shelf.table
    left = np.ones(len(table.draws), dtype=bool)
    for facet in wanted:
        left = left & facets.draws_with(table, facet)
    if given.get("problem"):
        here = np.zeros(len(left), dtype=bool)
        here[table.of_problem(number_of(shelf, given["problem"]))] = True
        left = left & here
    return left


def _counts(table: Table, left: Mask) -> dict[str, int]:
    return {
        facet: int((facets.draws_with(table, facet) & left).sum()) for facet in facets.listed(table)
    }


def _paged(order: Ints, given: Mapping[str, str]) -> dict[str, int]:
    return {"total": len(order), "page": parameters.whole(given, "page", 0), "size": _size(given)}


def _size(given: Mapping[str, str]) -> int:
    return min(parameters.whole(given, "size", SIZE), MOST)


def _page(order: Ints, given: Mapping[str, str]) -> Ints:
    size = _size(given)
    first = parameters.whole(given, "page", 0) * size
    return order[first : first + size]


def _sort(text: str) -> tuple[str, bool]:
    name = text.removeprefix("-") or "order"
    if name not in SORTS:
        raise UsageError(f"sort={text}: there are {', '.join(SORTS)}, and -NAME for descending")
    return name, text.startswith("-")


def ordered_draws(table: Table, numbers: Ints, sort: str) -> Ints:
    """Return draws by number in an order of SORTS. UsageError for another."""
    name, down = _sort(sort)
    return _by(numbers, None if name == "order" else draw_key(table, name), down)


def ordered_problems(table: Table, numbers: Ints, sort: str) -> Ints:
    """Return problems by number in an order of SORTS. UsageError for another."""
    name, down = _sort(sort)
    return _by(numbers, None if name == "order" else problem_key(table, name), down)


def _by(numbers: Ints, key: NDArray[np.float64] | None, down: bool) -> Ints:
    """Return numbers in the order of a key; those without one (NaN) come last both ways."""
    if key is None:
        return numbers[::-1] if down else numbers
    values = key[numbers]
    return numbers[np.argsort(-values if down else values, kind="stable")]


def _attempts(
    reader: sqlite3.Connection, shelf: Shelf, given: Mapping[str, str], wanted: Sequence[str]
) -> dict[str, Any]:
    """Return a page of the draws that failed or were cancelled."""
    table = shelf.table
    rest = [facet for facet in wanted if facet not in facets.OF_ATTEMPTS]
    status = {facets.OF_ATTEMPTS[facet] for facet in wanted if facet in facets.OF_ATTEMPTS}
    found = [row for row in table.attempts if status == {row["status"]}]
    for facet in rest:
        if facets.of_one_draw(facet):
            found = []  # an attempt has no verdict
        else:
            there = facets.problems_with(table, facet)
            found = [row for row in found if there[row["problem"]]]
    if given.get("problem"):
        number = number_of(shelf, given["problem"])
        found = [row for row in found if row["problem"] == number]
    order = np.arange(len(found))
    shown = [found[at] for at in _page(order, given)]
    return {**_paged(order, given), "facets": {}, "rows": list(attempt_rows(reader, table, shown))}
