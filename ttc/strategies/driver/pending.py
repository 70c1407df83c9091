"""Requests that have no reply yet, and what the budget still allows.

A draw of the store is replayed as if it were drawn now: it begins when the budget covers it, and
it ends after its tokens, counted on the clock of the draws that were requested with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum

from ttc.backends import Completion
from ttc.backends.counts import uncounted
from ttc.store import samples
from ttc.store.pools import RequestKey
from ttc.store.sql import storable
from ttc.store.traces import Kept
from ttc.strategies import Generate, Node, Question
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.engine import ModelEngine


class State(Enum):
    """How far a pending request is."""

    RECORDED = "in the store, not begun"
    REPLAYING = "in the store, begun"
    WAITING = "to be submitted"
    SUBMITTED = "at its engine"


@dataclass(slots=True, eq=False)
class BatchClock:
    """The clock of draws that were requested together: the tokens that a draw which began with
    the first of them would have by now."""

    tokens: int = 0


@dataclass(slots=True, eq=False)
class PendingQuestion:
    """A question without a reply. `request_id` is its id at the engine, once submitted."""

    asked: Question
    engine: ModelEngine
    request_id: str = ""


@dataclass(slots=True, eq=False)
class PendingDraw:
    """A draw without a reply.

    `request_key` and `index` name it in the store, `recorded` is what the store has of it, `began`
    what the clock showed when its replay began. `tries` counts failed attempts. `request_id` is its
    id at the engine, once submitted.
    """

    asked: Generate
    engine: ModelEngine
    request_key: RequestKey
    index: int
    clock: BatchClock
    recorded: Kept | None = None
    began: int = 0
    tries: int = 0
    request_id: str = ""

    @property
    def max_tokens(self) -> int:
        """The most tokens it may have."""
        return int(self.request_key.identity["max_tokens"])

    @property
    def ends(self) -> int:
        """What the clock shows when its replay ends; if its tokens are unknown, it has the most."""
        known = None if self.recorded is None else self.recorded.done.completion_tokens
        return self.began + (self.max_tokens if known is None else known)

    def cut(self) -> Completion:
        """Return what a replay would have had if it were cancelled now."""
        assert self.recorded is not None
        done = self.recorded.done
        known = done.completion_tokens is not None
        tokens = min(self.clock.tokens, self.ends) - self.began if known else None
        # How many of them were thoughts was not counted, unless there were none at all.
        thoughts = None if done.think_tokens else done.think_tokens
        kept = replace(done, completion_tokens=tokens, think_tokens=thoughts)
        return replace(kept, text="", finish_reason="cancelled")

    def node(self, done: Completion, seconds: float | None) -> Node:
        """Return a completion as a node of its trace."""
        whole = Node(
            parent=self.asked.at,
            text=self.engine.without_stop(storable(done.text), done.stop),
            tokens=self.max_tokens if uncounted(done) else done.completion_tokens or 0,
            finish=done.finish_reason,
            stop=done.stop,
            logprob=done.logprob,
            confidences=samples.single(done.confidences),
            key=self.request_key.key,
            index=self.index,
            model=self.asked.model,
            seconds=seconds,
            counted=not uncounted(done),
            think_tokens=done.think_tokens,
        )
        return cut_at(whole, self.asked.until) if self.asked.until else whole


def cut_at(node: Node, pattern: str) -> Node:
    """Return a node up to the first match of a pattern, with the match as its `stop`.

    Engines stop at strings, not at patterns, so the text behind the match was drawn. A node has no
    counts for a part of its text: tokens and log-probability are shared out by length.
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
        think_tokens=None,
    )


@dataclass(slots=True)
class Allowance:
    """A budget beside what is taken of it: `tokens` and `calls` are spent or reserved."""

    budget: Budget
    prompt: int
    tokens: int
    calls: int

    def reserve(self, draw: PendingDraw) -> bool:
        """Reserve the tokens and the call of a draw; return False if the budget has not as many."""
        tokens, calls = self.tokens + draw.max_tokens, self.calls + 1
        fits = tokens <= self.budget.tokens and calls <= self.budget.calls
        if not fits or self.prompt >= self.budget.prompt:
            return False
        self.tokens, self.calls = tokens, calls
        return True
