"""`ttc ls`: the pools of the store."""

from __future__ import annotations

from ttc.cli import options as opt


def ls(
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> None:
    """List the pools of the store."""
    from ttc.backends.counts import with_tokens
    from ttc.cli.output import document
    from ttc.cli.session import begin
    from ttc.cli.suggestions import remember
    from ttc.report.columns import columns
    from ttc.store import Store, pools

    session = begin(config, database, quiet)
    found = []
    if session.database.exists():
        with Store.reading(session.database) as store:
            found = pools.overview(store.reader)
        remember(pools=[row["pool"] for row in found])
    found = with_tokens(found, as_json=as_json)
    if as_json:
        document({"schema": 1, "database": str(session.database), "pools": found})
    elif found:
        columns(found)
    else:
        session.say(f"no pools yet in {session.database}; ttc sample makes one")
