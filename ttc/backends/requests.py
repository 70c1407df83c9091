"""What a backend runs, what it is asked for, and what it returns: all fields of the protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ttc.records import EFFORTS, FinishReason, Message, SamplingParams, TokenLogprob


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model a backend runs.

    fingerprint: identifies the weights; part of the key of every sample.
    context_length: in tokens, prompt and completion together; None if unknown.
    parameters: the number of weights; None if unknown.
    geometry: those known of layers, embedding, heads, kv_heads, head_size, vocabulary, and for a
        mixture of experts active, the parameters that one token uses.
    backend: the engine that draws, if this backend passes requests on to another; it is then in
        the key in place of this one's name.
    unset: sampling parameters that are left out of requests (`ttc.backends.supported_params`).
    clock: the dates that the chat template writes into prompts; part of their key; None if it
        reads no clock (`ttc.backends.template_clock`).
    read_from: what parameters and geometry were read from, as in "its GGUF"; for messages.
    """

    name: str
    fingerprint: str
    context_length: int | None = None
    parameters: int | None = None
    geometry: Mapping[str, int] = field(default_factory=dict)
    backend: str | None = None
    unset: tuple[str, ...] = ()
    clock: str | None = None
    read_from: str = "its backend"


@dataclass(frozen=True, slots=True)
class Request:
    """One completion to draw. Exactly one of `messages` and `prompt` is set.

    id: chosen by the caller; unique among the requests under way.
    prefix: the beginning of the assistant's answer, to be continued; the completion's text does
        not repeat it.
    seed: the seed of this draw.
    draw: its index among the draws of the prompt; engines ignore it, replay serves by it.
    choices: draw nothing; return how likely each of these strings is to come next (`chances`).
    score: draw nothing; return `logprob` and `completion_tokens` of this text as the answer,
        after `prefix`.
    keep_stop: leave the stop string that ended the draw at the end of the text.
    alternatives: return `confidences`, each computed from this many of the likeliest tokens.
    logprobs: return `token_logprobs`, with this many of the likeliest tokens at each place.

    If the rendered prompt ends with a mark that opens a thought, the completion's text begins with
    that mark (`ttc.answers.thinking.opening`), unless it continues a `prefix`.
    """

    id: str
    messages: tuple[Message, ...] = ()
    prompt: str | None = None
    prefix: str = ""
    params: SamplingParams = SamplingParams()
    seed: int | None = None
    draw: int | None = None
    choices: tuple[str, ...] = ()
    score: str | None = None
    keep_stop: bool = False
    alternatives: int = 0
    logprobs: int = 0

    @property
    def needs(self) -> frozenset[str]:
        """The capabilities without which the request cannot be answered."""
        asked = {
            "prefix": self.prefix,
            "choose": self.choices,
            "score": self.score is not None,
            "stop-kept": self.keep_stop,
            "alternatives": self.alternatives,
            "token-logprobs": self.logprobs,
            "constrained-prefix": self.prefix and self.params.constraints,
        }
        return needs_of(self.params) | {name for name, wanted in asked.items() if wanted}


@lru_cache(maxsize=64)  # every request of a run has the same
def needs_of(params: SamplingParams) -> frozenset[str]:
    """Return the capabilities that sampling parameters need of a backend."""
    thinking = params.thinking
    needed = {
        "thinking": thinking in ("on", "off"),
        "thinking-effort": thinking in EFFORTS,
        "thinking-budget": params.thinking_budget is not None,
        "penalties": params.presence_penalty or params.frequency_penalty,
        "repeat-penalty": params.repeat_penalty != 1,
        "logit-bias": params.logit_bias,
        "template-arguments": params.template_arguments,
        "request-fields": set(params.extra_fields) - {"chat_template_kwargs"},
        **{name: name in params.constraints for name in ("grammar", "schema", "regex")},
    }
    return frozenset(name for name, wanted in needed.items() if wanted)


@dataclass(frozen=True, slots=True)
class Completion:
    """The result of a request; every request that is submitted comes back exactly once.

    finish_reason: `stop`, `length`, `cancelled` (text and tokens are those so far) or `error`
        (`error` says why; it is kept as an attempt, and the draw is asked for again).
    prompt_tokens, cached_tokens: of the whole prompt, and of its part that was not computed again.
    think_tokens: those of `completion_tokens` that belong to thoughts, without the marks around
        these; 0 if it is known that there are none.
    logprob: the sum of the log-probabilities (nats) of the sampled tokens, under the model's
        distribution at temperature 1 without filters.
    stop: the stop string that ended the draw.
    started, first_token, ended: seconds on one monotonic clock.
    chances: the probability of each of the request's `choices`, under the same distribution, summed
        over the spellings of its first token (with a blank before it, in lower or upper case); they
        need not add up to 1.
    confidences: one for each token, minus the mean log-probability of the likeliest tokens there,
        under the same distribution; higher is surer (Fu et al. 2025, "Deep Think with Confidence",
        eq. 2).
    token_logprobs: the generated tokens in order, each with its log-probability and with those of
        the request's `logprobs` likeliest tokens at its place, under the same distribution.

    What is unknown is None.
    """

    request_id: str
    text: str
    finish_reason: FinishReason
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None
    logprob: float | None = None
    stop: str | None = None
    started: float | None = None
    first_token: float | None = None
    ended: float | None = None
    error: str | None = None
    chances: Mapping[str, float] | None = None
    confidences: Sequence[float] | None = None
    think_tokens: int | None = None
    token_logprobs: Sequence[TokenLogprob] | None = None
