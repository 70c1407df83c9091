"""`ttc verify`: parse, judge, print."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.suggestions import offer


def verify(
    source: Annotated[
        str,
        typer.Argument(
            metavar="POOL|FILE|-",
            help="What to judge; - is stdin.",
            autocompletion=offer("pools"),
        ),
    ],
    verifier: opt.VerifierName = None,
    recheck: Annotated[
        bool, typer.Option("--recheck", help="Judge again what has a verdict already.")
    ] = False,
    fail_under: Annotated[
        float | None, typer.Option(min=0, max=1, help="Exit 1 if fewer samples are correct.")
    ] = None,
    junit: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write a JUnit report, a case a problem.")
    ] = None,
    sandbox: Annotated[
        str | None,
        typer.Option(help="What holds the programs: auto, bwrap, landlock, seatbelt or none."),
    ] = None,
    trusted: Annotated[
        bool,
        typer.Option("--i-trust-this-code", help="Needed for --sandbox none: no containment."),
    ] = False,
    env: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Pass a variable on to the command of cmd:; repeatable."),
    ] = None,
    mapping: opt.Mapping = "",
    skip_bad: opt.SkipBad = False,
    output: opt.Output = None,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Judge samples: a pool, a file or a pipe.

    The lines come out with answer, correct, score, verifier and status added, on stdout when it
    is a pipe, or where -o says. Verdicts on samples of the store are kept there.
    """
    from ttc import jsonl
    from ttc.cli.run import verify as run_verify
    from ttc.cli.session import begin
    from ttc.verdicts import job

    session = begin(config, database, quiet)
    options = job.VerifyOptions(
        source=source,
        verifier=verifier,
        recheck=recheck,
        sandbox=sandbox,
        trusted=trusted,
        env=tuple(env or ()),
        mapping=jsonl.parse_mapping(mapping, job.MAPPABLE),
        skip_bad=skip_bad,
    )
    targets = run_verify.Targets(output, as_json, junit, fail_under)
    return run_verify.verify(session, options, source, targets)
