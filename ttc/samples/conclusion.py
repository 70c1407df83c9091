"""Notes on a finished run of draws: a summary, doubts about the draws, and what is missing."""

from __future__ import annotations

from ttc.backends import counts
from ttc.backends.thinking_switch import without_effect
from ttc.messages.counts import some
from ttc.messages.durations import clock
from ttc.samples.plan import Plan
from ttc.samples.tally import Tally


def summary(plan: Plan, tally: Tally, seconds: float) -> list[str]:
    """Return the notes on a run that took so many seconds, a line each; the first is a summary."""
    drawn, total = tally.drawn, len(plan.enrolled) * plan.n
    made = counts.amount(tally.tokens, tally.uncounted)
    speed = f", {tally.tokens / seconds:.0f} tokens/s" if seconds and not tally.uncounted else ""
    lines = [
        f"{plan.pool.name}: {some(len(plan.enrolled), 'problem')} × {plan.n}: "
        f"{some(total, 'sample')}, {drawn} new ({made} in {clock(seconds)}{speed}), "
        f"{plan.kept} kept"
        + (f", {tally.truncated} truncated at the token limit" if tally.truncated else "")
    ]
    if tally.spending is not None and (spent := tally.spending.told()):
        lines.append(f"spent {spent}")
    if tally.copies > drawn / 2:
        lines.append(
            f"{tally.copies} of {drawn} new draws repeat another one of their problem word for "
            "word: either the model is sure of them, or what serves it ignores seeds or the "
            "temperature (ttc models probe tests a server)"
        )
    params = plan.recipe.params
    if line := without_effect(params.thinking, tally.thinking, drawn, tally.overlong):
        lines.append(line)
    if params.constraints and tally.truncated:
        lines.append(
            f"--{params.constraints[0]}: {tally.truncated} of {drawn} new draws were cut at the "
            "token limit, before what is asked for was complete; raise --max-tokens"
        )
    if tally.unlike:
        lines.append(
            f"--schema had no effect: {tally.unlike} of {drawn} new draws are no JSON (ttc models "
            "probe tests a server)"
        )
    return lines


def shortfall(plan: Plan, tally: Tally, again: str) -> str | None:
    """Return why draws are missing at the end of a run, and `again`, which makes them; None if the
    run is complete. BackendError if there is not a single sample, old or new."""
    drawn = tally.drawn
    if not drawn and not plan.kept:
        tally.raise_errors()
    left = len(plan.missing) - drawn
    if tally.broken is not None:
        return f"{tally.broken}; {some(left, 'draw')} to go; to resume: {again}"
    failed = (
        f"{some(len(tally.errors), 'draw')} failed (the first: {tally.errors[0]})"
        if tally.errors
        else ""
    )
    if tally.stopped:
        also = f" ({failed})" if failed else ""
        return f"{tally.stopped}, {some(left, 'draw')} to go{also}; to resume: {again}"
    return f"{failed}; to fill the gaps: {again}" if failed else None
