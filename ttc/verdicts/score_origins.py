"""Whose the scores of a pool or a file are, and whether those verifiers read the reference."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

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
    method = pool.identity.get("strategy")
    chosen = method.get("verifier") if isinstance(method, Mapping) else None
    if not chosen or not has_references(connection, pool):
        return Scored(origins)
    return Scored(origins, _accepted(chosen))


def _accepted(verifier: Any) -> ScoreOrigin:
    """Return the verifier that accepted the answers of `ttc solve --keep`, from its name and
    options."""
    about = dict(verifier) if isinstance(verifier, Mapping) else {}
    name = str(about.pop("name", "a verifier"))
    return ScoreOrigin(name, known_to_read(name, about))


class Lines:
    """Collects from the judged lines of a file whose their scores are.

    Lines of `ttc verify` say it; of others it is known if they name a verifier of ttc's own. Where
    lines differ, the most cautious holds.
    """

    def __init__(self) -> None:
        # None: a line of whose score nothing is known.
        self._origins: set[ScoreOrigin | None] = set()
        self._accepted: set[str] = set()
        self._names: set[str] = set()

    def see(self, record: Mapping[str, Any]) -> None:
        """Note who is behind a judged line."""
        if record.get("score") is not None:
            self._origins.add(_of_line(record))
        self._names.update(record.get("scores") or ())
        method = (record.get("params") or {}).get("strategy")
        chosen = method.get("verifier") if isinstance(method, Mapping) else None
        if chosen and record.get("reference") != {}:
            self._accepted.add(json.dumps(chosen, default=str))

    def scored(self) -> Scored:
        """Return what is known of the scores of the file."""
        known = [origin for origin in self._origins if origin is not None]
        found: dict[str, ScoreOrigin] = {}
        # Where nothing is known of some lines, nothing is of the file, unless others read it.
        read = [origin for origin in known if origin.reads_reference is not False]
        if read or (known and None not in self._origins):
            found[""] = max(read or known, key=_caution)
        for name in self._names:
            if (reads := known_to_read(name.partition(":")[0])) is not None:
                found[name] = ScoreOrigin(name, reads)
        accepted = [_accepted(json.loads(each)) for each in self._accepted]
        return Scored(found, max(accepted, key=_caution, default=None))


def _caution(origin: ScoreOrigin) -> tuple[int, str]:
    """Rank a verifier that read the reference before one that may have, and that before others."""
    return {True: 2, None: 1, False: 0}[origin.reads_reference], origin.verifier


def _of_line(record: Mapping[str, Any]) -> ScoreOrigin | None:
    name = record.get("verifier") or "a verifier"
    if "reads_reference" in record:
        return ScoreOrigin(name, record["reads_reference"])
    reads = known_to_read(name)
    return None if reads is None else ScoreOrigin(name, reads)
