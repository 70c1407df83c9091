"""The thread behind the four verbs: requests out over many connections, completions back in.

All state belongs to the thread's event loop; callers reach it with `call_soon_threadsafe` and hear
of it through a queue. A draw is in one place at any time: waiting, under way, or pausing before it
is tried again; and it leaves through `_report`, once.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import OrderedDict
from time import monotonic

from ttc.backends import Completion, Request
from ttc.errors import BackendError
from ttc.messages import notes
from ttc_openai import server_traits
from ttc_openai.client import async_client
from ttc_openai.draws import HttpCall, HttpDraw
from ttc_openai.errors import ExchangeError, classify_error
from ttc_openai.http_exchange import HttpExchange
from ttc_openai.rate_limit import LONGEST_WAIT, RateLimit, StallTimeout
from ttc_openai.retry_policy import RetryPolicy
from ttc_openai.server import ModelServer

# Draws that one request may ask for.
_GROUP = 16
# Seconds that an answer gets which is over, for its token counts and the end of its stream.
_REST = 10.0
# Seconds without a sign of life of which people are told.
_SILENCE = 30.0


class Dispatcher:
    """Sends requests to a server and brings completions back, on a thread of its own."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._options = server.options
        self._rate_limit = RateLimit(server.concurrency, server.traits.bears)
        self._stall_timeout = StallTimeout(self._options.timeout)
        self._retry_policy = RetryPolicy(self._options.retries)
        self._waiting: OrderedDict[str, HttpDraw] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: dict[str, tuple[HttpCall, asyncio.Task[None]]] = {}
        self._pausing: dict[str, tuple[HttpDraw, asyncio.TimerHandle]] = {}
        self._over: str | None = None
        self._broken = "the client is closed"
        self._groups = server.traits.n and not server.traits.seed
        # When requests may be sent again, when one last was, and when one last said something.
        self._resumes = self._sent = self._alive = 0.0
        self._began = self._resumes
        # What went wrong last.
        self._trouble = ""
        self._back: queue.SimpleQueue[Completion] = queue.SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="ttc-openai", daemon=True)
        self._ready = threading.Event()
        self._thread.start()
        self._ready.wait()

    def submit(self, request: Request) -> None:
        """Queue a request. BackendError if the thread has ended."""
        if not self._thread.is_alive():
            raise BackendError(f"{self._server.address.spec}: {self._broken}")
        self._loop.call_soon_threadsafe(self._enqueue, HttpDraw(request))

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
                    raise BackendError(f"{self._server.address.spec}: {self._broken}") from None

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
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            self._broken = f"the client ended by itself ({type(error).__name__}: {error})"
        finally:
            self._ready.set()
            self._loop.close()

    async def _live(self) -> None:
        self._stop = asyncio.Event()
        server = self._server
        client = async_client(server.address, server.key, self._options.timeout, server.concurrency)
        self._exchange = HttpExchange(client, server)
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
            with contextlib.suppress(OSError):  # it is found out again
                server_traits.keep_limit(server.address, self._rate_limit.kept)

    async def _watch(self) -> None:
        """End what has said nothing new for too long, however many bytes keep dripping in."""
        while True:
            await asyncio.sleep(min(self._options.timeout / 4, 1.0))
            for call, task in list(self._running.values()):
                before = max(draw.stalls for draw in call.draws)
                limit = self._stall_timeout.limit(call.moved, before)
                if call.over and not call.read:
                    limit = min(limit, _REST)
                if monotonic() - call.moved > limit and call.silent is None:
                    call.silent = limit
                    task.cancel()
            self._tell_silence()

    def _tell_silence(self) -> None:
        """Say once that nothing has come for long, though draws are asked for."""
        if not self._running and not self._pausing:
            return
        moved = [call.moved for call, _ in self._running.values() if call.heard]
        if monotonic() - max(self._began, self._alive, *moved) < _SILENCE:
            return
        where, last = self._server.address.base_url, f" ({self._trouble})" * bool(self._trouble)
        if self._retry_policy.ever:
            count = len(self._running) + len(self._pausing)
            notes.tell(f"{where}: nothing new for {_SILENCE:.0f} s{last}; {count} draws still open")
            return
        notes.tell(
            f"no answer yet from {where} after {_SILENCE:.0f} s{last}; "
            f"each request is given {self._options.timeout:g} s (the option timeout)"
        )

    def _enqueue(self, draw: HttpDraw) -> None:
        if not self._running and not self._pausing:
            self._began = monotonic()
        self._waiting[draw.request.id] = draw
        self._fill()

    def _first(self, draw: HttpDraw) -> None:
        """Put a draw back, before those that were never tried."""
        self._waiting[draw.request.id] = draw
        self._waiting.move_to_end(draw.request.id, last=False)

    def _fill(self) -> None:
        """Send what may be sent now."""
        while self._waiting and self._over is None and len(self._tasks) < self._room:
            if self._resumes > monotonic():
                return
            call = HttpCall(self._group())
            self._sent = call.sent
            task = self._loop.create_task(self._run(call))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
            for draw in call.draws:
                self._running[draw.request.id] = (call, task)
        while self._waiting and self._over is not None:
            _, draw = self._waiting.popitem(last=False)
            self._give_up(draw, self._over)

    @property
    def _room(self) -> int:
        """How many requests may be under way now: one, until a server in doubt has answered."""
        in_doubt = self._retry_policy.doubtful or self._retry_policy.gone is not None
        return 1 if in_doubt else self._rate_limit.limit

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._stop.is_set():
            self._fill()

    def _group(self) -> list[HttpDraw]:
        """Take the next draw, and with it those behind it that ask for the same."""
        _, first = self._waiting.popitem(last=False)
        draws, same = [first], first.kind
        while self._groups and self._waiting and len(draws) < _GROUP:
            following = next(iter(self._waiting.values()))
            if following.kind != same or following.tries:
                break
            draws.append(self._waiting.popitem(last=False)[1])
        return draws

    async def _run(self, call: HttpCall) -> None:
        """Exchange a job for its completions, or have it tried again."""
        try:
            await self._exchange.run(call)
        except asyncio.CancelledError:
            if self._stop.is_set():
                raise
            if call.over:
                self._answered(call)
            else:
                self._failed(call, self._silence(call))
        except Exception as error:  # noqa: BLE001 - whatever it is becomes the draw's error
            self._failed(call, self._understood(error))
        else:
            self._answered(call)

    def _silence(self, call: HttpCall) -> ExchangeError:
        for draw in call.draws:
            draw.stalls += 1
        seconds = call.silent or self._options.timeout
        return self._understood(ExchangeError(f"silent for {seconds:g} s", again=True))

    def _understood(self, error: Exception) -> ExchangeError:
        """Return what an error means, with the place where it was met."""
        address = self._server.address
        fault = classify_error(error, address, self._server.key)
        if not fault.reason.startswith(address.base_url):
            fault.reason = f"{address.base_url}: {fault.reason}"
        return fault

    def _answered(self, call: HttpCall) -> None:
        """Report the draws that came; the server may have given fewer than were asked for."""
        self._rate_limit.record_success(call.sent)
        self._stall_timeout.answered(call.sent, call.longest)
        for draw in call.draws:
            self._running.pop(draw.request.id, None)
            if draw.cancelled:
                continue
            if not draw.parser.over:
                # It ignores n: one by one from now on.
                self._groups = False
                self._first(draw)
                continue
            told = self._exchange.counts(call, draw, call.counts)
            fault = self._exchange.fault_of(draw, told)
            if fault is None:
                assert draw.parser.finish is not None
                self._alive = monotonic()
                self._retry_policy.answered(draw, self._alive)
                self._report(draw.finish(draw.parser.finish, told))
                continue
            fault = self._understood(fault)
            if fault.again:
                self._try_again(draw, fault, beside=False)
            else:  # the model's own doing: to ask until it does otherwise would choose its answers
                self._report(draw.finish("error", told, fault.reason))

    def _failed(self, call: HttpCall, fault: ExchangeError) -> None:
        """Try a job again later, or report why not."""
        now = monotonic()
        self._trouble = fault.reason.removeprefix(f"{self._server.address.base_url}: ")
        beside = len(self._tasks) > 1 or self._sent > call.sent
        if fault.after is not None and fault.after > LONGEST_WAIT:
            fault.reason += f"; it asks to come back in {fault.after:.0f} s"
            fault.after, fault.busy, fault.odd = None, False, True
        if fault.busy or fault.drops:
            self._rate_limit.record_rejection(call.sent, now, len(self._tasks))
        if fault.after is not None and self._rate_limit.crowded:
            self._hold(fault.after)
        heard = [each.moved for each, _ in self._running.values() if each.heard]
        self._alive = max(self._alive, *heard, 0.0)
        for draw in call.draws:
            self._running.pop(draw.request.id, None)
            if not draw.cancelled:
                self._try_again(draw, fault, beside)

    def _try_again(self, draw: HttpDraw, fault: ExchangeError, beside: bool) -> None:
        then = self._retry_policy.judge(draw, fault, monotonic(), self._alive, beside)
        if then.over and self._over is None:
            self._over = fault.reason
        if not then.again:
            self._give_up(draw, fault.reason)
            return
        if self._room == 1:
            self._hold(then.pause)
        timer = self._loop.call_later(then.pause, self._resume, draw.request.id)
        self._pausing[draw.request.id] = (draw, timer)

    def _give_up(self, draw: HttpDraw, reason: str) -> None:
        tries = f" (tried {draw.tries} times)" if draw.tries > 1 else ""
        self._report(draw.finish("error", error=reason + tries))

    def _hold(self, seconds: float) -> None:
        """Send nothing for a while."""
        self._resumes = max(self._resumes, monotonic() + seconds)
        self._loop.call_later(seconds + 0.01, self._fill)

    def _resume(self, request_id: str) -> None:
        draw, _ = self._pausing.pop(request_id)
        self._first(draw)
        self._fill()

    def _cancel(self, request_id: str) -> None:
        if request_id in self._running:
            call, task = self._running.pop(request_id)
            ended = next(each for each in call.draws if each.request.id == request_id)
            ended.cancelled = True
            self._report(self._exchange.cancelled(ended))
            if call.over:
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
