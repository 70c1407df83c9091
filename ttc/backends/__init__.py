"""The Backend protocol: requests in, completions out.

A backend knows nothing of problems, verdicts or stores. Its four verbs cover everything: drawing n
samples is submit × n, then wait × n; first-finish is submit × n, wait × 1 and cancel for the rest;
a search submits continuations as scores come back. An in-process engine steps inside `wait`; a
remote one has its sockets behind it. All of it is synchronous for the caller.

A plugin registers a factory under the entry-point group `ttc.backends`:

    def open_mine(model: str, options: Mapping[str, Any]) -> Backend: ...

It is called with what follows `mine:` in `-m mine:MODEL` and with the options of an alias. It
must be cheap: `model` (with its fingerprint) is read before the first `submit`, and a run that
finds all its samples in the store never submits, so load weights or open sockets only then.

A request asks for nothing that a backend may overlook. What needs a capability (`needs`) is
refused by a backend that does not claim it: `submit` raises BackendError, or the completion is an
`error`. So is a sampling parameter that the engine does not have. Two things are wishes: a `seed`
does nothing without `seed` (callers leave it out there, and the store records that the draw had
none), and without `logprobs` a completion's `logprob` is None. `ttc.testing.contract` holds a
backend against all of this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ttc.records import FinishReason, Message, SamplingParams


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model a backend runs.

    `fingerprint` identifies the weights: it is part of every sample's key. `parameters` is None
    where unknown, and `geometry` (layers, embedding, heads, kv_heads, head_size, vocabulary)
    lacks what is. `backend` names the engine where one backend has another do the work: it, and
    not the messenger, is then part of the key. `unset`: see
    `ttc.backends.supported_params`. `clock` is what the chat template reads from the clock, as it
    renders it (`ttc.backends.template_clock`), None for nothing: part of the key of its prompts.
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

    `id` is chosen by the caller and unique while the request is under way. `prefix` is the
    beginning of the assistant's answer, to be continued (capability `prefix`); it is not
    repeated in the completion. `seed` makes the draw its own (capability `seed`). `draw` is the
    draw index within the prompt; engines ignore it, replay serves by it. With `choices`
    (capability `choose`) nothing is drawn: the completion tells how likely each of these strings
    is to come next. With `score` (capability `score`) nothing is drawn either: the completion's
    `logprob` and `completion_tokens` are those of this text as the answer, behind `prefix`. With
    `keep_stop` (capability `stop-kept`) the stop string that fires stays at the end of the text.
    With `alternatives` (capability `alternatives`) the completion has `confidences`, each from as
    many of the likeliest tokens. `params.thinking` (capability `thinking`) turns the switch of the
    chat template. Where the rendered prompt ends in a mark that opens a thought, the completion's
    text begins with that mark (`ttc.answers.thinking.opening`), unless `prefix` is continued.
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
        """The capabilities without which it cannot be answered."""
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
    """What came of a request; every request submitted comes back exactly once.

    `finish_reason` is `stop`, `length`, `cancelled` (with the text and tokens so far) or
    `error` (then `error` says why; it is an attempt, never an answer). `stop` is the stop string
    that fired. `prompt_tokens` counts the whole prompt, `cached_tokens` the part of it that was
    not computed again. `logprob` is the sum of the sampled tokens' log-probabilities under the
    unfiltered temperature-1 distribution (capability `logprobs`). Times are seconds on one
    monotonic clock: when the draw began, when its first token came, when it ended. `chances` are
    the probabilities of the request's `choices` in the unfiltered temperature-1 distribution, each
    over all spellings of its first token (with a blank before it, in lower or upper case); they
    need not add up to 1. `confidences` are how sure the model was at each token: minus the mean
    log-probability of the likeliest tokens there, under the same distribution (Fu et al. 2025,
    "Deep Think with Confidence", eq. 2: the higher the surer).
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
    """An engine. Not thread-safe: one caller drives it."""

    @property
    def model(self) -> ModelInfo:
        """Which model this is; cheap, and known before the first request."""

    @property
    def capabilities(self) -> frozenset[str]:
        """Of `seed`, `prefix`, `logprobs`, `alternatives`, `cancel`, `choose`, `score`,
        `stop-kept`, `thinking`, `hidden`."""

    def submit(self, request: Request) -> None:
        """Queue a request and return at once; BackendError if the model cannot be loaded."""

    def wait(self) -> Completion:
        """Return the next completion to finish; LookupError if none is under way."""

    def cancel(self, request_id: str) -> None:
        """Free its place; `wait` still reports it, as `cancelled`. Unknown ids are ignored."""

    def close(self) -> None:
        """Release everything. Requests still under way are dropped."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What tuning measured and chose: tokens per second `before` (with the defaults) and `after`
    (with `options`), taken by turns, its `trials` as rows of a table, the `model` that draws from
    now on, and where the choice is `kept`."""

    model: ModelInfo
    options: Mapping[str, Any]
    before: float
    after: float
    trials: tuple[Mapping[str, Any], ...]
    kept: str


class Tunable(Protocol):
    """A backend that can find out what is fastest on this machine; an optional extra."""

    def tune(self, *, requantise: bool, tell: Callable[[str], None]) -> Tuning:
        """Measure, keep the winner for later runs and return it; `tell` hears of each step.

        Only what computes with the same weights is tried, unless `requantise`. BackendError.
        """

    def untune(self) -> bool:
        """Forget what an earlier tuning kept; False if there is nothing."""


@dataclass(frozen=True, slots=True)
class Probing:
    """What probing a server found: `rows` of a table (what was tested, what came of it, by what it
    was seen), the `model` and `capabilities` from now on, and where the findings are `kept`."""

    model: ModelInfo
    capabilities: frozenset[str]
    rows: tuple[Mapping[str, Any], ...]
    kept: str


class Probeable(Protocol):
    """A backend that can find out by trial what the server behind it does; an optional extra."""

    def probe(self, *, tell: Callable[[str], None]) -> Probing:
        """Try everything, keep the findings for later runs and return them; `tell` hears of each
        step. BackendError."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One part that was checked. `detail` says what was found, `remedy` what to run if it fails or
    could work better."""

    what: str
    works: bool
    detail: str
    remedy: str = ""


class Checkable(Protocol):
    """A backend that can check whether its engine works on this machine; an optional extra."""

    def check(self) -> tuple[Finding, ...]:
        """Check the engine without drawing; a failure is a finding, not an exception."""


class Stepped(Protocol):
    """A backend whose `wait` can be taken in pieces, so that its driver sees new requests and
    cancellations in between; an optional extra."""

    def step(self) -> Completion | None:
        """Advance the engine a little and return what has finished; LookupError as for `wait`."""


class Spread(Protocol):
    """A backend that draws in several places; an optional extra."""

    def status(self) -> str:
        """Say in a few words how they fare, for the line of progress; empty before they begin."""

    def room(self) -> int:
        """Return how many requests under way keep all of them busy."""


class Slotted(Protocol):
    """A backend that tells how many draws it advances together; an optional extra."""

    @property
    def slots(self) -> int | None:
        """How many draws are computed side by side; None while that is not known."""


def refusal(request: Request, capabilities: frozenset[str]) -> str | None:
    """Return why a backend with these capabilities must refuse a request, None if it need not."""
    lacking = sorted(request.needs - capabilities)
    return f"this backend cannot do what is asked: {', '.join(lacking)}" if lacking else None
