"""From finished traces to the answer: the best, the heaviest, or the most frequent."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from ttc.answers import extract
from ttc.records import FinishReason, Problem
from ttc.strategies import Decision, Node
from ttc.strategies.silence import Silence, kinds

PICKS = ("best", "weighted", "majority")
_QUANTITY = re.compile(r"[0-9]|\bhow (?:many|much)\b", re.IGNORECASE)


def answer_of(problem: Problem, text: str, finish: FinishReason) -> str | None:
    """Return the answer a text gives to an open question, in canonical text, or None.

    An announced answer always counts. A loose last number counts only where the question is about
    quantities, the draw ended by itself, and the number stands in its last line: prose that
    happens to mention a year is no answer.
    """
    announced = extract.stated(text)
    if announced is not None:
        return extract.canonical(announced)
    question = problem.prompt if problem.prompt is not None else problem.messages[-1].content
    if finish != "stop" or not _QUANTITY.search(question):
        return None
    loose = extract.extract(extract.visible(text).rpartition("\n")[2])
    return None if loose is None else extract.canonical(loose)


def decide(problem: Problem, finals: Sequence[tuple[Node, float]], pick: str) -> Decision:
    """Pick among finished traces: the `best` by weight, the answer with the largest sum of weights
    (`weighted`) or the most traces (`majority`). Traces without an answer do not vote; where none
    has one, the best that is more than a thought is taken. Ties go to the earlier trace."""
    if not finals:
        return Decision(None, note="no trace was finished")
    found_of = kinds([node for node, _ in finals])
    speaking = [pair for pair, kind in zip(finals, found_of, strict=True) if not kind]
    if not speaking:
        return Decision(None, tuple(finals), Silence.of(found_of).words)
    best = max(speaking, key=lambda pair: pair[1])
    if pick == "best":
        note = f"the best of {len(finals)} traces, {best[1]:.3g}"
        return Decision(best[0], tuple(finals), note)
    sums: dict[str, float] = defaultdict(float)
    heads: dict[str, tuple[Node, float]] = {}
    for node, weight in speaking:
        found = answer_of(problem, node.trace, node.finish)
        if found is None:
            continue
        sums[found] += weight if pick == "weighted" else 1.0
        if found not in heads or weight > heads[found][1]:
            heads[found] = (node, weight)
    if not sums:
        return Decision(best[0], tuple(finals), f"no answer in {len(finals)} traces; the best")
    winner = max(sums, key=sums.__getitem__)
    note = f"{sums[winner]:.3g} of {sum(sums.values()):.3g} votes, {len(finals)} traces"
    return Decision(heads[winner][0], tuple(finals), note)
