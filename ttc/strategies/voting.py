"""From finished traces to the answer: the best trace, the heaviest answer or the most frequent."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence

from ttc.answers import extract
from ttc.messages.counts import some
from ttc.records import FinishReason, Problem
from ttc.strategies import Decision, Node
from ttc.strategies.unanswered import Unanswered, reasons

PICKS = ("best", "weighted", "majority")
_QUANTITY = re.compile(r"[0-9]|\bhow (?:many|much)\b", re.IGNORECASE)


def answer_of(problem: Problem, text: str, finish: FinishReason) -> str | None:
    """Return the answer that a text gives to a question, in canonical form, or None.

    A stated answer ("the answer is 4", a box) always counts. Otherwise a text that is one JSON
    object is the answer itself, however it is spaced; else the last number of the last
    line counts if the question is about a quantity and the draw finished by itself: a year that
    prose mentions is no answer.
    """
    stated = extract.stated(text)
    if stated is not None:
        return extract.canonical(stated)
    if (whole := _json_object(extract.visible(text))) is not None:
        return whole
    question = problem.prompt if problem.prompt is not None else problem.messages[-1].content
    if finish != "stop" or not _QUANTITY.search(question):
        return None
    loose = extract.extract(extract.own(text).rpartition("\n")[2])
    return None if loose is None else extract.canonical(loose)


def _plain(number: str) -> int | float:
    """Return a number of a JSON text, 1.0 as 1. ValueError or OverflowError if it is not finite."""
    found = float(number)
    return int(found) if int(found) == found else found


def _json_object(text: str) -> str | None:
    """Return a text that is a JSON object and nothing else in canonical form, else None."""
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text, parse_float=_plain, parse_constant=_plain)
        return json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, OverflowError, RecursionError):
        return None


def decide(problem: Problem, finals: Sequence[tuple[Node, float]], pick: str) -> Decision:
    """Pick among finished traces with their weights.

    `best` takes the trace with the highest weight, `weighted` the answer with the largest sum of
    weights, `majority` the answer of the most traces. Traces without an answer do not vote; if none
    has one, the best trace that is more than a thought is taken. Ties go to the earlier trace.
    """
    if not finals:
        return Decision(None, note="no trace was finished")
    found_of = reasons([node for node, _ in finals])
    answered = [pair for pair, reason in zip(finals, found_of, strict=True) if not reason]
    if not answered:
        return Decision(None, tuple(finals), Unanswered.of(found_of).words)
    best = max(answered, key=lambda pair: pair[1])
    if pick == "best":
        note = f"the best of {len(finals)} traces, {best[1]:.3g}"
        return Decision(best[0], tuple(finals), note)
    sums: dict[str, float] = defaultdict(float)
    heads: dict[str, tuple[Node, float]] = {}
    for node, weight in answered:
        found = answer_of(problem, node.trace, node.finish)
        if found is None:
            continue
        sums[found] += weight if pick == "weighted" else 1.0
        if found not in heads or weight > heads[found][1]:
            heads[found] = (node, weight)
    if not sums:
        return Decision(
            best[0], tuple(finals), f"no answer in {some(len(finals), 'trace')}; the best"
        )
    winner = max(sums, key=sums.__getitem__)
    note = f"{sums[winner]:.3g} of {sum(sums.values()):.3g} votes, {some(len(finals), 'trace')}"
    return Decision(heads[winner][0], tuple(finals), note)
