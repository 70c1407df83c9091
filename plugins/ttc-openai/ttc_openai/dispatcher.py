"""The thread behind the backend's verbs: requests go out over many connections, completions return.

All state belongs to the scheduler on the thread's event loop. Callers reach it through
`call_soon_threadsafe` and get completions from a queue.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any

from ttc.backends import Completion, Request
from ttc.errors import BackendError
from ttc_openai.client import async_client
from ttc_openai.draws import HttpDraw
from ttc_openai.http_exchange import HttpExchange
from ttc_openai.scheduler import Scheduler
from ttc_openai.server import ModelServer
from ttc_openai.watchdog import watch


class Dispatcher:
    """Send requests to a server and return their completions, on a thread of its own."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._completions: queue.SimpleQueue[Completion] = queue.SimpleQueue()
        self._ended = "the client is closed"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="ttc-openai", daemon=True)
        self._ready = threading.Event()
        self._thread.start()
        self._ready.wait()

    def submit(self, request: Request) -> None:
        """Queue a request. Raises BackendError if the thread has ended."""
        if not self._thread.is_alive():
            raise BackendError(f"{self._server.address.spec}: {self._ended}")
        self._call(lambda: self._scheduler.enqueue(HttpDraw(request)))

    def cancel(self, request_id: str) -> None:
        """Stop a request; it is returned as `cancelled`."""
        self._call(lambda: self._scheduler.cancel(request_id))

    def wait_for(self, seconds: float) -> Completion | None:
        """Return the next completion, or None if there is none within some seconds."""
        try:
            # Without a timeout, some platforms do not deliver Ctrl-C.
            return self._completions.get(timeout=seconds)
        except queue.Empty:
            if not self._thread.is_alive():
                raise BackendError(f"{self._server.address.spec}: {self._ended}") from None
            return None

    def close(self) -> None:
        """Close every connection and end the thread."""
        if self._thread.is_alive():
            self._call(lambda: self._stop.set())
            self._thread.join()

    def _call(self, function: Callable[[], Any]) -> None:
        self._loop.call_soon_threadsafe(function)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        except Exception as error:  # noqa: BLE001 - reported by the next submit or wait
            self._ended = f"the client thread failed ({type(error).__name__}: {error})"
        finally:
            self._ready.set()
            self._loop.close()

    async def _live(self) -> None:
        self._stop = asyncio.Event()
        server = self._server
        timeout = server.options.timeout
        headers = server.options.headers
        client = async_client(server.address, server.key, timeout, server.concurrency, headers)
        exchange = HttpExchange(client, server)
        self._scheduler = Scheduler(server, exchange, self._completions.put)
        self._ready.set()
        watching = asyncio.create_task(watch(self._scheduler, server))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            ends = stopping, watching, self._scheduler.failed
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()  # raises what would otherwise leave `wait` without an answer
        finally:
            await self._scheduler.stop()
            stopping.cancel()
            watching.cancel()
            await asyncio.gather(stopping, watching, return_exceptions=True)
            await client.close()
            self._scheduler.save_limit()
