"""`ttc db`: the store itself: where it is, whether it is sound, a copy, others merged into it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ttc.cli import options as opt

ACTIONS = ("path", "check", "backup", "merge")


def db(
    action: Annotated[
        str, typer.Argument(metavar="path|check|backup|merge", autocompletion=lambda: list(ACTIONS))
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE", help="backup: the copy to write. merge: the stores to read."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="merge: only print what each store would add.")
    ] = False,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Print where the store is, check it, copy it, or merge others into it.

    ttc db merge shard1.db shard2.db --db all.db

    The merged stores are only read; merging them again adds nothing.
    """
    from ttc.cli.run import db as run_db
    from ttc.cli.session import begin
    from ttc.errors import UsageError

    session = begin(config, database, quiet)
    given = files or []
    wanted = {"path": 0, "check": 0, "backup": 1}.get(action, len(given))
    if action not in ACTIONS:
        raise UsageError(f"ttc db {action}: there are {', '.join(ACTIONS)}")
    if len(given) != wanted or (action == "merge" and not given):
        need = {"backup": "the copy's name", "merge": "the stores to merge"}.get(action, "no files")
        raise UsageError(f"ttc db {action} takes {need}; see ttc db --help")
    if action == "merge":
        return run_db.merge(session, given, dry_run, as_json)
    if dry_run:
        raise UsageError(f"ttc db {action} has no dry run; only merge has")
    if action == "backup":
        return run_db.backup(session, given[0], as_json)
    return run_db.check(session, as_json) if action == "check" else run_db.path(session, as_json)
