"""`ttc solve`: parse, draw, pick, print."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt


def solve(
    prompt: Annotated[
        str | None, typer.Argument(metavar="[PROMPT|-]", help="The question; - or a pipe: stdin.")
    ] = None,
    model: opt.Model = None,
    n: opt.Draws = None,
    method: Annotated[
        str | None,
        typer.Option(help="majority, first-finish, mbr, …; default: vote, else agree."),
    ] = None,
    verifier: opt.VerifierName = None,
    each: Annotated[
        bool, typer.Option("--each", help="A problem a line: text, or JSON with a question.")
    ] = False,
    max_tokens: opt.MaxTokens = None,
    temperature: opt.Temperature = None,
    top_p: opt.TopP = None,
    top_k: opt.TopK = None,
    min_p: opt.MinP = None,
    stop: opt.Stop = None,
    system: opt.System = None,
    template: opt.Template = None,
    raw: opt.Raw = False,
    seed: opt.Seed = None,
    mapping: opt.Mapping = "",
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Answer one question now: draw, vote, print the answer.

    Only the answer goes to stdout; stderr says which rule gave it and how firmly. The draws are
    kept, so asking again costs nothing.
    """
    from ttc.cli import run_solve
    from ttc.cli.session import Sampling, begin

    session = begin(config, database, quiet)
    flags = Sampling(
        max_tokens, temperature, top_p, top_k, min_p, stop or (), system, template, raw, seed
    )
    order = run_solve.Order(prompt, each, model, n, method, verifier, mapping, as_json)
    return run_solve.solve(session, order, flags)
