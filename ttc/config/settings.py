"""The settings that exist: their types, defaults and meanings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from ttc.errors import UsageError
from ttc.messages.near import did_you_mean


class Setting(NamedTuple):
    """A setting: its type, its default and its meaning."""

    kind: type
    default: Any
    meaning: str


class Shots(str):
    """A number of few-shot examples: K, or K@SEED. In a settings file it may be a number."""

    __slots__ = ()


SETTINGS: dict[str, Setting] = {
    "model": Setting(str, None, "the model when -m is not given"),
    "n": Setting(int, None, "draws per problem (sample 16, solve 8)"),
    "temperature": Setting(float, 0.8, "0 is greedy"),
    "top_p": Setting(float, 0.95, "1 is off"),
    "top_k": Setting(int, 0, "0 is off"),
    "min_p": Setting(float, 0.0, "0 is off"),
    "max_tokens": Setting(int, 512, "generated tokens per draw"),
    "system": Setting(str, None, "the system message"),
    "template": Setting(str, None, "text around the question, with {prompt} in it"),
    "choices_template": Setting(
        str, None, "text around a question with choices, with {question} and {choices} in it"
    ),
    "few_shot": Setting(str, None, "a file of solved problems, shown as examples"),
    "shots": Setting(Shots, None, "how many examples: K, or K@SEED to draw them by problem"),
    "thinking": Setting(
        str, None, "reasoning: on, off, low, medium, high, or N tokens, where the model has it"
    ),
    "presence_penalty": Setting(float, 0.0, "0 is off"),
    "frequency_penalty": Setting(float, 0.0, "0 is off"),
    "repeat_penalty": Setting(float, 1.0, "1 is off"),
    "logit_bias": Setting(dict, None, "what is added to the logits of tokens, by id"),
    "extra": Setting(dict, None, "further fields of requests, chat_template_kwargs among them"),
    "grammar": Setting(str, None, "a GBNF file that says what an answer may be"),
    "schema": Setting(str, None, "a JSON Schema file that says what an answer may be"),
    "regex": Setting(str, None, "a pattern that says what an answer may be"),
    "logprobs": Setting(int, 0, "the likeliest tokens to keep of each place"),
    "seed": Setting(int, 0, "base seed; another seed draws other samples"),
    "verifier": Setting(str, None, "the verifier when -V is not given"),
    "db": Setting(str, None, "the store"),
}
# A project file may not choose where a user's samples are written.
PROJECT = frozenset(SETTINGS) - {"db"}
# Nor may its aliases join this process to a cluster, whose head can run code in it, or send
# requests for this machine through a proxy.
PERSONAL_OPTIONS = ("ray_address", "proxy")


def typed(name: str, value: Any, place: str) -> Any:
    """Return a value in the type of its setting. UsageError, which begins with `place`."""
    kind = SETTINGS[name].kind
    convert: Callable[[Any], Any] = _table if kind is dict else kind
    if name == "thinking" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    wrong_type = isinstance(value, bool) or (kind is str and not isinstance(value, str))
    try:
        if wrong_type or (kind is int and isinstance(value, float)):
            raise ValueError
        return convert(value)
    except (TypeError, ValueError):
        raise UsageError(
            f"{place}: {name} must be of type {kind.__name__}, not {value!r}"
        ) from None


def _table(value: Any) -> dict[str, Any]:
    """Return a table of a settings file, or the JSON object of a variable. ValueError."""
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise ValueError
    return found


def unknown(name: str, place: str = "") -> UsageError:
    """Return the error for a setting that does not exist; `place` is where it stands."""
    hint = did_you_mean(name, tuple(SETTINGS), f"known: {', '.join(SETTINGS)}")
    return UsageError(f"{place}: unknown setting {name!r}; {hint}".removeprefix(": "))
