"""`ttc ls`: the pools of the store."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer, words

SORTS = ("name", "created", "size", "samples")


def ls(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POOL",
            help="Only these pools; patterns: 'tmp-*'.",
            autocompletion=offer("pools"),
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE|AGE",
            help="Only those made or drawn into since 2026-01-31, or in the last 12h, 7d.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Only those whose model has this text in its name, or fits 'qwen*'.",
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(SORTS),
            help="Sort by name, or the newest or largest first [default: the oldest first].",
            autocompletion=words(*SORTS),
        ),
    ] = None,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> None:
    """List the pools of the store.

    Columns: pool, model, problems, samples, verdicts, tokens, created, and the size of the texts.
    """
    from ttc.cli.run import ls as run_ls
    from ttc.cli.session import begin

    run_ls.ls(begin(config, database, quiet), names or (), since, model, sort, as_json)
