"""Draws that are asked for, those of the store among them, and how many a budget covers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ttc.backends import Completion
from ttc.backends.counts import uncounted
from ttc.store import samples
from ttc.store.pools import RequestKey
from ttc.store.sql import storable
from ttc.store.traces import Kept
from ttc.strategies import Generate, Node
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.engine import Engine


@dataclass(slots=True, eq=False)
class Draw:
    """A draw that is asked for: of what, by which engine, and how often it failed."""

    asked: Generate
    engine: Engine
    place: RequestKey
    index: int
    tries: int = 0

    @property
    def most(self) -> int:
        """The tokens that it may come to."""
        return int(self.place.identity["max_tokens"])

    def node(self, done: Completion, seconds: float | None) -> Node:
        """Return what came of it as a piece of its trace."""
        whole = Node(
            parent=self.asked.at,
            text=self.engine.without_stop(storable(done.text), done.stop),
            tokens=self.most if uncounted(done) else done.completion_tokens or 0,
            finish=done.finish_reason,
            stop=done.stop,
            logprob=done.logprob,
            confidences=samples.single(done.confidences),
            key=self.place.key,
            index=self.index,
            model=self.asked.model,
            seconds=seconds,
            counted=not uncounted(done),
        )
        return cut(whole, self.asked.until) if self.asked.until else whole


def cut(node: Node, pattern: str) -> Node:
    """Return a piece as far as the first match of a pattern; `stop` is then what matched.

    Engines stop at strings and not at patterns, so what is behind was drawn. Tokens and
    log-probability are not told apart within a piece: it gets its share by length.
    """
    found = re.search(pattern, node.text)
    if found is None or not found[0] or node.finish == "cancelled":
        return node
    text = node.text[: found.end()]
    share = len(text) / len(node.text)
    return replace(
        node,
        text=text,
        tokens=max(round(node.tokens * share), 1),
        finish="stop",
        stop=found[0],
        logprob=None if node.logprob is None else node.logprob * share,
        confidences=None,
    )


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
        tokens = self.kept.done.completion_tokens
        return self.began + (self.draw.most if tokens is None else tokens)

    @property
    def cut(self) -> Completion:
        """What it has come to, as if it were given up now."""
        known = self.kept.done.completion_tokens is not None
        tokens = min(self.race.clock, self.ends) - self.began if known else None
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
