"""`ttc sweep`: parse, compute, print."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.suggestions import offer


def sweep(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="POOL|FILE|-",
            help="Verified samples; - is stdin.",
            autocompletion=offer("pools"),
        ),
    ],
    selectors: Annotated[
        str,
        typer.Option(
            "--select",
            "-s",
            metavar="RULE,…",
            help="Selection rules.",
            autocompletion=offer("selectors"),
        ),
    ] = "coverage,majority,first-finish",
    budgets: Annotated[
        str | None, typer.Option("-k", metavar="K,…", help="Budgets (default: 1, 2, 4, … n).")
    ] = None,
    verifier: opt.VerifierName = None,
    cost: Annotated[
        str, typer.Option(help="The cost shown beside each k: samples, tokens or latency.")
    ] = "tokens",
    ci: Annotated[float, typer.Option(min=0, max=99.9, help="Interval in percent; 0: none.")] = 95,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    asserted: Annotated[
        list[str] | None,
        typer.Option(
            "--assert",
            metavar="RULE@K>=X",
            help="Exit 1 unless this holds, also RULE@K-RULE@K>X; may be repeated.",
        ),
    ] = None,
    mapping: opt.Mapping = "",
    csv: Annotated[str | None, typer.Option(metavar="FILE|-", help="Write a table as CSV.")] = None,
    md: Annotated[str | None, typer.Option(metavar="FILE|-", help="… as Markdown.")] = None,
    plot: Annotated[
        str | None, typer.Option(metavar="FILE", help="… as a picture (SVG, PNG, PDF).")
    ] = None,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Tell what any budget and rule would have given; no model call, ever.

    Exact expectations over all k-subsets of the draws of each problem, averaged over problems,
    with a bootstrap interval over problems.
    """
    from ttc.cli import run_sweep
    from ttc.cli.session import begin

    session = begin(config, database, quiet)
    order = run_sweep.Order(
        tuple(sources), selectors, budgets, verifier, cost, ci, seed, tuple(asserted or ())
    )
    return run_sweep.sweep(session, order, mapping, run_sweep.Targets(csv, md, plot, as_json))
