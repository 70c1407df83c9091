"""A line for each request on stderr: who answered, what it took. Never what was asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request

from ttc.errors import TtcError
from ttc.messages.counts import some
from ttc.serving.engines.job import Answer
from ttc.serving.errors import ApiError, bug_line
from ttc.serving.replies import draws_of


@dataclass(frozen=True, slots=True)
class Log:
    """Where lines go; a bug that an engine has told is not told again by `say_once`."""

    say: Callable[[str], None]
    say_once: Callable[[str], None]

    def entry(self, request: Request) -> Entry:
        """Begin the line of a request."""
        return Entry(self, f"{request.method} {request.url.path}")

    def bug(self, error: BaseException) -> None:
        """Tell an error that is none of a request or of its surroundings."""
        if isinstance(error, Exception) and not isinstance(error, (ApiError, TtcError)):
            self.say_once(bug_line(error))


@dataclass(slots=True)
class Entry:
    """The line of a request."""

    log: Log
    what: str
    model: str = ""
    began: float = field(default_factory=time.monotonic)
    took: str = ""

    def count(self, answers: Sequence[Answer]) -> None:
        """Note what answers took."""
        draws, tokens = draws_of(answers)
        told = "tokens unknown" if tokens is None else f"{tokens} new tokens"
        rules = dict.fromkeys(answer.solved.solution.rule for answer in answers)
        self.took = f" {', '.join(rules)}: {some(draws, 'draw')}, {told},"

    def bug(self, error: BaseException) -> None:
        """Tell an error that is a bug."""
        self.log.bug(error)

    def end(self, status: int) -> None:
        """Say the line."""
        seconds = time.monotonic() - self.began
        model = f" {self.model}" if self.model else ""
        self.log.say(f"{self.what}{model} {status}{self.took} {seconds:.2f} s")
