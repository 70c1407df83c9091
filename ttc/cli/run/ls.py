"""What `ttc ls` does once its options are parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ttc.cli.output import document
from ttc.messages.counts import size, some, with_tokens
from ttc.report.tables.columns import columns
from ttc.session import Session
from ttc.store import Store, counts, imported, pools
from ttc.store.named import find_pools

NAMED = 3  # pools without questions that have a line of their own


def ls(
    session: Session,
    names: Sequence[str],
    since: str | None,
    model: str | None,
    sort: str | None,
    as_json: bool,
) -> None:
    """Print the pools that are asked for. UsageError for a wrong name, `since` or `sort`."""
    chosen = {"since": since, "model": model, "sort": sort}
    found, every = counts.chosen([], **chosen), []
    if session.database.exists() or names:
        with Store.reading(session.database) as store:
            rows = counts.overview(store.reader)
            if names:
                named = {pool.name for pool in find_pools(store.reader, names)}
                rows = [row for row in rows if row["pool"] in named]
            found = counts.chosen(rows, **chosen)
            every = pools.names(store.reader)
            unknown = imported.unknown_questions(store.reader)
        found = [{**row, "questions_unknown": unknown.get(row["pool"], 0)} for row in found]
    found = with_tokens(found, as_json=as_json)
    if as_json:
        document({"schema": 1, "database": str(session.database), "pools": found})
    elif found:
        shown = ("pool", "model", "problems", "samples", "verdicts", "tokens", "created")
        columns(
            [{**{k: row[k] for k in shown}, "size": size(row["bytes"], "")} for row in found],
            ("pool", "samples", "problems", "verdicts", "model", "created"),
            times=("created",),
        )
        for line in _without_questions(found):
            session.say(line)
    elif every:
        session.say(f"none of {len(every)} pools is of that age and model; ttc ls lists them")
    else:
        session.say(f"no pools yet in {session.database}; ttc sample makes one")


def _without_questions(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each pool with unknown questions; a single one where there are many."""
    pools = [row for row in rows if row["questions_unknown"]]
    if len(pools) > NAMED:
        first = ", ".join(str(row["pool"]) for row in pools[:NAMED])
        more = f"{first} and {len(pools) - NAMED} more"
        return [f"questions unknown in {some(len(pools), 'pool')}: {more} (imported without them)"]
    return [
        f"{row['pool']}: question unknown for {row['questions_unknown']} of "
        f"{row['problems']} problems (imported without them)"
        for row in pools
    ]
