"""Messages and prompts of requests as problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ttc import keys, tags
from ttc.backends.asking.extra_fields import is_unicode
from ttc.records import Message, Problem
from ttc.serving.asking.body import Body
from ttc.serving.errors import ApiError, invalid

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
MOST_PROMPTS = 64
_DIGITS = 16  # of a problem's name


def chat(body: Body, about: Mapping[str, str]) -> Problem:
    """Return the problem of `messages`. ApiError for what is no text."""
    given = body.get("messages")
    if not isinstance(given, list) or not given:
        raise invalid("messages", "it must be a list of at least one message")
    turns = [_turn(each, f"messages[{at}]", body) for at, each in enumerate(given)]
    if turns[-1].role == "assistant":
        raise invalid(
            f"messages[{len(turns) - 1}]",
            "the last message is the assistant's, and a beginning of the answer is not continued "
            "here; end with a message of the user",
        )
    return _named(Problem("", tuple(turns), tags=about))


def prompts(body: Body, about: Mapping[str, str]) -> list[Problem]:
    """Return the problems of `prompt`, a text or a list of texts. ApiError."""
    given = body.get("prompt")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts:
        raise invalid("prompt", "it must be a string or a list of strings")
    if len(texts) > MOST_PROMPTS:
        raise invalid("prompt", f"{len(texts)} prompts in one request; at most {MOST_PROMPTS}")
    if not all(isinstance(text, str) for text in texts):
        raise invalid("prompt", "it must be text; tokens are not taken here")
    return [_named(Problem("", prompt=_text(text, "prompt"), tags=about)) for text in texts]


def _named(problem: Problem) -> Problem:
    return replace(problem, id=f"serve/{keys.prompt_id(problem)[8:][:_DIGITS]}")


def _turn(given: Any, place: str, body: Body) -> Message:
    if not isinstance(given, dict):
        raise invalid(place, "a message is an object with role and content")
    fields = Body(given, place)
    role = fields.text("role")
    if role in ("tool", "function"):
        raise ApiError(
            400,
            f"{place}.role: results of tools are not taken here, as tools are not",
            param=f"{place}.role",
            code="unsupported_value",
        )
    if role not in _ROLES:
        raise invalid(f"{place}.role", f"it must be one of {', '.join(_ROLES)}, not {role!r}")
    content = _content(fields.get("content"), f"{place}.content")
    for name in ("tool_calls", "function_call", "audio"):
        fields.refuse(name, "only text is taken here")
    fields.refuse("refusal", "only text is taken here", ("",))
    fields.ignore("name", "reasoning_content", "annotations")
    fields.end()
    body.unused += fields.unused
    return Message(_ROLES[role], content)


def _content(given: Any, place: str) -> str:
    if isinstance(given, str):
        return _text(given, place)
    if not isinstance(given, list) or not given:
        raise invalid(place, "it must be a string or a list of parts")
    texts = []
    for at, part in enumerate(given):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind != "text":
            raise ApiError(
                400,
                f"{place}[{at}]: only parts of type text are taken here, not {str(kind)[:40]}",
                param=f"{place}[{at}].type",
                code="unsupported_value",
            )
        if not isinstance(part.get("text"), str):
            raise invalid(f"{place}[{at}].text", "it must be a string")
        texts.append(_text(part["text"], place))
    return "".join(texts)


def _text(text: str, place: str) -> str:
    if not is_unicode(text):
        raise invalid(place, "it has half a surrogate pair, which is no text")
    return text


def labels(body: Body) -> dict[str, str]:
    """Return `metadata`, `user` and `safety_identifier` as tags of the problem. ApiError."""
    given = dict(body.table("metadata") or {})
    for name in ("user", "safety_identifier"):
        if (value := body.text(name)) is not None:
            given.setdefault(name, value)
    if len(given) > 32 or any(len(str(text)) > 512 for pair in given.items() for text in pair):
        raise invalid("metadata", "at most 32 texts of at most 512 characters")
    try:
        return tags.checked(given)
    except ValueError as error:
        raise invalid("metadata", str(error)) from None
