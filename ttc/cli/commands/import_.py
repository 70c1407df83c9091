"""`ttc import`: logs of other tools as pools."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer


def import_(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Logs, folders of logs, or - for standard input."),
    ],
    pool: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The pool to import into.", autocompletion=offer("pools")
        ),
    ],
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="The format, if its content does not tell (ttc plugins --formats).",
            autocompletion=offer("logs"),
        ),
    ] = None,
    problems: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATA",
            help="Questions and references that the log lacks, matched by id; repeatable.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="NAME", help="The model, if a log names none."),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the format; repeatable."),
    ] = None,
    chosen: Annotated[
        str | None,
        typer.Option("--filter", metavar="NAME", help="Short for --option filter=NAME."),
    ] = None,
    mapping: opt.Mapping = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and compare; write nothing.")
    ] = False,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Import logs of other tools into a pool: draws, questions, references, verdicts.

    ttc import logs/*.eval --pool gpt4o && ttc sweep gpt4o

    Importing the same log again adds nothing; another log of the same model adds its draws.
    """
    from ttc.cli.run import exchange as run_exchange
    from ttc.cli.session import begin
    from ttc.exchange.importing import ImportOptions

    session = begin(config, database, quiet)
    wanted = ImportOptions(
        files=tuple(files),
        pool=pool,
        format=form,
        options=run_exchange.format_options(options or (), chosen, mapping or ()),
        problems=tuple(problems or ()),
        dry_run=dry_run,
        model=model,
    )
    return run_exchange.import_logs(session, wanted, as_json)
