"""Requests for chats: OpenAI's and Anthropic's batches, and OpenAI's preferences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.formats.shapes import noting, turns
from ttc.formats.shapes.fields import ask, has, text
from ttc.formats.shapes.noting import inside, plain
from ttc.formats.shapes.shape import Asked, Shape, of
from ttc.records import Message


class OpenAiBatch(Shape):
    """Read requests of OpenAI's batches: `custom_id`, and `body` with messages."""

    name = "openai-batch"
    fields = of("custom_id", "body")
    identifiers = ("custom_id",)

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the body is a request."""
        return has(record, "body", dict)

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the chat of the request. ValueError for requests other than for a chat."""
        for name in ("method", "url"):
            noting.used(record, name)
        return Asked(_requested(inside(record, "body")))


class AnthropicBatch(Shape):
    """Read requests of Anthropic's batches: `custom_id`, and `params` with messages."""

    name = "anthropic-batch"
    fields = of("custom_id", "params")
    identifiers = ("custom_id",)

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the chat of the request."""
        return Asked(_requested(inside(record, "params")))


def _requested(body: Mapping[str, Any]) -> tuple[Message, ...]:
    """Return the chat of a request's body."""
    refuse_tools(body)
    name = next((name for name in ("messages", "input", "prompt") if name in body), None)
    if name is None:
        raise KeyError("messages")
    noting.role(body, "question", name)
    chat = turns.read(body, name)[0] if has(body, name, list) else ask(text(body, name))
    return turns.with_system(body, chat, ("system", "instructions"))


def refuse_tools(record: Mapping[str, Any]) -> None:
    """Raise ValueError if a record gives a model tools."""
    for name in ("tools", "functions"):
        if plain(record).get(name) not in (None, "", [], {}, "[]"):
            raise ValueError(f"it has {name!r}, which cannot be given to a model yet")


class OpenAiPreference(Shape):
    """Read OpenAI's preferences: `input.messages` and `preferred_output`. Verifier: judge."""

    name = "openai-preference"
    fields = of("input", "preferred_output", "non_preferred_output")
    verifier = "judge"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the chat, and the preferred output."""
        return Asked(_requested(inside(record, "input")), turns.said(record, "preferred_output"))
