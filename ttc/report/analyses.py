"""Extrapolations, splits of a budget and policies, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ttc.curves.compute_optimal import Policy
from ttc.curves.posteriors import Posterior
from ttc.curves.saturation import GAIN, Saturation
from ttc.curves.scaling_laws import Prediction
from ttc.curves.solve_verify_split import Split
from ttc.messages.counts import some
from ttc.messages.visible import one_line
from ttc.report.tables.columns import aligned


def predictions(
    source: str, found: Sequence[Prediction], saturated: Saturation | None
) -> Iterator[str]:
    """Yield coverage beyond the draws by each estimator, and the saturation point."""
    for each in found:
        interval = "" if each.low is None else f" [{each.low:.3f}, {each.high:.3f}]"
        fitted = ", ".join(f"{name} = {value:.3g}" for name, value in each.parameters.items())
        yield (
            f"{source}: coverage@{each.k} = {each.value:.4f}{interval} "
            f"by {each.estimator}, {fitted}"
        )
    if saturated is None:
        return
    law = f"{saturated.ceiling:.3g}·(1 − (1 − {saturated.chance:.3g})^N)"
    if saturated.rejected:
        yield (
            f"{source}: one chance for all problems (TTSPM, {law}) is rejected, "
            f"p = {saturated.p:.1g}: no saturation point"
        )
    else:
        at = some(saturated.draws, "draw")
        yield f"{source}: saturates at {at} (TTSPM, {law}: +{GAIN:g} a draw)"


def posteriors(found: Sequence[Posterior], ci: float | None) -> Iterator[str]:
    """Yield the posterior of each point of a metric that has one."""
    for each in found:
        interval = f", {ci:g}% [{each.low:.4f}, {each.high:.4f}]" if each.low is not None else ""
        yield (
            f"{each.source}: {each.selector}@{each.k} = {each.value:.4f}, posterior sd "
            f"{each.sd:.4f}{interval} for these problems"
        )


def splits(source: str, found: Split) -> Iterator[str]:
    """Yield the best draws and verifications of each budget, and the exponents of their growth."""
    ratio = f"λ = {found.ratio:.3g}" + ("" if found.measured else ", assumed: no verifier tokens")
    yield f"{source}: best split of a budget of C = S·(1 + λV) draws ({ratio})"
    rows = [
        (
            f"C = {each.budget:.4g}",
            f"S = {each.draws}",
            f"V = {each.verifications}",
            f"{each.value:.4f}",
            "at the grid's edge" if each.at_edge else "",
        )
        for each in found.optima
    ]
    yield from aligned(rows)
    if found.exponents is None:
        yield f"{source}: no exponents: fewer than three budgets have their best inside the grid"
        return
    grown = list(zip("SV", found.exponents, strict=True))
    laws = [f"{name} ∝ C^{value:.2f}" for name, value in grown]
    if found.intervals is not None:
        bounds = found.intervals
        laws = [
            f"{text} [{low:.2f}, {high:.2f}]"
            for text, (low, high) in zip(laws, bounds, strict=True)
        ]
    yield f"{source}: {', '.join(laws)}"


def policies(source: str, found: Sequence[Policy], cost: str) -> Iterator[str]:
    """Yield the best policy of each budget, cross-fitted; `cost` is the flag of its axis. Nothing
    if no rule was a candidate."""
    for by, group in groupby(found, lambda each: each.by):
        yield f"{source}: best by {by} and budget, scored on problems that did not choose"
        rows = [
            (
                f"{each.budget:.4g} {cost}",
                f"{each.value:.4f}",
                f"one rule {each.single:.4f}",
                f"in sample {each.in_sample:.4f}",
                *(f"{one_line(name)} {choice}" for name, choice in each.choices.items()),
            )
            for each in group
        ]
        yield from aligned(rows)
