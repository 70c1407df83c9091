"""One request under way: its tokens, what came of it, its clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from ttc.backends import Completion, Request
from ttc.records import FinishReason


@dataclass(slots=True, eq=False)
class EngineDraw:
    """A request and the tokens of its prompt.

    `opened` is the mark of a thought that the prompt ends in: its text goes on from there. `given`
    are the tokens of the text to score, `firsts` those that its choices begin with; `engine_id` is
    vLLM's id of it. `started` is None while it waits for a place.
    """

    request: Request
    prompt: tuple[int, ...] = ()
    opened: str = ""
    given: tuple[int, ...] = ()
    firsts: Mapping[str, list[int]] = field(default_factory=dict)
    engine_id: str = ""
    text: str = ""
    tokens: int = 0
    cached: int | None = 0
    logprob: float | None = None
    stop: str | None = None
    chances: Mapping[str, float] | None = None
    confidences: Sequence[float] | None = None
    started: float | None = None
    first_token: float | None = None

    @property
    def weighs(self) -> bool:
        """Whether nothing is drawn: choices are weighed, or a text is scored."""
        return bool(self.request.choices) or self.request.score is not None

    def finish(self, reason: FinishReason, error: str | None = None) -> Completion:
        """Report it."""
        return Completion(
            request_id=self.request.id,
            text=self.text,
            finish_reason=reason,
            prompt_tokens=len(self.prompt),
            cached_tokens=self.cached,
            completion_tokens=self.tokens,
            logprob=self.logprob,
            stop=self.stop,
            started=self.started,
            first_token=self.first_token,
            ended=monotonic(),
            error=error,
            chances=self.chances,
            confidences=self.confidences,
        )

    def failed(self, reason: str) -> Completion:
        """Report that nothing came of it."""
        return self.finish("error", reason)
