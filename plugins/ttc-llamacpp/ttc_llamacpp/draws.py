"""One request in the engine: its tokens, its text, its log-probability, its times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from ttc.answers.thought_tokens import thought_tokens
from ttc.backends import Completion, Request
from ttc.records import FinishReason, TokenLogprob
from ttc_llamacpp.constraint import Constraints
from ttc_llamacpp.detokenizer import Detokenizer
from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.llama_api import Model
from ttc_llamacpp.sampling import SampledToken, Sampler
from ttc_llamacpp.thoughts import Thoughts


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
    token_logprobs: list[TokenLogprob] = field(default_factory=list)
    thoughts: Thoughts | None = None
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

    def begin(self, model: Model, constraints: Constraints) -> None:
        """Create its sampler, once its prompt is computed.

        Raises GrammarError if the constraint does not allow the beginning of the answer.
        """
        asked, params = self.request, self.request.params
        constraint = constraints.of(params)
        given = (asked.alternatives, asked.logprobs, constraint)
        self.sampler = Sampler(params, asked.seed, *given)
        if constraint is not None or params.thinking_budget is not None:
            self.thoughts = Thoughts(model, self.begun, params.thinking_budget)
            self._follow_thoughts(self.thoughts)
        if asked.prefix:
            self.sampler.count(model.tokenize(asked.prefix, add_bos=False))

    def _follow_thoughts(self, thoughts: Thoughts) -> None:
        """Tell the sampler whether the answer has begun, and which tokens close a thought now.

        Raises GrammarError if the constraint does not allow what of the answer is there.
        """
        sampler = self.sampler
        assert sampler is not None
        if thoughts.answering and not sampler.constrained:
            sampler.constrained, begun = True, thoughts.answer
            if (begun or thoughts.thought) and not sampler.follow(begun):
                raise GrammarError(f"the answer begins with {begun[:60]!r}, which is not allowed")
        elif not thoughts.answering:
            sampler.constrained = False
        if not sampler.forced:
            sampler.forced.extend(thoughts.forced())

    def accept(self, sampled: SampledToken, model: Model, limit: int) -> FinishReason | None:
        """Append a sampled token; return the finish reason, None if the draw continues.

        `limit` is the context length: a draw that would exceed it finishes as `length`. The token
        that ends a generation counts, and so does its log-probability: it was sampled. A forced
        token counts, and has no part in the log-probability.
        """
        if self.first_token is None:
            self.first_token = monotonic()
        self.tokens.append(sampled.token)
        if self.sampler is not None:
            self.sampler.accept(sampled.token)
        if not sampled.forced:
            self.logprob += sampled.logprob
        if sampled.confidence is not None:
            self.confidences.append(sampled.confidence)
        if self.request.logprobs:
            self.token_logprobs.append(told(sampled, model))
        if model.ends(sampled.token) and not sampled.forced:
            return "stop"
        self.pieces.append(model.piece(sampled.token))
        if self.thoughts is not None:
            self.thoughts.add(self.pieces[-1])
            self._follow_thoughts(self.thoughts)
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
            token_logprobs=self.token_logprobs if self.request.logprobs else None,
        )


def told(sampled: SampledToken, model: Model) -> TokenLogprob:
    """Return a token and the likeliest ones at its place, with their texts."""

    def described(token: int, logprob: float) -> TokenLogprob:
        raw = model.piece(token) or model.spelling(token).encode()
        return TokenLogprob(raw.decode("utf-8", "replace"), logprob, raw)

    top = tuple(described(*each) for each in sampled.top)
    return described(sampled.token, sampled.logprob)._replace(top=top)
