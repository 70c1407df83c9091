"""Scores of traces on the way: any verifier with a score, or the model's own confidence."""

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
    """The score of a trace's last step in [0, 1], None if it has none; what it cost in tokens,
    None if that is unknown, and what was said of it in words."""

    value: float | None
    tokens: int | None = 0
    words: str = ""


class Scorer(Protocol):
    """Scores traces. `scope` is `step`, `partial` (its last step is cut short) or `outcome`."""

    name: str

    @property
    def config(self) -> Mapping[str, object]:
        """What its scores depend on, besides the traces."""

    def score(self, problem: Problem, nodes: Sequence[Node], scope: str) -> list[Score]:
        """Return a score for each trace, in order."""


def aggregate(scores: Sequence[float], how: str) -> float:
    """Put the scores of a trace's steps together: `last`, `min`, `prod` or `mean`."""
    if how == "last":
        return scores[-1]
    if how == "mean":
        return math.fsum(scores) / len(scores)
    return math.prod(scores) if how == "prod" else min(scores)


class Likelihood:
    """The geometric mean of the probabilities that a step's tokens had: no verifier, no cost."""

    name = "likelihood"
    config: Mapping[str, object] = {}

    def score(self, problem: Problem, nodes: Sequence[Node], scope: str) -> list[Score]:
        """Score the last step, or the whole trace for an outcome."""
        return [self._of(node.path if scope == "outcome" else [node]) for node in nodes]

    @staticmethod
    def _of(pieces: Sequence[Node]) -> Score:
        drawn = [piece for piece in pieces if piece.tokens]
        known = [piece.logprob for piece in drawn if piece.logprob is not None]
        if not drawn or len(known) < len(drawn):
            return Score(None)
        return Score(math.exp(min(sum(known) / sum(piece.tokens for piece in drawn), 0.0)))


class Verified:
    """A verifier's score of the text so far. What it said of a text before is remembered."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self.name = verifier.name

    @property
    def config(self) -> Mapping[str, object]:
        """Name, version and options of the verifier."""
        verifier = self._verifier
        return {"name": verifier.name, "version": verifier.version, **verifier.config}

    def score(self, problem: Problem, nodes: Sequence[Node], scope: str) -> list[Score]:
        """Judge each trace as a completion of the problem, without its reference."""
        asked = chat(problem)
        samples = [
            Sample(problem.id, index, node.trace, "stop", asked=asked)
            for index, node in enumerate(nodes)
        ]
        places = [keys.digest("trace1", [keys.prompt_id(problem), each.text]) for each in samples]
        with Memo("trace", keys.canonical_json(self.config)) as memo:
            there = [memo.get(place) for place in places]
            fresh = [sample for sample, kept in zip(samples, there, strict=True) if kept is None]
            judged = iter([verdict for _, verdict in verdicts.judge(self._verifier, fresh)])
            scores, kept_now = [], []
            for place, kept in zip(places, there, strict=True):
                if kept is None:
                    verdict = next(judged)
                    asked_none = verdict.tokens is None and not verdict.votes
                    kept = [verdict.score, 0 if asked_none else verdict.tokens, verdict.detail]
                    if verdict.status != "error":
                        kept_now.append((place, kept))
                scores.append(Score(*kept))
            memo.keep(kept_now)
        return scores
