"""What a request asks for: each field is used, refused by name, or told as unused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from ttc.errors import UsageError
from ttc.records import Problem
from ttc.samples.recipe import Sampling
from ttc.serving.asking import prompts
from ttc.serving.asking.body import Body
from ttc.serving.asking.catalog import Catalog
from ttc.serving.engines.job import Asked
from ttc.serving.errors import ApiError, in_api, invalid
from ttc.serving.options import ServeOptions
from ttc.solving.options import SolveOptions
from ttc.strategies.driver.budget import Budget

MOST_CHOICES = 128
_EFFORTS = {"none": "off", "minimal": "low", "low": "low", "medium": "medium", "high": "high"}
_TOOLS = "tools are not taken here: an answer is chosen among texts"
PROGRESS = ("comments", "reasoning", "none")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that was read: one `Asked` for each choice, in order, and how to answer.

    `progress` is where a stream tells how far it is: in comments, as a reasoning delta, nowhere.
    """

    model: str
    asked: tuple[Asked, ...]
    chat: bool
    stream: bool
    include_usage: bool
    progress: str
    timeout: float
    unused: tuple[str, ...]


def read(
    given: Mapping[str, Any],
    headers: Mapping[str, str],
    catalog: Catalog,
    options: ServeOptions,
    *,
    chat: bool,
) -> Wanted:
    """Read the fields of a request. ApiError."""
    body = Body(given)
    own = Body(body.table("ttc") or {}, "ttc")
    entry = catalog.find(body.text("model"), method=own.text("method"), n=own.whole("n", 1))
    solve = replace(entry.options, sampling=_sampling(body, entry.options.sampling))
    solve = replace(solve, budget=_budget(body, own, headers, solve.budget))
    tags = prompts.labels(body)
    problems = [prompts.chat(body, tags)] if chat else prompts.prompts(body, tags)
    if problems[0].prompt is None and solve.sampling.raw:
        solve = replace(solve, sampling=replace(solve.sampling, raw=True))
    logprobs = _logprobs(body) if chat else None
    if logprobs is not None:
        sampling = replace(solve.sampling, logprobs=max(logprobs, solve.sampling.logprobs or 1))
        solve = replace(solve, sampling=sampling)
    choices = body.whole("n", 1, MOST_CHOICES) or 1
    reuse = own.flag("reuse")
    asked = _each(problems, choices, solve, fresh=options.fresh if reuse is None else not reuse)
    stream = bool(body.flag("stream"))
    streaming = Body(body.table("stream_options") or {}, "stream_options")
    if body.get("stream_options") and not stream:
        raise invalid("stream_options", "it is allowed only with stream true")
    wanted = Wanted(
        model=entry.said,
        asked=tuple(replace(each, logprobs=logprobs) for each in asked),
        chat=chat,
        stream=stream,
        include_usage=bool(streaming.flag("include_usage")),
        progress=own.choice("progress", PROGRESS) or "comments",
        timeout=own.number("timeout", 0.001, options.timeout) or options.timeout,
        unused=(),
    )
    streaming.ignore("include_obfuscation")
    _others(body, chat=chat)
    for each in (own, streaming, body):
        each.end()
    return replace(wanted, unused=(*body.unused, *own.unused, *streaming.unused))


def _each(
    problems: list[Problem], choices: int, solve: SolveOptions, *, fresh: bool
) -> list[Asked]:
    """Return what each choice is asked for. Choice i has the base seed plus i, so that its draws
    are its own."""
    if len(problems) * choices > MOST_CHOICES:
        raise invalid("n", f"{len(problems) * choices} choices in one request; at most 128")
    found = []
    for problem in problems:
        for choice in range(choices):
            options = solve
            if choice:
                seed = (solve.sampling.seed or 0) + choice
                options = replace(solve, sampling=replace(solve.sampling, seed=seed))
            found.append(Asked(problem, options, fresh))
    return found


def _sampling(body: Body, base: Sampling) -> Sampling:
    """Return the sampling parameters of a request over those of its model."""
    most = body.whole("max_completion_tokens", 1)
    older = body.whole("max_tokens", 1)
    if most is not None and older is not None and most != older:
        raise invalid("max_tokens", f"it is {older}, and max_completion_tokens {most}; give one")
    found: dict[str, Any] = {
        "max_tokens": older if most is None else most,
        "temperature": body.number("temperature", 0, 100),
        "top_p": body.number("top_p", 0, 1),
        "top_k": body.whole("top_k", 0),
        "min_p": body.number("min_p", 0, 1),
        "presence_penalty": body.number("presence_penalty", -100, 100),
        "frequency_penalty": body.number("frequency_penalty", -100, 100),
        "repeat_penalty": body.number("repetition_penalty", 0, 100),
        "logit_bias": body.table("logit_bias") or None,
        "seed": body.whole("seed"),
        "stop": _stop(body),
        "schema": _schema(body),
    }
    effort = body.choice("reasoning_effort", _EFFORTS)
    if effort is not None:
        found["thinking"] = _EFFORTS[effort]
    return replace(base, **{name: value for name, value in found.items() if value is not None})


def _stop(body: Body) -> tuple[str, ...] | None:
    given = body.get("stop")
    texts = [given] if isinstance(given, str) else given
    if texts is None:
        return None
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise invalid("stop", "it must be a string or a list of strings, none of them empty")
    if len(texts) > 16:
        raise invalid("stop", f"{len(texts)} strings; at most 16")
    return tuple(texts)


def _schema(body: Body) -> dict[str, Any] | None:
    """Return the JSON Schema of `response_format`, None for text."""
    given = body.table("response_format")
    if given is None:
        return None
    form = Body(given, "response_format")
    kind = form.choice("type", ("text", "json_object", "json_schema"))
    if kind is None:
        raise invalid("response_format.type", "it is missing")
    inner = form.table("json_schema")
    if kind == "json_schema":
        named = Body(inner or {}, "response_format.json_schema")
        schema = named.table("schema")
        if schema is None:
            raise invalid("response_format.json_schema.schema", "it is missing")
        for name in ("name", "description", "strict"):
            named.get(name)  # what is drawn keeps to the schema, strict or not
        named.end()
    form.end()
    return {"json_object": {"type": "object"}, "json_schema": schema if inner else None}.get(kind)


def _logprobs(body: Body) -> int | None:
    """Return how many of the likeliest tokens are answered; None without log-probabilities."""
    wanted, most = body.flag("logprobs"), body.whole("top_logprobs", 0, 20)
    if most is not None and not wanted:
        raise invalid("top_logprobs", "it is allowed only with logprobs true")
    return (most or 0) if wanted else None


def _budget(body: Body, own: Body, headers: Mapping[str, str], limit: str | None) -> str | None:
    """Return the smaller of a request's budget and the server's, field by field."""
    given: list[Any] = [own.get("budget"), body.get("budget"), headers.get("x-ttc-budget")]
    texts = [each for each in given if each is not None]
    if not texts:
        return limit
    if len(texts) > 1:
        raise invalid("budget", "it is given twice")
    text = texts[0]
    if isinstance(text, int) and not isinstance(text, bool):
        text = f"tokens={text}"
    if not isinstance(text, str):
        raise invalid("budget", "a number of tokens, or limits as in tokens=4000,seconds=60")
    text = f"tokens={text}" if text.isascii() and text.isdigit() else text
    try:
        asked, most = Budget.parse(text).limits, Budget.parse(limit).limits
    except UsageError as error:
        raise ApiError(400, str(in_api(error)), param="budget", code="invalid_value") from None
    least = {name: min(asked.get(name, inf), most.get(name, inf)) for name in {*asked, *most}}
    return ",".join(f"{name}={value:g}" if name == "seconds" else f"{name}={int(value)}"
                    for name, value in sorted(least.items()))  # fmt: skip


def _others(body: Body, *, chat: bool) -> None:
    """Refuse what cannot be done, and note what has no effect."""
    if chat:
        for name in ("tools", "functions"):
            body.refuse(name, _TOOLS)
        body.refuse("tool_choice", _TOOLS, ("none", "auto"))
        body.refuse("function_call", _TOOLS, ("none", "auto"))
        body.refuse("modalities", "answers are text", (["text"],))
        body.refuse("audio", "answers are text")
        body.refuse("prediction", "predicted outputs are not used")
        body.refuse("web_search_options", "nothing is searched for")
        body.ignore("parallel_tool_calls", "verbosity")
    else:
        body.refuse("echo", "the prompt is not repeated", (False,))
        body.refuse("suffix", "nothing is inserted", ("",))
        body.refuse("best_of", "name a method instead, as in model best-of-n:n=8@NAME", (1,))
        body.refuse("logprobs", "ask /v1/chat/completions for log-probabilities", (0, False))
    body.ignore("store", "service_tier", "prompt_cache_key", "prompt_cache_retention")
