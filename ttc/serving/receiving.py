"""What comes from the client: the body of a request, and that it has left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from ttc.serving.errors import ApiError
from ttc.serving.service import ClientGone

LARGEST = 10_000_000  # bytes of a request
PATIENCE = 30.0  # seconds for a request to arrive


@asynccontextmanager
async def leaving(receive: Receive) -> AsyncIterator[asyncio.Future[None]]:
    """Give a future that is done once the client has closed its connection."""

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    task = asyncio.ensure_future(watch())
    try:
        yield task
    finally:
        task.cancel()


async def content_of(request: Request) -> bytes:
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
