"""The sampling options that `ttc sample` and `ttc solve` share, listed once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from ttc.cli import options as opt

# Name of the field of `Sampling` → type and default of the option.
OPTIONS: dict[str, tuple[Any, Any]] = {
    "max_tokens": (opt.MaxTokens, None),
    "temperature": (opt.Temperature, None),
    "top_p": (opt.TopP, None),
    "top_k": (opt.TopK, None),
    "min_p": (opt.MinP, None),
    "stop": (opt.Stop, None),
    "thinking": (opt.Thinking, None),
    "presence_penalty": (opt.PresencePenalty, None),
    "frequency_penalty": (opt.FrequencyPenalty, None),
    "repeat_penalty": (opt.RepeatPenalty, None),
    "logit_bias": (opt.LogitBias, None),
    "grammar": (opt.Grammar, None),
    "schema": (opt.Schema, None),
    "regex": (opt.Regex, None),
    "extra": (opt.Extra, None),
    "logprobs": (opt.Logprobs, None),
    "system": (opt.System, None),
    "template": (opt.Template, None),
    "raw": (opt.Raw, False),
    "few_shot": (opt.FewShot, None),
    "shots": (opt.Shots, None),
    "seed": (opt.Seed, None),
}


def with_sampling(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the sampling options in place of its keyword `sampling`, which gets them as
    one `Sampling`."""
    # Not typing.get_type_hints: Python 3.10 makes an Optional of what defaults to None.
    hints = inspect.get_annotations(command, locals={"Sampling": Any}, eval_str=True)

    @wraps(command)
    def wrapped(**given: Any) -> int:
        from ttc.samples.recipe import Sampling

        chosen = {name: given.pop(name) for name in OPTIONS}
        stop = tuple(chosen.pop("stop") or ())
        return command(sampling=Sampling(stop=stop, **chosen), **given)

    parameters: list[inspect.Parameter] = []
    keyword = inspect.Parameter.KEYWORD_ONLY
    for name, parameter in inspect.signature(command).parameters.items():
        options = OPTIONS if name == "sampling" else {name: (hints[name], parameter.default)}
        parameters += [
            inspect.Parameter(each, keyword, default=default, annotation=kind)
            for each, (kind, default) in options.items()
        ]
    # What typer reads: the signature, and the annotations as types.
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {each.name: each.annotation for each in parameters}
    return wrapped
