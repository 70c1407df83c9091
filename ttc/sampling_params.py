"""The sampling parameters. This module imports nothing of ttc; `ttc.records` has them too."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

# The values of sampling parameters that leave a model's distribution unchanged.
OFF: Mapping[str, float] = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0}

EFFORTS = ("low", "medium", "high")
# The fields of SamplingParams that hold what a completion may be; at most one is set.
CONSTRAINTS = ("grammar", "schema", "regex")
_TOKENS = re.compile(r"0|[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """The sampling parameters: all that shapes a completion's distribution but model and prompt.

    `temperature` 0 is greedy; `top_p` 1, `top_k` 0 and `min_p` 0 are off. `max_tokens` counts
    generated tokens. A completion ends before the first `stop` string, which is not kept.
    ValueError for a value out of range.

    thinking: reasoning: `on`, `off`, an effort (`low`, `medium`, `high`), or at most so many tokens
        of it, as in `512`; None leaves it to the model.
    presence_penalty, frequency_penalty: subtracted from the logit of each generated token, once
        and per occurrence; 0 is off.
    repeat_penalty: divides positive logits of tokens that occurred, multiplies negative ones; 1 is
        off.
    logit_bias: pairs of a token's id and what is added to its logit, by id.
    extra: a JSON object of further fields of the request, as made by
        `ttc.backends.asking.extra_fields`; "" for none. Arguments of the chat template are in its
        field `chat_template_kwargs`.
    grammar (GBNF), schema (a JSON Schema, its properties in their order), regex: the text that
        says what an answer may be, from its first character to its last; at most one is set. It
        holds for the answer behind the thought, if there is one.
    """

    temperature: float = 0.8
    top_p: float = 0.95
    top_k: int = 0
    min_p: float = 0.0
    max_tokens: int = 512
    stop: tuple[str, ...] = ()
    thinking: str | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repeat_penalty: float = 1.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    extra: str = ""
    grammar: str | None = None
    schema: str | None = None
    regex: str | None = None

    def __post_init__(self) -> None:
        for name in FLOATS:
            # 1 and 1.0 are the same setting and must give the same key, as must 0.0 and -0.0.
            object.__setattr__(self, name, float(getattr(self, name)) + 0.0)
        pairs = sorted((int(token), float(bias) + 0.0) for token, bias in self.logit_bias)
        object.__setattr__(self, "logit_bias", tuple(pairs))
        thinking = _thinking(self.thinking)
        object.__setattr__(self, "thinking", thinking)
        bounds = (
            ("temperature", self.temperature >= 0, "0 or more"),
            ("top_p", 0 < self.top_p <= 1, "above 0 and at most 1"),
            ("top_k", self.top_k >= 0, "0 (off) or more"),
            ("min_p", 0 <= self.min_p <= 1, "between 0 and 1"),
            ("max_tokens", self.max_tokens >= 1, "1 or more"),
            ("stop", all(self.stop), "non-empty strings"),
            (
                "thinking",
                thinking in (None, "on", "off", *EFFORTS) or bool(_TOKENS.fullmatch(thinking)),
                f"on or off, {', '.join(EFFORTS)}, or a number of tokens",
            ),
            ("presence_penalty", math.isfinite(self.presence_penalty), "a finite number"),
            ("frequency_penalty", math.isfinite(self.frequency_penalty), "a finite number"),
            ("repeat_penalty", 0 < self.repeat_penalty < math.inf, "above 0 (1 is off)"),
            ("logit_bias", _is_bias(self.logit_bias), "finite numbers by token ids, each once"),
            ("extra", _is_object(self.extra), "a JSON object"),
        )
        for name, valid, need in bounds:
            if not valid:
                raise ValueError(f"{name} must be {need}, not {getattr(self, name)!r}")
        if len(self.constraints) > 1:
            raise ValueError(f"{' and '.join(self.constraints)} exclude each other; give one")

    @property
    def off(self) -> frozenset[str]:
        """The parameters whose value leaves the model's distribution unchanged."""
        return frozenset(name for name, value in OFF.items() if getattr(self, name) == value)

    @property
    def unset(self) -> frozenset[str]:
        """The names of the fields of `LATER` that have their default: they are in no key."""
        return frozenset(name for name, value in LATER.items() if getattr(self, name) == value)

    @property
    def constraints(self) -> tuple[str, ...]:
        """The name of the field that says what a completion may be; empty if none is set."""
        return tuple(name for name in CONSTRAINTS if getattr(self, name) is not None)

    @property
    def thinking_budget(self) -> int | None:
        """The tokens of thought at most, if `thinking` is a number."""
        thinking = self.thinking
        return int(thinking) if thinking is not None and _TOKENS.fullmatch(thinking) else None

    @property
    def extra_fields(self) -> Mapping[str, Any]:
        """The object in `extra`; do not change it."""
        return _parsed(self.extra) if self.extra else {}

    @property
    def template_arguments(self) -> Mapping[str, Any]:
        """The arguments of the chat template that `extra` has; do not change them."""
        found = self.extra_fields.get("chat_template_kwargs", {})
        return found if isinstance(found, dict) else {}

    @property
    def greedy(self) -> str:
        """The setting that leaves one token to choose from, as "temperature 0"; "" without one."""
        settings = {
            "temperature 0": not self.temperature,
            "top_k 1": self.top_k == 1,
            "min_p 1": self.min_p == 1,
        }
        return next((name for name, greedy in settings.items() if greedy), "")


FLOATS = (
    *("temperature", "top_p", "min_p"),
    *("presence_penalty", "frequency_penalty", "repeat_penalty"),
)
# Parameters that came after the first keys were made, with their defaults: a key has one only if it
# is set.
LATER: Mapping[str, Any] = {
    each.name: each.default
    for each in fields(SamplingParams)
    if each.name not in (*OFF, "max_tokens", "stop")
}


def _thinking(value: Any) -> str | None:
    """Return the switch, the effort, or the number of tokens without leading zeros, as text."""
    if value is None:
        return None
    text = str(value)
    return text.lstrip("0") or text if text.isascii() and text.isdigit() else text


def _is_bias(pairs: Sequence[tuple[int, float]]) -> bool:
    ids = [token for token, _ in pairs]
    valid = all(token >= 0 and math.isfinite(bias) for token, bias in pairs)
    return valid and len(set(ids)) == len(ids)


def _is_object(text: str) -> bool:
    try:
        return not text or isinstance(_parsed(text), dict)
    except (ValueError, RecursionError):
        return False


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    return json.loads(text)
