"""From sampling options, a model's alias and the settings to a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from os import PathLike
from pathlib import Path
from typing import Any

from ttc import paths
from ttc.backends import Backend
from ttc.backends.resolve import ModelChoice, extra_of
from ttc.backends.supported_params import settled
from ttc.errors import UsageError
from ttc.problems import ReadOptions, few_shot
from ttc.records import CONSTRAINTS, SamplingParams
from ttc.samples import asked as what
from ttc.samples.plan import Recipe
from ttc.session import Session


@dataclass(frozen=True, slots=True)
class Sampling:
    """The sampling options as they were given; None where they were not.

    `system` and `template` are texts, or `@FILE` for the text of a file. `grammar` and `schema` are
    files, or a grammar's text and a schema. `logit_bias` and `extra` are mappings, or items as on
    the command line. `few_shot` is a file of examples, `shots` how many: K, or K@SEED.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    stop: Sequence[str] = ()
    thinking: str | int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repeat_penalty: float | None = None
    logit_bias: Mapping[Any, Any] | Sequence[str] | None = None
    grammar: str | PathLike[str] | None = None
    schema: str | PathLike[str] | Mapping[str, Any] | None = None
    regex: str | None = None
    extra: Mapping[str, Any] | Sequence[str] | None = None
    logprobs: int | None = None
    system: str | None = None
    template: str | None = None
    raw: bool = False
    few_shot: str | None = None
    shots: str | int | None = None
    seed: int | None = None


def text_of(value: str | None, option: str) -> str | None:
    """Return a text option; `@FILE` reads the file. UsageError if it cannot be read."""
    if value is None or not value.startswith("@"):
        return value
    try:
        return Path(paths.expanded(value[1:], option)).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{option} {value}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{option} {value}: {error}; convert the file with iconv") from None


def number(name: str, value: Any) -> float:
    """Return a setting as a number. UsageError if it is none, or not finite."""
    try:
        found = nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        found = nan
    if not isfinite(found):
        raise UsageError(f"{name} must be a finite number, not {value!r}")
    return found


def whole(name: str, value: Any, least: int | None = None) -> int:
    """Return a setting as a whole number. UsageError if it is none, or less than `least`."""
    try:
        found = number(name, value)
        exact = int(value) if found.is_integer() else None
    except (UsageError, ValueError):
        exact = None
    if exact is None or (least is not None and exact < least):
        bound = "" if least is None else f" from {least}"
        raise UsageError(f"{name} must be a whole number{bound}, not {value!r}")
    return exact


def make_recipe(
    session: Session,
    choice: ModelChoice,
    backend: Backend,
    sampling: Sampling,
    *,
    asks: bool = True,
    reading: ReadOptions | None = None,
) -> Recipe:
    """Put options, alias and settings together. UsageError for a value out of range.

    `reading` is how the problems are read, and with them the few-shot examples.

    With `asks`, the model's server may be asked which parameters it takes.
    """

    def value(name: str) -> Any:
        given = getattr(sampling, name)
        return session.config.get(name, choice.defaults.get(name) if given is None else given)

    try:
        params = SamplingParams(
            temperature=number("temperature", value("temperature")),
            top_p=number("top_p", value("top_p")),
            top_k=whole("top_k", value("top_k")),
            min_p=number("min_p", value("min_p")),
            max_tokens=whole("max_tokens", value("max_tokens")),
            stop=tuple(sampling.stop),
            thinking=value("thinking"),
            presence_penalty=number("presence_penalty", value("presence_penalty")),
            frequency_penalty=number("frequency_penalty", value("frequency_penalty")),
            repeat_penalty=number("repeat_penalty", value("repeat_penalty")),
            logit_bias=what.logit_bias(value("logit_bias"), backend),
            extra=what.fields(extra_of(session, choice, sampling.extra).text, backend),
            **what.constraint({name: value(name) for name in CONSTRAINTS}),
        )
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None
    logprobs = whole("logprobs", value("logprobs"), 0)
    what.check(backend, params, logprobs, raw=sampling.raw)
    return Recipe(
        backend=choice.backend,
        model=settled(backend, params) if asks else backend.model,
        params=params,
        seed=whole("seed", value("seed")),
        system=text_of(value("system"), "--system"),
        template=text_of(value("template"), "--template"),
        raw=sampling.raw,
        few_shot=few_shot.chosen(value("few_shot"), value("shots"), reading),
        logprobs=logprobs,
    )
