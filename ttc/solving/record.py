"""A solution as JSON: what `ttc solve --json` prints, and `ttc serve` answers beside the text."""

from __future__ import annotations

from ttc import interchange
from ttc.backends import counts
from ttc.solving.job import Solved


def fields_of(done: Solved) -> dict[str, object]:
    """Return a solution as the fields of a JSON object."""
    solution = done.solution
    node, usage = solution.node, solution.run.usage
    return {
        "schema": interchange.SCHEMA,
        "problem": done.problem.id,
        "answer": solution.answer,
        "text": node.trace if node is not None else None,
        "rule": solution.rule,
        "oracle": done.oracle,
        "firmness": solution.firmness,
        "votes": solution.votes,
        "draws": solution.drawn,
        "cancelled": solution.cancelled,
        "cut_while_thinking": solution.unanswered.cut,
        "reasoning_only": solution.unanswered.thought,
        "empty": solution.unanswered.empty,
        **counts.as_fields("tokens", usage.new, usage.uncounted_new),
        **counts.as_fields("tokens_paid", usage.tokens, usage.uncounted),
        "rounds": usage.rounds,
        "scores": usage.scores,
        **counts.as_fields("scorer_tokens", usage.scorer, usage.uncounted_scores),
        "exhausted": solution.run.exhausted,
        "pool": done.pool if node is not None else None,
        "index": node.index if node is not None else None,
    }
