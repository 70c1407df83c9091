"""`ttc sample --budget`: what a run may spend, what it has spent, and when it asks for no more.

A draw is asked for only if what is spent, what the draws under way may still take, and what this
one may take fit into the budget; so no limit is passed. What a draw may take is known: at most its
`max_tokens`, and the tokens of its prompt, as an earlier draw of it counted them; before that at
most one for each byte, and TEMPLATE for the chat template. As draws end with fewer tokens, others
begin. What is left at the end is less than one draw may take.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ttc.backends import Completion
from ttc.backends.counts import uncounted
from ttc.budgets.amounts import COUNT, MONEY, TIME, read_limits, seconds_of
from ttc.budgets.prices import EXAMPLE, Price
from ttc.errors import UsageError
from ttc.messages.counts import some
from ttc.records import Problem
from ttc.store.pools import PoolProblem

# The limits there are: generated tokens, prompt tokens, money, draws asked for, finished samples
# and wall time.
KINDS = {
    **{"tokens": COUNT, "prompt": COUNT, "usd": MONEY},
    **{"calls": COUNT, "samples": COUNT, "seconds": TIME},
}
AS_IN = "tokens=2M,usd=5,seconds=10m"
# More than the templates of today add to a conversation: a system message of their own, a date.
TEMPLATE = 512
Amounts = dict[str, float]


def limits_of(
    budget: str | Mapping[str, Any] | None, longest: str | float | None = None
) -> Amounts:
    """Return what a run may spend, by name in KINDS; `longest` is another way to write `seconds`.

    UsageError names the part that is wrong.
    """
    limits, limit = read_limits(budget, KINDS, AS_IN), seconds_of(longest)
    if limit is not None and "seconds" in limits:
        raise UsageError("--max-time and --budget seconds=… are the same limit; give one of them")
    return limits if limit is None else {**limits, "seconds": limit}


def check_price(limits: Mapping[str, float], price: Price | None, model: str) -> None:
    """Raise UsageError if money is limited and the price of the model is not known."""
    if "usd" in limits and price is None:
        raise UsageError(
            f"--budget usd={limits['usd']:g}: no price of {model} is known; name it by an alias "
            f'that has one, in USD per million tokens: in ttc.toml, [models.NAME] with model = "…" '
            f"and price = {EXAMPLE}"
        )


def prompt_bound(problem: Problem) -> int:
    """Return how many tokens a prompt has at most: a token has a byte or more."""
    texts = [problem.prompt or "", *(text for turn in problem.messages for text in turn)]
    return sum(len(text.encode("utf-8", "replace")) for text in texts) + TEMPLATE


@dataclass(slots=True)
class Spending:
    """The limits of a run, what it has spent, and what the draws under way may still take.

    `assumed` counts the draws whose tokens nobody counted: each is charged what it could take.
    """

    limits: Mapping[str, float]
    max_tokens: int
    price: Price | None = None
    spent: Amounts = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))
    assumed: int = 0
    _reserved: Amounts = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))
    _draws: dict[str, Amounts] = field(default_factory=dict)
    _prompts: dict[int, int] = field(default_factory=dict)

    def most(self, each: PoolProblem) -> Amounts:
        """Return what one draw of a prompt may take at most."""
        known = self._prompts.get(each.request_id)
        if known is None:
            return self.bound(each.problem)
        return self._amounts(known, self.max_tokens, samples=1)

    def bound(self, problem: Problem) -> Amounts:
        """Return what a draw of a problem may take whose prompt nobody has counted."""
        return self._amounts(prompt_bound(problem), self.max_tokens, samples=1)

    def _amounts(self, prompt: float, tokens: float, *, samples: int) -> Amounts:
        usd = 0.0 if self.price is None else self.price.usd(prompt, tokens)
        counts = {"tokens": tokens, "prompt": prompt, "calls": 1, "samples": samples}
        return {**counts, "usd": usd, "seconds": 0.0}

    def short_of(self, each: PoolProblem) -> str | None:
        """Return the limit that one more draw might pass, None if it fits."""
        most = self.most(each)
        for name, limit in self.limits.items():
            # The sum of reserves is not exact in binary: a billionth does not decide.
            taken = self.spent[name] + self._reserved[name] + most[name]
            if name != "seconds" and taken > limit * (1 + 1e-9):
                return name
        return None

    def reserve(self, each: PoolProblem, request_id: str) -> bool:
        """Reserve what a draw may take; return False if that may pass a limit."""
        if self.short_of(each) is not None:
            return False
        self._draws[request_id] = most = self.most(each)
        for name, amount in most.items():
            self._reserved[name] += amount
        return True

    def charge(self, each: PoolProblem, request_id: str, done: Completion) -> None:
        """Charge what a draw took in place of what it might have taken."""
        most = self._draws.pop(request_id)
        for name, amount in most.items():
            self._reserved[name] = self._reserved[name] - amount if self._draws else 0.0
        unknown = uncounted(done)
        self.assumed += unknown
        tokens = most["tokens"] if unknown else done.completion_tokens or 0
        began = unknown or bool(tokens) or done.finish_reason in ("stop", "length")
        prompt = done.prompt_tokens
        if prompt is None:
            prompt = int(most["prompt"]) if began else 0
        else:
            self._prompts[each.request_id] = prompt
        finished = done.finish_reason in ("stop", "length")
        for name, amount in self._amounts(prompt, tokens, samples=finished).items():
            self.spent[name] += amount

    def told(self) -> str:
        """Return what is spent of each limit, in words."""
        parts = [
            f"{written(name, self.spent[name])} of {written(name, limit)} {LABELS[name]}"
            for name, limit in self.limits.items()
            if name != "seconds"
        ]
        guessed = some(self.assumed, "draw was", "draws were")
        note = f" ({guessed} not counted and charged at most)" if self.assumed else ""
        return f"{', '.join(parts)}{note}" if parts else ""

    def reason(self, each: PoolProblem) -> str:
        """Return why a draw is not asked for."""
        name = self.short_of(each) or ""
        if name not in ("tokens", "prompt", "usd"):
            return f"the budget of {written(name, self.limits[name])} {LABELS[name]} is used up"
        left = written(name, max(self.limits[name] - self.spent[name], 0))
        most = f"{written(name, self.most(each)[name])} {LABELS[name]}"
        return f"the budget is used up: {left} left, and one more draw may take {most}"

    def check(self, each: PoolProblem) -> None:
        """Raise UsageError if the budget has not as much as one draw may take."""
        if (name := self.short_of(each)) is None:
            return
        remedy = "raise it" if name == "prompt" else "raise it, or lower --max-tokens"
        raise UsageError(
            f"--budget {name}={self.limits[name]:g}: not enough for one draw, which may take "
            f"{written(name, self.most(each)[name])}; {remedy}"
        )

    def as_fields(self) -> dict[str, Any]:
        """Return limits and what is spent of them, as JSON."""
        spent = {name: round(self.spent[name], 6) for name in self.limits if name != "seconds"}
        return {"limits": dict(self.limits), "spent": spent, "assumed": self.assumed}


LABELS = {
    "tokens": "tokens",
    "prompt": "prompt tokens",
    "usd": "USD",
    "calls": "draws",
    "samples": "samples",
    "seconds": "seconds",
}


def written(name: str, amount: float) -> str:
    """Return an amount as people read it."""
    return f"{amount:.4g}" if name == "usd" else f"{amount:,.0f}"
