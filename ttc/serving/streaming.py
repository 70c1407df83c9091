"""Replies as server-sent events: progress, the answers once they stand, usage, the end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ttc.serving import replies
from ttc.serving.engines.job import Answer
from ttc.serving.errors import ApiError
from ttc.serving.replies import Head, Text

DONE = b"data: [DONE]\n\n"


def event(data: dict[str, Any]) -> bytes:
    """Return an event."""
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def comment(text: str) -> bytes:
    """Return a comment, which clients pass over."""
    return f": {text}\n\n".encode()


def failure(error: ApiError) -> bytes:
    """Return an error as an event, for a stream that has begun."""
    return event(error.body)


def opening(head: Head) -> Iterator[bytes]:
    """Yield the first event of each choice of a chat."""
    if head.wanted.chat:
        for index in range(len(head.wanted.asked)):
            yield _chat(head, index, {"role": "assistant", "content": ""})


def progress(head: Head, line: str) -> bytes:
    """Return how far the draws are, where the client wants it."""
    if head.wanted.progress == "reasoning" and head.wanted.chat and line:
        return _chat(head, 0, {"reasoning_content": f"{line}\n"})
    return comment(line or "waiting")


def closing(head: Head, answers: Sequence[Answer]) -> Iterator[bytes]:
    """Yield the answers, what they stand on (in the event that ends the last choice), and the end.

    Only the usage that was asked for is an event without choices: many clients read the first
    choice of each.
    """
    wanted = head.wanted
    about = {"ttc": replies.about(wanted, answers)}
    for index, answer in enumerate(answers):
        last = about if index == len(answers) - 1 else {}
        yield from (_parts if wanted.chat else _text)(head, index, answer, last)
    if wanted.include_usage:
        told = {"usage": replies.usage(answers)}
        yield event({**head.fields(chunk=True), "choices": [], **told})
    yield DONE


def _parts(head: Head, index: int, answer: Answer, last: dict[str, Any]) -> Iterator[bytes]:
    text = Text.of(answer)
    if text.thought:
        yield _chat(head, index, {"reasoning_content": text.thought})
    delta: dict[str, Any] = {"content": text.content}
    if text.content is None:
        delta = {"refusal": replies.refusal(answer)}
    yield _chat(head, index, delta, logprobs=replies.logprobs(answer.tokens, head.wanted))
    yield _chat(head, index, {}, last, finish=replies.finish_reason(answer))


def _text(head: Head, index: int, answer: Answer, last: dict[str, Any]) -> Iterator[bytes]:
    whole = replies.choice(head.wanted, index, answer)
    yield _event(head, {**whole, "finish_reason": None})
    yield _event(head, {**whole, "text": ""}, last)


def _chat(
    head: Head,
    index: int,
    delta: dict[str, Any],
    more: dict[str, Any] | None = None,
    *,
    logprobs: dict[str, Any] | None = None,
    finish: str | None = None,
) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
    return _event(head, choice, more)


def _event(head: Head, choice: dict[str, Any], more: dict[str, Any] | None = None) -> bytes:
    # With include_usage, all events but the last have a usage of null.
    told = {"usage": None} if head.wanted.include_usage else {}
    return event({**head.fields(chunk=True), "choices": [choice], **told, **(more or {})})
