"""The rows that go with pools: everything that belongs to them alone.

Samples belong to requests, which pools share: a request goes only if no other pool asks it, and no
sample that stays continues one of its own. With it go its samples, attempts, verdicts and votes.
Traces are requests of no pool. They go with the last pool that asks their prompt of their model
with their seed; those of other models (drafts), with the last that asks the prompt at all. What
continues them goes with them. Prompts, references and verifiers go once nothing refers to them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ttc.store.pools import Pool
from ttc.store.schema import statements


@dataclass(frozen=True, slots=True)
class Removed:
    """How many rows of each kind went, or would go, and the bytes of their texts.

    `traces` are samples of no pool, which are not in `samples`. `shared` samples stay, because
    other pools have them too.
    """

    pools: int
    problems: int
    samples: int
    traces: int
    attempts: int
    verdicts: int
    votes: int
    runs: int
    prompts: int
    references: int
    verifiers: int
    bytes: int
    shared: int

    def as_dict(self) -> dict[str, int]:
        """Return the counts by kind."""
        return asdict(self)


# What to find, and in which order: each statement reads the tables that those before it filled.
_GONE = """
CREATE TEMP TABLE gone_requests AS
SELECT DISTINCT request_id AS id, 0 AS trace FROM problems
WHERE pool_id IN (SELECT id FROM gone_pools) AND NOT EXISTS (
  SELECT 1 FROM problems AS others WHERE others.request_id = problems.request_id
  AND others.pool_id NOT IN (SELECT id FROM gone_pools));

CREATE TEMP TABLE asked AS
SELECT DISTINCT prompt_id, json_extract(identity, '$.fingerprint') AS model,
  json_extract(identity, '$.seed') AS seed
FROM gone_requests JOIN requests USING (id);

CREATE TEMP TABLE still_asked AS
SELECT DISTINCT prompt_id, json_extract(identity, '$.fingerprint') AS model,
  json_extract(identity, '$.seed') AS seed
FROM requests JOIN problems ON request_id = requests.id
WHERE pool_id NOT IN (SELECT id FROM gone_pools)
AND prompt_id IN (SELECT prompt_id FROM asked);

CREATE INDEX temp.still_asked_prompt ON still_asked(prompt_id);

INSERT INTO gone_requests
WITH RECURSIVE loose(id, prompt_id, model, seed) AS (
  SELECT id, prompt_id, json_extract(identity, '$.fingerprint'), json_extract(identity, '$.seed')
  FROM requests WHERE prompt_id IN (SELECT prompt_id FROM asked)
  AND NOT EXISTS (SELECT 1 FROM problems WHERE request_id = requests.id)
), traces(id) AS (
  SELECT id FROM loose WHERE NOT EXISTS (
    SELECT 1 FROM still_asked AS others WHERE others.prompt_id = loose.prompt_id AND (
      (others.model IS loose.model AND others.seed IS loose.seed)
      OR NOT EXISTS (SELECT 1 FROM asked WHERE asked.prompt_id = loose.prompt_id
        AND asked.model IS loose.model AND asked.seed IS loose.seed)))
  UNION
  SELECT later.request_id FROM traces JOIN samples ON samples.request_id = traces.id
    JOIN samples AS later ON later.parent_id = samples.id
  WHERE NOT EXISTS (SELECT 1 FROM problems WHERE request_id = later.request_id)
)
SELECT id, 1 FROM traces WHERE id NOT IN (SELECT id FROM gone_requests);

CREATE UNIQUE INDEX temp.gone_requests_id ON gone_requests(id);
"""
_KEPT_PARENTS = """
DELETE FROM gone_requests WHERE id IN (
  SELECT above.request_id FROM samples JOIN samples AS above ON above.id = samples.parent_id
  WHERE samples.parent_id IS NOT NULL
  AND samples.request_id NOT IN (SELECT id FROM gone_requests)
  AND above.request_id IN (SELECT id FROM gone_requests))
"""
# Of requests that stay, verdicts with a reference that only the removed pools have go too.
_LEFT_OVER = """
CREATE TEMP TABLE gone_pairs AS
SELECT DISTINCT request_id, reference_id FROM problems
WHERE pool_id IN (SELECT id FROM gone_pools)
AND request_id NOT IN (SELECT id FROM gone_requests) AND NOT EXISTS (
  SELECT 1 FROM problems AS others WHERE others.request_id = problems.request_id
  AND others.reference_id = problems.reference_id
  AND others.pool_id NOT IN (SELECT id FROM gone_pools));

CREATE TEMP VIEW kept_verdicts AS
SELECT reference_id, verifier_id FROM verdict_counts
WHERE verdicts > 0 AND request_id NOT IN (SELECT id FROM gone_requests)
AND (request_id, reference_id) NOT IN (SELECT request_id, reference_id FROM gone_pairs)
UNION
SELECT reference_id, verifier_id FROM votes JOIN samples ON samples.id = sample_id
WHERE request_id NOT IN (SELECT id FROM gone_requests)
AND (request_id, reference_id) NOT IN (SELECT request_id, reference_id FROM gone_pairs);

CREATE TEMP TABLE gone_refs AS
SELECT reference_id AS id FROM problems WHERE pool_id IN (SELECT id FROM gone_pools)
UNION
SELECT reference_id FROM gone_requests JOIN verdict_counts ON request_id = gone_requests.id;

DELETE FROM gone_refs WHERE id IN (
  SELECT reference_id FROM problems WHERE pool_id NOT IN (SELECT id FROM gone_pools)
  UNION ALL SELECT reference_id FROM kept_verdicts);

CREATE TEMP TABLE gone_verifiers AS
SELECT DISTINCT verifier_id AS id FROM verdict_counts
WHERE request_id IN (SELECT id FROM gone_requests)
OR (request_id, reference_id) IN (SELECT request_id, reference_id FROM gone_pairs);

DELETE FROM gone_verifiers WHERE id IN (SELECT verifier_id FROM kept_verdicts);

CREATE TEMP TABLE gone_prompts AS
SELECT DISTINCT prompt_id AS id FROM gone_requests JOIN requests USING (id) WHERE NOT EXISTS (
  SELECT 1 FROM requests AS others WHERE others.prompt_id = requests.prompt_id
  AND others.id NOT IN (SELECT id FROM gone_requests));
"""
_POOLS = "(SELECT id FROM gone_pools)"
_REQUESTS = "(SELECT id FROM gone_requests)"
_PAIRS = "(SELECT request_id, reference_id FROM gone_pairs)"
_SAMPLES = "(SELECT samples.id FROM gone_requests JOIN samples ON request_id = gone_requests.id)"
_PAIR_SAMPLES = "(SELECT samples.id, reference_id FROM gone_pairs JOIN samples USING (request_id))"
_HELD = "gone_requests JOIN request_counts ON request_id = gone_requests.id"
_COUNTS = {
    "pools": "SELECT count(*) FROM gone_pools",
    "problems": f"SELECT count(*) FROM problems WHERE pool_id IN {_POOLS}",
    "samples": f"SELECT sum(samples) FROM {_HELD} WHERE NOT trace",
    "traces": f"SELECT sum(samples) FROM {_HELD} WHERE trace",
    "attempts": f"SELECT count(*) FROM attempts WHERE request_id IN {_REQUESTS}",
    "verdicts": f"SELECT sum(verdicts) FROM verdict_counts WHERE request_id IN {_REQUESTS} "
    f"OR (request_id, reference_id) IN {_PAIRS}",
    "votes": f"SELECT count(*) FROM votes WHERE sample_id IN {_SAMPLES} "
    f"OR (sample_id, reference_id) IN {_PAIR_SAMPLES}",
    "runs": f"SELECT count(*) FROM runs WHERE pool_id IN {_POOLS}",
    "prompts": "SELECT count(*) FROM gone_prompts",
    "references": "SELECT count(*) FROM gone_refs",
    "verifiers": "SELECT count(*) FROM gone_verifiers",
    "bytes": f"SELECT sum(bytes) FROM {_HELD}",
    "shared": "SELECT sum(samples) FROM request_counts WHERE request_id IN (SELECT request_id "
    f"FROM problems WHERE pool_id IN {_POOLS}) AND request_id NOT IN {_REQUESTS}",
}
# Counts before the rows that they count: the triggers then have nothing to update.
_DELETIONS = (
    f"DELETE FROM verdict_counts WHERE request_id IN {_REQUESTS} "
    f"OR (request_id, reference_id) IN {_PAIRS}",
    f"DELETE FROM request_counts WHERE request_id IN {_REQUESTS}",
    *(f"DELETE FROM {table} WHERE sample_id IN {_SAMPLES}" for table in ("votes", "verdicts")),
    *(
        f"DELETE FROM {table} WHERE (sample_id, reference_id) IN {_PAIR_SAMPLES}"
        for table in ("votes", "verdicts")
    ),
    f"DELETE FROM attempts WHERE request_id IN {_REQUESTS}",
    f"DELETE FROM samples WHERE request_id IN {_REQUESTS}",
    *(f"DELETE FROM {table} WHERE pool_id IN {_POOLS}" for table in ("problems", "runs")),
    f"DELETE FROM pools WHERE id IN {_POOLS}",
    f"DELETE FROM requests WHERE id IN {_REQUESTS}",
    "DELETE FROM prompts WHERE id IN (SELECT id FROM gone_prompts)",
    "DELETE FROM refs WHERE id IN (SELECT id FROM gone_refs)",
    "DELETE FROM verifiers WHERE id IN (SELECT id FROM gone_verifiers)",
)
_TABLES = ("pools", "requests", "pairs", "refs", "verifiers", "prompts")
# A draw that was cancelled may have cost something.
CANCELLED = f"SELECT 1 FROM attempts WHERE status = 'cancelled' AND request_id IN {_REQUESTS}"


def measured(
    connection: sqlite3.Connection, chosen: Sequence[Pool], *, attempts: bool = True
) -> Removed:
    """Count what removing pools would take away; without `attempts`, requests with attempts stay.

    Leaves temporary tables to delete the rows by.
    """
    for table in ("asked", "still_asked", *(f"gone_{table}" for table in _TABLES)):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
    connection.execute("DROP VIEW IF EXISTS temp.kept_verdicts")
    connection.execute("CREATE TEMP TABLE gone_pools (id INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO gone_pools VALUES (?)", [(pool.id,) for pool in chosen])
    for statement in statements(_GONE):
        connection.execute(statement)
    if not attempts:
        connection.execute(
            "DELETE FROM gone_requests WHERE id IN (SELECT request_id FROM attempts)"
        )
    while connection.execute(_KEPT_PARENTS).rowcount:
        pass
    for statement in statements(_LEFT_OVER):
        connection.execute(statement)
    return Removed(**{k: connection.execute(sql).fetchone()[0] or 0 for k, sql in _COUNTS.items()})


def delete(
    connection: sqlite3.Connection, chosen: Sequence[Pool], *, attempts: bool = True
) -> Removed:
    """Delete pools and what `measured` counts; return the counts. Foreign keys must be off."""
    removed = measured(connection, chosen, attempts=attempts)
    for statement in _DELETIONS:
        connection.execute(statement)
    return removed
