"""One request in the engine: its tokens, its text, its log-probability, its times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from ttc.answers.thought_tokens import thought_tokens
from ttc.backends import Completion, Request
from ttc.records import FinishReason
from ttc_llamacpp.detokenizer import Detokenizer
from ttc_llamacpp.llama_api import Model
from ttc_llamacpp.sampling import SampledToken, Sampler


@dataclass(slots=True, eq=False)
class SequenceDraw:
    """A request, the tokens of its prompt and what was sampled so far.

    `started` is None while it waits for a slot. `computed` counts the prompt tokens that were
    computed for it, not copied. `opened` is the mark that opens a thought at the end of the prompt;
    the draw's text begins with it; `begun` is that mark and the prefix. `pieces` are the bytes of
    each token.
    """

    request: Request
    prompt: tuple[int, ...]
    text: Detokenizer
    opened: str = ""
    begun: str = ""
    sampler: Sampler | None = None
    tokens: list[int] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    logprob: float = 0.0
    confidences: list[float] = field(default_factory=list)
    computed: int = 0
    stop: str | None = None
    started: float | None = None
    first_token: float | None = None
    chances: Mapping[str, float] | None = None

    @property
    def needs(self) -> int:
        """The longest context that it can need, in tokens."""
        return len(self.prompt) + self.request.params.max_tokens

    @property
    def position(self) -> int:
        """The position of its last token, which is not decoded yet: how many tokens its slot should
        hold."""
        return len(self.prompt) + len(self.tokens) - 1

    def begin(self) -> None:
        """Create its sampler, once its prompt is computed."""
        asked = self.request
        self.sampler = Sampler(asked.params, asked.seed, asked.alternatives)

    def accept(self, sampled: SampledToken, model: Model, limit: int) -> FinishReason | None:
        """Append a sampled token; return the finish reason, None if the draw continues.

        `limit` is the context length: a draw that would exceed it finishes as `length`. The token
        that ends a generation counts, and so does its log-probability: it was sampled.
        """
        if self.first_token is None:
            self.first_token = monotonic()
        self.tokens.append(sampled.token)
        self.logprob += sampled.logprob
        if sampled.confidence is not None:
            self.confidences.append(sampled.confidence)
        if model.ends(sampled.token):
            return "stop"
        self.pieces.append(model.piece(sampled.token))
        self.stop = self.text.add(self.pieces[-1])
        if self.stop is not None:
            return "stop"
        full = len(self.tokens) >= self.request.params.max_tokens or self.position >= limit
        return "length" if full else None

    def _read(self, *, ended: bool) -> str:
        kept = self.stop if self.request.keep_stop else None
        return self.opened + self.text.read(ended=ended) + (kept or "")

    def finish(self, reason: FinishReason, error: str | None = None) -> Completion:
        """Free its sampler and return its completion."""
        if self.sampler is not None:
            self.sampler.close()
        return Completion(
            request_id=self.request.id,
            text=self._read(ended=reason == "stop"),
            finish_reason=reason,
            prompt_tokens=len(self.prompt),
            cached_tokens=len(self.prompt) - self.computed,
            completion_tokens=len(self.tokens),
            think_tokens=thought_tokens(self.pieces, self.begun),
            logprob=self.logprob,
            stop=self.stop,
            started=self.started,
            first_token=self.first_token,
            ended=monotonic(),
            error=error,
            chances=self.chances,
            confidences=self.confidences if self.request.alternatives else None,
        )
