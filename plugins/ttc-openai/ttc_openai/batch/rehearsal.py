"""One short draw before the first batch: it shows what fields the server takes.

Servers refuse fields that they do not know, one by one. A draw that is asked for directly is sent
again without them; in a batch each line would fail, after hours.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from ttc.backends import Request
from ttc.errors import BackendError
from ttc_openai.batch.api import LONGEST
from ttc_openai.client import async_client
from ttc_openai.diagnosis import classify_error
from ttc_openai.dialect import Dialect
from ttc_openai.draws import HttpCall, HttpDraw
from ttc_openai.errors import ExchangeError
from ttc_openai.http_exchange import HttpExchange
from ttc_openai.server import ModelServer

_LOOK = 0.01  # seconds between two looks at whether the answer has begun


def rehearse(server: ModelServer, request: Request) -> Dialect:
    """Ask for one draw until its answer begins; return the fields that the server takes.

    A fault that may pass is tried again. Raises BackendError if the server refuses the request as
    it is.
    """
    pause = 1.0
    for left in reversed(range(server.options.retries + 1)):
        try:
            return asyncio.run(_rehearsed(server, request))
        except ExchangeError as fault:
            if not fault.again or not left:
                raise BackendError(str(fault)) from fault
            time.sleep(min(fault.after or pause, LONGEST))
            pause *= 2
    raise AssertionError


async def _rehearsed(server: ModelServer, request: Request) -> Dialect:
    """Ask once. Raises ExchangeError."""
    options = server.options
    client = async_client(server.address, server.key, options.timeout, 1, options.headers)
    exchange = HttpExchange(client, server)
    call = HttpCall([HttpDraw(request)])
    running = asyncio.create_task(exchange.run(call))
    try:
        while not running.done() and not call.heard:
            await asyncio.wait([running], timeout=_LOOK)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    except Exception as error:
        fault = classify_error(error, server.address, server.key)
        # A fault within an answer is none of the request.
        if not fault.within:
            raise fault from error
    finally:
        running.cancel()
        await client.close()
    return exchange.dialect
