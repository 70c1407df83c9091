"""`ttc rm`: remove pools."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer


def rm(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="POOL",
            help="Names of pools (ttc ls), or patterns: 'tmp-*'.",
            autocompletion=offer("pools"),
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be removed.")
    ] = False,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Remove pools, with the samples that no other pool uses.

    Verdicts, attempts and traces go with their samples. All named pools are removed, or none.
    """
    from ttc.cli.run import rm as run_rm
    from ttc.cli.session import begin

    return run_rm.rm(begin(config, database, quiet), names, yes, dry_run, as_json)
