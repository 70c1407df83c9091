"""What a request may say, from options: constraints, logit biases, further fields; and whether a
backend can do it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from math import isfinite
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from ttc import keys, paths
from ttc.backends import Backend, Request, needs_of
from ttc.backends.asking import extra_fields, json_schema
from ttc.backends.asking.capabilities import refused
from ttc.backends.asking.extra_fields import HEADERS, TEMPLATE, is_unicode
from ttc.backends.extras import Refusing, Tokenizing
from ttc.backends.thinking_switch import NAMES
from ttc.errors import UsageError
from ttc.records import Message, SamplingParams

# Fields by which servers are told how to reason: --thinking sets them.
_REASONING = ("reasoning_effort", "reasoning", "thinking_budget", "thinking_token_budget")


def constraint(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the constraint of the given ones that is set, as its text. UsageError."""
    found = {name: value for name, value in given.items() if value is not None}
    if len(found) > 1:
        options = " and ".join(f"--{name}" for name in found)
        raise UsageError(f"{options} exclude each other; give one of them")
    texts = {name: _READ[name](value) for name, value in found.items()}
    for name, text in texts.items():
        if not is_unicode(text):
            raise UsageError(f"--{name}: it has half a surrogate pair, which is no text")
    return texts


def _grammar(given: str | PathLike[str]) -> str:
    text = given if isinstance(given, str) and "::=" in given else _text("--grammar", given)
    if not re.search(r"^\s*root\s*::=", text, re.MULTILINE):
        raise UsageError(
            f"--grammar {_shown(given)}: it is no GBNF grammar: it has no rule root ::= …"
        )
    return text


def _schema(given: str | PathLike[str] | Mapping[str, Any]) -> str:
    """Return a schema with its properties in their order, which is the order of answers."""
    try:
        if isinstance(given, Mapping):
            content = json_schema.read(json.dumps(given), "the schema")
        elif isinstance(given, str) and given.lstrip().startswith("{"):
            content = json_schema.read(given, "the schema")
        else:
            content = json_schema.read(_text("--schema", given), fspath(given))
    except (TypeError, ValueError) as error:
        raise UsageError(f"--schema: {error}") from None
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def _regex(given: str) -> str:
    text = _text("--regex", given[1:]) if given.startswith("@") else given
    if not text:
        raise UsageError("--regex: the pattern is empty")
    try:
        re.compile(text)
    except re.error as error:
        # Engines know escapes that Python does not.
        if not error.msg.startswith("bad escape"):
            raise UsageError(f"--regex {_shown(text)}: {error}") from None
    except (RecursionError, OverflowError) as error:
        raise UsageError(f"--regex {_shown(text)}: {error}") from None
    return text


_READ: Mapping[str, Any] = {"grammar": _grammar, "schema": _schema, "regex": _regex}


def _text(option: str, path: str | PathLike[str]) -> str:
    try:
        return Path(paths.expanded(path)).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"{option} {_shown(path)}: {why}; it names a file") from None


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def logit_bias(
    given: Mapping[Any, Any] | Sequence[str] | None, backend: Backend
) -> tuple[tuple[int, float], ...]:
    """Return biases by token id from `TOKEN=BIAS` or a mapping. UsageError.

    A token is its id, or its text where the backend knows the tokens of its model.
    """
    pairs: list[tuple[Any, Any]] = []
    if isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        for item in given or ():
            token, equals, bias = item.rpartition("=")
            if not equals:
                raise UsageError(f"--logit-bias {item}: write --logit-bias TOKEN=BIAS, as 11=-100")
            pairs.append((token, bias))
    found: dict[int, float] = {}
    for token, bias in pairs:
        number, amount = _token(token, backend), _bias(token, bias)
        if number in found:
            raise UsageError(f"--logit-bias {token}: it is given twice; leave one of them out")
        found[number] = amount
    return tuple(sorted(found.items()))


def _token(given: Any, backend: Backend) -> int:
    text = str(given).strip()
    if not isinstance(given, bool) and re.fullmatch(r"[0-9]{1,10}", text):
        return int(text)
    if isinstance(given, str) and text and isinstance(backend, Tokenizing):
        found = backend.tokens_of(given)
        if len(found) == 1:
            return found[0]
        raise UsageError(
            f"--logit-bias {_shown(given)!r}: {len(found)} tokens of {backend.model.name}, "
            f"{', '.join(map(str, found))}; give a text that is one token, or an id"
        )
    raise UsageError(
        f"--logit-bias {_shown(given)}: a token is given by its id, a whole number from 0"
    )


def _bias(token: Any, given: Any) -> float:
    try:
        found = float("nan") if isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        found = float("nan")
    if not isfinite(found):
        raise UsageError(f"--logit-bias {token}: the bias must be a finite number, not {given!r}")
    return found


def fields(text: str, backend: Backend) -> str:
    """Return further fields as a backend reads them: without a server behind it, every field but a
    header is an argument of the chat template."""
    able = backend.capabilities
    if not text or "request-fields" in able or "template-arguments" not in able:
        return text
    given = json.loads(text)
    kept = {name: given.pop(name) for name in (HEADERS, TEMPLATE) if name in given}
    if given:
        kept[TEMPLATE] = {**kept.get(TEMPLATE, {}), **given}
    return keys.canonical_json(kept)


def of_alias(table: Mapping[str, Any], backend: Backend) -> str:
    """Return the further fields that an alias has, without headers, which its backend sends by
    itself. UsageError if the model takes no such fields."""
    public = extra_fields.checked(table, "[models.…] extra")
    public.pop(HEADERS, None)
    text = fields(keys.canonical_json(public) if public else "", backend)
    if text:
        check(backend, SamplingParams(extra=text), 0, raw=False)
    return text


def check(backend: Backend, params: SamplingParams, logprobs: int, *, raw: bool) -> None:
    """Raise UsageError if a backend cannot do what is asked, or if two options contradict."""
    _check_thinking(params, raw=raw)
    if raw and params.template_arguments:
        name = next(iter(params.template_arguments))
        raise UsageError(
            f"--extra {name} is an argument of the chat template, and --raw uses none; leave one "
            "of them out"
        )
    needed = needs_of(params) | ({"token-logprobs"} if logprobs else frozenset())
    if lacking := needed - backend.capabilities:
        raise UsageError(refused(backend, lacking, params, logprobs))
    check_draws(backend, params, raw=raw, logprobs=logprobs)


def check_draws(
    backend: Backend, params: SamplingParams, *, raw: bool, logprobs: int = 0, alternatives: int = 0
) -> None:
    """Raise UsageError if a backend cannot do together what it can do."""
    if isinstance(backend, Refusing):
        like_all = Request(
            "",
            messages=() if raw else (Message("user", ""),),
            prompt="" if raw else None,
            params=params,
            alternatives=alternatives,
            logprobs=logprobs,
        )
        if reason := backend.refuses(like_all):
            raise UsageError(reason)


def _check_thinking(params: SamplingParams, *, raw: bool) -> None:
    if params.thinking is None:
        return
    if raw and params.thinking_budget is None:
        raise UsageError(
            f"--thinking {params.thinking} needs a chat template, and --raw uses none; leave one "
            "of them out"
        )
    given = [name for name in NAMES if name in params.template_arguments]
    given += [name for name in _REASONING if name in params.extra_fields]
    given += [name for name in _REASONING if name in params.template_arguments]
    if given:
        raise UsageError(
            f"--thinking {params.thinking} and --extra {given[0]} both say how to reason; leave "
            "one of them out"
        )
