"""Chats in records: turns with role and content, of the OpenAI kind or of ShareGPT's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ttc.formats.shapes import noting
from ttc.formats.shapes.fields import scalar
from ttc.records import Message

SYSTEM = ("system", "system_prompt")  # fields with a system message
_ROLES = {
    "human": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
    "bot": "assistant",
}
_TOOLS = (
    "tool",
    "function",
    "function_call",
    "observation",
    "tool_call",
    "tool_response",
    "ipython",
)
_CALLS = ("tool_calls", "function_call", "tool_call_id")
_AS_TEXT = ("text", "input_text", "output_text")


def read(record: Mapping[str, Any], name: str) -> tuple[tuple[Message, ...], str | None]:
    """Return the turns up to the last one of the user, and the assistant's turn behind it, which is
    a reference; None if there is none.

    ValueError for turns that are no chat, that end otherwise, or that have tools or media in them.
    """
    turns = parse(record, name)
    answer = None
    if turns[-1].role == "assistant" and len(turns) > 1:
        answer = turns[-1].content
        turns = turns[:-1]
    if turns[-1].role != "user":
        raise ValueError(f"the last of {name!r} is the {turns[-1].role}'s turn, not the user's")
    return turns, answer


def with_system(
    record: Mapping[str, Any], chat: tuple[Message, ...], names: Sequence[str] = SYSTEM
) -> tuple[Message, ...]:
    """Return a chat behind the system message that the record has in a field of its own, unless
    the chat has one."""
    if any(each.role == "system" for each in chat):
        return chat
    for name in names:
        value = noting.plain(record).get(name)
        if isinstance(value, str) and value.strip():
            noting.used(record, name)
            noting.role(record, "question", name)
            return (Message("system", value), *chat)
    return chat


def parse(record: Mapping[str, Any], name: str) -> tuple[Message, ...]:
    """Return all turns of a field, which may be their JSON text. ValueError as `read`."""
    given = record[name]
    if isinstance(given, str) and given.lstrip().startswith("["):
        try:
            given = json.loads(given)
        except ValueError:
            raise ValueError(f"{name!r} must be a list of turns") from None
    if not isinstance(given, list) or not given:
        raise ValueError(f"{name!r} must be a list of turns")
    return tuple(turn(record, each, name) for each in given)


def turn(record: Mapping[str, Any], given: object, name: str) -> Message:
    """Return one turn: `{"role": …, "content": …}`, or `{"from": …, "value": …}`."""
    if not isinstance(given, Mapping):
        raise ValueError(f"each of {name!r} needs 'role' and 'content', both strings")
    role, content = given.get("role", given.get("from")), given.get("content", given.get("value"))
    if role in _TOOLS or any(given.get(call) for call in _CALLS):
        raise ValueError(f"{name!r} has turns of tools, which cannot be asked yet")
    content = _joined(content, name)
    if not isinstance(role, str) or not isinstance(content, str):
        raise ValueError(f"each of {name!r} needs 'role' and 'content', both strings")
    role = _ROLES.get(role.strip().lower(), role)
    if role == "developer":
        noting.remark(record, "developer turns are sent as the system's")
        role = "system"
    return Message(role, content)


def _joined(content: object, name: str) -> object:
    """Return the text of a content; a list of parts of text is joined."""
    if not isinstance(content, list) or not content:
        return content
    found = []
    for part in content:
        kind = part.get("type", "text") if isinstance(part, Mapping) else "text"
        if kind not in _AS_TEXT:
            raise ValueError(f"{name!r} has {kind!r} in it, and only text can be asked yet")
        text = part.get("text") if isinstance(part, Mapping) else part
        if not isinstance(text, str):
            return None
        found.append(text)
    return "".join(found)


def is_chat(value: object) -> bool:
    """Return whether a value is a list of turns."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, Mapping) and ("role" in each or "from" in each) for each in value)
    )


def first(record: Mapping[str, Any], name: str) -> str:
    """Return the first question of a list of them; that there are more is noted."""
    given = record[name]
    if not isinstance(given, list) or not given:
        raise ValueError(f"{name!r} must be a list of turns")
    first = given[0].get("content") if isinstance(given[0], Mapping) else given[0]
    if not isinstance(first, str) or not first.strip():
        raise ValueError(f"the first of {name!r} must be a non-empty string")
    noting.role(record, "question", f"{name}.0")
    if len(given) > 1:
        noting.remark(record, "only the first turn is asked, not those after it")
    return first


def said(record: Mapping[str, Any], name: str) -> str | None:
    """Return what an assistant said: a text, a turn, or the last turn of a chat."""
    given = record[name]
    if isinstance(given, list) and given:
        given = given[-1]
    if isinstance(given, Mapping):
        given = turn(record, given, name).content
    found = scalar(name, given)
    if found is not None:
        noting.role(record, "reference", name)
    return found
