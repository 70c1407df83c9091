"""The signature of `ttc sweep`."""

from __future__ import annotations

from typing import Annotated

import typer

from ttc.cli import options as opt
from ttc.cli import sweep_options as choice
from ttc.cli.completing import offer, offer_specs


def sweep(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="POOL|FILE|-",
            help="Verified samples; - is stdin.",
            autocompletion=offer("pools"),
        ),
    ],
    rules: Annotated[
        str | None,
        typer.Option(
            "--select",
            "-s",
            metavar="RULE,…",
            help="Selection rules; pass@8, maj@16 add to -k "
            "[default: coverage,majority,first-finish].",
            autocompletion=offer_specs("selectors", several=True),
        ),
    ] = None,
    budgets: Annotated[
        str | None, typer.Option("-k", metavar="K,…", help="Budgets (default: 1, 2, 4, … n).")
    ] = None,
    verifier: opt.JudgedBy = None,
    value: choice.Value = "correct",
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG,…",
            help="Adds a curve for each value of a tag, such as level; may be repeated.",
        ),
    ] = None,
    cost: choice.Cost = "tokens",
    ci: Annotated[
        float, typer.Option(min=0, max=99.9, help="Level of intervals in %; 0: none.")
    ] = 95,
    interval: choice.Interval = "gaffke",
    seed: Annotated[int, typer.Option(help="Seed of resampling.")] = 0,
    ties: choice.Ties = "split",
    invalid: choice.Invalid = "abstain",
    draw: choice.Draw = "without",
    rates: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TOML|POOL=TOML",
            help="Parameters and prices, for flops, eflops and usd; may be repeated.",
        ),
    ] = None,
    eflops: choice.Eflops = "race",
    compare: Annotated[
        bool,
        typer.Option(
            "--compare", help="Compare pools with the first one, or rules, paired by problem."
        ),
    ] = False,
    pareto: Annotated[
        bool, typer.Option("--pareto", help="Mark the Pareto frontier of value against cost.")
    ] = False,
    predict: Annotated[
        int | None,
        typer.Option(metavar="K", help="Extrapolate coverage to K draws by scaling laws."),
    ] = None,
    solve_verify: Annotated[
        int | None,
        typer.Option(
            metavar="V",
            help="Best split of budgets in draws and verifications; scores are shares of V.",
        ),
    ] = None,
    policy: Annotated[
        bool,
        typer.Option(
            "--policy", help="Find the best rule and k by difficulty, or --by; cross-fitted."
        ),
    ] = False,
    oracle: Annotated[
        bool,
        typer.Option(
            "--oracle", help="Let oracles be candidates of --pareto, --policy and --solve-verify."
        ),
    ] = False,
    until: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE=X",
            help="Estimate the draws until a rule reaches X (coverage=0.9); may be repeated.",
        ),
    ] = None,
    bounds: Annotated[
        bool,
        typer.Option("--bounds", help="Take undecided and truncated draws as right and as wrong."),
    ] = False,
    confusion: Annotated[
        str | None,
        typer.Option(
            metavar="TRUTH,V,…",
            help="False positives and negatives of verifiers against the first one.",
            autocompletion=offer_specs("verifiers", several=True),
        ),
    ] = None,
    agreement: Annotated[
        str | None,
        typer.Option(
            metavar="JUDGE,…",
            help="How far judges agree with themselves.",
            autocompletion=offer_specs("verifiers", several=True),
        ),
    ] = None,
    asserted: Annotated[
        list[str] | None,
        typer.Option(
            "--assert",
            metavar="RULE@K>=X",
            help="Exit 1 unless this holds, also RULE@K-RULE@K>X, or each:RULE@K>=X for every "
            "problem; may be repeated.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|POOL",
            help="Exit 1 if a problem or a mean fell below this baseline.",
        ),
    ] = None,
    max_drop: Annotated[
        float, typer.Option(help="The drop below the baseline that is tolerated.")
    ] = 0.0,
    strict: Annotated[
        bool, typer.Option("--strict", help="Judge means by their value, not by a test.")
    ] = False,
    population: choice.Population = None,
    save_baseline: Annotated[
        str | None, typer.Option(metavar="FILE", help="Save values and counts as a baseline.")
    ] = None,
    mapping: opt.Mapping = None,
    form: opt.FileKind = None,
    csv: opt.Csv = None,
    md: opt.Markdown = None,
    tex: opt.Tex = None,
    pivot: opt.Pivot = False,
    plot: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="Write a plot (SVG, PNG, PDF; - is the terminal)."),
    ] = None,
    junit: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write gates and values as JUnit XML.")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Write OpenMetrics text (GitLab).")
    ] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Annotations and step summary of GitHub Actions.")
    ] = False,
    as_json: opt.AsJson = False,
    database: opt.Database = None,
    config: opt.ConfigFile = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = 0,
) -> int:
    """Compute the score of each selection rule at each budget, from stored samples alone.

    Exact expectations over all k-subsets of the draws of each problem, averaged over problems,
    with one interval for these problems, where only the draws vary, and one for problems like
    these, where the problems vary, too.
    """
    from ttc.cli.run import sweep as run
    from ttc.cli.run.sweep_output import Targets
    from ttc.cli.session import begin
    from ttc.curves.rates import read_rates
    from ttc.curves.sweep import SweepOptions
    from ttc.options import split_specs
    from ttc.selectors.spec import split

    options = SweepOptions(
        rules=None if rules is None else tuple(split(rules)),
        ks=run.read_ks(budgets),
        cost=cost,
        ci=ci or None,
        interval=interval,
        seed=seed,
        ties=ties,
        invalid=invalid,
        draw=draw,
        rates=read_rates(rates or ()),
        eflops=eflops,
        compare=compare,
        pareto=pareto,
        predict=predict,
        solve_verify=solve_verify,
        policy=policy,
        oracle=oracle,
        asserted=tuple(asserted or ()),
        until=tuple(until or ()),
        bounds=bounds,
        confusion=split_specs(confusion or ""),
        agreement=split_specs(agreement or ""),
        max_drop=max_drop,
        strict=strict,
        by=tuple(by or ()),
        value=value,
        population=population,
    )
    targets = Targets(csv, md, plot, as_json, junit, github, save_baseline, metrics, tex, pivot)
    return run.sweep(
        begin(config, database, quiet),
        sources,
        options,
        targets,
        verifier=verifier,
        mapping=mapping or (),
        form=form,
        baseline=baseline,
    )
