"""The fields by which servers take constraints, and by which they are told how to reason.

A form has a name; which one a server heeds is found by the probe, and kept with its traits. Forms
are tried in their order here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ttc.backends import Request, thinking_switch
from ttc.backends.asking.extra_fields import merged
from ttc_openai.server_traits import ServerTraits

Fields = dict[str, Any]
TEMPLATE = "chat_template_kwargs"


def _response_format(kind: str, **fields: Any) -> Fields:
    return {"response_format": {"type": kind, **fields}}


SCHEMA: Mapping[str, Callable[[Any], Fields]] = {
    # OpenAI, vLLM, SGLang, llama-server, Ollama.
    "response_format": lambda schema: _response_format(
        "json_schema", json_schema={"name": "answer", "strict": True, "schema": schema}
    ),
    # vLLM from 0.12, and before it.
    "structured_outputs": lambda schema: {"structured_outputs": {"json": schema}},
    "guided_json": lambda schema: {"guided_json": schema},
    # llama-server; llama-cpp-python, Together.
    "json_schema": lambda schema: {"json_schema": schema},
    "json_object": lambda schema: _response_format("json_object", schema=schema),
}
GRAMMAR: Mapping[str, Callable[[str], Fields]] = {
    "structured_outputs": lambda text: {"structured_outputs": {"grammar": text}},
    "guided_grammar": lambda text: {"guided_grammar": text},
    "grammar": lambda text: {"grammar": text},  # llama-server, llama-cpp-python
    "ebnf": lambda text: {"ebnf": text},  # SGLang
    "response_format": lambda text: _response_format("grammar", grammar=text),  # Fireworks
}
REGEX: Mapping[str, Callable[[str], Fields]] = {
    "structured_outputs": lambda text: {"structured_outputs": {"regex": text}},
    "guided_regex": lambda text: {"guided_regex": text},
    "regex": lambda text: {"regex": text},  # SGLang
}
CONSTRAINTS: Mapping[str, Mapping[str, Callable[[Any], Fields]]] = {
    "schema": SCHEMA,
    "grammar": GRAMMAR,
    "regex": REGEX,
}
# Reasoning on (True) or off.
SWITCH: Mapping[str, Callable[[bool], Fields]] = {
    TEMPLATE: lambda on: {TEMPLATE: thinking_switch.arguments("on" if on else "off")},
    "reasoning.enabled": lambda on: {"reasoning": {"enabled": on}},  # OpenRouter
    "enable_thinking": lambda on: {"enable_thinking": on},  # Qwen's own API, SiliconFlow
    # GLM, DeepSeek, Kimi.
    "thinking.type": lambda on: {"thinking": {"type": "enabled" if on else "disabled"}},
    # OpenAI, Ollama.
    "reasoning_effort": lambda on: {"reasoning_effort": "medium" if on else "none"},
}
EFFORT: Mapping[str, Callable[[str], Fields]] = {
    "reasoning_effort": lambda effort: {"reasoning_effort": effort},
    "reasoning.effort": lambda effort: {"reasoning": {"effort": effort}},  # OpenRouter
    TEMPLATE: lambda effort: {TEMPLATE: {"reasoning_effort": effort}},  # gpt-oss
}
# Tokens of a thought, at most.
BUDGET: Mapping[str, Callable[[int], Fields]] = {
    "thinking_token_budget": lambda most: {"thinking_token_budget": most},  # vLLM, TensorRT-LLM
    "thinking_budget_tokens": lambda most: {"thinking_budget_tokens": most},  # llama-server
    "thinking_budget": lambda most: {"thinking_budget": most},  # Qwen's own API, SiliconFlow
    "reasoning.max_tokens": lambda most: {"reasoning": {"max_tokens": most}},  # OpenRouter
    # Anthropic and those that follow it.
    "thinking.budget_tokens": lambda most: {"thinking": {"type": "enabled", "budget_tokens": most}},
    "custom_params": lambda most: {"custom_params": {"thinking_budget": most}},  # SGLang
    "thinking_config": lambda most: {  # Gemini
        "extra_body": {"google": {"thinking_config": {"thinking_budget": most}}}
    },
    TEMPLATE: lambda most: {TEMPLATE: {"thinking_budget": most}},
}
REPEAT = ("repeat_penalty", "repetition_penalty")
# Those of CONSTRAINTS that servers know in chats alone.
_CHATS_ONLY = ("response_format", "json_object")


def asked(request: Request, traits: ServerTraits) -> Fields:
    """Return the fields for all that a request says beyond its sampling parameters.

    `unsupported` has refused what a server is not known to heed.
    """
    params = request.params
    body: Fields = {}
    for name in ("presence_penalty", "frequency_penalty"):
        if value := getattr(params, name):
            body[name] = value
    if params.repeat_penalty != 1 and traits.repeat_penalty:
        body[traits.repeat_penalty] = params.repeat_penalty
    if params.logit_bias:
        body["logit_bias"] = {str(token): bias for token, bias in params.logit_bias}
    for name in params.constraints:
        text = getattr(params, name)
        form = CONSTRAINTS[name][getattr(traits, name) or ""]
        body |= form(json.loads(text) if name == "schema" else text)
    if params.thinking is not None and request.prompt is None:
        body |= _thinking(request, traits)
    extra = {name: value for name, value in params.extra_fields.items() if name != "headers"}
    return merged(body, extra)


def _thinking(request: Request, traits: ServerTraits) -> Fields:
    wanted, budget = request.params.thinking or "", request.params.thinking_budget
    if budget is not None:
        return BUDGET[traits.budget or ""](budget)
    if wanted in ("on", "off"):
        return SWITCH[traits.switch or TEMPLATE](wanted == "on")
    return EFFORT[traits.effort or ""](wanted)


def unsupported(request: Request, traits: ServerTraits) -> str | None:
    """Return why a server cannot be asked for something, None if it can."""
    params = request.params
    for name in params.constraints:
        form = getattr(traits, name)
        if request.prompt is not None and form in _CHATS_ONLY:
            return f"--{name} is taken in chats only ({form}); leave out --raw"
    if request.prompt is not None and params.thinking is not None:
        return f"--thinking {params.thinking} is for chats; leave out --raw"
    if request.prompt is not None and params.template_arguments:
        return "arguments of the chat template were given, and a raw prompt has no template"
    if (request.logprobs or request.alternatives) and not exact_logprobs(request, traits):
        option = "--logprobs" if request.logprobs else "--confidence"
        by = next(iter(params.constraints), "logit-bias or a penalty")
        return (
            f"its log-probabilities with --{by} are not those of the model alone, so there are "
            f"none to keep; leave out {option}"
        )
    return None


def without_effect(request: Request, traits: ServerTraits) -> str | None:
    """Return a line if the probe found that a further field has no effect, else None."""
    if traits.effort == "" and "reasoning_effort" in request.params.extra_fields:
        return "--extra reasoning_effort: the probe found that it has no effect on this server"
    arguments = request.params.template_arguments
    if arguments and traits.switch == "" and set(arguments) & set(thinking_switch.NAMES):
        return f"--extra {next(iter(arguments))}: the probe found no effect of it on this server"
    return None


def exact_logprobs(request: Request, traits: ServerTraits) -> bool:
    """Return whether a server's log-probabilities for a request are those of the model alone,
    before what shapes its draws."""
    params = request.params
    biased = params.logit_bias or params.presence_penalty or params.frequency_penalty
    if params.constraints and not traits.logprobs_constrained:
        return False
    return not (biased or params.repeat_penalty != 1) or bool(traits.logprobs_biased)
