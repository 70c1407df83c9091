"""`ttc solve`: parse, draw, pick, print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.sampling_options import with_sampling
from ttc.cli.suggestions import offer

if TYPE_CHECKING:
    from ttc.samples.recipe import Sampling


@with_sampling
def solve(
    prompt: Annotated[
        str | None, typer.Argument(metavar="[PROMPT|-]", help="The question; - or a pipe: stdin.")
    ] = None,
    model: opt.Model = None,
    n: opt.Draws = None,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:OPTIONS]",
            help="majority, first-finish, beam:n=16,m=4, …; default: vote, else agree.",
            autocompletion=offer("strategies", "selectors"),
        ),
    ] = None,
    verifier: opt.VerifierName = None,
    scorer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:OPTIONS]",
            help="What scores steps: likelihood or a verifier.",
            autocompletion=offer("verifiers"),
        ),
    ] = None,
    aggregate: Annotated[
        str, typer.Option(help="How scores of steps go together: last, min, prod or mean.")
    ] = "last",
    budget: Annotated[
        str | None,
        typer.Option(metavar="tokens=N,…", help="Limits: tokens, prompt, calls, scores, seconds."),
    ] = None,
    draft: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="The small model of specreason.",
            autocompletion=offer("models"),
        ),
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="A problem a line: text, or JSON with a question.")
    ] = False,
    *,
    sampling: Sampling,
    mapping: opt.Mapping = "",
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Problems side by side [default: 4; a pipe: 1]."),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Draw the tree of what was drawn, on stderr.")
    ] = False,
    keep: Annotated[
        str | None,
        typer.Option(metavar="POOL", help="Keep the answers as samples of a pool, for ttc sweep."),
    ] = None,
    new_pool: opt.NewPool = False,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Answer one question now: draw, vote or search, print the answer.

    Only the answer goes to stdout; stderr says which rule gave it and how firmly. The draws are
    kept, so asking again costs nothing. ttc plugins --strategies lists the methods that search.
    """
    from ttc.cli.run import solve as run_solve
    from ttc.cli.session import begin
    from ttc.solving.job import SolveOptions

    session = begin(config, database, quiet)
    asked = run_solve.Asked(prompt, each, mapping, show, as_json)
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
    )
    return run_solve.solve(session, options, asked)
