"""Draws that are asked for, those of the store among them, and how many a budget covers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ttc.backends import Completion
from ttc.store.nodes import Kept, Place
from ttc.strategies.engines import Engine
from ttc.strategies.nodes import Generate
from ttc.strategies.usage import Budget


@dataclass(slots=True, eq=False)
class Draw:
    """A draw that is asked for: of what, by which engine, and how often it failed."""

    asked: Generate
    engine: Engine
    place: Place
    index: int
    tries: int = 0

    @property
    def most(self) -> int:
        """The tokens that it may come to."""
        return int(self.place.identity["max_tokens"])


@dataclass(slots=True, eq=False)
class Race:
    """Draws that were asked for together: how many tokens the first of them has had so far, were
    they drawn now."""

    clock: int = 0


@dataclass(slots=True, eq=False)
class Stored:
    """A draw that the store has, and where the clock of its race stood when it began."""

    draw: Draw
    kept: Kept
    race: Race
    began: int = 0

    @property
    def ends(self) -> int:
        """Where the clock stands when it comes."""
        return self.began + (self.kept.done.completion_tokens or 0)

    @property
    def cut(self) -> Completion:
        """What it has come to, as if it were given up now."""
        tokens = min(self.race.clock, self.ends) - self.began
        return replace(self.kept.done, text="", finish_reason="cancelled", completion_tokens=tokens)


@dataclass(slots=True)
class Room:
    """What a budget leaves: `tokens` and `calls` are spent, or held by what is under way."""

    budget: Budget
    prompt: int
    tokens: int
    calls: int

    def covers(self, draw: Draw) -> bool:
        """Whether a draw fits in, which then takes its place."""
        tokens, calls = self.tokens + draw.most, self.calls + 1
        fits = tokens <= self.budget.tokens and calls <= self.budget.calls
        if not fits or self.prompt >= self.budget.prompt:
            return False
        self.tokens, self.calls = tokens, calls
        return True
