"""One request in the engine: its tokens, its result, its times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

from ttc.backends import Completion, Request
from ttc.records import FinishReason, TokenLogprob


@dataclass(slots=True, eq=False)
class EngineDraw:
    """A request and the tokens of its prompt.

    `opened` is the mark that opens a thought at the end of the prompt; the draw's text begins with
    it. `given` are the tokens of the text to score, `firsts` the first tokens of each choice, and
    `engine_id` is vLLM's id. `started` is None while it waits.
    """

    request: Request
    prompt: tuple[int, ...] = ()
    opened: str = ""
    given: tuple[int, ...] = ()
    firsts: Mapping[str, list[int]] = field(default_factory=dict)
    engine_id: str = ""
    text: str = ""
    tokens: int = 0
    think_tokens: int | None = None
    cached: int | None = 0
    logprob: float | None = None
    stop: str | None = None
    chances: Mapping[str, float] | None = None
    confidences: Sequence[float] | None = None
    token_logprobs: Sequence[TokenLogprob] | None = None
    started: float | None = None
    first_token: float | None = None

    @property
    def weighs(self) -> bool:
        """Whether nothing is drawn: choices get probabilities, or a text is scored."""
        return bool(self.request.choices) or self.request.score is not None

    def finish(self, reason: FinishReason, error: str | None = None) -> Completion:
        """Return its completion."""
        return Completion(
            request_id=self.request.id,
            text=self.text,
            finish_reason=reason,
            prompt_tokens=len(self.prompt),
            cached_tokens=self.cached,
            completion_tokens=self.tokens,
            think_tokens=self.think_tokens,
            logprob=self.logprob,
            stop=self.stop,
            started=self.started,
            first_token=self.first_token,
            ended=monotonic(),
            error=error,
            chances=self.chances,
            confidences=self.confidences,
            token_logprobs=self.token_logprobs,
        )

    def failed(self, reason: str) -> Completion:
        """Return its completion as an error."""
        return self.finish("error", reason)
