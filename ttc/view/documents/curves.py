"""`curves`: what `ttc sweep --json` prints of a pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.curves.cost_axes import AXES
from ttc.selectors.spec import split
from ttc.view import computing, parameters
from ttc.view.library import Library


def curves(library: Library, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the document of `ttc sweep POOL -s RULES --cost COST --json`.

    `rules` have commas between them; without any they are those of `ttc sweep`. Each point has the
    cost on every axis; `axes` are their labels.
    """
    name = parameters.text(given, "pool")
    with library.reading() as reader:
        shelf = library.shelf(reader, name, given.get("verifier"))
        state = library.state(reader, shelf.pool)
    options: dict[str, Any] = {}
    if given.get("rules"):
        options["rules"] = list(split(given["rules"]))
    if given.get("cost"):
        options["cost"] = given["cost"]
    row = None if shelf.judge is None else shelf.judge.row
    job = computing.job_of(library.path, {name: row}, options)
    found = library.remembered(
        ("curves", shelf.pool.id, row, given.get("rules"), given.get("cost")),
        state,
        lambda: computing.compute(job, len(shelf.table.draws)),
    )
    axes = {axis: {"label": about.label, "unit": about.unit} for axis, about in AXES.items()}
    return {**found, "pool": name, "verifier": shelf.judge and shelf.judge.label, "axes": axes}
