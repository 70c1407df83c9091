"""`ttc view`: a page in the browser over the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer


def view(
    pools: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POOL",
            help="Names of pools [default: all]; their order is that of the page.",
            autocompletion=offer("pools"),
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            show_default=False,
            help="The port on 127.0.0.1 [default: a free one].",
        ),
    ] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Only print the address; open no browser.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write the page to a folder instead: it opens from a disk and any file server.",
        ),
    ] = None,
    verifier: opt.JudgedBy = None,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> None:
    """Read samples in the browser, or write the page to a folder.

    ttc view demo

    ttc view demo other --export report && open report/index.html
    """
    from ttc.cli.run import view as run_view
    from ttc.cli.session import begin

    session = begin(config, database, quiet)
    if export is not None:
        run_view.export(session, export, pools or [], verifier, as_json)
    else:
        run_view.serve(session, pools or [], verifier, port, no_open, as_json)
