"""What is said beyond the curves, in lines: laws carried further, and compute-optimal policies."""

from __future__ import annotations

from collections.abc import Sequence

from ttc.laws import Prediction
from ttc.policy import BINS, Policy
from ttc.saturation import GAIN, Saturation


def show_predictions(
    source: str, predictions: Sequence[Prediction], saturated: Saturation | None
) -> None:
    """Print coverage beyond the draws, each with its interval and its estimator's name."""
    for each in predictions:
        interval = "" if each.low is None else f" [{each.low:.3f}, {each.high:.3f}]"
        fitted = ", ".join(f"{name} = {value:.3g}" for name, value in each.parameters.items())
        print(
            f"{source}: coverage@{each.k} = {each.value:.4f}{interval} "
            f"by {each.estimator}, {fitted}"
        )
    if saturated is None:
        return
    law = f"{saturated.ceiling:.3g}·(1 − (1 − {saturated.chance:.3g})^N)"
    if saturated.rejected:
        print(
            f"{source}: one chance for all problems (TTSPM, {law}) is rejected, "
            f"p = {saturated.p:.1g}: no saturation point"
        )
    else:
        print(f"{source}: saturates at {saturated.draws} draws (TTSPM, {law}: +{GAIN:g} a draw)")


def show_policies(source: str, policies: Sequence[Policy], cost: str) -> None:
    """Print what each budget buys, cross-fitted."""
    print(f"{source}: best by difficulty and budget, scored on problems that did not choose")
    rows = [
        (
            f"{each.budget:.6g} {cost}",
            f"{each.value:.4f}",
            f"one rule {each.single:.4f}",
            f"in sample {each.in_sample:.4f}",
            *(f"{name} {each.choices[name]}" for name in BINS),
        )
        for each in policies
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
