"""`problem`: a question, what its draws say, and the attempts that gave no draw."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from ttc.store import attempts, samples, traces
from ttc.view import facets, parameters, votes
from ttc.view.documents.listing import number_of
from ttc.view.documents.rows import problem_rows
from ttc.view.library import Library, Shelf
from ttc.view.writing import exact

SHOWN = 100  # attempts


def problem(library: Library, given: Mapping[str, str]) -> dict[str, Any]:
    """Return a problem: the prompt and the reference whole, the vote, the counts of each facet.

    `vote` has every answer, the most frequent first; `no_answer` draws gave none. `first` is the
    number of its first draw. A raw prompt is one message of the role `prompt`; `messages` is empty
    if the question is not known.
    """
    name = parameters.text(given, "pool")
    with library.reading() as reader:
        shelf = library.shelf(reader, name, given.get("verifier"))
        number = number_of(shelf, parameters.text(given, "problem"))
        tree = bool(traces.nodes_of(reader, int(shelf.table.rows[number])))
        return problem_of(reader, shelf, number, tree)


def problem_of(reader: sqlite3.Connection, shelf: Shelf, number: int, tree: bool) -> dict[str, Any]:
    """Return the document of a problem by its number; `tree` is whether a method searched it."""
    table = shelf.table
    name = table.names[number]
    asked = samples.problem_of(reader, shelf.pool, name)
    messages = [] if asked is None else [each._asdict() for each in asked.messages]
    if asked is not None and asked.prompt is not None:
        messages = [{"role": "prompt", "content": asked.prompt}]
    (row,) = problem_rows(reader, table, [number])
    places = table.of_problem(number)
    classes, none = votes.classes(table, number)
    made = attempts.of_problem(reader, shelf.pool, name, SHOWN)
    return {
        **row,
        "pool": shelf.pool.name,
        "messages": messages,
        "reference": {} if asked is None else exact(dict(asked.reference)),
        "counts": {
            "draws": places.stop - places.start,
            **{
                facet: int(facets.draws_with(table, facet)[places].sum())
                for facet in facets.OF_DRAWS
            },
        },
        "majority": row["vote"],
        "vote": [each.as_dict() for each in classes],
        "no_answer": none,
        "first": places.start,
        "attempts": made,
        "has_tree": tree,
        "previous": table.names[number - 1] if number else None,
        "next": table.names[number + 1] if number + 1 < len(table.names) else None,
    }
