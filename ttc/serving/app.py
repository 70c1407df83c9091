"""The routes, as one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ttc.messages.visible import one_line
from ttc.serving import replies
from ttc.serving.asking import body, fields
from ttc.serving.asking.fields import Wanted
from ttc.serving.errors import ApiError, in_api
from ttc.serving.guard import Guard
from ttc.serving.log import Entry, Log
from ttc.serving.receiving import content_of, leaving
from ttc.serving.replies import Head
from ttc.serving.sending import GONE, EventStream, error_response, stopping, unused_header
from ttc.serving.service import ClientGone, Service

Handler = Callable[[Request], Awaitable[Response]]


class Endpoint:
    """The handlers of a service's routes."""

    def __init__(self, service: Service, log: Log) -> None:
        self._service, self._log = service, log
        self._guard = Guard(service.options.keys)

    def application(self) -> Starlette:
        """Return the application."""
        routes = [
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
            Route("/v1/completions", self._text, methods=["POST"]),
            Route("/v1/models", self._checked(self._models), methods=["GET"]),
            Route("/v1/models/{name:path}", self._checked(self._model), methods=["GET"]),
            Route("/health", self._health, methods=["GET"]),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _no_route})

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": self._service.catalog.listing()})

    async def _model(self, request: Request) -> Response:
        return JSONResponse(self._service.catalog.describe(request.path_params["name"]))

    def _checked(self, handler: Handler) -> Handler:
        async def handle(request: Request) -> Response:
            try:
                self._guard.check(request.headers)
                return await handler(request)
            except ApiError as error:
                return error_response(error)

        return handle

    async def _chat(self, request: Request) -> Response:
        return await self._answer(request, chat=True)

    async def _text(self, request: Request) -> Response:
        return await self._answer(request, chat=False)

    async def _answer(self, request: Request, *, chat: bool) -> Response:
        entry = self._log.entry(request)
        try:
            self._guard.check(request.headers)
            given = body.parsed(await content_of(request))
            options, catalog = self._service.options, self._service.catalog
            wanted = fields.read(given, request.headers, catalog, options, chat=chat)
            entry.model = one_line(wanted.model)
            if wanted.stream:
                return EventStream(self._service, wanted, entry)
            return await self._whole(request, wanted, entry)
        except ClientGone:
            entry.end(GONE)
            return Response(status_code=GONE)
        except asyncio.CancelledError:
            # The server is stopping, and the grace is over.
            error = stopping()
        except Exception as failed:  # noqa: BLE001 (told to the client and, if a bug, on stderr)
            self._log.bug(failed)
            error = in_api(failed)
        entry.end(error.status)
        return error_response(error)

    async def _whole(self, request: Request, wanted: Wanted, entry: Entry) -> Response:
        with self._service.ask(wanted) as asking:
            async with leaving(request.receive) as gone:
                async for _ in asking.turns(gone):
                    pass
            answers = asking.answers()
        entry.count(answers)
        entry.end(200)
        return JSONResponse(replies.whole(Head(wanted), answers), headers=unused_header(wanted))


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    where = f"{request.method} {request.url.path[:200]}"
    if error.status_code == 405:
        message, code = f"Not allowed: {where}", "method_not_allowed"
    else:
        message, code = f"Invalid URL ({where})", "unknown_url"
    headers = dict(error.headers or {})
    return error_response(ApiError(error.status_code, message, code=code, headers=headers))
