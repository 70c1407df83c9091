"""A draw that a strategy asks for: from what, by which engine, and as the store has it."""

from __future__ import annotations

from dataclasses import dataclass

from ttc.store.nodes import Kept, Place
from ttc.strategies.engines import Engine
from ttc.strategies.nodes import Generate


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
class Stored:
    """A draw that the store has: when it begins and ends, were it drawn now, in tokens."""

    draw: Draw
    kept: Kept
    began: int = 0

    @property
    def tokens(self) -> int:
        """How long it takes."""
        return self.kept.done.completion_tokens or 0

    @property
    def ends(self) -> int:
        """When it is over."""
        return self.began + self.tokens
