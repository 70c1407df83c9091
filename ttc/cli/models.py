"""`ttc models`: what -m can name."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt


def models(
    name: Annotated[
        str | None, typer.Argument(help="Describe this one: whatever -m takes.")
    ] = None,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
) -> None:
    """List the models that -m can name, or describe one."""
    from dataclasses import asdict

    from ttc import models as known
    from ttc.cli.output import document
    from ttc.cli.session import begin, open_model
    from ttc.cli.suggestions import remember
    from ttc.report.listing import columns

    session = begin(config, database, quiet)
    if name is None:
        found = known.listing(session.config)
        remember(models=[row["name"] for row in found])
        if as_json:
            document({"schema": 1, "models": found})
        elif found:
            columns(found)
        else:
            session.say(known.HOW)
        return
    choice, backend = open_model(session, name)
    try:
        about = {"spec": choice.spec, **asdict(backend.model)}
        about["capabilities"] = sorted(backend.capabilities)
    finally:
        backend.close()
    if as_json:
        document({"schema": 1, **about})
        return
    for field, value in about.items():
        print(f"{field}: {value}")
