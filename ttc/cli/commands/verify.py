"""`ttc verify`: parse, judge, print."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import choices, offer, words


def verify(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="POOL|FILE|-",
            help="What to judge, one or several; - reads standard input.",
            autocompletion=offer("pools"),
        ),
    ],
    verifier: opt.VerifierName = None,
    recheck: Annotated[
        bool, typer.Option("--recheck", help="Judge samples again that have a verdict.")
    ] = False,
    rerun: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Ask a judge again about N judged draws, and print how far it agrees.",
        ),
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Exit with code 1 if the share of correct samples is lower."
        ),
    ] = None,
    junit: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write a JUnit report with a case per problem."),
    ] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Annotations and step summary of GitHub Actions.")
    ] = False,
    sandbox: Annotated[
        str | None,
        typer.Option(
            help="Sandbox for programs: auto, bwrap, landlock, seatbelt or none.",
            autocompletion=words(*choices.SANDBOX),
        ),
    ] = None,
    trusted: Annotated[
        bool,
        typer.Option("--i-trust-this-code", help="Confirm --sandbox none."),
    ] = False,
    trust_eq: Annotated[
        bool,
        typer.Option(
            "--trust-eq", help="Believe a program's own __eq__, __hash__, __bool__ and ordering."
        ),
    ] = False,
    env: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Pass this variable to the command of cmd:; repeatable."),
    ] = None,
    mapping: opt.Mapping = None,
    form: opt.FileKind = None,
    skip_bad: opt.SkipBad = False,
    output: opt.Output = None,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Judge samples: a pool, a file or a pipe.

    JSON lines with answer, correct, score, verifier and status go to stdout if it is a pipe (in
    CI: not to the log), or to the file of -o. Verdicts on samples of the store are stored.

    Several sources are judged one after the other by one verifier; the exit code is the worst.
    """
    from ttc.cli.run import verify as run_verify
    from ttc.cli.session import begin
    from ttc.formats.mapping import parse_mapping
    from ttc.verifying import job

    session = begin(config, database, quiet)
    options = job.VerifyOptions(
        source=sources[0],
        verifier=verifier,
        recheck=recheck,
        rerun=rerun,
        sandbox=sandbox,
        trusted=trusted,
        trust_eq=trust_eq,
        env=tuple(env or ()),
        mapping=parse_mapping(mapping or (), job.MAPPABLE),
        skip_bad=skip_bad,
        format=form,
    )
    targets = run_verify.Targets(output, as_json, junit, fail_under, github)
    return run_verify.verify(session, options, sources, targets)
