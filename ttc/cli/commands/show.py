"""`ttc show`: a pool, a problem or a sample."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer


def show(
    pool: Annotated[
        str, typer.Argument(help="Name of a pool (ttc ls).", autocompletion=offer("pools"))
    ],
    problem: Annotated[
        str | None,
        typer.Argument(help="Id of one of its problems.", autocompletion=offer("problems")),
    ] = None,
    index: Annotated[
        int | None,
        typer.Argument(min=0, help="Index of one of the draws.", autocompletion=offer("draws")),
    ] = None,
    logprobs: Annotated[
        bool,
        typer.Option(
            "--logprobs",
            help="Add the likeliest tokens of each place, if sample --logprobs kept them.",
        ),
    ] = False,
    raw_output: opt.RawOutput = False,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> None:
    """Show a pool, a problem or a sample."""
    from ttc.cli.run import show as run_show
    from ttc.cli.session import begin

    session = begin(config, database, quiet, raw_output=raw_output)
    run_show.show(session, pool, problem, index, as_json, logprobs)
