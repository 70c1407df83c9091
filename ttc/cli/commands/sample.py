"""`ttc sample`: parse, draw, print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.completing import offer
from ttc.cli.sampling_options import with_sampling

if TYPE_CHECKING:
    from ttc.samples.recipe import Sampling


@with_sampling
def sample(
    data: Annotated[
        list[str], typer.Argument(metavar="DATA", help="Files of problems; - reads standard input.")
    ],
    model: opt.Model = None,
    n: opt.Draws = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Draw for the first N problems only.")
    ] = None,
    offset: Annotated[
        int, typer.Option(min=0, metavar="N", help="Leave out the first N problems.")
    ] = 0,
    ids: Annotated[
        str | None,
        typer.Option(
            "--ids",
            metavar="ID,…|@FILE",
            help="Draw for these problems only; ID* is all that begin so, @FILE has one a line.",
        ),
    ] = None,
    shuffle: Annotated[
        int | None,
        typer.Option(
            metavar="SEED",
            help="Put the problems in an order made from SEED and their ids, before --limit.",
        ),
    ] = None,
    *,
    sampling: Sampling,
    confidence: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="K",
            help="Store the confidence of each token, from its K likeliest ones (DeepConf: 20).",
        ),
    ] = 0,
    pool: Annotated[
        str | None,
        typer.Option(
            help="Name of the pool [default: made from data and model].",
            autocompletion=offer("pools"),
        ),
    ] = None,
    new_pool: opt.NewPool = False,
    mapping: opt.Mapping = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="Shape of the data or kind of file: gsm8k, mmlu, csv, …; ttc plugins --formats "
            "lists them [default: detected].",
            autocompletion=offer("formats"),
        ),
    ] = None,
    choices_template: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT|@FILE",
            help="Text around a question with choices: {question} and {choices}; a line with "
            "{label} and {text} is repeated for each choice.",
        ),
    ] = None,
    skip_bad: opt.SkipBad = False,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD|NAME=FIELD",
            help="Keep a field of the problems, for groups (sweep --by); may be repeated.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be drawn and its maximal cost.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print which pool this is and how others differ.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only read the problems and report errors; needs no model."),
    ] = False,
    cache_key: Annotated[
        bool,
        typer.Option(
            "--cache-key", help="Print a digest of settings and problems, to cache the store in CI."
        ),
    ] = False,
    max_time: Annotated[
        str | None, typer.Option(help="Stop cleanly after this time: 90s, 30m or 2h.")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="tokens=N,…",
            help="Stop cleanly before a limit is passed: tokens, prompt, usd, calls, samples, "
            "seconds.",
        ),
    ] = None,
    output: opt.Output = None,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Draw n completions per problem and keep every one.

    The same command again resumes, and draws only what is missing; a larger -n draws the
    difference. JSON lines go to stdout if it is a pipe (in CI: not to
    the log), or to the file of -o.
    """
    from ttc.cli.run import check_data
    from ttc.cli.run import dry_run as run_plan
    from ttc.cli.run import sample as run_sample
    from ttc.cli.session import begin
    from ttc.problems import Choosing, parse_ids
    from ttc.samples import job

    session = begin(config, database, quiet)
    options = job.SampleJob(
        data=tuple(data),
        model=model,
        n=n,
        sampling=sampling,
        reading=job.reading(mapping or (), form, skip_bad, tag or (), choices_template),
        limit=limit,
        pool=pool,
        new_pool=new_pool,
        confidence=confidence,
        max_time=max_time,
        choosing=Choosing(parse_ids(ids), shuffle, offset),
        budget=budget,
    )
    check_data.refuse_together(check=check, cache_key=cache_key, plan=dry_run or explain)
    if check:
        return check_data.check(session, data, options.reading, as_json=as_json, quiet=quiet)
    if cache_key:
        return check_data.print_key(session, options, as_json)
    if dry_run or explain:
        return run_plan.plan_only(session, options, explain, as_json)
    return run_sample.draw(session, options, output, as_json)
