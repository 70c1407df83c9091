"""What a format of exports cannot hold of the draws that it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ttc.formats import Draw
from ttc.records import Verdict

# The fields of a sample that may be unknown; its text and problem every format holds.
_SAMPLE = (
    "stop",
    "prompt_tokens",
    "completion_tokens",
    "think_tokens",
    "logprob",
    "confidences",
    "token_logprobs",
    "seconds",
    "seed",
    "model",
    "params",
    "reference",
    "tags",
)
_VERDICT = ("answer", "correct", "score", "detail", "tokens")


class Lacking:
    """Collects what draws have and a format does not hold; `holds` are the fields that it does."""

    def __init__(self, name: str, holds: Iterable[str]) -> None:
        self._name = name
        self._holds = frozenset(holds)
        self._found: dict[str, None] = {}
        self._places: Counter[str] = Counter()

    def see(self, draw: Draw) -> None:
        """Note what is lost of one draw."""
        for name in self._had(draw):
            if name not in self._holds:
                self._found[name] = None

    def _had(self, draw: Draw) -> Iterable[str]:
        sample, problem = draw.sample, draw.problem
        if problem.messages or problem.prompt is not None:
            yield "questions"
        place = self._places[problem.id]
        self._places[problem.id] += 1
        if place != sample.index:
            yield "the index of draws"
        if sample.finish_reason == "length":
            yield "finish_reason"
        for name in _SAMPLE:
            if getattr(sample, name, None) not in (None, {}, "unknown"):
                yield name
        for at, opinion in enumerate(draw.opinions):
            if at:
                yield f"verdicts by {opinion.verifier}"
            else:
                yield from _of(opinion.verdict)

    def notes(self) -> list[str]:
        """Return a line for all that was lost; none if nothing was."""
        if not self._found:
            return []
        return [f"{self._name} cannot hold: {', '.join(self._found)}"]


def _of(verdict: Verdict) -> Iterable[str]:
    """Yield what a verdict says."""
    for name in _VERDICT:
        if getattr(verdict, name) not in (None, ""):
            yield "verifier_tokens" if name == "tokens" else name
    if verdict.correct is None and verdict.score is None:
        yield "undecided verdicts"
    if verdict.status != "ok":
        yield "status"
