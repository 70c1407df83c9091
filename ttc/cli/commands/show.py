"""`ttc show`: a pool, a problem, a sample; wrong draws; two pools compared."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer


def show(
    pool: Annotated[
        str,
        typer.Argument(
            metavar="POOL", help="Name of a pool (ttc ls).", autocompletion=offer("pools")
        ),
    ],
    problem: Annotated[
        str | None,
        typer.Argument(
            metavar="PROBLEM",
            help="Id of one of its problems.",
            autocompletion=offer("problems"),
        ),
    ] = None,
    index: Annotated[
        int | None,
        typer.Argument(
            metavar="INDEX",
            min=0,
            help="Index of one of the draws.",
            autocompletion=offer("draws"),
        ),
    ] = None,
    wrong: Annotated[bool, typer.Option("--wrong", help="List the wrong draws.")] = False,
    undecided: Annotated[
        bool, typer.Option("--undecided", help="List the draws that are neither right nor wrong.")
    ] = False,
    truncated: Annotated[
        bool, typer.Option("--truncated", help="List the draws that the token limit cut.")
    ] = False,
    diff: Annotated[
        str | None,
        typer.Option(
            metavar="POOL",
            help="List the problems on which this pool is better or worse, the surest first.",
            autocompletion=offer("pools"),
        ),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option(
            "-n", min=0, help="List at most so many, 0: all [default: 20 on a terminal, else all]."
        ),
    ] = None,
    verifier: Annotated[
        str | None,
        typer.Option(
            "--verifier",
            "-V",
            help="Whose verdicts count, if several verifiers judged: NAME:key=value,…",
            autocompletion=offer("verifiers"),
        ),
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
    """Show a pool, a problem or a sample.

    ttc show demo --wrong

    ttc show demo easy-01 3

    ttc show demo --diff other
    """
    from ttc.cli.run import show as run_show
    from ttc.cli.session import begin

    session = begin(config, database, quiet, raw_output=raw_output)
    kinds = {"wrong": wrong, "undecided": undecided, "truncated": truncated}
    asked = run_show.Asked(
        problem=problem,
        index=index,
        kinds=[kind for kind, given in kinds.items() if given],
        other=diff,
        most=n,
        verifier=verifier,
        logprobs=logprobs,
        as_json=as_json,
    )
    run_show.show(session, pool, asked)
