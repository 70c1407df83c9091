"""A scripted OpenAI-compatible server on loopback: known answers at a known pace, faults on demand.

It speaks enough HTTP/1.1 for any client: keep-alive, chunked streams. What it says is a function
of the prompt and the seed; what it does wrong is what `faults` lists, one for each request in
turn. In a process of its own: `python -m ttc.testing.http_server PACE TOKENS [PORT RATES]`, which
prints its port.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
from collections import deque
from collections.abc import Iterable, Mapping

from ttc.testing.http_answers import Answer, Behaviour, Json
from ttc.testing.http_batches import Batches

PAGE = b"<!DOCTYPE html><html><body>Welcome to nginx!</body></html>"


class ScriptedServer:
    """The server, on a thread of its own. What it was asked is in `asked` (path, headers, body).

    With `batches` it has a batch API.
    """

    def __init__(
        self, behaviour: Behaviour | None = None, port: int = 0, batches: Batches | None = None
    ) -> None:
        self.behaviour, self.batches = behaviour or Behaviour(), batches
        self.port = port
        self.asked: list[tuple[str, Mapping[str, str], Json]] = []
        self.running = self.most = self.dropped = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._fewer = threading.Condition()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def idle(self, seconds: float = 10.0) -> bool:
        """Wait until no request is being answered; return whether that came true in time."""
        with self._fewer:
            return self._fewer.wait_for(lambda: self.running == 0, seconds)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def bodies(self) -> list[Json]:
        """What was asked for completions."""
        return [body for path, _, body in self.asked if path.endswith("completions")]

    def _serve(self) -> None:
        self._loop.run_until_complete(self.live())
        self._loop.close()

    async def live(self) -> None:
        """Serve until it is stopped."""
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port, backlog=4096)
        self.port = int(server.sockets[0].getsockname()[1])
        self._ready.set()
        await self._stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError)
        # Cancelled when the server stops; asyncio would report that as an error of its own.
        with contextlib.suppress(*gone):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection goes on."""
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        data = await reader.readexactly(int(headers.get("content-length", 0)))
        if "/batches" in path or "/files" in path:
            return await self._batch(method, path, data, reader, writer)
        body: Json = json.loads(data) if data else {}
        self.asked.append((path, headers, body))
        if self.behaviour.rates:  # a long run, whose requests are not recorded
            self.asked.clear()
        behaviour = self.behaviour
        if behaviour.always == "html":
            return await plain(writer, 200, PAGE, "text/html")
        if behaviour.key and headers.get("authorization") != f"Bearer {behaviour.key}":
            given = headers.get("authorization", "none")
            return await plain(writer, 401, error(f"Incorrect API key provided: {given}"))
        if not path.startswith(behaviour.base):
            return await plain(writer, 404, error("Not Found"))
        if path.endswith("/models") and behaviour.listing is not None:
            told = behaviour.listing
            if isinstance(told, deque):
                told = told.popleft() if told else behaviour.list()
            if isinstance(told, int):
                return await plain(writer, told, error("no list for you"))
            if told == "html":
                return await plain(writer, 200, PAGE, "text/html")
            return await plain(writer, 200, json.dumps(told).encode())
        if path.endswith("/models"):
            return await plain(writer, 200, behaviour.list())
        if not path.endswith("completions") or ("chat" not in path and "raw" not in behaviour.able):
            return await plain(writer, 404, error("Not Found"))
        return await self._completion(path, body, reader, writer)

    async def _batch(
        self,
        method: str,
        path: str,
        data: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        if self.batches is None:
            return await plain(writer, 404, error("Not Found"))
        found = self.batches.answer(method, path, data, self.behaviour)
        if found is None:
            await reader.read(1)
            return False
        return await plain(writer, found[0], found[1], after=found[2])

    async def _completion(
        self, path: str, body: Json, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        behaviour = self.behaviour
        fault = behaviour.fault()
        if refused := behaviour.strict & body.keys():
            names = ", ".join(sorted(refused))
            return await plain(writer, 400, error(f"Unrecognized request argument: {names}"))
        if (told := behaviour.refuses(body)) is not None:
            return await plain(writer, 400, told)
        if behaviour.picky and body.get("model") not in behaviour.models:
            return await plain(writer, 404, error(f"The model {body.get('model')} does not exist"))
        if fault.partition(":")[0].isdecimal():
            status, _, after = fault.partition(":")
            return await plain(writer, int(status), error("not now"), after=after)
        if fault == "html":
            return await plain(writer, 200, PAGE, "text/html")
        if fault == "hang":
            await reader.read(1)
            return False
        if fault == "reset":
            writer.transport.abort()
            return False
        self.running += 1
        self.most = max(self.most, self.running)
        gone = asyncio.ensure_future(reader.read(1))
        try:
            answer = Answer(behaviour, path, body, fault)
            if not body.get("stream"):
                await asyncio.sleep(behaviour.pace * answer.longest)
                return await plain(writer, 200, answer.whole())
            return await self._stream(answer, gone, writer)
        finally:
            with self._fewer:
                self.running -= 1
                self._fewer.notify_all()
            gone.cancel()
            # A reader is free again only once its waiting read is over.
            await asyncio.gather(gone, return_exceptions=True)

    async def _stream(
        self, answer: Answer, gone: asyncio.Future[bytes], writer: asyncio.StreamWriter
    ) -> bool:
        kind = b"text/plain" if answer.fault == "plain" else b"text/event-stream"
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % kind
        )
        async for event in answer.events():
            if gone.done() or writer.is_closing():
                self.dropped += 1
                return False
            data = event + (b"\r\n\r\n" if answer.fault == "crlf" else b"\n\n")
            writer.write(b"%x\r\n%s\r\n" % (len(data), data))
            await writer.drain()
        if answer.fault in ("broken", "late"):
            return False
        writer.write(b"0\r\n\r\n")
        return True


def error(message: str) -> Json:
    return {"error": {"message": message, "type": "invalid_request_error"}}


async def plain(
    writer: asyncio.StreamWriter,
    status: int,
    body: Json | bytes,
    kind: str = "application/json",
    after: str = "",
) -> bool:
    """Send an answer that is no stream."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    wait = f"Retry-After: {after}\r\n" if after else ""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{wait}Content-Length: {len(data)}"
    writer.write(head.encode() + b"\r\n\r\n" + data)
    await writer.drain()
    return True


def main(args: Iterable[str]) -> None:
    """Serve at a pace (seconds a token), with answers of so many tokens, until stdin ends; at a
    port, and with rates of faults, if they are given."""
    pace, tokens, *more = args
    port, rates = [*more, *("0", "{}")[len(more) :]]
    behaviour = Behaviour(pace=float(pace), tokens=int(tokens), rates=json.loads(rates))
    with ScriptedServer(behaviour, int(port)) as server:
        print(server.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
