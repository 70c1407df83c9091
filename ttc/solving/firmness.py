"""How firmly a solution stands, in words."""

from __future__ import annotations

from ttc.backends import counts
from ttc.messages.counts import some
from ttc.selectors import Selector
from ttc.selectors.majority import Majority
from ttc.selectors.mbr import MinimumBayesRisk, agreement
from ttc.solving.acceptance import Acceptance
from ttc.solving.rule_strategy import RuleStrategy
from ttc.strategies.driver.driver import RunResult


def cancelled_of(run: RunResult) -> int:
    """Return how many draws of a run were cancelled."""
    return sum(node.finish == "cancelled" for node in run.nodes)


def all_cut(run: RunResult) -> bool:
    """Return whether the token limit cut every draw that was not cancelled."""
    ends = [node.finish for node in run.nodes if node.finish != "cancelled"]
    return bool(ends) and all(end == "length" for end in ends)


def by_rule(made: RuleStrategy, rule: Selector, run: RunResult, acceptance: Acceptance) -> str:
    """Return how firmly a rule decided: votes, agreement, or the draw that won."""
    n, outcomes, picked = acceptance.judged, made.outcomes, made.picked
    unanswered = made.unanswered
    among = f"{len(outcomes)} of {n} accepted, " if acceptance.verified else ""
    also = f", {unanswered.words}" if unanswered.words else ""
    if picked is None:
        if unanswered.total:
            return f"{unanswered.words}{failures(run)}"
        why = "nothing was accepted" if acceptance.verified else "no draw has an answer"
        if all_cut(run) and not unanswered.cut:
            also += ", all cut at the token limit; raise --max-tokens"
        return f"{why} ({some(n, 'draw')}{failures(run)}){also}"
    share = agreement(outcomes, picked) if rule.name == MinimumBayesRisk.name else None
    only = len(outcomes) == 1 and made.candidates[0].index == 0 and len(run.nodes) == 1
    if only or (rule.name == MinimumBayesRisk.name and share is None):
        how = "a single draw"
    elif share is not None:
        how = f"agreement {share:.2f} over {some(len(outcomes), 'draw')}"
    elif isinstance(rule, Majority):
        votes = sum(outcome.answer == outcomes[picked].answer for outcome in outcomes)
        voting = sum(outcome.answer is not None for outcome in outcomes)
        how = f"{votes} of {voting} votes, {some(len(outcomes) - voting, 'draw')} without an answer"
    else:
        node = made.candidates[picked]
        tokens = counts.amount(node.tokens * node.counted, not node.counted)
        how = f"draw {node.index} at {tokens}, {cancelled_of(run)} cancelled"
    return f"{among}{how}{also}{failures(run)}"


def failures(run: RunResult) -> str:
    """Return what went wrong in a run, to be appended; "" if nothing did."""
    ended = f", {run.decision.note}" if run.exhausted and run.decision.note else ""
    return ended + (
        f", {some(len(run.errors), 'draw')} failed: {run.errors[0]}" if run.errors else ""
    )
