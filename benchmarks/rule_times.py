"""How long each rule takes for a problem: the part `rules` of curves.py."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import truths
from common import Figure

from ttc.records import Outcome
from ttc.selectors import Selector, spec
from ttc.selectors.exact.estimates import estimates_of

SEED = 7
# Every rule with a closed form or a simulation; mbr enumerates subsets, and refuses so many.
TIMED = (
    *("coverage", "mean", "pass^k", "majority", "first-finish", "last-finish", "first-valid"),
    *("best-of-n", "perplexity", "short-3", "keep=5:by=score>majority", "accept=0.5>majority"),
    *("threshold:at=0.9", "ac:c=0.95", "esc", "weighted", "perplexity-consistency", "rpc"),
)


def unlike(count: int, answers: int, n: int) -> Iterator[list[Outcome]]:
    """Yield problems whose answers have Dirichlet(1) shares; scores are hundredths."""
    random = np.random.default_rng(SEED)
    for _ in range(count):
        answer = random.choice(answers, size=n, p=random.dirichlet(np.ones(answers)))
        tokens = np.ceil(random.lognormal(5.0, 0.4, n)).astype(np.int64)
        logprob = -tokens * random.gamma(8.0, 0.04, n)
        draws = truths.Draws(answer, tokens, random.random(n).round(2), logprob)
        yield [replace(o, text=str(o.index)) for o in draws.outcomes()]


def rules(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Measure every rule on the same draws."""
    figures = []
    for answers in (5, 20):
        pools = list(unlike(options.timed, answers, 100))
        for name in TIMED:
            rule = spec.build(name)
            try:
                took, errors = zip(*(_timed(rule, pool) for pool in pools), strict=True)
            except ValueError:  # rpc without scipy
                figures.append(Figure(f"{name}_{answers}", name, None, "s"))
                continue
            # The first problem makes the tables that all share.
            rest = took[1:] or took
            spent = took[0] + 99 * sum(rest) / len(rest)
            what = f"{name}, {answers} answers (error up to {max(errors):.2g})"
            figures.append(Figure(f"{name}_{answers}", what, round(spent, 3), "s", at_most=5))
    return figures


def _timed(rule: Selector, pool: list[Outcome]) -> tuple[float, float]:
    """Return the processor time of a problem, and the error of its value."""
    began = time.process_time()
    (found,) = estimates_of(rule, pool, [40])
    return time.process_time() - began, found.error
