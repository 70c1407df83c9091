"""The backend protocol: requests in, completions out. Authors of backend plugins start here.

A plugin registers a factory under the entry-point group `ttc.backends`:

    [project.entry-points."ttc.backends"]
    mine = "my_package:open_mine"

    def open_mine(model: str, options: Mapping[str, Any]) -> Backend: ...

`-m mine:MODEL` calls it with `MODEL` and with the options of an alias, which `ttc.options` reads.
The factory must be cheap, and so must be `model`: if all samples are in the store, nothing is ever
submitted. Load weights and open sockets at the first `submit`.

The caller drives a backend from one thread. To draw n samples it calls `submit` n times and `wait`
n times; to take the first that finishes, `wait` once and `cancel` for the others; a search submits
continuations as scores come back. An in-process engine computes inside `wait`; a remote one may
use threads behind it.

What a backend must refuse. A request that needs a capability (`Request.needs`) which the backend
does not have, or a sampling parameter which its engine does not have, is answered with BackendError
from `submit` or with a completion whose `finish_reason` is `error`; `refusal` says why. Two things
are ignored instead: `seed` without the capability `seed` (callers leave it out, and the store
records that the draw had none), and the log-probability without `logprobs` (`logprob` is None).

    seed          a draw depends on nothing but its request and `Request.seed`
    prefix        continues an answer that is begun (`Request.prefix`)
    logprobs      returns `Completion.logprob`
    alternatives  returns `Completion.confidences` (`Request.alternatives`)
    cancel        `cancel` frees the engine, so that other draws end sooner
    choose        returns the probabilities of given strings (`Request.choices`)
    score         returns the log-probability of a given text (`Request.score`)
    stop-kept     can keep the stop string at the end of the text (`Request.keep_stop`)
    thinking      turns the model's reasoning on and off (`SamplingParams.thinking`)

`ttc.testing.contract` tests a backend against this page; `examples/plugin-backend` is a complete
one. Optional abilities, such as tuning, are in `ttc.backends.extras`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ttc.backends.extras import (
    Checkable,
    Finding,
    Probeable,
    Probing,
    Reporting,
    Settling,
    Slotted,
    Spread,
    Stepped,
    Tunable,
    Tuning,
    Wide,
)
from ttc.records import FinishReason, Message, SamplingParams

__all__ = [
    "Backend",
    "Checkable",
    "Completion",
    "Finding",
    "ModelInfo",
    "Probeable",
    "Probing",
    "Reporting",
    "Request",
    "Settling",
    "Slotted",
    "Spread",
    "Stepped",
    "Tunable",
    "Tuning",
    "Wide",
    "refusal",
]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model a backend runs.

    fingerprint: identifies the weights; part of the key of every sample.
    context_length: in tokens, prompt and completion together; None if unknown.
    parameters: the number of weights; None if unknown.
    geometry: those known of layers, embedding, heads, kv_heads, head_size, vocabulary.
    backend: the engine that draws, if this backend passes requests on to another; it is then in
        the key in place of this one's name.
    unset: sampling parameters that are left out of requests (`ttc.backends.supported_params`).
    clock: the dates that the chat template writes into prompts; part of their key; None if it
        reads no clock (`ttc.backends.template_clock`).
    """

    name: str
    fingerprint: str
    context_length: int | None = None
    parameters: int | None = None
    geometry: Mapping[str, int] = field(default_factory=dict)
    backend: str | None = None
    unset: tuple[str, ...] = ()
    clock: str | None = None


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

    @property
    def needs(self) -> frozenset[str]:
        """The capabilities without which the request cannot be answered."""
        asked = {
            "prefix": self.prefix,
            "choose": self.choices,
            "score": self.score is not None,
            "stop-kept": self.keep_stop,
            "alternatives": self.alternatives,
            "thinking": self.params.thinking,
        }
        return frozenset(name for name, wanted in asked.items() if wanted)


@dataclass(frozen=True, slots=True)
class Completion:
    """The result of a request; every request that is submitted comes back exactly once.

    finish_reason: `stop`, `length`, `cancelled` (text and tokens are those so far) or `error`
        (`error` says why; it is kept as an attempt, and the draw is asked for again).
    prompt_tokens, cached_tokens: of the whole prompt, and of its part that was not computed again.
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


class Backend(Protocol):
    """An engine. It need not be thread-safe: one caller drives it."""

    @property
    def model(self) -> ModelInfo:
        """The model; cheap, and known before the first request."""

    @property
    def capabilities(self) -> frozenset[str]:
        """The capabilities in the list above that the backend has."""

    def submit(self, request: Request) -> None:
        """Queue a request and return at once; BackendError if the model cannot be loaded."""

    def wait(self) -> Completion:
        """Return the next completion to finish; LookupError if no request is under way."""

    def cancel(self, request_id: str) -> None:
        """Stop a request; `wait` still returns it, as `cancelled`. Unknown ids are ignored."""

    def close(self) -> None:
        """Release everything. Requests still under way are dropped."""


def refusal(request: Request, capabilities: frozenset[str]) -> str | None:
    """Return why a backend with these capabilities must refuse a request, None if it need not."""
    lacking = sorted(request.needs - capabilities)
    return f"this backend cannot do what is asked: {', '.join(lacking)}" if lacking else None
