"""The thread behind the four verbs: requests out over many connections, completions back in.

All state belongs to the thread's event loop; callers reach it with `call_soon_threadsafe` and hear
of it through a queue. A draw is in one place at any time: waiting, under way, or pausing before it
is tried again; and it leaves through `_report`, once.
"""

from __future__ import annotations

import asyncio
import queue
import random
import threading
from collections import OrderedDict
from time import monotonic

from ttc.backends import Completion, Request
from ttc_openai.client import async_client
from ttc_openai.draws import Draw, Job
from ttc_openai.exchange import Exchange
from ttc_openai.faults import ExchangeError, understood
from ttc_openai.pace import PATIENCE, Pace, pause
from ttc_openai.reading import Usage
from ttc_openai.server import Server

# Draws that one request may ask for.
_GROUP = 16


class Courier:
    """Sends requests to a server and brings completions back, on a thread of its own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._options = server.options
        self._pace = Pace(server.concurrency)
        self._waiting: OrderedDict[str, Draw] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: dict[str, tuple[Job, asyncio.Task[None]]] = {}
        self._pausing: dict[str, tuple[Draw, asyncio.TimerHandle]] = {}
        self._chance = random.Random()
        self._over: str | None = None
        self._groups = server.traits.n and not server.traits.seed
        self._resumes = self._answered_at = 0.0
        self._back: queue.SimpleQueue[Completion] = queue.SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="ttc-openai", daemon=True)
        self._ready = threading.Event()
        self._thread.start()
        self._ready.wait()

    def submit(self, request: Request) -> None:
        """Queue a request."""
        self._loop.call_soon_threadsafe(self._enqueue, Draw(request))

    def cancel(self, request_id: str) -> None:
        """End a request where it is."""
        self._loop.call_soon_threadsafe(self._cancel, request_id)

    def wait(self) -> Completion:
        """Return the next completion; blocks until there is one."""
        while True:
            try:
                # Without a timeout, Ctrl-C would not be heard on every platform.
                return self._back.get(timeout=1.0)
            except queue.Empty:
                if not self._thread.is_alive():
                    raise

    def close(self) -> None:
        """Close every connection and end the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._live())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()

    async def _live(self) -> None:
        self._stop = asyncio.Event()
        server = self._server
        client = async_client(server.address, server.key, self._options.timeout, server.concurrency)
        self._exchange = Exchange(client, server)
        self._ready.set()
        watch = asyncio.create_task(self._watch())
        try:
            await self._stop.wait()
        finally:
            tasks = [watch, *self._tasks]
            for _, timer in self._pausing.values():
                timer.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.close()

    async def _watch(self) -> None:
        """End what has said nothing new for too long, however many bytes keep dripping in."""
        limit = self._options.timeout
        while True:
            await asyncio.sleep(min(limit / 4, 10.0))
            for job, task in list(self._running.values()):
                if monotonic() - job.moved > limit:
                    task.cancel()

    def _enqueue(self, draw: Draw) -> None:
        self._waiting[draw.request.id] = draw
        self._fill()

    def _first(self, draw: Draw) -> None:
        """Put a draw back, before those that were never tried."""
        self._waiting[draw.request.id] = draw
        self._waiting.move_to_end(draw.request.id, last=False)

    def _fill(self) -> None:
        """Send what may be sent now."""
        while self._waiting and self._over is None and len(self._tasks) < self._pace.limit:
            if self._resumes > monotonic():
                return
            job = Job(self._group())
            task = self._loop.create_task(self._run(job))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
            for draw in job.draws:
                self._running[draw.request.id] = (job, task)
        while self._waiting and self._over is not None:
            _, draw = self._waiting.popitem(last=False)
            self._report(draw.finish("error", error=self._over))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._stop.is_set():
            self._fill()

    def _group(self) -> list[Draw]:
        """Take the next draw, and with it those behind it that ask for the same."""
        _, first = self._waiting.popitem(last=False)
        draws, same = [first], first.kind
        while self._groups and self._waiting and len(draws) < _GROUP:
            following = next(iter(self._waiting.values()))
            if following.kind != same or following.tries:
                break
            draws.append(self._waiting.popitem(last=False)[1])
        return draws

    async def _run(self, job: Job) -> None:
        """Exchange a job for its completions, or have it tried again."""
        sent = monotonic()
        try:
            counts = await self._exchange.run(job)
        except asyncio.CancelledError:
            if self._stop.is_set():
                raise
            if job.over:
                self._answered(job, Usage())
            else:
                silence = f"{self._server.address.base_url}: silent for {self._options.timeout:g} s"
                self._failed(job, ExchangeError(silence, again=True), sent)
        except Exception as error:  # noqa: BLE001 - whatever it is becomes the draw's error
            server = self._server
            self._failed(job, understood(error, server.address, server.key), sent)
        else:
            self._pace.went_well()
            self._answered_at = monotonic()
            self._answered(job, counts)

    def _answered(self, job: Job, counts: Usage) -> None:
        """Report the draws that came; the server may have given fewer than were asked for."""
        for draw in job.draws:
            if draw.cancelled:
                continue
            reading = draw.reading
            self._running.pop(draw.request.id, None)
            if reading.finish is None and reading.error is None:
                # It ignores n: one by one from now on.
                self._groups = False
                self._first(draw)
                continue
            told = self._exchange.counts(job, draw, counts)
            error = reading.error or self._exchange.fault_of(draw, told)
            if error is not None:
                where = self._server.address.base_url
                self._report(draw.finish("error", told, f"{where}: {error}"))
            else:
                assert reading.finish is not None
                self._report(draw.finish(reading.finish, told))

    def _failed(self, job: Job, fault: ExchangeError, sent: float) -> None:
        """Try a job again later, or report why not."""
        now = monotonic()
        if fault.busy:
            self._pace.overloaded(sent, now)
        if fault.drops:
            self._pace.cap()
        patient = fault.after is None or fault.after <= PATIENCE
        for draw in job.draws:
            self._running.pop(draw.request.id, None)
            if draw.cancelled:
                continue
            if fault.again and patient and draw.tries < self._options.retries:
                self._again(draw, fault)
                continue
            # A server that answered others meanwhile is still there.
            if fault.all and (not fault.again or self._answered_at < (draw.failed or now)):
                self._over = fault.reason
            reason = fault.reason
            if not patient:
                reason += f"; it asks to come back in {fault.after:.0f} s"
            elif draw.tries:
                reason += f" (tried {draw.tries + 1} times)"
            self._report(draw.finish("error", error=reason))
        if fault.after is not None and patient:
            self._resumes = max(self._resumes, now + fault.after)
            self._loop.call_later(fault.after + 0.01, self._fill)

    def _again(self, draw: Draw, fault: ExchangeError) -> None:
        draw.tries += 1
        draw.failed = draw.failed or monotonic()
        wait = pause(draw.tries - 1, fault.after, self._chance)
        timer = self._loop.call_later(wait, self._resume, draw.request.id)
        self._pausing[draw.request.id] = (draw, timer)

    def _resume(self, request_id: str) -> None:
        draw, _ = self._pausing.pop(request_id)
        self._first(draw)
        self._fill()

    def _cancel(self, request_id: str) -> None:
        if request_id in self._running:
            job, task = self._running.pop(request_id)
            ended = next(each for each in job.draws if each.request.id == request_id)
            ended.cancelled = True
            self._report(self._exchange.cancelled(ended))
            if job.over:
                # Leaving the exchange closes its connection, by which servers know.
                task.cancel()
            return
        if request_id in self._pausing:
            pausing, timer = self._pausing.pop(request_id)
            timer.cancel()
            self._report(self._exchange.cancelled(pausing))
            return
        if (draw := self._waiting.pop(request_id, None)) is not None:
            self._report(self._exchange.cancelled(draw))

    def _report(self, done: Completion) -> None:
        self._back.put(done)
