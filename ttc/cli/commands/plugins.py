"""`ttc plugins`: what is installed, and whether it can be imported."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer


def plugins(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="Show this one: what it is, its options, what it needs.",
            autocompletion=offer("backends", "verifiers", "selectors", "strategies", "formats"),
        ),
    ] = None,
    backends: Annotated[bool, typer.Option("--backends", help="Only backends.")] = False,
    verifiers: Annotated[bool, typer.Option("--verifiers", help="Only verifiers.")] = False,
    selectors: Annotated[bool, typer.Option("--selectors", help="Only selectors.")] = False,
    strategies: Annotated[bool, typer.Option("--strategies", help="Only strategies.")] = False,
    formats: Annotated[bool, typer.Option("--formats", help="Only formats.")] = False,
    as_json: opt.AsJson = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> None:
    """List backends, verifiers, selectors, strategies and formats."""
    from ttc import plugins as known
    from ttc.cli.output import document
    from ttc.report.tables.columns import columns

    given = (backends, verifiers, selectors, strategies, formats)
    wanted = dict(zip(known.GROUPS, given, strict=True))
    groups = [group for group in known.GROUPS if wanted[group] or not any(wanted.values())]
    if name is not None:
        from ttc.cli.run.plugins import show_one

        show_one(name, groups, as_json)
        return
    found = known.survey(groups)
    if as_json:
        document({"schema": 1, "plugins": found})
    elif found:
        columns(found)
