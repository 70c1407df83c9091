"""The routes, as one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ttc.messages.visible import one_line
from ttc.serving import replies, streaming
from ttc.serving.asking import body, fields
from ttc.serving.asking.fields import Wanted
from ttc.serving.errors import ApiError, in_api
from ttc.serving.guard import Guard
from ttc.serving.log import Entry, Log
from ttc.serving.replies import Head
from ttc.serving.service import Asking, ClientGone, Service

LARGEST = 10_000_000  # bytes of a request
PATIENCE = 30.0  # seconds for a request to arrive
GONE = 499  # no status of a standard: nobody reads it
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
            given = body.parsed(await _content(request))
            options, catalog = self._service.options, self._service.catalog
            wanted = fields.read(given, request.headers, catalog, options, chat=chat)
            entry.model = one_line(wanted.model)
            if wanted.stream:
                return _Stream(self._service, wanted, entry)
            return await self._whole(request, wanted, entry)
        except ClientGone:
            entry.end(GONE)
            return Response(status_code=GONE)
        except asyncio.CancelledError:
            # The server is stopping, and the grace is over.
            error = _stopping()
        except Exception as failed:  # noqa: BLE001 (told to the client and, if a bug, on stderr)
            self._log.bug(failed)
            error = in_api(failed)
        entry.end(error.status)
        return error_response(error)

    async def _whole(self, request: Request, wanted: Wanted, entry: Entry) -> Response:
        with self._service.ask(wanted) as asking:
            async with _leaving(request.receive) as gone:
                async for _ in asking.turns(gone):
                    pass
            answers = asking.answers()
        entry.count(answers)
        entry.end(200)
        return JSONResponse(replies.whole(Head(wanted), answers), headers=_told(wanted))


def _told(wanted: Wanted) -> dict[str, str]:
    """Return the header that names the fields without effect, if there are any."""
    names = ", ".join(wanted.unused).encode("ascii", "replace").decode()
    return {"x-ttc-unused": names} if names else {}


class _Stream(Response):
    """A reply as events. Its status is sent once draws are asked for: what is wrong before that has
    a status of its own."""

    def __init__(self, service: Service, wanted: Wanted, entry: Entry) -> None:
        self._service, self._wanted, self._entry = service, wanted, entry
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False
        status = 200

        async def put(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        try:
            async for block in self._blocks(receive):
                if not begun:
                    begun = True
                    await send(self._start())
                await put(block)
        except (ClientGone, OSError):
            self._entry.end(GONE)
            return
        except (Exception, asyncio.CancelledError) as failed:  # noqa: BLE001
            self._entry.bug(failed)
            error = in_api(failed)
            if isinstance(failed, asyncio.CancelledError):
                error = ApiError(
                    503, "The server is stopping", kind="server_error", code="stopping"
                )
            status = error.status
            if not begun:
                self._entry.end(status)
                await error_response(error)(scope, receive, send)
                return
            with suppress(OSError):
                await put(streaming.failure(error))
        self._entry.end(status)
        with suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _start(self) -> dict[str, object]:
        headers = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
            **_told(self._wanted),
        }
        raw = [
            (name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()
        ]
        return {"type": "http.response.start", "status": 200, "headers": raw}

    async def _blocks(self, receive: Receive) -> AsyncIterator[bytes]:
        head = Head(self._wanted)
        with self._service.ask(self._wanted) as asking:
            async with _leaving(receive) as gone:
                opened, told = False, ""
                async for moved in asking.turns(gone):
                    if asking.begun and not opened:
                        opened = True
                        for block in streaming.opening(head):
                            yield block
                    line = _line(asking, head)
                    if (line and line != told) or not moved:
                        told = line
                        yield streaming.progress(head, line)
            answers = asking.answers()
        self._entry.count(answers)
        if not opened:
            for block in streaming.opening(head):
                yield block
        for block in streaming.closing(head, answers):
            yield block


def _line(asking: Asking, head: Head) -> str:
    return "" if head.wanted.progress == "none" else asking.progress


@asynccontextmanager
async def _leaving(receive: Receive) -> AsyncIterator[asyncio.Future[None]]:
    """Give a future that is done once the client has closed its connection."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    task = asyncio.ensure_future(watch())
    try:
        yield task
    finally:
        task.cancel()


async def _content(request: Request) -> bytes:
    """Return the body of a request. ApiError if it is too large or too slow."""
    too_large = ApiError(413, f"The request has more than {LARGEST} bytes", code="too_large")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > LARGEST:
        raise too_large
    parts, size = [], 0

    async def collect() -> None:
        nonlocal size
        async for part in request.stream():
            size += len(part)
            if size > LARGEST:
                raise too_large
            parts.append(part)

    try:
        await asyncio.wait_for(collect(), PATIENCE)
    except asyncio.TimeoutError:
        message = f"The request did not arrive within {PATIENCE:g} s"
        raise ApiError(408, message, code="request_timeout") from None
    except ClientDisconnect:
        raise ClientGone from None
    return b"".join(parts)


def _stopping() -> ApiError:
    """Return the error for what is not answered because the grace at the end is over."""
    return ApiError(503, "The server is stopping", kind="server_error", code="stopping")


def error_response(error: ApiError) -> Response:
    """Return an error in OpenAI's shape."""
    return JSONResponse(error.body, status_code=error.status, headers=error.headers)


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    where = f"{request.method} {request.url.path[:200]}"
    if error.status_code == 405:
        message, code = f"Not allowed: {where}", "method_not_allowed"
    else:
        message, code = f"Invalid URL ({where})", "unknown_url"
    headers = dict(error.headers or {})
    return error_response(ApiError(error.status_code, message, code=code, headers=headers))
