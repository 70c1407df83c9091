"""`ttc mv`: rename a pool."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer


def mv(
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD", help="Name of a pool (ttc ls).", autocompletion=offer("pools")
        ),
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name, which no pool has.")],
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Rename a pool; ttc sample --pool NEW resumes it."""
    from ttc.cli.run import rm as run_rm
    from ttc.cli.session import begin

    return run_rm.mv(begin(config, database, quiet), old, new, as_json)
