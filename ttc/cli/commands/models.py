"""`ttc models`: what -m can name, what is fastest for one of them, and what its server does."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt


def models(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|tune|probe|batches]",
            help="Describe this model: what -m takes (a file, http://HOST:PORT/v1#MODEL, …).",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]",
            help="tune: measure which options run this model fastest here, and store them. "
            "probe: test what the server of this model supports, and store that. "
            "batches: list the batches of batch:ALIAS that have draws for the store.",
        ),
    ] = None,
    requantise: Annotated[
        bool,
        typer.Option(
            "--requantise", help="tune: also try requantised weights, which are another model."
        ),
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="tune: delete what was measured.")
    ] = False,
    cancel: Annotated[
        str | None, typer.Option(metavar="BATCH", help="batches: cancel this one.")
    ] = None,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> None:
    """List the models that -m can name, describe one, tune one, or probe its server."""
    from ttc.cli.run import models as run_models
    from ttc.cli.session import begin
    from ttc.errors import UsageError

    session = begin(config, database, quiet)
    if name == "tune":
        run_models.tune(session, model, requantise, forget, as_json)
        return
    if name == "probe" and not (requantise or forget):
        run_models.probe(session, model, as_json)
        return
    if name == "batches" and not (requantise or forget):
        run_models.batches(session, model, cancel, as_json)
        return
    if cancel is not None:
        raise UsageError("--cancel: write ttc models batches batch:ALIAS --cancel BATCH")
    if model is not None or requantise or forget:
        meant = name if model in (None, "tune", "probe", "batches") else model
        raise UsageError(f"ttc models {name or ''}: did you mean ttc models tune {meant or ''}?")
    if name is None:
        run_models.listing(session, as_json)
    else:
        run_models.describe(session, name, as_json)
