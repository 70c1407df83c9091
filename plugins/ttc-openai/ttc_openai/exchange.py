"""One HTTP request and its answer, as a stream: so that a draw can be ended where it is, and what
it has said by then is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from time import monotonic
from typing import Any

import openai

from ttc.backends import Completion, Request
from ttc_openai.draws import Draw, Job
from ttc_openai.faults import ExchangeError, cut, is_html, understood
from ttc_openai.reading import MalformedError, Usage, document, event
from ttc_openai.server import Server
from ttc_openai.traits import leave_out
from ttc_openai.wire import Dialect, local_stops, repeated


class Exchange:
    """Exchanges jobs with a server. It fails with an ExchangeError or the client's own."""

    def __init__(self, client: openai.AsyncOpenAI, server: Server) -> None:
        self._client = client
        self._server = server
        self._traits = server.traits
        self._dialect = Dialect(server.traits.unset, partial(leave_out, server.address))
        self._prompts: dict[int, asyncio.Task[int | None]] = {}

    async def run(self, job: Job) -> Usage:
        """Read a job's answer into its draws; return the tokens that the server tells."""
        body = self._body(job)
        while True:
            try:
                counts = await self._stream(job, body)
                break
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                fault = understood(error, self._server.address, self._server.key)
                self._dialect.learn(body, fault)
                said, body = body, self._body(job)
                if body == said:
                    raise fault from None
        await self._count_prompt(job.request, counts)
        return counts

    def _body(self, job: Job) -> dict[str, Any]:
        name = self._server.address.model
        return self._dialect.body(job.request, self._traits, model=name, n=len(job.draws))

    @asynccontextmanager
    async def _sent(self, body: Mapping[str, Any], *, stream: bool) -> AsyncIterator[Any]:
        """Send a body and yield the response; leaving it early closes its connection."""
        model, rest = body["model"], {k: v for k, v in body.items() if k != "model"}
        ask: Any
        if "prompt" in rest:
            ask = self._client.completions.with_streaming_response.create(
                model=model, prompt=rest.pop("prompt"), stream=stream, extra_body=rest
            )
        else:
            ask = self._client.chat.completions.with_streaming_response.create(
                model=model, messages=rest.pop("messages"), stream=stream, extra_body=rest
            )
        async with ask as response:
            yield response

    async def _stream(self, job: Job, body: Mapping[str, Any]) -> Usage:
        counts = Usage()
        stops = job.request.params.stop
        ends_here = local_stops(job.request, self._traits)
        for draw in job.draws:
            draw.begin(stops, repeated(job.request, self._traits))
        async with self._sent(body, stream=True) as response:
            job.moved = monotonic()
            if "text/event-stream" not in response.headers.get("content-type", ""):
                return await self._whole(job, response)
            # Read to its end, a connection serves the next request.
            async with aclosing(response.iter_lines()) as lines:
                async for line in lines:
                    piece = event(line)
                    if piece and self._take(job, piece, counts) and ends_here and _stopped(job):
                        break
        _check_end(job)
        return counts

    async def _whole(self, job: Job, response: Any) -> Usage:
        """Read an answer that is no stream: all at once, or no answer at all."""
        text = await response.text()
        if is_html(text):
            raise ExchangeError(
                f"{self._server.address.base_url}: answers with an HTML page; "
                "no OpenAI-compatible server is there",
                all=True,
            )
        counts = Usage()
        if text.strip():
            self._take(job, document(text), counts)
        _check_end(job)
        return counts

    def _take(self, job: Job, piece: Mapping[str, Any], counts: Usage) -> bool:
        """Hand the choices of a piece to their draws; whether a draw ended by it."""
        if (error := piece.get("error")) is not None:
            raise _told(error)
        counts.add(piece.get("usage"))
        choices = piece.get("choices") or []
        if not isinstance(choices, list):
            raise MalformedError(f"choices that are no list: {str(choices)[:60]}")
        ended = False
        for choice in choices:
            index = choice.get("index", 0) if isinstance(choice, Mapping) else None
            if not isinstance(index, int) or not 0 <= index < len(job.draws):
                raise MalformedError(f"a choice that was not asked for: {str(choice)[:60]}")
            draw = job.draws[index]
            before = draw.reading.tokens
            ended |= draw.reading.add(choice) if draw.reading.finish is None else False
            if draw.reading.tokens > before:
                job.moved = monotonic()
                draw.first_token = draw.first_token or job.moved
        return ended

    async def _count_prompt(self, request: Request, counts: Usage) -> None:
        """Find out how long a prompt is where the stream did not tell: once a prompt, by a draw of
        one token that is not streamed."""
        key = hash((request.messages, request.prompt, request.prefix))
        if counts.prompt is not None or not self._traits.probed:
            return
        if key not in self._prompts:
            self._prompts[key] = asyncio.create_task(self._prompt_tokens(request))
        counts.prompt = await asyncio.shield(self._prompts[key])

    async def _prompt_tokens(self, request: Request) -> int | None:
        body = self._dialect.body(request, self._traits, model=self._server.address.model)
        body.pop("stream_options", None)
        counts = Usage()
        limit = "max_tokens" if "max_tokens" in body else "max_completion_tokens"
        try:
            async with self._sent({**body, limit: 1}, stream=False) as response:
                counts.add(document(await response.text()).get("usage"))
        except (openai.APIError, MalformedError):
            return None
        return counts.prompt

    def counts(self, job: Job, draw: Draw, told: Usage) -> Usage:
        """Return the tokens of one draw, None where they are not known."""
        own, reading = Usage(), draw.reading
        own.prompt, own.cached = told.prompt, told.cached
        if draw is not job.draws[0]:
            own.cached = told.prompt  # computed once for all draws of a request
        counted = reading.tokens if self._traits.chunks or reading.logprob is not None else None
        own.completion = counted
        if told.completion is not None and len(job.draws) == 1:
            own.completion = told.completion
        elif told.completion is not None and counted is None:
            total = sum(each.reading.tokens for each in job.draws)
            own.completion = reading.tokens if total == told.completion else None
        return own

    def fault_of(self, draw: Draw, counts: Usage) -> str | None:
        """Return what is wrong with a draw that has ended, None if nothing is."""
        reading, stops = draw.reading, draw.request.params.stop
        if not reading.empty or reading.stop is not None:
            return None
        spoken = bool(counts.completion) and (bool(stops) or reading.finish == "length")
        return None if spoken else "an empty answer"

    def cancelled(self, draw: Draw) -> Completion:
        """Report a draw as it stands, with the tokens that had come."""
        counts = Usage()
        request = draw.request
        known = self._prompts.get(hash((request.messages, request.prompt, request.prefix)))
        if known is not None and known.done() and not known.cancelled():
            counts.prompt = known.result()
        counts.completion = draw.reading.tokens
        return draw.finish("cancelled", counts)


def _stopped(job: Job) -> bool:
    """Whether all draws are over, one of them at least by a stop string found here: then there is
    nothing to wait for, not even for token counts."""
    return job.over and any(draw.reading.stop is not None for draw in job.draws)


def _check_end(job: Job) -> None:
    """Raise ExchangeError if a draw that began did not end, or none came at all."""
    for draw in job.draws:
        reading = draw.reading
        unfinished = reading.finish is None and reading.error is None and not draw.cancelled
        if unfinished and (reading.tokens or draw is job.draws[0]):
            nothing = "nothing was said" if reading.empty else "without an end"
            raise cut(nothing)


def _told(error: Any) -> ExchangeError:
    """Return the fault that a server tells of inside an answer."""
    about = error if isinstance(error, Mapping) else {"message": error}
    code = about.get("code", about.get("status"))
    wrong = isinstance(code, int) and 400 <= code < 500 and code not in (408, 429)
    return ExchangeError(f"the server says: {str(about.get('message'))[:200]}", again=not wrong)
