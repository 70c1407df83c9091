"""One HTTP request and its streamed response.

Streaming lets a draw be ended at any token and keep its text so far.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

import httpx2
import openai

from ttc.backends import Completion, Request
from ttc_openai.diagnosis import classify_error
from ttc_openai.dialect import Dialect, local_stops, repeated, without_stream
from ttc_openai.draws import HttpCall, HttpDraw
from ttc_openai.errors import ExchangeError, cut_off, error_in_body
from ttc_openai.events import EventParser, Json, MalformedError
from ttc_openai.server import ModelServer
from ttc_openai.server_traits import leave_out
from ttc_openai.token_usage import TokenUsage

# How often a prompt's length is asked for if no stream gives it.
_COUNTINGS = 3


class HttpExchange:
    """Exchange calls with a server. Raises ExchangeError or an exception of the client."""

    def __init__(self, client: openai.AsyncOpenAI, server: ModelServer) -> None:
        self._client = client
        self._server = server
        self._traits = server.traits
        self.dialect = Dialect(server.traits.unset, partial(leave_out, server.address))
        self._prompts: dict[int, asyncio.Task[int | None]] = {}

    async def run(self, call: HttpCall) -> None:
        """Read a call's response into its draws, and the server's token counts into the call."""
        body = self._body(call)
        while True:
            try:
                await self._stream(call, body)
                break
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                fault = classify_error(error, self._server.address, self._server.key)
                self.dialect.learn(body, fault)
                sent, body = body, self._body(call)
                if body == sent:
                    raise fault from None
        call.read = True
        await self._count_prompt(call.request, call.counts)

    def _body(self, call: HttpCall) -> dict[str, Any]:
        name = self._server.address.model
        return self.dialect.body(call.request, self._traits, model=name, n=len(call.draws))

    @asynccontextmanager
    async def _sent(self, body: Mapping[str, Any], request: Request) -> AsyncIterator[Any]:
        """Send a body and yield the response; leaving early closes its connection."""
        rest = dict(body)
        headers = request.params.extra_fields.get("headers")
        model, stream = rest.pop("model"), rest.pop("stream", False)
        ask: Any
        if "prompt" in rest:
            ask = self._client.completions.with_streaming_response.create(
                model=model,
                prompt=rest.pop("prompt"),
                stream=stream,
                extra_body=rest,
                extra_headers=headers,
            )
        else:
            ask = self._client.chat.completions.with_streaming_response.create(
                model=model,
                messages=rest.pop("messages"),
                stream=stream,
                extra_body=rest,
                extra_headers=headers,
            )
        async with ask as response:
            yield response

    async def _stream(self, call: HttpCall, body: Mapping[str, Any]) -> None:
        call.counts = TokenUsage()
        stops = call.request.params.stop
        ends_here = local_stops(call.request, self._traits)
        for draw in call.draws:
            draw.begin(stops, repeated(call.request, self._traits))
        async with self._sent(body, call.request) as response:
            call.move()
            try:
                async with aclosing(_objects(response)) as pieces:
                    # A connection that is read to its end serves the next request.
                    async for piece in pieces:
                        if self._take(call, piece) and ends_here and _stopped(call):
                            break
            except (MalformedError, ExchangeError, openai.APIError, httpx2.HTTPError):
                # Nothing that follows the ends of all draws can change them.
                if not call.over:
                    raise
        _check_end(call)

    def _take(self, call: HttpCall, piece: Json) -> bool:
        """Add the choices of a piece to their draws; return whether a draw ended with it."""
        choices = piece.get("choices") or []
        if (fault := error_in_body(piece)) is not None:
            raise fault
        call.counts.add_piece(piece)
        if not isinstance(choices, list):
            raise MalformedError(f"choices is not a list: {str(choices)[:60]}")
        ended = False
        for choice in choices:
            draw = call.draws[_place(choice, len(call.draws))]
            if draw.parser.over:
                continue
            before = draw.parser.tokens
            ended |= draw.parser.add(choice)
            call.counts.add(choice.get("usage"))
            if draw.parser.tokens > before:
                call.heard = True
                call.move()
                draw.first_token = draw.first_token or call.moved
        return ended

    async def _count_prompt(self, request: Request, counts: TokenUsage) -> None:
        """Find out the length of a prompt if the stream did not give it.

        Once for each prompt, by a draw of one token that is not streamed.
        """
        key = hash((request.messages, request.prompt, request.prefix))
        if counts.prompt is not None or not self._traits.probed:
            return
        if key not in self._prompts:
            self._prompts[key] = asyncio.create_task(self._prompt_tokens(request))
        counts.prompt = await asyncio.shield(self._prompts[key])

    async def _prompt_tokens(self, request: Request) -> int | None:
        body = self.dialect.body(request, self._traits, model=self._server.address.model)
        without_stream(body)
        limit = "max_tokens" if "max_tokens" in body else "max_completion_tokens"
        for _ in range(_COUNTINGS):
            counts = TokenUsage()
            try:
                async with self._sent({**body, limit: 1}, request) as response:
                    async for piece in _objects(response):
                        counts.add_piece(piece)
            except (openai.APIError, httpx2.HTTPError, MalformedError):
                continue
            if counts.prompt is not None:
                return counts.prompt
        return None

    def counts(self, call: HttpCall, draw: HttpDraw, reported: TokenUsage) -> TokenUsage:
        """Return the token counts of one draw, None where they are unknown."""
        own, parser = TokenUsage(), draw.parser
        own.prompt, own.cached = reported.prompt, reported.cached
        if draw is not call.draws[0]:
            own.cached = reported.prompt  # computed once for all draws of a request
        counted = parser.tokens if parser.listed or self._traits.chunks else None
        own.completion = None if parser.at_once and not parser.listed else counted
        if reported.completion is not None and len(call.draws) == 1:
            own.completion = reported.completion
        elif reported.completion is not None and own.completion is None:
            total = sum(each.parser.tokens for each in call.draws)
            own.completion = parser.tokens if total == reported.completion else None
        # There is text, so 0 stands for "not counted".
        own.completion = own.completion or (0 if parser.empty else None)
        own.think = draw.thought_tokens(
            reported.think if len(call.draws) == 1 else None,
            counted=parser.listed or (bool(self._traits.chunks) and not parser.at_once),
        )
        return own

    def fault_of(self, draw: HttpDraw, counts: TokenUsage) -> ExchangeError | None:
        """Return what is wrong with a draw that has ended, None if nothing is."""
        parser, stops = draw.parser, draw.request.params.stop
        if parser.error is not None:
            return ExchangeError(parser.error, again=parser.broken, within=True)
        if not parser.empty or parser.stop is not None:
            return None
        spoken = bool(counts.completion) and (bool(stops) or parser.finish == "length")
        return None if spoken else ExchangeError("an empty answer", again=True, odd=True)

    def cancelled(self, draw: HttpDraw) -> Completion:
        """Return the completion of a cancelled draw, with the tokens that had come."""
        counts = TokenUsage()
        request = draw.request
        known = self._prompts.get(hash((request.messages, request.prompt, request.prefix)))
        if known is not None and known.done() and not known.cancelled():
            counts.prompt = known.result()
        counts.completion = draw.parser.tokens
        counts.think = draw.thought_tokens(None, counted=bool(self._traits.chunks))
        return draw.finish("cancelled", counts)


async def _objects(response: Any) -> AsyncGenerator[Json, None]:
    """Yield the objects of a body as they arrive."""
    events = EventParser()
    async with aclosing(response.iter_bytes()) as chunks:
        async for data in chunks:
            for piece in events.feed(data):
                yield piece
    for piece in events.end():
        yield piece


def _place(choice: Any, asked: int) -> int:
    """Return the index of the draw that a choice belongs to. Raises MalformedError if there is
    none."""
    reported = choice.get("index") if isinstance(choice, Mapping) else -1
    index = int(reported) if isinstance(reported, str) and reported.isdecimal() else reported or 0
    if not isinstance(index, int) or not 0 <= index < asked:
        raise MalformedError(f"a choice that was not requested: {str(choice)[:60]}")
    return index


def _stopped(call: HttpCall) -> bool:
    """Return whether all draws are over and at least one ended at a stop string found here.

    Then nothing is left to wait for, not even token counts.
    """
    return call.over and any(draw.parser.stop is not None for draw in call.draws)


def _check_end(call: HttpCall) -> None:
    """Raise ExchangeError if a draw began and did not end, or if no draw came."""
    for draw in call.draws:
        parser = draw.parser
        unfinished = parser.finish is None and parser.error is None and not draw.cancelled
        if unfinished and (parser.tokens or draw is call.draws[0]):
            raise cut_off("no text" if parser.empty else "without an end")
