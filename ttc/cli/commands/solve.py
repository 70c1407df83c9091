"""`ttc solve`: parse, draw, pick, print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.sampling_options import with_sampling

if TYPE_CHECKING:
    from ttc.samples.recipe import Sampling


@with_sampling
def solve(
    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT|-", help="The question, or @FILE; - or a pipe reads standard input."
        ),
    ] = None,
    model: opt.Model = None,
    n: opt.Draws = None,
    method: opt.Method = None,
    verifier: opt.VerifierName = None,
    scorer: opt.Scorer = None,
    oracle: Annotated[
        bool, typer.Option("--oracle", help="Let -V accept answers by the reference.")
    ] = False,
    aggregate: opt.Aggregate = "last",
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="tokens=N,…",
            help="Limits of each problem: tokens, prompt, calls, scores, seconds.",
        ),
    ] = None,
    draft: opt.Draft = None,
    each: Annotated[
        bool, typer.Option("--each", help="Read a problem per line: text, or JSON with a question.")
    ] = False,
    *,
    sampling: Sampling,
    mapping: opt.Mapping = None,
    form: opt.FileKind = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            help="Problems to solve in parallel [default: 4; from a pipe: 1].",
        ),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print the tree of draws on stderr.")
    ] = False,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="POOL", help="Store the answers as samples of this pool, for ttc sweep."
        ),
    ] = None,
    new_pool: opt.NewPool = False,
    raw_output: opt.RawOutput = False,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Answer one question now: draw, vote or search, print the answer.

    Only the answer goes to stdout; stderr reports the rule and how firmly it decided. The draws
    are stored, so asking again costs nothing. ttc plugins --strategies lists the search methods.
    """
    from ttc.cli.run import solve as run_solve
    from ttc.cli.session import begin
    from ttc.solving.job import SolveOptions

    session = begin(config, database, quiet, raw_output=raw_output)
    asked = run_solve.Asked(prompt, each, mapping or (), form, show, as_json)
    options = SolveOptions(
        model=model,
        n=n,
        method=method,
        verifier=verifier,
        scorer=scorer,
        aggregate=aggregate,
        budget=budget,
        draft=draft,
        sampling=sampling,
        jobs=jobs or asked.width,
        keep=keep,
        new_pool=new_pool,
        oracle=oracle,
    )
    return run_solve.solve(session, options, asked)
