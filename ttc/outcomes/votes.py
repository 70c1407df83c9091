"""The vote of one problem: what the rule `majority` picks of its judged draws."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.exact.estimates import value_on
from ttc.selectors.spec import build

RULE = "majority"  # with the conventions of a sweep: ties are split, no answer abstains


@cache
def rule() -> Selector:
    """Return the rule. Made once: a page asks for the votes of thousands of problems."""
    return build(RULE)


def vote(outcomes: Sequence[Outcome]) -> dict[str, Any] | None:
    """Return the vote on the judged draws of a problem; None without any.

    `answer` is the one picked (of several, `tied`, the one drawn first; None: no draw has one) with
    its `votes` of `of` draws; `value` is what a sweep counts for it. `correct` is None if a tie,
    an undecided draw or unlike verdicts make it neither right nor wrong.
    """
    if not outcomes:
        return None
    picked = rule().pick(outcomes)
    leaders = list(dict.fromkeys(outcomes[at].answer for at in picked))
    value = value_on(rule(), outcomes)
    decided = any(outcomes[at].correct is not None for at in picked) or not picked
    return {
        "answer": leaders[0] if leaders else None,
        "tied": leaders[1:],
        "votes": sum(outcomes[at].answer == leaders[0] for at in picked) if leaders else 0,
        "of": len(outcomes),
        "value": value,
        "correct": {0.0: False, 1.0: True}.get(value) if decided else None,
    }
