"""What `ttc db search` does once its options are parsed."""

from __future__ import annotations

from ttc.cli.output import document
from ttc.errors import Exit
from ttc.report.tables.columns import columns
from ttc.session import Session
from ttc.store import Store
from ttc.store.upkeep.search import search as search_texts
from ttc.store.upkeep.search import update


def search(
    session: Session, text: str, pool: str | None, limit: int, rebuild: bool, as_json: bool
) -> int:
    """Print the samples that have all words, with an excerpt of each."""
    with Store.reading(session.database) as store:
        update(store, session.say, rebuild=rebuild)
        found = search_texts(store, text, pool, limit + 1)
    more, found = len(found) > limit, found[:limit]
    if as_json:
        about = {"database": str(session.database), "text": text, "more": more}
        document({"schema": 1, **about, "samples": found})
    elif found:
        columns([{name: row[name] for name in row if name != "text"} for row in found])
    else:
        session.say(f"no sample has {text}")
    if more and not as_json:
        session.say(f"there are more; --limit prints more than {limit}")
    return Exit.DONE
