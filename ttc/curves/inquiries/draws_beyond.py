"""Draws until X beyond the draws of a pool, by the Beta law of coverage.

The interval is that of the posterior of the law: it covers other problems and other draws, but not
a wrong law. A law that the counts reject gives no interval.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import asdict, dataclass, replace
from math import ceil, exp, fsum, log
from typing import Any

import numpy as np

from ttc.curves.inquiries.beta_posterior import BetaPosterior, law_p_value
from ttc.curves.scaling_laws import Counts, beta_coverage, exact_coverage, fit_beta, fit_power_law

MOST = 10**9  # a budget beyond which no answer is looked for
REJECTED = 0.001  # a p-value below which the law is not believed
DRAWS = 1000  # of the posterior


@dataclass(frozen=True, slots=True)
class Until:
    """The fewest draws of a problem at which a rule reaches a target.

    `drawn` is the number of draws that every problem has, `k` the answer (None: not known, for the
    reason in `note`), `total` the draws that are missing for it over all problems. `low` and `high`
    bound k for problems like these, `low_draws` and `high_draws` for these problems; a `high` of
    None is no bound. `estimator` is `exact` within the draws, else the name of the law. `p` is the
    p-value of that law, `power_law` the answer of another one.
    """

    rule: str
    target: float
    drawn: int
    k: int | None = None
    low: int | None = None
    high: int | None = None
    low_draws: int | None = None
    high_draws: int | None = None
    estimator: str | None = None
    total: int | None = None
    p: float | None = None
    power_law: int | None = None
    unsolved: int = 0
    note: str | None = None

    @property
    def more(self) -> int | None:
        """How many more draws of each problem it takes."""
        return None if self.k is None else max(0, self.k - self.drawn)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**asdict(self), "more": self.more}


def extrapolated(
    known: Until, counts: Counts, *, passed: Set[str], ci: float | None, seed: int
) -> Until:
    """Return an answer about coverage, with what the draws leave open completed by the law.

    `counts` are (draws, correct draws) of each problem; `passed` the bounds that are beyond the
    draws.
    """
    beyond: dict[str, Any] = {bound: known.drawn + 1 for bound in passed if bound.startswith("low")}
    known = replace(known, unsolved=sum(not c for _, c in counts))
    fitted = fit_beta(counts) if len(counts) > 1 else None
    if fitted is None:
        if known.k is not None:
            return known
        why = "no draw is correct, so there is nothing to extrapolate from"
        return replace(known, note=why, **beyond)
    answer = replace(known, p=law_p_value(counts, *fitted, seed=seed))
    if known.k is None:
        answer = _point(answer, counts, fitted)
    if ci is None:
        return answer
    if answer.p is not None and answer.p < REJECTED:
        why = f"the Beta law does not describe these problems (p = {answer.p:.1g}): no interval"
        return replace(answer, note=why, **beyond)
    return _bounded(answer, BetaPosterior.of(counts, seed=seed), (1 - ci / 100) / 2, passed, seed)


def _point(known: Until, counts: Counts, fitted: tuple[float, float]) -> Until:
    """Add the answers of both laws; that of Beta is where `scaling_laws.predict` reaches X."""
    alpha, beta = fitted

    def expected(k: int) -> float:
        return fsum(beta_coverage(alpha + c, beta + n - c, k) for n, c in counts) / len(counts)

    k = _fewest(lambda k: expected(k) >= known.target, known.drawn + 1)
    if k is None:
        return replace(known, note=f"not reached with {MOST:,} draws by the Beta law")
    return replace(
        known,
        k=k,
        estimator="beta-binomial",
        total=sum(max(0, k - n) for n, _ in counts),
        power_law=_by_power_law(known, counts),
    )


def _by_power_law(known: Until, counts: Counts) -> int | None:
    """Return the answer of coverage = exp(a·k^b): k = (log X / a)^(1/b)."""
    ks = sorted({*(1 << i for i in range(known.drawn.bit_length())), known.drawn})
    law = fit_power_law(ks, exact_coverage(counts, ks)) if len(ks) > 1 else None
    if law is None or known.target >= 1:
        return None
    a, b = law
    logarithm = log(log(known.target) / a) / b
    if logarithm > log(MOST):
        return None
    return max(known.drawn + 1, ceil(round(exp(logarithm), 9)))


def _bounded(
    answer: Until, posterior: BetaPosterior, tail: float, passed: Set[str], seed: int
) -> Until:
    """Add the bounds that the draws do not give; the answer is within all of them."""
    least, most = answer.k or MOST, answer.k or 1
    found: dict[str, Any] = {}
    sides = (
        ("low", "high", lambda k: posterior.reaches(k, answer.target)),
        ("low_draws", "high_draws", _of_these(posterior, answer.target, seed)),
    )
    for low, high, reaches in sides:
        for side, enough in ((low, tail), (high, 1 - tail)):
            start = answer.drawn + 1 if side in passed else 1
            if (known := getattr(answer, side)) is None:
                known = _fewest(lambda k, q=enough, f=reaches: f(k) >= q, start)  # type: ignore[misc]
                if known is not None:
                    known = min(known, least) if side == low else max(known, most)
            found[side] = known
    return replace(answer, **found)


def _of_these(posterior: BetaPosterior, target: float, seed: int) -> Callable[[int], float]:
    """Return the probability, given k, that coverage at k of these problems reaches the target."""
    blocks = list(posterior.misses(DRAWS, seed))

    def reaches(k: int) -> float:
        covered = [1 - np.exp(k * block).mean(axis=1) >= target for block in blocks]
        return float(np.concatenate(covered).mean())

    return reaches


def _fewest(enough: Callable[[int], bool], start: int) -> int | None:
    """Return the smallest k from `start` that is enough, for a condition that stays true; None if
    there is none up to MOST."""
    below, at = start - 1, start
    while not enough(at):
        if at >= MOST:
            return None
        below, at = at, min(2 * at, MOST)
    while at - below > 1:
        middle = (below + at) // 2
        below, at = (below, middle) if enough(middle) else (middle, at)
    return at
