"""`ttc serve`: parse, listen, answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ttc.cli import options as opt
from ttc.cli.sampling_options import with_sampling

if TYPE_CHECKING:
    from ttc.samples.recipe import Sampling


@with_sampling
def serve(
    model: opt.Model = None,
    n: Annotated[
        int | None, typer.Option("-n", min=1, help="Draws of an answer [default: 8].")
    ] = None,
    method: opt.Method = None,
    host: Annotated[
        str, typer.Option(help="The address to listen on; others than this machine's need a key.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=0, help="The port [default: 8000, or a free one if that is taken]; 0: a free one."
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Answer only requests with a key of this file, one a line (or TTC_SERVE_KEY).",
        ),
    ] = None,
    verifier: opt.VerifierName = None,
    scorer: opt.Scorer = None,
    aggregate: opt.Aggregate = "last",
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="tokens=N,…",
            help="Limits of each answer: tokens, prompt, calls, scores, seconds.",
        ),
    ] = None,
    draft: opt.Draft = None,
    *,
    sampling: Sampling,
    pool: Annotated[
        str | None,
        typer.Option(
            metavar="POOL",
            help="Keep draws in this pool; other settings in POOL.2, … [default: serve-MODEL].",
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Draw anew for a prompt whose draws are kept.")
    ] = False,
    any_model: Annotated[
        bool,
        typer.Option("--any-model", help="Let a request name any model that -m can name."),
    ] = False,
    jobs: Annotated[
        int,
        typer.Option("--jobs", "-j", min=1, help="Answers that a model works on side by side."),
    ] = 64,
    queue: Annotated[
        int, typer.Option(min=0, help="Answers that may wait beyond these, before 429.")
    ] = 256,
    timeout: Annotated[
        float, typer.Option(min=0.001, help="Seconds that a request may take.")
    ] = 600.0,
    most_draws: Annotated[
        int, typer.Option("--max-draws", min=1, help="Draws that one answer may ask for.")
    ] = 256,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Answer OpenAI's interface by a method, and keep every draw.

    A client changes its base URL; a request's model is the one served, an alias, a preset
    ([serve.models.NAME] in ttc.toml) or METHOD[:OPTIONS]@NAME.
    """
    from ttc.cli.run import serve as run_serve
    from ttc.cli.session import begin
    from ttc.serving.guard import keys_of_file
    from ttc.serving.options import ServeOptions
    from ttc.solving.options import SolveOptions

    session = begin(config, database, quiet)
    solve = SolveOptions(
        model=model,
        n=n,
        method=method,
        verifier=verifier,
        scorer=scorer,
        aggregate=aggregate,
        budget=budget,
        draft=draft,
        sampling=sampling,
    )
    options = ServeOptions(
        solve=solve,
        host=host,
        port=port,
        keys=keys_of_file(key_file),
        pool=pool,
        any_model=any_model,
        fresh=fresh,
        jobs=jobs,
        queue=queue,
        timeout=timeout,
        most_draws=most_draws,
    )
    return run_serve.serve(session, options, config)
