"""Whose the scores of a pool or a file are, and whether those verifiers read the reference."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ttc.interchange import Scorer
from ttc.records import Outcome
from ttc.selectors.oracles import Scored, ScoreOrigin
from ttc.store.pools import Pool
from ttc.store.verifiers import has_references
from ttc.verifiers.extras import known_to_read


def of_pool(
    connection: sqlite3.Connection,
    pool: Pool,
    verifiers: Iterable[Mapping[str, Any]],
    scorers: Mapping[str, int | None],
) -> Scored:
    """Return what is known of the scores of a pool.

    `verifiers` are the rows of those that judged it, `scorers` the row of each score that rules
    use.
    """
    by_row = {row["id"]: ScoreOrigin(row["name"], row["reads_reference"]) for row in verifiers}
    origins = {scorer: by_row[row] for scorer, row in scorers.items() if row is not None}
    chosen = _accepting(pool)
    if chosen is None or not has_references(connection, pool):
        return Scored(origins)
    config = {key: value for key, value in chosen.items() if key != "name"}
    name = str(chosen.get("name", "a verifier"))
    return Scored(origins, ScoreOrigin(name, known_to_read(name, config)))


def _accepting(pool: Pool) -> Mapping[str, Any] | None:
    """Return the verifier whose acceptance chose the answers of a pool of `ttc solve --keep`."""
    method = pool.identity.get("strategy")
    found = method.get("verifier") if isinstance(method, Mapping) else None
    return found if isinstance(found, Mapping) else None


def of_lines(scorers: Iterable[Scorer], problems: Iterable[Sequence[Outcome]]) -> Scored:
    """Return what is known of the scores of a file.

    Lines of `ttc verify` say it; of others it is known if they name a verifier of ttc's own. Where
    lines differ, the most cautious holds.
    """
    origins = [_of_line(scorer) for scorer in scorers]
    known = [origin for origin in origins if origin is not None]
    found: dict[str, ScoreOrigin] = {}
    # Of a file with some lines of which nothing is known, nothing is known, unless others read it.
    read = [origin for origin in known if origin.reads_reference is not False]
    if read or (known and len(known) == len(origins)):
        found[""] = max(read or known, key=lambda origin: (bool(origin.reads_reference), origin[0]))
    names = {name for outcomes in problems for draw in outcomes for name in draw.scores or ()}
    for name in names:
        if (reads := known_to_read(name.partition(":")[0])) is not None:
            found[name] = ScoreOrigin(name, reads)
    return Scored(found)


def _of_line(scorer: Scorer) -> ScoreOrigin | None:
    name = scorer.verifier or "a verifier"
    if scorer.told:
        return ScoreOrigin(name, scorer.reads_reference)
    reads = known_to_read(name)
    return None if reads is None else ScoreOrigin(name, reads)
