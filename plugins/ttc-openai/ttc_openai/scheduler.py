"""Scheduling of draws over a server: when each is sent, tried again, given up or reported.

A draw is in one place at any time: waiting, running, or pausing before it is tried again. It leaves
through `_report`, once. All of it runs on one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from ttc.backends import Completion
from ttc_openai import server_traits
from ttc_openai.diagnosis import classify_error
from ttc_openai.draws import HttpCall, HttpDraw
from ttc_openai.errors import ExchangeError
from ttc_openai.http_exchange import HttpExchange
from ttc_openai.rate_limit import LONGEST_WAIT, RateLimit
from ttc_openai.retry_policy import RetryPolicy
from ttc_openai.server import ModelServer
from ttc_openai.stall_timeout import StallTimeout

# The most draws in one request (`n`).
_GROUP = 16


class Scheduler:
    """The open draws of a server. Completions go to `report`, from the event loop's thread."""

    def __init__(
        self, server: ModelServer, exchange: HttpExchange, report: Callable[[Completion], None]
    ) -> None:
        self._server, self._exchange, self._report = server, exchange, report
        self._loop = asyncio.get_running_loop()
        self._rate_limit = RateLimit(server.concurrency, server.traits.bears)
        self.stall_timeout = StallTimeout(server.options.timeout)
        self.retry_policy = RetryPolicy(server.options.retries)
        self._waiting: OrderedDict[str, HttpDraw] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self.running: dict[str, tuple[HttpCall, asyncio.Task[None]]] = {}
        self.pausing: dict[str, tuple[HttpDraw, asyncio.TimerHandle]] = {}
        # Why the server was given up, None as long as it is not.
        self._over: str | None = None
        # Gets the exception of a task that failed for a reason of our own.
        self.failed: asyncio.Future[None] = self._loop.create_future()
        self._stopping = False
        self._groups = server.traits.n and not server.traits.seed
        # When requests may be sent again, when the last one was sent, when the last data came, and
        # when the oldest open draw was queued.
        self._resumes = self._sent = self.alive = self.began = 0.0
        self.last_error = ""

    def enqueue(self, draw: HttpDraw) -> None:
        """Queue a draw, and send it if the limit allows."""
        if not self.running and not self.pausing:
            self.began = monotonic()
        self._waiting[draw.request.id] = draw
        self._fill()

    def cancel(self, request_id: str) -> None:
        """Report a draw as cancelled, with what it has; close its connection if it is alone."""
        if request_id in self.running:
            call, task = self.running.pop(request_id)
            draw = next(each for each in call.draws if each.request.id == request_id)
            draw.cancelled = True
            self._report(self._exchange.cancelled(draw))
            if call.over:
                # Leaving the exchange closes its connection, which stops the server's work.
                task.cancel()
            return
        if request_id in self.pausing:
            pausing, timer = self.pausing.pop(request_id)
            timer.cancel()
            self._report(self._exchange.cancelled(pausing))
            return
        if (waiting := self._waiting.pop(request_id, None)) is not None:
            self._report(self._exchange.cancelled(waiting))

    async def stop(self) -> None:
        """Cancel all that is running or pausing, without a report."""
        self._stopping = True
        for _, timer in self.pausing.values():
            timer.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def save_limit(self) -> None:
        """Keep the rate limit for the next run; without a file, that run starts afresh."""
        with contextlib.suppress(OSError):
            server_traits.keep_limit(self._server.address, self._rate_limit.saved)

    def _put_first(self, draw: HttpDraw) -> None:
        """Queue a draw again, before those that were never tried."""
        self._waiting[draw.request.id] = draw
        self._waiting.move_to_end(draw.request.id, last=False)

    def _fill(self) -> None:
        """Send what may be sent now."""
        while self._waiting and self._over is None and len(self._tasks) < self._limit:
            if self._resumes > monotonic():
                return
            call = HttpCall(self._group())
            self._sent = call.sent
            task = self._loop.create_task(self._run(call))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
            for draw in call.draws:
                self.running[draw.request.id] = (call, task)
        while self._waiting and self._over is not None:
            _, draw = self._waiting.popitem(last=False)
            self._give_up(draw, self._over)

    @property
    def _limit(self) -> int:
        """How many requests may be open now: one until a server in doubt has answered."""
        policy = self.retry_policy
        in_doubt = policy.doubtful or policy.gone is not None
        return 1 if in_doubt else self._rate_limit.limit

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) and not self.failed.done():
            self.failed.set_exception(error)
        if not self._stopping:
            self._fill()

    def _group(self) -> list[HttpDraw]:
        """Take the next draw, and the ones behind it that ask for the same."""
        _, first = self._waiting.popitem(last=False)
        draws, same = [first], first.kind
        while self._groups and self._waiting and len(draws) < _GROUP:
            following = next(iter(self._waiting.values()))
            if following.kind != same or following.tries:
                break
            draws.append(self._waiting.popitem(last=False)[1])
        return draws

    async def _run(self, call: HttpCall) -> None:
        """Exchange a call for its completions, or schedule another try."""
        try:
            await self._exchange.run(call)
        except asyncio.CancelledError:
            if self._stopping:
                raise
            if call.over:
                self._answered(call)
            else:
                self._failed(call, self._stalled(call))
        except Exception as error:  # noqa: BLE001 - whatever it is becomes the draw's error
            self._failed(call, self._classify(error))
        else:
            self._answered(call)

    def _stalled(self, call: HttpCall) -> ExchangeError:
        for draw in call.draws:
            draw.stalls += 1
        seconds = call.silent or self._server.options.timeout
        return self._classify(ExchangeError(f"silent for {seconds:g} s", again=True))

    def _classify(self, error: Exception) -> ExchangeError:
        """Return an error as an ExchangeError whose reason names the server."""
        address = self._server.address
        fault = classify_error(error, address, self._server.key)
        if not fault.reason.startswith(address.base_url):
            fault.reason = f"{address.base_url}: {fault.reason}"
        return fault

    def _answered(self, call: HttpCall) -> None:
        """Report the draws of a call; the server may have returned fewer than `n`."""
        self._rate_limit.record_success(call.sent)
        self.stall_timeout.record(call.sent, call.longest)
        for draw in call.draws:
            self.running.pop(draw.request.id, None)
            if draw.cancelled:
                continue
            if not draw.parser.over:
                # The server ignores n: ask for one draw at a time from now on.
                self._groups = False
                self._put_first(draw)
                continue
            counts = self._exchange.counts(call, draw, call.counts)
            fault = self._exchange.fault_of(draw, counts)
            if fault is None:
                assert draw.parser.finish is not None
                self.alive = monotonic()
                self.retry_policy.record_answer(draw, self.alive)
                self._report(draw.finish(draw.parser.finish, counts))
                continue
            fault = self._classify(fault)
            if fault.again:
                self._try_again(draw, fault, beside=False)
            else:  # decided by the model: asking until it decides otherwise would bias the draws
                self._report(draw.finish("error", counts, fault.reason))

    def _failed(self, call: HttpCall, fault: ExchangeError) -> None:
        """Try the draws of a call again later, or report why not."""
        now = monotonic()
        self.last_error = fault.reason.removeprefix(f"{self._server.address.base_url}: ")
        beside = len(self._tasks) > 1 or self._sent > call.sent
        if fault.after is not None and fault.after > LONGEST_WAIT:
            fault.reason += f"; it asks to come back in {fault.after:.0f} s"
            fault.after, fault.busy, fault.odd = None, False, True
        if fault.busy or fault.drops:
            self._rate_limit.record_rejection(call.sent, now, len(self._tasks))
        if fault.after is not None and self._rate_limit.crowded:
            self._hold(fault.after)
        heard = [each.moved for each, _ in self.running.values() if each.heard]
        self.alive = max(self.alive, *heard, 0.0)
        for draw in call.draws:
            self.running.pop(draw.request.id, None)
            if not draw.cancelled:
                self._try_again(draw, fault, beside)

    def _try_again(self, draw: HttpDraw, fault: ExchangeError, beside: bool) -> None:
        decision = self.retry_policy.decide(draw, fault, monotonic(), self.alive, beside)
        if decision.over and self._over is None:
            self._over = fault.reason
        if not decision.again:
            self._give_up(draw, fault.reason)
            return
        if self._limit == 1:
            self._hold(decision.pause)
        timer = self._loop.call_later(decision.pause, self._resume, draw.request.id)
        self.pausing[draw.request.id] = (draw, timer)

    def _give_up(self, draw: HttpDraw, reason: str) -> None:
        tries = f" (tried {draw.tries} times)" if draw.tries > 1 else ""
        self._report(draw.finish("error", error=reason + tries))

    def _hold(self, seconds: float) -> None:
        """Send nothing for some seconds."""
        self._resumes = max(self._resumes, monotonic() + seconds)
        self._loop.call_later(seconds + 0.01, self._fill)

    def _resume(self, request_id: str) -> None:
        draw, _ = self.pausing.pop(request_id)
        self._put_first(draw)
        self._fill()
