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

Further ones for what a request may say (fields of `SamplingParams`, unless named otherwise):

    thinking-effort     reasons with an effort: `thinking` low, medium or high
    thinking-budget     ends a thought after so many tokens: `thinking` as a number
    grammar, schema, regex   draws only texts that match
    constrained-prefix  they hold for `Request.prefix` and what follows it together
    penalties           `presence_penalty` and `frequency_penalty`
    repeat-penalty      `repeat_penalty`
    logit-bias          `logit_bias`
    token-logprobs      returns `Completion.token_logprobs` (`Request.logprobs`)
    template-arguments  passes `SamplingParams.template_arguments` to the chat template
    request-fields      sends the other fields of `extra` to its server

A plugin's module that has the factory may name in `CAPABILITIES` what its models can have at most,
so that `ttc plugins NAME` and refusals by other backends can tell.

The fields of requests, completions and models are in `ttc.backends.requests`; optional abilities,
such as tuning, in `ttc.backends.extras`. `examples/plugin-backend` is a complete backend, and
`ttc.testing.contract` tests one against this page.
"""

from __future__ import annotations

from typing import Protocol

from ttc.backends.extras import (
    Batching,
    Checkable,
    Counting,
    Finding,
    Loading,
    Probeable,
    Probing,
    Refusing,
    Reporting,
    Settling,
    Slotted,
    Spread,
    Stepped,
    Tunable,
    Tuning,
    Wide,
)
from ttc.backends.requests import Completion, ModelInfo, Request, needs_of

__all__ = [
    "Backend",
    "Batching",
    "Checkable",
    "Completion",
    "Counting",
    "Finding",
    "Loading",
    "ModelInfo",
    "Probeable",
    "Probing",
    "Refusing",
    "Reporting",
    "Request",
    "Settling",
    "Slotted",
    "Spread",
    "Stepped",
    "Tunable",
    "Tuning",
    "Wide",
    "needs_of",
    "refusal",
]


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
