"""What a run may spend, and what it has spent: counted in one place for every strategy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

from ttc.backends import Completion
from ttc.backends.counts import uncounted
from ttc.errors import UsageError
from ttc.strategies import Generate, Node


class Exhausted(Exception):  # noqa: N818 (it ends a run in good order; it is no error)
    """Thrown into a strategy whose next request the budget does not cover."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one task, infinite where not given.

    `tokens` are generated ones, those of cancelled draws included: a draw begins only if its
    token limit fits into what is left beside those under way, so that they are never exceeded; one
    whose tokens the engine does not tell counts as that limit.
    `prompt` counts prompt tokens as sent, `calls` draws, `scores` evaluations, `seconds` the clock.
    """

    tokens: float = math.inf
    prompt: float = math.inf
    calls: float = math.inf
    scores: float = math.inf
    seconds: float = math.inf

    @classmethod
    def parse(cls, text: str | None) -> Budget:
        """Read `tokens=4000,seconds=60`. UsageError."""
        known = [field.name for field in fields(cls)]
        given: dict[str, float] = {}
        for part in filter(None, (text or "").split(",")):
            name, equals, value = part.partition("=")
            try:
                given[name.strip()] = float(value)
            except ValueError:
                equals = ""
            if not equals or name.strip() not in known or not given[name.strip()] > 0:
                raise UsageError(
                    f"--budget {part}: write one of {', '.join(known)} and a number, as in "
                    "tokens=4000,seconds=60"
                )
        return cls(**given)

    def told(self) -> dict[str, float]:
        """Return the limits there are."""
        return {name: value for name, value in asdict(self).items() if value != math.inf}


@dataclass(slots=True)
class Usage:
    """What a run came to, whether drawn now or found in the store.

    `tokens` are all generated that are known, `cancelled` those of them that were given up, `new`
    those of this call. `uncounted` draws did not tell theirs, `uncounted_new` of them in this
    call; `assumed` tokens stand for them in a budget; `uncounted_prompts` did not tell those of
    their prompts. `prompt` counts each prompt as sent, `computed` what of them no earlier draw of
    the engine shared. `kv` sums over rounds the tokens that are held at the end of each: those of
    the traces that are continued, shared beginnings once, and what is drawn. `choices` are
    distributions asked for, `scores` evaluations, `scorer` the tokens that these took, without
    those of `uncounted_scores`.
    """

    tokens: int = 0
    cancelled: int = 0
    new: int = 0
    prompt: int = 0
    computed: int = 0
    calls: int = 0
    choices: int = 0
    scores: int = 0
    scorer: int = 0
    rounds: int = 0
    kv: int = 0
    seconds: float = 0.0
    uncounted: int = 0
    uncounted_new: int = 0
    assumed: int = 0
    uncounted_scores: int = 0
    uncounted_prompts: int = 0

    @property
    def charged(self) -> int:
        """What counts for a budget of tokens."""
        return self.tokens + self.assumed

    def add(self, done: Completion, *, new: bool, most: int) -> None:
        """Count one draw that was asked for `most` tokens."""
        self.calls += 1
        self._add_tokens(done, new=new, most=most)
        self._add_prompt(done)

    def add_failed(self, done: Completion, *, most: int) -> None:
        """Count what an attempt took that is made again."""
        self._add_tokens(done, new=True, most=most)

    def _add_tokens(self, done: Completion, *, new: bool, most: int) -> None:
        tokens = done.completion_tokens
        if tokens is not None:
            self.tokens += tokens
            self.new += tokens * new
            self.cancelled += tokens * (done.finish_reason == "cancelled")
        elif uncounted(done):
            self.uncounted += 1
            self.uncounted_new += new
            self.assumed += most

    def add_choice(self, done: Completion) -> None:
        """Count one distribution."""
        self.choices += 1
        self._add_prompt(done)

    def _add_prompt(self, done: Completion) -> None:
        if done.prompt_tokens is None:
            self.uncounted_prompts += 1
            return
        self.prompt += done.prompt_tokens
        self.computed += done.prompt_tokens - (done.cached_tokens or 0)

    def add_round(self, asked: Iterable[Generate]) -> None:
        """Count one round of draws, by what they continue."""
        requests = list(asked)
        if not requests:
            return
        self.rounds += 1
        live: dict[int, Node] = {}
        for request in requests:
            node = request.at
            while node is not None and id(node) not in live:
                live[id(node)] = node
                node = node.parent
        self.kv += sum(node.tokens for node in live.values())

    def told(self) -> dict[str, Any]:
        """Return all counts as JSON values."""
        return {**asdict(self), "seconds": round(self.seconds, 3)}
