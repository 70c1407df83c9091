"""What goes to the client besides whole replies: streams, errors, and a header."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from ttc.serving import streaming
from ttc.serving.asking.fields import Wanted
from ttc.serving.errors import ApiError, in_api
from ttc.serving.log import Entry
from ttc.serving.receiving import leaving
from ttc.serving.replies import Head
from ttc.serving.service import Asking, ClientGone, Service

GONE = 499  # no status of a standard: nobody reads it


def unused_header(wanted: Wanted) -> dict[str, str]:
    """Return the header that names the fields without effect, if there are any."""
    names = ", ".join(wanted.unused).encode("ascii", "replace").decode()
    return {"x-ttc-unused": names} if names else {}


class EventStream(Response):
    """A reply as events. Its status is sent once draws are asked for: what is wrong before that has
    a status of its own."""

    def __init__(self, service: Service, wanted: Wanted, entry: Entry) -> None:
        self._service, self._wanted, self._entry = service, wanted, entry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events as they come."""
        begun = False
        try:
            async with aclosing(self._blocks(receive)) as blocks:
                async for block in blocks:
                    if not begun:
                        begun = True
                        await send(self._start())
                    await send({"type": "http.response.body", "body": block, "more_body": True})
        except (ClientGone, OSError):
            self._entry.end(GONE)
        except (Exception, asyncio.CancelledError) as failed:  # noqa: BLE001 (told to the client)
            self._entry.bug(failed)
            error = stopping() if isinstance(failed, asyncio.CancelledError) else in_api(failed)
            self._entry.end(error.status)
            if not begun:
                await error_response(error)(scope, receive, send)
            else:
                await _end(send, streaming.failure(error))
        else:
            self._entry.end(200)
            await _end(send)

    def _start(self) -> dict[str, object]:
        headers = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
            **unused_header(self._wanted),
        }
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        return {"type": "http.response.start", "status": 200, "headers": raw}

    async def _blocks(self, receive: Receive) -> AsyncGenerator[bytes, None]:
        head = Head(self._wanted)
        with self._service.ask(self._wanted) as asking:
            async with leaving(receive) as gone:
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


async def _end(send: Send, last: bytes = b"") -> None:
    with suppress(OSError):
        await send({"type": "http.response.body", "body": last, "more_body": False})


def _line(asking: Asking, head: Head) -> str:
    return "" if head.wanted.progress == "none" else asking.progress


def stopping() -> ApiError:
    """Return the error for what is not answered because the grace at the end is over."""
    return ApiError(503, "The server is stopping", kind="server_error", code="stopping")


def error_response(error: ApiError) -> Response:
    """Return an error in OpenAI's shape."""
    return JSONResponse(error.body, status_code=error.status, headers=error.headers)
