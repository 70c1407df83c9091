"""One request under way: its tokens, its text, its log-probability, its clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from ttc.backends import Completion, Request
from ttc.records import FinishReason
from ttc_llamacpp.detokenizer import Detokenizer
from ttc_llamacpp.llama_api import Model
from ttc_llamacpp.sampling import SampledToken, Sampler


@dataclass(slots=True, eq=False)
class SequenceDraw:
    """A request, the tokens of its prompt and what was sampled so far.

    `started` is None while it waits for a place; `computed` counts prompt tokens that were
    computed for it. `opened` is the mark of a thought that the prompt ends in: its text goes on
    from there.
    """

    request: Request
    prompt: tuple[int, ...]
    text: Detokenizer
    opened: str = ""
    sampler: Sampler | None = None
    tokens: list[int] = field(default_factory=list)
    logprob: float = 0.0
    confidences: list[float] = field(default_factory=list)
    computed: int = 0
    stop: str | None = None
    started: float | None = None
    first_token: float | None = None
    chances: Mapping[str, float] | None = None

    @property
    def needs(self) -> int:
        """The context it may come to need, in tokens."""
        return len(self.prompt) + self.request.params.max_tokens

    @property
    def position(self) -> int:
        """Where its last token goes, which is not decoded yet: what its sequence should hold."""
        return len(self.prompt) + len(self.tokens) - 1

    def begin(self) -> None:
        """It has its place, and its prompt is computed."""
        asked = self.request
        self.sampler = Sampler(asked.params, asked.seed, asked.alternatives)

    def accept(self, choice: SampledToken, model: Model, limit: int) -> FinishReason | None:
        """Take a sampled token; return how it ended the draw, None if it goes on.

        `limit` is the context's length: a draw that would leave it ends as `length`. The token
        that ends a generation counts, and so does its log-probability: it was sampled.
        """
        if self.first_token is None:
            self.first_token = monotonic()
        self.tokens.append(choice.token)
        self.logprob += choice.logprob
        if choice.confidence is not None:
            self.confidences.append(choice.confidence)
        if model.ends(choice.token):
            return "stop"
        self.stop = self.text.add(model.piece(choice.token))
        if self.stop is not None:
            return "stop"
        full = len(self.tokens) >= self.request.params.max_tokens or self.position >= limit
        return "length" if full else None

    def _read(self, *, ended: bool) -> str:
        kept = self.stop if self.request.keep_stop else None
        return self.opened + self.text.read(ended=ended) + (kept or "")

    def finish(self, reason: FinishReason, error: str | None = None) -> Completion:
        """Report it and free its sampler."""
        if self.sampler is not None:
            self.sampler.close()
        return Completion(
            request_id=self.request.id,
            text=self._read(ended=reason == "stop"),
            finish_reason=reason,
            prompt_tokens=len(self.prompt),
            cached_tokens=len(self.prompt) - self.computed,
            completion_tokens=len(self.tokens),
            logprob=self.logprob,
            stop=self.stop,
            started=self.started,
            first_token=self.first_token,
            ended=monotonic(),
            error=error,
            chances=self.chances,
            confidences=self.confidences if self.request.alternatives else None,
        )
