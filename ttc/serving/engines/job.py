"""One answer under way, between the event loop that waits for it and the engine that makes it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ttc.backends import Completion
from ttc.records import Problem, TokenLogprob
from ttc.samples.plan import Recipe
from ttc.solving.job import Solved
from ttc.solving.options import SolveOptions


@dataclass(frozen=True, slots=True)
class Asked:
    """What one answer is asked for.

    - `options`: model, method and sampling parameters
    - `fresh`: draw anew instead of taking draws that are kept
    - `logprobs`: how many of the likeliest tokens of each place are answered; None: none, and no
      log-probabilities
    """

    problem: Problem
    options: SolveOptions
    fresh: bool = False
    logprobs: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a job: the solution, the recipe of its draws, the notes on it, and the tokens of
    the chosen draw if they were asked for and are kept. `cached` are prompt tokens that engines did
    not compute again, None if unknown."""

    solved: Solved
    recipe: Recipe
    notes: Sequence[str] = ()
    tokens: Sequence[TokenLogprob] | None = None
    cached: int | None = None


@dataclass(slots=True, eq=False)
class Job:
    """A job. The event loop reads `result` and waits for `news`; the engine calls the rest.

    Only a `watched` job tells news, since each wakes the event loop. `begun` once its first draws
    are asked for; `drawn` of `expected` draws have ended (None: the method decides); `generated`
    tokens so far, at least.
    """

    asked: Asked
    result: asyncio.Future[Answer]
    news: asyncio.Event
    watched: bool = False
    begun: bool = False
    cancelled: bool = False
    drawn: int = 0
    generated: int = 0
    cached: int | None = 0
    expected: int | None = None
    loop: asyncio.AbstractEventLoop = field(init=False)
    _telling: bool = False

    def __post_init__(self) -> None:
        self.loop = self.result.get_loop()

    @classmethod
    def of(cls, asked: Asked, *, watched: bool) -> Job:
        """Return a job of the running event loop."""
        return cls(asked, asyncio.get_running_loop().create_future(), asyncio.Event(), watched)

    def heard(self) -> None:
        """Take note that the news were heard."""
        self.news.clear()
        self._telling = False

    def begin(self, expected: int | None) -> None:
        """Tell that its draws are asked for."""
        self.begun, self.expected = True, expected
        self._tell()

    def note(self, done: Completion) -> None:
        """Count a draw that has ended."""
        self.drawn += 1
        self.generated += done.completion_tokens or 0
        known = self.cached is not None and done.cached_tokens is not None
        self.cached = (self.cached or 0) + (done.cached_tokens or 0) if known else None
        self._tell()

    def resolve(self, answer: Answer) -> None:
        """Give the answer."""

        def give() -> None:
            if not self.result.done():
                self.result.set_result(answer)

        self._call(give)

    def fail(self, error: BaseException) -> None:
        """Give the reason why there is no answer."""

        def give() -> None:
            if not self.result.done():
                self.result.set_exception(error)

        self._call(give)

    def _tell(self) -> None:
        if self.watched and not self._telling:
            self._telling = True
            self._call(self.news.set)

    def _call(self, function: Callable[[], object]) -> None:
        # After the end of the server nobody waits for it.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(function)
