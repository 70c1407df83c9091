"""Further fields of a request: `--extra KEY=JSON` and `[models.X.extra]`.

A dotted key reaches inside (`provider.order=["a"]`). Arguments of the chat template go into the
field `chat_template_kwargs`, which is where servers look for them and in-process engines too;
those that turn reasoning on and off need not name it. `header.NAME="text"` is a header of HTTP;
one that may hold a secret is kept out of keys, the store and logs.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ttc import keys
from ttc.backends.asking import extra_headers
from ttc.backends.thinking_switch import NAMES
from ttc.errors import UsageError
from ttc.messages import secrets
from ttc.messages.secret_headers import may_be_secret

TEMPLATE = "chat_template_kwargs"
HEADERS = "headers"
_DEEPEST = 32

# Fields that ttc sets itself, and what to pass instead.
_OURS = {
    **dict.fromkeys(("messages", "prompt", "input"), "the problems say what is asked"),
    "model": "-m names the model",
    "n": "-n says how many draws are made",
    **dict.fromkeys(("stream", "stream_options", "echo"), "ttc reads answers in its own way"),
    "temperature": "use --temperature",
    "top_p": "use --top-p",
    "top_k": "use --top-k",
    "min_p": "use --min-p",
    **dict.fromkeys(("max_tokens", "max_completion_tokens", "n_predict"), "use --max-tokens"),
    "stop": "use --stop",
    "seed": "use --seed",
    **dict.fromkeys(("logprobs", "top_logprobs", "n_probs"), "use --logprobs"),
    "logit_bias": "use --logit-bias",
    "presence_penalty": "use --presence-penalty",
    "frequency_penalty": "use --frequency-penalty",
    **dict.fromkeys(("repeat_penalty", "repetition_penalty"), "use --repeat-penalty"),
    **dict.fromkeys(
        ("response_format", "json_schema", "guided_json", "format"), "use --schema FILE.json"
    ),
    **dict.fromkeys(("grammar", "guided_grammar", "ebnf"), "use --grammar FILE.gbnf"),
    **dict.fromkeys(("regex", "guided_regex"), "use --regex PATTERN"),
    "structured_outputs": "use --schema, --grammar or --regex",
    **dict.fromkeys(
        ("tools", "tool_choice", "functions", "function_call"), "ttc reads texts, not tool calls"
    ),
    **dict.fromkeys(
        ("continue_final_message", "add_generation_prompt"), "ttc says where an answer begins"
    ),
}
_SECRET_FIELD = re.compile(
    r"(?:^|_|-)(?:api_?-?key|secret|password|credentials?|bearer|(?:access|auth|id)_?-?token)$",
    re.IGNORECASE,
)


class Extra(NamedTuple):
    """Further fields, ready for use.

    text: the fields that are part of the key, as `SamplingParams.extra` has them.
    secret: headers that are not, by name.
    """

    text: str = ""
    secret: Mapping[str, str] = {}


def parse(items: Iterable[str], option: str = "--extra") -> dict[str, Any]:
    """Read each `KEY=JSON` and return the object they describe. UsageError names a wrong one."""
    found: dict[str, Any] = {}
    given: set[tuple[str, ...]] = set()
    for item in items:
        key, equals, text = item.partition("=")
        if not equals:
            raise UsageError(f"{option} {item}: write {option} KEY=JSON, as in top_a=0.2")
        path = _path(key.strip(), option)
        if path in given:
            raise UsageError(f"{option} {key}: it is given twice; leave one of them out")
        given.add(path)
        _put(found, path, _json(key, text, option), option)
    return found


def _json(key: str, text: str, option: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refused, object_pairs_hook=_distinct)
    except RecursionError:
        raise UsageError(f"{option} {key}: its value is nested too deeply") from None
    except ValueError as error:
        if may_be_secret(key):
            secrets.keep(text)
        shown = text if len(text) <= 60 else f"{text[:60]}…"
        if isinstance(error, json.JSONDecodeError):
            quoted = json.dumps(text if len(text) <= 60 else "…", ensure_ascii=False)
            why = f"is not JSON; a text needs quotes, inside those of the shell: '{key}={quoted}'"
        else:
            why = f"is not JSON: {error}"
        raise UsageError(secrets.redacted(f"{option} {key}: {shown} {why}")) from None


def _refused(name: str) -> Any:
    raise ValueError(f"there is no {name} in it")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return found


def _path(key: str, option: str) -> tuple[str, ...]:
    if key.lower().startswith("header."):
        return (HEADERS, key[len("header.") :])
    if key.lower().startswith("headers."):
        return (HEADERS, key[len("headers.") :])
    path = tuple(key.split("."))
    if not all(path) or len(path) > _DEEPEST:
        raise UsageError(f"{option} {key!r}: a key is names with dots between them")
    return path


def _put(found: dict[str, Any], path: tuple[str, ...], value: Any, option: str) -> None:
    for depth, name in enumerate(path[:-1], 1):
        inner = found.setdefault(name, {})
        if not isinstance(inner, dict):
            taken = ".".join(path[:depth])
            raise UsageError(f"{option} {'.'.join(path)}: {taken} is {json.dumps(inner)} already")
        found = inner
    if path[-1] in found:
        raise UsageError(f"{option} {'.'.join(path)}: fields inside it are given too")
    found[path[-1]] = value


def is_unicode(text: str) -> bool:
    """Return whether a text can be sent: JSON may spell half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of both; where both have one, that of `above`. Objects are merged too."""
    found = dict(below)
    for name, value in above.items():
        under = found.get(name)
        both = isinstance(value, Mapping) and isinstance(under, Mapping)
        found[name] = merged(under or {}, value) if both else value
    return found


def checked(fields: Mapping[str, Any], place: str = "--extra") -> dict[str, Any]:
    """Return fields with dots resolved and arguments of the chat template in their place.

    UsageError for a field that ttc sets itself, with the option to use, for one that would put a
    secret into the store, and for what is no JSON.
    """
    found: dict[str, Any] = {}
    for name, value in _undotted(fields, place).items():
        if name in _OURS:
            raise UsageError(f"{place} {name}: {_OURS[name]}")
        switch = name in NAMES and not isinstance(value, Mapping)
        found = merged(found, {TEMPLATE: {name: value}} if switch else {name: value})
    _check(found, place)
    if not isinstance(found.get(TEMPLATE, {}), Mapping):
        raise UsageError(f"{place} {TEMPLATE}: it must be an object of arguments")
    if HEADERS in found:
        found[HEADERS] = extra_headers.checked(found[HEADERS], place)
    return found


def parted(fields: Mapping[str, Any]) -> Extra:
    """Return checked fields in the form of keys, and apart from them the headers that are secret,
    which are from then on masked in everything that is shown, logged or stored."""
    public = {name: value for name, value in fields.items() if name != HEADERS}
    if not public.get(TEMPLATE, True):
        del public[TEMPLATE]
    headers = dict(fields.get(HEADERS, {}))
    secret = {
        name: headers.pop(name) for name in list(headers) if may_be_secret(name, headers[name])
    }
    if headers:
        public[HEADERS] = headers
    for value in secret.values():
        secrets.keep(value)
        secrets.keep(value.partition(" ")[2])  # behind Bearer
    return Extra(keys.canonical_json(public) if public else "", secret)


def _undotted(fields: Mapping[str, Any], place: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in fields.items():
        if not isinstance(key, str):
            raise UsageError(f"{place}: the name of a field must be a string, not {key!r}")
        inner: dict[str, Any] = {}
        _put(inner, _path(key, place), value, place)
        found = merged(found, inner)
    return found


def _check(value: Any, place: str, path: tuple[str, ...] = ()) -> None:
    """Refuse what is no JSON, and what looks like a secret."""
    key = ".".join(path)
    if len(path) > _DEEPEST:
        raise UsageError(f"{place} {'.'.join(path[:4])}…: nested too deeply")
    if isinstance(value, Mapping):
        for name, each in value.items():
            if not isinstance(name, str):
                raise UsageError(f"{place} {key}: the name of a field must be a string")
            if not is_unicode(name):
                raise UsageError(f"{place} {name!a}: it has half a surrogate pair")
            _check(each, place, (*path, name))
    elif isinstance(value, (list, tuple)):
        for each in value:
            _check(each, place, (*path, "[]"))
    elif isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{place} {key}: {value} is no number of JSON")
    elif value is not None and not isinstance(value, (bool, int, float, str)):
        raise UsageError(f"{place} {key}: {type(value).__name__} is no value of JSON")
    if path[:1] != (HEADERS,) and isinstance(value, str):
        _check_text(value, place, path)


def _check_text(value: str, place: str, path: tuple[str, ...]) -> None:
    key = ".".join(path)
    if not is_unicode(value):
        raise UsageError(f"{place} {key!a}: it has half a surrogate pair, which is no text")
    if _SECRET_FIELD.search(path[-1]) or secrets.redacted(value) != value:
        secrets.keep(value)
        raise UsageError(
            f"{place} {key}: it would put a secret into the store; keys come from OPENAI_API_KEY, "
            "TTC_OPENAI_KEYS or the keyring, others may go into a header (header.X-Api-Key=…)"
        )
