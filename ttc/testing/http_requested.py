"""What the scripted server makes of a request's constraints, biases, penalties and reasoning.

It heeds those that its `able` names, each by the form after `=`, and ignores all others as servers
do: `schema=response_format`, `grammar=grammar`, `regex=guided_regex`, `bias`, `penalties`,
`repeat=repetition_penalty`, `template`, `switch=chat_template_kwargs`, `effort=reasoning_effort`,
`budget=thinking_token_budget`. With `thinks` it thinks 40 words before each answer, and with
`masked` its log-probabilities are those after a constraint or a bias.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

Json = dict[str, Any]
THOUGHT = 40


def form_of(kind: str, able: Collection[str]) -> str:
    """Return the form by which a server heeds something; "" if it does not."""
    return next((each.partition("=")[2] for each in able if each.startswith(f"{kind}=")), "")


def forced(body: Json, able: Collection[str], vocabulary: Sequence[str]) -> list[str] | None:
    """Return the tokens that a constraint or a bias forces; None if none does."""
    for kind in ("schema", "grammar", "regex"):
        found = _constraint(kind, form_of(kind, able), body)
        if found is not None:
            text = json.dumps(_instance(found)) if kind == "schema" else _matching(str(found))
            return [text[at : at + 4] for at in range(0, len(text), 4)]
    biases = body.get("logit_bias") or {}
    if "bias" in able and biases:
        token, bias = max(biases.items(), key=lambda pair: float(pair[1]))
        if bias >= 20:
            return [f" {vocabulary[int(token) % len(vocabulary)]}"] * 64
    return None


def _constraint(kind: str, form: str, body: Json) -> Any:
    names = {"schema": "json", "grammar": "grammar", "regex": "regex"}
    if form == "structured_outputs":
        return body.get("structured_outputs", {}).get(names[kind])
    if form in ("response_format", "json_object"):
        told = body.get("response_format", {})
        if told.get("type") == "json_schema" and form == "response_format" and kind == "schema":
            return told["json_schema"]["schema"]
        if told.get("type") == "json_object" and form == "json_object":
            return told.get("schema")
        return told.get("grammar") if kind == "grammar" else None
    return body.get(form) if form else None


def _instance(schema: Json) -> Any:
    """Return the value that this server makes of a schema."""
    if "enum" in schema:
        return schema["enum"][0]
    plain = {"integer": 4, "number": 4.5, "boolean": True, "string": "four", "array": []}
    if schema.get("type") in plain:
        return plain[schema["type"]]
    return {name: _instance(each) for name, each in schema.get("properties", {}).items()}


def _matching(pattern: str) -> str:
    return "qx7v-3" if "qx7v" in pattern else "42"


def shaped(body: Json, able: Collection[str], words: list[str]) -> list[str]:
    """Return the words of an answer under penalties, with its thought before it."""
    repeat = form_of("repeat", able)
    penalised = "penalties" in able and (
        body.get("presence_penalty") or body.get("frequency_penalty")
    )
    if penalised or (repeat and body.get(repeat, 1) != 1):
        words = words[::-1]
    if "thinks" not in able or not _reasons(body, able):
        return words
    count = THOUGHT
    effort = _inside(body, form_of("effort", able) or "-")
    count += {"low": -8, "high": 8}.get(str(effort), 0)
    most = _inside(body, form_of("budget", able) or "-")
    count = min(count, int(most)) if most is not None else count
    return ["<think>", *(" hm" for _ in range(count)), "</think>", *words]


def _reasons(body: Json, able: Collection[str]) -> bool:
    told = _inside(body, form_of("switch", able) or "-")
    if isinstance(told, dict):
        told = told.get("enable_thinking", True)
    return told not in (False, "disabled", "none")


def _inside(body: Json, path: str) -> Any:
    value: Any = body
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def more_prompt(body: Json, able: Collection[str]) -> int:
    """Return the tokens that arguments add to the prompt by the server's chat template."""
    told = _inside(body, "chat_template_kwargs.enable_thinking")
    return 4 if "template" in able and told is False else 0
