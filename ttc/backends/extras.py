"""What a backend may do besides the protocol: tune itself, probe its server, step, and so on.

ttc asks for each with `isinstance(backend, Tunable)`; a backend has one by having its members.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from ttc.backends.requests import Completion, ModelInfo, Request
from ttc.plugins.abilities import Ability
from ttc.records import SamplingParams


@dataclass(frozen=True, slots=True)
class Tuning:
    """The result of tuning.

    `before` and `after` are tokens per second with the defaults and with `options`, measured in
    turns; `trials` are rows of a table; `model` is what draws from now on; `kept` is the file in
    which the options are kept.
    """

    model: ModelInfo
    options: Mapping[str, Any]
    before: float
    after: float
    trials: tuple[Mapping[str, Any], ...]
    kept: str


@runtime_checkable
class Tunable(Ability, Protocol):
    """A backend that can measure which options are fastest on this machine (`ttc models tune`)."""

    def tune(self, *, requantise: bool, tell: Callable[[str], None]) -> Tuning:
        """Measure, keep the fastest options for later runs and return them; BackendError.

        `tell` is called with a line before each step. Only options that compute with the same
        weights are tried, unless `requantise`.
        """

    def untune(self) -> bool:
        """Forget the options that an earlier tuning kept; return False if there are none."""


@dataclass(frozen=True, slots=True)
class Probing:
    """The result of probing a server.

    `rows` are those of a table (the test, its result, the evidence); `model` and `capabilities`
    hold from now on; `kept` is the file in which the results are kept.
    """

    model: ModelInfo
    capabilities: frozenset[str]
    rows: tuple[Mapping[str, Any], ...]
    kept: str


@runtime_checkable
class Probeable(Ability, Protocol):
    """A backend that can test what its server does (`ttc models probe`)."""

    def probe(self, *, tell: Callable[[str], None]) -> Probing:
        """Run all tests, keep their results for later runs and return them; BackendError.

        `tell` is called with a line before each test.
        """


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of checking one part. `detail` says what was found, `remedy` what to run if the
    part fails or could work better."""

    what: str
    works: bool
    detail: str
    remedy: str = ""


@runtime_checkable
class Checkable(Ability, Protocol):
    """A backend that can check whether its engine works on this machine (`ttc doctor`)."""

    def check(self) -> tuple[Finding, ...]:
        """Check the engine without drawing; a failure is a finding, not an exception."""


@runtime_checkable
class Batching(Ability, Protocol):
    """A backend that draws by batch files, which go on when a run has ended (`ttc models
    batches`)."""

    def batches(self) -> Sequence[Mapping[str, Any]]:
        """Return the batches that have draws for the store, as rows of a table."""

    def cancel_batch(self, batch_id: str) -> str:
        """Cancel a batch and return its state; BackendError."""


@runtime_checkable
class Tokenizing(Ability, Protocol):
    """A backend that knows the tokens of its model before it draws."""

    def tokens_of(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a text, without loading weights; BackendError."""


@runtime_checkable
class Stepped(Ability, Protocol):
    """A backend that returns between the pieces of a `wait`, so that its driver can submit and
    cancel requests in between."""

    def step(self) -> Completion | None:
        """Advance the engine a little; return a finished completion, or None; LookupError as for
        `wait`."""


@runtime_checkable
class Reporting(Ability, Protocol):
    """A backend that has something to show on the progress line."""

    def status(self) -> str:
        """Return the state of its parts in a few words; empty before they begin."""


@runtime_checkable
class Counting(Ability, Protocol):
    """A backend that counts tokens as it generates them, so that progress is seen before the first
    draw ends."""

    @property
    def generated(self) -> int:
        """How many tokens it has generated since it was opened, those of unfinished draws too. A
        display reads it from another thread."""


@runtime_checkable
class Loading(Ability, Protocol):
    """A backend that tells what it is loading, since that may take minutes."""

    @property
    def loading(self) -> str:
        """What is being loaded, with its size (`SmolLM2 (145 MB)`); empty before and after. A
        display reads it from another thread."""


@runtime_checkable
class Wide(Ability, Protocol):
    """A backend that needs many requests under way to keep all of its parts busy."""

    def room(self) -> int:
        """Return how many requests under way keep all parts busy."""


@runtime_checkable
class Spread(Reporting, Wide, Protocol):
    """A backend that draws in several places, as `ray` does."""


@runtime_checkable
class Slotted(Ability, Protocol):
    """A backend that decodes a known number of draws together."""

    @property
    def slots(self) -> int | None:
        """How many draws are decoded together; None while that is unknown."""


@runtime_checkable
class Refusing(Ability, Protocol):
    """A backend that cannot answer some requests although it can do each thing in them."""

    def refuses(self, request: Request) -> str | None:
        """Return why it cannot answer a request and what to leave out, None if it can; nothing is
        loaded or asked. Only what all draws of a run have in common is looked at."""


@runtime_checkable
class Settling(Ability, Protocol):
    """A backend that can find out which sampling parameters its server takes."""

    def settle(self, params: SamplingParams) -> ModelInfo:
        """Return the model with `unset`: the parameters that are left out of requests if off.

        If that is unknown for a parameter that is off in `params`, one short request finds it out.
        It never fails: what cannot be found out stays unknown, and a draw that would not match its
        key is then an error.
        """
