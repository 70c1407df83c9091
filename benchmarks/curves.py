"""How long exact curves take, and how much longer simulated ones.

    python benchmarks/curves.py [--only wide|deep|simulated|rules] [--json]

wide       1,000 problems × 1,000 draws in the store, six rules, k = 1, 2, 4, … 256: `ttc sweep`
           from start to end, and its peak memory
deep       100 problems × 10,000 draws, coverage, majority, first-finish and best-of-n at every
           power of two up to 8,192, and at 10,000
simulated  the curves of `wide` on some of its problems by vectorised Monte Carlo, until every
           point of each problem's curve has a standard error of 0.001 (what difficulty bins and
           paired tests stand on), against the exact ones; and until only the points of the mean
           over all of `wide` have it, to which a problem contributes few subsets
rules      every rule at one k (40 of 100 draws), for 100 problems with 5 and with 20 answers, of
           which some are timed, in processor time; and the largest error of a value

The draws come from known laws (truths.py). Their stores are made first, which is not timed.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import truths
from common import Figure, machine, report, run_ttc
from numpy.typing import NDArray
from rule_times import rules

from ttc.selectors import spec

RULES = ("coverage", "majority", "first-finish", "short-3", "best-of-n", "perplexity")
DEEP = ("coverage", "majority", "first-finish", "best-of-n")
SEED = 7
BLOCK = 500  # subsets at a time, so that they fit the processor's cache


def swept(
    folder: Path, part: str, problems: int, n: int, rules: Sequence[str], ks: Sequence[int]
) -> list[Figure]:
    """Time `ttc sweep` on a store of its own."""
    truths.store(folder / "pool.db", problems, n, SEED)
    command = ["sweep", "pool", "--db", str(folder / "pool.db"), "-s", ",".join(rules)]
    run = run_ttc(folder, *command, "-k", ",".join(map(str, ks)))
    points = [point for curve in run.document["curves"] for point in curve["points"]]
    exact = sum(point["exact"] and point["value"] is not None for point in points)
    if len(points) != len(rules) * len(ks):
        raise SystemExit(f"{len(rules) * len(ks)} points asked for, got {len(points)}")
    limit = 30 if part == "wide" else 60
    return [
        Figure(
            f"{part}_seconds",
            f"{problems:,} × {n:,} draws, {len(rules)} rules",
            round(run.seconds, 3),
            "s",
            at_most=limit,
        ),
        Figure(
            f"{part}_cpu_seconds",
            "  of processor time",
            run.cpu_seconds and round(run.cpu_seconds, 3),
            "s",
        ),
        Figure(
            f"{part}_peak_mb",
            "  peak memory of the command",
            run.peak_mb and round(run.peak_mb, 1),
            "MB",
            at_most=2000,
        ),
        Figure(
            f"{part}_inexact",
            "  points that are not exact",
            float(len(points) - exact),
            "points",
            at_most=0,
        ),
    ]


def wide(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Measure many problems."""
    ks = [1 << i for i in range(9) if 1 << i <= options.draws]
    return swept(folder, "wide", options.problems, options.draws, RULES, ks)


def deep(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Measure many draws."""
    n = options.deep_draws
    ks = sorted({*(1 << i for i in range(n.bit_length())), n})
    return swept(folder, "deep", options.deep_problems, n, DEEP, ks)


# Monte Carlo, as a careful script would do it: subsets as rows, rules as array operations.


def _modes(votes: NDArray[np.int64], answers: int) -> NDArray[np.float64]:
    """Return the credit of the vote in each row: 1/t to each of t leaders."""
    rows = np.arange(len(votes))[:, None] * (answers + 1)
    counts = np.bincount((rows + votes + 1).ravel(), minlength=len(votes) * (answers + 1))
    counts = counts.reshape(len(votes), answers + 1)[:, 1:]
    most = counts.max(axis=1)
    leads = counts == most[:, None]
    return np.where(most > 0, leads[:, 0] / leads.sum(axis=1), 0.0)


def simulated_rules(draws: truths.Draws, answers: int) -> dict[str, Callable[[Any], NDArray[Any]]]:
    """Return the value of each rule on rows of draw indices."""
    correct = (draws.answer == 0).astype(np.float64)
    mean = draws.logprob / draws.tokens

    def best(key: NDArray[Any]) -> Callable[[Any], NDArray[Any]]:
        return lambda rows: correct[rows[np.arange(len(rows)), np.argmin(key[rows], axis=1)]]

    def short(rows: Any) -> NDArray[Any]:
        if rows.shape[1] > 3:
            first = np.argpartition(draws.tokens[rows], 2, axis=1)[:, :3]
            rows = np.take_along_axis(rows, first, axis=1)
        return _modes(draws.answer[rows], answers)

    return {
        "coverage": lambda rows: correct[rows].max(axis=1),
        "majority": lambda rows: _modes(draws.answer[rows], answers),
        "first-finish": best(draws.tokens),
        "short-3": short,
        "best-of-n": best(-draws.score),
        "perplexity": best(-mean),
    }


def simulate(draws: truths.Draws, ks: Sequence[int], subsets: int, seed: int) -> NDArray[Any]:
    """Return rules (rows) at each k (columns) by that many random subsets, a block at a time."""
    random = np.random.default_rng(seed)
    rules = simulated_rules(draws, 28)
    sums = np.zeros((len(rules), len(ks)))
    for start in range(0, subsets, BLOCK):
        size = min(BLOCK, subsets - start)
        # The first k of a random order are a random k-subset: one set of orders serves every k.
        order = np.argsort(random.random((size, len(draws.answer))), axis=1)[:, : ks[-1]]
        for j, rule in enumerate(rules.values()):
            sums[j] += [rule(order[:, :k]).sum() for k in ks]
    return sums / subsets


def simulated(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Time both on the same problems: one problem's curves, and the mean of all of `wide`."""
    problems = list(truths.drawn(options.sample, options.draws, SEED))
    ks = [1 << i for i in range(9) if 1 << i <= options.draws]
    pools = [draws.outcomes() for draws in problems]
    selectors = {rule: spec.build(rule) for rule in RULES}
    began = time.perf_counter()
    exact = np.array([[s.expected(pool, ks) for s in selectors.values()] for pool in pools])
    exact_ms = 1000 * (time.perf_counter() - began) / len(pools)
    # A point's standard error with B subsets is √(variance / B) on one problem, and on the mean
    # of P problems with B each √(mean variance / (P·B)).
    variance = exact * (1 - exact)
    alone = [max(2, math.ceil(float(v.max()) / options.error**2)) for v in variance]
    began = time.perf_counter()
    found = [simulate(*one, SEED) for one in zip(problems, [ks] * len(alone), alone, strict=True)]
    alone_ms = 1000 * (time.perf_counter() - began) / len(pools)
    off = float(np.abs(np.array(found) - exact).max()) / options.error
    shared = float(variance.mean(axis=0).max()) / (options.error**2 * options.problems)
    together = max(2, math.ceil(shared))
    began = time.perf_counter()
    for draws in problems:
        simulate(draws, ks, together, SEED)
    together_ms = 1000 * (time.perf_counter() - began) / len(pools)
    faster = alone_ms / exact_ms
    mean = f"the mean of {options.problems:,} problems"
    return [
        Figure("exact_ms", "exact curves, a problem", round(exact_ms, 3), "ms"),
        Figure(
            "subsets",
            f"an error of {options.error:g} on each problem",
            float(max(alone)),
            "subsets",
        ),
        Figure("simulated_ms", "  simulated, a problem", round(alone_ms, 3), "ms"),
        Figure("times_faster", "  exact is faster by", round(faster, 2), "×", at_least=20),
        Figure("furthest", "  they differ at most by", round(off, 2), "standard errors", at_most=6),
        Figure("mean_subsets", f"that error on {mean} only", float(together), "subsets"),
        Figure("mean_times_faster", "  exact is faster by", round(together_ms / exact_ms, 2), "×"),
    ]


MEASURE = {"wide": wide, "deep": deep, "simulated": simulated, "rules": rules}


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--only", choices=MEASURE, action="append", help="one part; may be given several times")
    add("--problems", type=int, default=1000, help="of wide (1000)")
    add("--draws", type=int, default=1000, help="of wide and simulated (1000)")
    add("--deep-problems", type=int, default=100, help="of deep (100)")
    add("--deep-draws", type=int, default=10_000, help="of deep (10000)")
    add("--sample", type=int, default=3, help="problems of simulated (3)")
    add("--error", type=float, default=0.001, help="of simulated: the standard error (0.001)")
    add("--timed", type=int, default=3, help="problems of rules (3)")
    add("--json", action="store_true", help="one JSON document on stdout")
    return parser.parse_args()


def main() -> None:
    """Measure and print; the exit code says nothing of the targets."""
    options, before, figures = parsed(), machine(), list[Figure]()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        os.environ["TTC_CACHE"] = str(Path(name) / "cache")
        for part, measure in MEASURE.items():
            if part in (options.only or MEASURE):
                folder = Path(name, part)
                folder.mkdir()
                figures += measure(folder, options)
    settings = {k: v for k, v in vars(options).items() if k not in ("only", "json")}
    report("curves", figures, settings, before, options.json)


if __name__ == "__main__":
    main()
