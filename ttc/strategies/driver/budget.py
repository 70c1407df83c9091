"""What a task may spend and what it has spent, counted in one place for every strategy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from ttc.backends import Completion
from ttc.backends.counts import uncounted
from ttc.budgets.amounts import COUNT, TIME, read_limits
from ttc.strategies import Generate, Node


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one task; infinite where not given.

    `tokens` limits generated tokens, those of cancelled draws included. A draw begins only if its
    `max_tokens` fit into what is left beside the draws under way, so the limit is never exceeded. A
    draw whose tokens the engine does not count is charged its `max_tokens`.
    `prompt` limits prompt tokens as sent, `calls` draws, `scores` evaluations, and `seconds` wall
    time.
    """

    tokens: float = math.inf
    prompt: float = math.inf
    calls: float = math.inf
    scores: float = math.inf
    seconds: float = math.inf

    @classmethod
    def parse(cls, text: str | None) -> Budget:
        """Read `tokens=4k,seconds=60`. UsageError."""
        kinds = {field.name: TIME if field.name == "seconds" else COUNT for field in fields(cls)}
        return cls(**read_limits(text, kinds, "tokens=4k,seconds=60"))

    @property
    def limits(self) -> dict[str, float]:
        """The finite limits by name."""
        return {name: value for name, value in asdict(self).items() if value != math.inf}


@dataclass(slots=True)
class TaskUsage:
    """What a task has spent, on draws of this call and on those found in the store.

    - `tokens`: generated tokens, of cancelled and failed draws too; `new` of them in this call
    - `uncounted`: draws whose engine did not count their tokens, `uncounted_new` of them in this
      call; `assumed` is the sum of their `max_tokens`, which a budget is charged
    - `prompt`: prompt tokens as sent; `uncounted_prompts` more requests did not count theirs
    - `calls`: draws that began; `rounds`: yields of a strategy that asked for draws
    - `kv`: tokens in the KV cache, summed over rounds: at the end of a round, the traces that were
      continued, shared beginnings once, and what was drawn
    - `scores`: evaluations; `scorer`: the tokens they took, without those of `uncounted_scores`
    - `seconds`: wall time
    """

    tokens: int = 0
    new: int = 0
    prompt: int = 0
    calls: int = 0
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
        """The tokens that a budget is charged."""
        return self.tokens + self.assumed

    def add(self, done: Completion, *, new: bool, max_tokens: int) -> None:
        """Count a draw that has ended."""
        self.calls += 1
        self._add_tokens(done, new=new, max_tokens=max_tokens)
        self._add_prompt(done)

    def add_failed(self, done: Completion, *, max_tokens: int) -> None:
        """Count a failed attempt of a draw that is tried again."""
        self._add_tokens(done, new=True, max_tokens=max_tokens)

    def _add_tokens(self, done: Completion, *, new: bool, max_tokens: int) -> None:
        tokens = done.completion_tokens
        if tokens is not None:
            self.tokens += tokens
            self.new += tokens * new
        elif uncounted(done):
            self.uncounted += 1
            self.uncounted_new += new
            self.assumed += max_tokens

    def add_question(self, done: Completion) -> None:
        """Count the prompt of a question; nothing is drawn for it."""
        self._add_prompt(done)

    def _add_prompt(self, done: Completion) -> None:
        if done.prompt_tokens is None:
            self.uncounted_prompts += 1
        else:
            self.prompt += done.prompt_tokens

    def add_round(self, asked: Iterable[Generate]) -> None:
        """Count a round of draws and the traces that they continue."""
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
