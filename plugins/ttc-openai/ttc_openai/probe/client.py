"""A client for the probe's requests, one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai

from ttc.records import OFF
from ttc_openai.client import sync_client
from ttc_openai.diagnosis import classify_error
from ttc_openai.errors import cut_off, error_in_body
from ttc_openai.events import EventParser, Json, MalformedError
from ttc_openai.server import ModelServer
from ttc_openai.stream_parser import StreamParser
from ttc_openai.token_usage import TokenUsage

# Seconds; a trial does not wait longer.
LONGEST_WAIT = 120.0


@dataclass(slots=True)
class ProbeAnswer:
    """A response: its choices by index, and the token counts that the server gave.

    `began` is when the first piece of a stream came, `ended` when the last did.
    """

    choices: dict[int, StreamParser] = field(default_factory=dict)
    usage: TokenUsage = field(default_factory=TokenUsage)
    last: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    began: float = 0.0
    ended: float = 0.0

    @property
    def first(self) -> StreamParser:
        """Its only choice, or the first of several."""
        return self.choices.get(0, StreamParser(()))

    @property
    def text(self) -> str:
        """The text of its first choice."""
        return self.first.text

    def take(self, piece: Mapping[str, Any]) -> None:
        """Add a whole response, or a piece of a stream."""
        if (fault := error_in_body(piece)) is not None:
            raise fault
        self.usage.add_piece(piece)
        for choice in piece.get("choices") or ():
            self.last = choice
            self.choices.setdefault(choice.get("index", 0), StreamParser(())).add(choice)


class ProbeClient:
    """Send a probe's requests. Failures raise ExchangeError, which may be a trial's result."""

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        limit = min(LONGEST_WAIT, server.options.timeout)
        self._client = sync_client(server.address, server.key, limit, server.options.headers)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    @contextmanager
    def _sent(self, body: Mapping[str, Any]) -> Iterator[Any]:
        rest: dict[str, Any] = {"temperature": 0.0, "top_p": 1.0, **body}
        for name in self.server.traits.unset:
            if rest.get(name) == OFF[name]:
                del rest[name]
        stream = bool(rest.pop("stream", False))
        named: dict[str, Any] = {"model": self.server.address.model, "stream": stream}
        create: Any = self._client.chat.completions.with_streaming_response.create
        if "prompt" in rest:
            create = self._client.completions.with_streaming_response.create
        for name in ("messages", "prompt"):
            if name in rest:
                named[name] = rest.pop(name)
        try:
            with create(**named, extra_body=rest) as response:
                yield response
        except (openai.APIError, httpx2.HTTPError) as error:
            raise classify_error(error, self.server.address, self.server.key) from None

    def whole(self, **body: Any) -> ProbeAnswer:
        """Request an answer that comes at once."""
        answer, began = ProbeAnswer(), time.monotonic()
        with self._sent(body) as response:
            for piece in _objects(response):
                answer.take(piece)
        answer.seconds = time.monotonic() - began
        return answer

    def streamed(self, pieces: int | None = None, **body: Any) -> ProbeAnswer:
        """Request a stream, and close it after `pieces` pieces if given."""
        answer, began = ProbeAnswer(), time.monotonic()
        with self._sent({**body, "stream": True}) as response:
            for piece in _objects(response):
                if not piece:
                    break
                answer.take(piece)
                answer.ended = time.monotonic()
                answer.began = answer.began or answer.ended
                if pieces is not None and answer.first.tokens >= pieces:
                    break
        answer.seconds = time.monotonic() - began
        unfinished = any(each.finish is None for each in answer.choices.values())
        if pieces is None and (unfinished or not answer.choices):
            raise cut_off("without an end")
        return answer

    def page(self, path: str) -> str | None:
        """Return a page of the server outside its API, None if there is none."""
        try:
            url = f"{self.server.address.origin}{path}"
            return self._client.with_options(timeout=5.0).get(url, cast_to=str)
        except (openai.APIError, MalformedError):
            return None


def _objects(response: Any) -> Iterator[Json]:
    """Yield the objects of a body as they arrive."""
    events = EventParser()
    for data in response.iter_bytes():
        yield from events.feed(data)
    yield from events.end()
