"""Scores of partial and finished traces: by any verifier with a score, or by their likelihood."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ttc import keys, verdicts
from ttc.cache import Memo
from ttc.records import Problem, Sample
from ttc.strategies import Node, chat
from ttc.verifiers import Verifier

AGGREGATES = ("last", "min", "prod", "mean")


@dataclass(frozen=True, slots=True)
class Score:
    """A trace's score in [0, 1], None if it could not be scored; the tokens that scoring took,
    None if unknown; and the scorer's comment."""

    value: float | None
    tokens: int | None = 0
    words: str = ""


class TraceScorer(Protocol):
    """Scores traces. `scope` is `step`, `partial` (the last step is cut short) or `outcome`."""

    name: str

    @property
    def config(self) -> Mapping[str, object]:
        """Everything but the traces that its scores depend on."""

    def score(self, problem: Problem, nodes: Sequence[Node], scope: str) -> list[Score]:
        """Return a score for the trace that ends at each node, in order."""


def aggregate(scores: Sequence[float], how: str) -> float:
    """Combine the scores of a trace's steps: `last`, `min`, `prod` or `mean`."""
    if how == "last":
        return scores[-1]
    if how == "mean":
        return math.fsum(scores) / len(scores)
    return math.prod(scores) if how == "prod" else min(scores)


class LikelihoodScorer:
    """The geometric mean of the probabilities of a step's tokens: needs no verifier, costs none."""

    name = "likelihood"
    config: Mapping[str, object] = {}

    def score(self, problem: Problem, nodes: Sequence[Node], scope: str) -> list[Score]:
        """Score the last step of each trace, or all of it for an outcome.

        A trace with an unknown log-probability has no score.
        """
        return [self._of(node.path if scope == "outcome" else [node]) for node in nodes]

    @staticmethod
    def _of(pieces: Sequence[Node]) -> Score:
        drawn = [piece for piece in pieces if piece.tokens]
        known = [piece.logprob for piece in drawn if piece.logprob is not None]
        if not drawn or len(known) < len(drawn):
            return Score(None)
        return Score(math.exp(min(sum(known) / sum(piece.tokens for piece in drawn), 0.0)))


class VerifierScorer:
    """A verifier's score of the text so far. Scores are memoized by verifier and text."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self.name = verifier.name

    @property
    def config(self) -> Mapping[str, object]:
        """The verifier's name, version and options."""
        verifier = self._verifier
        return {"name": verifier.name, "version": verifier.version, **verifier.config}

    def score(self, problem: Problem, nodes: Sequence[Node], scope: str) -> list[Score]:
        """Judge each trace as a completion of the problem, without its reference."""
        asked = chat(problem)
        samples = [
            Sample(problem.id, index, node.trace, "stop", asked=asked)
            for index, node in enumerate(nodes)
        ]
        prompt = keys.prompt_id(problem)
        memo_keys = [_memo_key(prompt, sample.text) for sample in samples]
        with _memo(self.config) as memo:
            known = [memo.get(key) for key in memo_keys]
            unjudged = [sample for sample, kept in zip(samples, known, strict=True) if kept is None]
            judged = iter([verdict for _, verdict in verdicts.judge(self._verifier, unjudged)])
            scores, fresh = [], []
            for key, kept in zip(memo_keys, known, strict=True):
                if kept is None:
                    verdict = next(judged)
                    asked_no_model = verdict.tokens is None and not verdict.votes
                    kept = [verdict.score, 0 if asked_no_model else verdict.tokens, verdict.detail]
                    if verdict.status != "error":
                        fresh.append((key, kept))
                scores.append(Score(*kept))
            memo.keep(fresh)
        return scores


def remembered(
    config: Mapping[str, object], problem: Problem, nodes: Sequence[Node]
) -> list[float | None]:
    """Return the scores that a verifier of this configuration once gave the traces that end at
    these nodes; None for those that are not remembered."""
    prompt = keys.prompt_id(problem)
    with _memo(config) as memo:
        kept = [memo.get(_memo_key(prompt, node.trace)) for node in nodes]
    return [None if each is None else each[0] for each in kept]


def _memo(config: Mapping[str, object]) -> Memo:
    return Memo("trace", keys.canonical_json(config))


def _memo_key(prompt: str, trace: str) -> str:
    return keys.digest("trace1", [prompt, trace])
