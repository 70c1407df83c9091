"""The draws of a pool that are wrong, undecided or truncated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ttc import interchange
from ttc.cli.output import document
from ttc.cli.showing.cells import reference_cell, short, table
from ttc.messages.counts import some
from ttc.outcomes import picking
from ttc.outcomes.picking import Found
from ttc.session import Session
from ttc.store import Store, picked
from ttc.store.pools import Pool
from ttc.verdicts import versions


@dataclass(frozen=True, slots=True)
class Filter:
    """Which draws to show: of all these kinds, of one problem (None: of all), at most so many."""

    kinds: Sequence[str]
    problem: str | None
    verifier: str | None
    most: int | None


def show(session: Session, store: Store, pool: Pool, wanted: Filter, as_json: bool) -> None:
    """Print the draws of a filter, a line each."""
    found = picking.find(
        store.reader, pool, wanted.kinds, verifier=wanted.verifier, problem=wanted.problem
    )
    chosen = picked.spread(found.draws, wanted.most)
    if as_json:
        document(_document(store, pool, wanted, found, chosen))
    elif chosen:
        _table(store, pool, wanted, found, chosen)
    session.say(_line(pool.name, wanted, found, len(chosen)))
    if found.unjudged and "truncated" not in wanted.kinds:
        name = found.verifier.get("name")
        more = some(found.unjudged, "more draw has", "more draws have", grouped=True)
        session.say(
            f"{more} no verdict by {name}; "
            f"{versions.command(pool.name, found.verifier)} judges them"
        )


def _line(name: str, wanted: Filter, found: Found, shown: int) -> str:
    """Return how many there are, and how to see the others."""
    what = some(len(found.draws), f"{' '.join(wanted.kinds)} draw", grouped=True)
    by = f" by {found.verifier['name']}" if found.verifier else ""
    problems = len({each.problem_id for each in found.draws})
    line = f"{name}: {what} of {found.of:,}{by}"
    if found.draws:
        line += f", of {some(problems, 'problem', grouped=True)}"
    if shown < len(found.draws):
        line += f"; showing {shown}, of as many problems as possible (-n 0: all)"
    return line


def _table(
    store: Store, pool: Pool, wanted: Filter, found: Found, chosen: Sequence[picked.Picked]
) -> None:
    asked = picked.questions(store.reader, pool)
    references = {
        name: json.loads(content) for name, content, _ in picked.references(store.reader, pool)
    }
    # A column in which all draws are alike tells nothing.
    unlike = any(each.status != "ok" for each in chosen)
    detailed = any(each.detail for each in chosen)
    rows: list[dict[str, Any]] = []
    for each in chosen:
        row: dict[str, Any] = {"problem": each.problem, "index": each.index}
        if found.verifier:
            reference = reference_cell(references[each.problem])
            row |= {"answer": short(each.answer), "reference": reference}
            row |= {"status": each.status} if unlike else {}
        row |= {"finish": each.finish_reason, "tokens": each.completion_tokens}
        if detailed:
            row["detail"] = short(each.detail)
        if wanted.problem is None:
            row["question"] = short(asked.get(each.problem), 200)
        rows.append(row)
    table(rows)


def _document(
    store: Store, pool: Pool, wanted: Filter, found: Found, chosen: Sequence[picked.Picked]
) -> dict[str, Any]:
    lines = []
    for sample, verdict in picking.read(store.reader, pool, found, chosen):
        line = interchange.sample_line(sample)
        if verdict is not None:
            line |= interchange.verdict_fields(verdict, str(found.verifier.get("name")))
        lines.append(line)
    return {
        "schema": interchange.SCHEMA,
        "pool": pool.name,
        "kinds": [*wanted.kinds],
        "verifier": found.verifier or None,
        "draws": found.of,
        "found": len(found.draws),
        "unjudged": found.unjudged,
        "samples": lines,
    }
