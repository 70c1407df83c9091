"""Parallel strategies: draw n of one problem side by side, stop when the rule has what it waits
for, and pick.

Any selection rule that needs no verdict is such a strategy: majority waits for all, first-finish
for one and cancels the rest. Without a named rule, draws vote over the answers that can be
parsed; where fewer than half have one (an open question, a paragraph, code), the draw that agrees
most with the others is returned (minimum Bayes risk under a text similarity).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ttc import answers, verdicts
from ttc.backends import Backend
from ttc.plans import Plan
from ttc.records import Message, Outcome, Problem, Sample
from ttc.samples import Drawing
from ttc.selectors import Selector
from ttc.selectors.majority import Majority
from ttc.selectors.mbr import MinimumBayesRisk, agreement
from ttc.store import Store
from ttc.store import samples as stored
from ttc.verifiers import Verifier

_QUANTITY = re.compile(r"[0-9]|\bhow (?:many|much)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Solution:
    """What came of solving one problem.

    `answer` is None if there is none to give: a verifier accepted nothing, or nothing finished.
    `firmness` says in words how firmly the rule answered. `tokens` is what this call generated,
    cancelled draws included; `paid` what all draws behind the answer cost, whenever drawn.
    """

    answer: str | None
    rule: str
    firmness: str
    sample: Sample | None
    votes: dict[str, int]
    drawn: int
    cancelled: int
    tokens: int
    paid: int


class Drawn(NamedTuple):
    """The finished draws of a problem, and how many were cancelled at what cost."""

    samples: list[Sample]
    cancelled: int
    cancelled_tokens: int
    tokens: int
    errors: list[str]


def draw(store: Store, backend: Backend, plan: Plan, finishes: int | None) -> Drawn:
    """Draw what a plan of one problem lacks; with `finishes`, cancel once that many finished.

    What the store holds counts: finished draws, and races that were cut at this very point.
    """
    each = plan.enrolled[0]
    cut = stored.cancelled(store.reader, each.request_id)
    finished = sum(sample.finish_reason == "stop" for sample in _samples(store, plan))
    raced = finishes is not None and finished >= finishes
    settled = raced and all(index in cut for _, index in plan.missing)
    drawing = Drawing(store, backend, plan, lambda sample: None)
    if plan.missing and not settled:
        for missing, index in plan.missing:
            drawing.submit(missing, index)
        ended = 0
        while drawing.under_way:
            _, _, done = drawing.receive()
            ended += done.finish_reason == "stop"
            if finishes is not None and ended == finishes and done.finish_reason == "stop":
                drawing.cancel_all()
        drawing.settle()
        cut = stored.cancelled(store.reader, each.request_id)
    cut = {index: tokens for index, tokens in cut.items() if index < plan.n}
    tally = drawing.tally
    return Drawn(_samples(store, plan), len(cut), sum(cut.values()), tally.tokens, tally.errors)


def _samples(store: Store, plan: Plan) -> list[Sample]:
    name = plan.enrolled[0].problem.id
    found = stored.of_pool(store.reader, plan.pool, problem=name, below=plan.n)
    return sorted((sample for _, sample in found), key=lambda sample: sample.index)


def answer_of(problem: Problem, sample: Sample) -> str | None:
    """Return the answer a draw gives to an open question, in canonical text, or None.

    An announced answer always counts. A loose last number counts only where the question is about
    quantities, the draw ended by itself, and the number stands in its last line: prose that
    happens to mention a year is no answer.
    """
    announced = answers.stated(sample.text)
    if announced is not None:
        return answers.canonical(announced)
    question = problem.prompt if problem.prompt is not None else problem.messages[-1].content
    if sample.finish_reason != "stop" or not _QUANTITY.search(question):
        return None
    last_line = answers.visible(sample.text).rpartition("\n")[2]
    loose = answers.extract(last_line)
    return None if loose is None else answers.canonical(loose)


def outcome_of(problem: Problem, sample: Sample) -> Outcome:
    """Return what selection rules see of a draw."""
    return Outcome(
        index=sample.index,
        answer=answer_of(problem, sample),
        logprob=sample.logprob,
        prompt_tokens=sample.prompt_tokens,
        completion_tokens=sample.completion_tokens,
        finish_reason=sample.finish_reason,
        seconds=sample.seconds,
        text=sample.text,
    )


def solve(
    store: Store,
    backend: Backend,
    plan: Plan,
    selector: Selector | None = None,
    verifier: Verifier | None = None,
) -> Solution:
    """Solve the one problem of a plan. `selector` None: vote, else agree (see the module).

    With a verifier, only draws that it accepts are candidates.
    """
    drawn = draw(store, backend, plan, selector.finishes if selector is not None else None)
    candidates = drawn.samples
    if verifier is not None:
        judged = verdicts.judge(verifier, _to_judge(store, drawn.samples, verifier))
        candidates = [sample for sample, verdict in judged if verdict.correct]
    problem = plan.enrolled[0].problem
    outcomes = [outcome_of(problem, sample) for sample in candidates]
    rule = selector or _default_rule(outcomes)
    positions = rule.pick(outcomes) if outcomes else ()
    votes = Counter(outcome.answer for outcome in outcomes if outcome.answer is not None)
    picked = positions[0] if positions else None
    paid = sum(s.completion_tokens or 0 for s in drawn.samples) + drawn.cancelled_tokens
    return Solution(
        answer=None if picked is None else _printed(rule, outcomes[picked]),
        rule=rule.name,
        firmness=_firmness(rule, outcomes, picked, drawn, accepted=verifier is not None),
        sample=None if picked is None else candidates[picked],
        votes={str(answer): count for answer, count in votes.most_common()},
        drawn=len(drawn.samples),
        cancelled=drawn.cancelled,
        tokens=drawn.tokens,
        paid=paid,
    )


def _to_judge(store: Store, samples: Sequence[Sample], verifier: Verifier) -> Iterator[Sample]:
    prompts: dict[str, tuple[Message, ...]] = {}
    asks = getattr(verifier, "asks", False)
    for sample in samples:
        yield verdicts.with_question(store, sample, prompts) if asks else sample


def _default_rule(outcomes: Sequence[Outcome]) -> Selector:
    voting = sum(outcome.answer is not None for outcome in outcomes)
    return Majority() if 2 * voting >= len(outcomes) and voting else MinimumBayesRisk()


def _printed(rule: Selector, outcome: Outcome) -> str:
    text = answers.visible(outcome.text or "")
    return text if rule.name == MinimumBayesRisk.name or outcome.answer is None else outcome.answer


def _firmness(
    rule: Selector,
    outcomes: Sequence[Outcome],
    picked: int | None,
    drawn: Drawn,
    accepted: bool,
) -> str:
    n = len(drawn.samples)
    among = f"{len(outcomes)} of {n} accepted, " if accepted else ""
    if picked is None:
        why = "nothing was accepted" if accepted else "no draw gives an answer"
        return f"{why} ({n} draws{_failed(drawn)})"
    if rule.name == MinimumBayesRisk.name:
        share = agreement(outcomes, picked)
        how = (
            "a single draw"
            if share is None
            else f"agreement {share:.2f} over {len(outcomes)} draws"
        )
    elif rule.name == Majority.name:
        for_it = sum(o.answer == outcomes[picked].answer for o in outcomes)
        voting = sum(o.answer is not None for o in outcomes)
        how = f"{for_it} of {voting} votes, {len(outcomes) - voting} draws without an answer"
    else:
        tokens = outcomes[picked].completion_tokens
        how = f"draw {outcomes[picked].index} at {tokens} tokens, {drawn.cancelled} cancelled"
    return f"{among}{how}{_failed(drawn)}"


def _failed(drawn: Drawn) -> str:
    return f", {len(drawn.errors)} draws failed: {drawn.errors[0]}" if drawn.errors else ""
