"""Generators, iterators and coroutines of the other side.

They become real generators and coroutines here, which ask for one step after the other. From a
generator that is only iterated, larger and larger blocks are taken, unless other requests come in
between, which could depend on how far it is.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import suppress
from time import perf_counter
from typing import Any

from ttc.verifiers.sandbox.inside.objects.errors import GoneError

_SINGLE, _LARGEST = 16, 256  # items that come one by one; items of a block
_BLOCK = 0.002  # seconds to make a block
SLICE = 0.001  # seconds for which the other side's event loop runs at a time
MORE, STOPPED, RAISED = 0, 1, 2


def kind_of(value: Any) -> str | None:
    """Return what a proxy has to be: gen, coro, agen or iter; None for other objects."""
    if isinstance(value, types.GeneratorType):
        return "gen"
    if isinstance(value, types.CoroutineType):
        return "coro"
    if isinstance(value, types.AsyncGeneratorType):
        return "agen"
    kind = type(value)
    if isinstance(value, Iterator) and kind.__module__ in ("builtins", "itertools"):
        return "iter"
    return None


def make(kind: str, name: str, peer: Any, handle: Any) -> Any:
    """Return a generator, coroutine, asynchronous generator or iterator for a handle."""
    made: Any = {"gen": _generator, "iter": _generator, "coro": _coroutine, "agen": _agen}[kind]
    stream = made(peer, handle)
    if kind != "agen":
        stream.__name__ = stream.__qualname__ = name
    return stream


def _generator(peer: Any, handle: Any) -> Generator[Any, Any, Any]:
    """Yield what the other side's generator yields; pass on what is sent and thrown."""
    ready: deque[Any] = deque()
    taken, size, seen = 0, 1, -1
    sent: Any = None
    ending: list[Any] = [MORE, None]
    how: str
    given: Any
    how, given = "send", None
    while True:
        if ready and how == "send" and given is None:
            value = ready.popleft()
        else:
            if ending[0] != MORE:
                break
            quiet = seen == peer.requests and how == "send" and given is None
            size = min(2 * size, _LARGEST) if quiet and taken >= _SINGLE else 1
            items, *ending = peer.request("next", [handle, size, how, given])
            seen = peer.requests
            ready.extend(items)
            if not ready:
                break
            value = ready.popleft()
        taken += 1
        how, given = "send", None
        try:
            sent = yield value
            given = sent
        except GeneratorExit:
            with suppress(GoneError):  # nobody is there who could catch it
                peer.request("next", [handle, 1, "close", None])
            raise
        except BaseException as error:  # noqa: BLE001
            how, given = "throw", error
    if ending[0] == RAISED:
        raise peer.raising("call", [], ending[1])
    return ending[1]


def step(stream: Any, size: int, how: str, given: Any) -> tuple[Any, ...]:
    """Return the next items of an iterator, how it ended (MORE, STOPPED, RAISED) and with what."""
    items: list[Any] = []
    began = perf_counter()
    try:
        if how == "close":
            stream.close()
            return items, STOPPED, None
        if how == "throw":
            items.append(stream.throw(given))
        elif given is not None:
            items.append(stream.send(given))
        while len(items) < size and (not items or perf_counter() - began < _BLOCK):
            items.append(next(stream))
    except StopIteration as error:
        return items, STOPPED, error.value
    except BaseException as error:  # noqa: BLE001
        return items, RAISED, error
    return items, MORE, None


async def drive(peer: Any, handle: Any, how: str = "await", given: Any = None) -> Any:
    """Run an awaitable of the other side, whose event loop gets slices of time."""
    import asyncio

    task = peer.request("task", [handle, how, given])
    try:
        while True:
            done, failed, value = peer.request("poll", [task])
            if done:
                if failed:
                    raise peer.raising("await", [], value)
                return value
            await asyncio.sleep(0)
    except (asyncio.CancelledError, GeneratorExit):
        with suppress(GoneError):
            peer.request("cancel", [task])
        raise


async def _coroutine(peer: Any, handle: Any) -> Any:
    return await drive(peer, handle)


async def _agen(peer: Any, handle: Any) -> AsyncIterator[Any]:
    how: str
    given: Any
    how, given = "asend", None
    while True:
        try:
            value = await drive(peer, handle, how, given)
        except StopAsyncIteration:
            return
        try:
            how, given = "asend", (yield value)
        except GeneratorExit:
            await drive(peer, handle, "aclose")
            raise
        except Exception as error:  # noqa: BLE001
            how, given = "athrow", error


class Tasks:
    """Awaitables that the other side drives, in an event loop of this side."""

    def __init__(self) -> None:
        self._tasks: dict[int, Any] = {}
        self._started = 0
        self._loop: Any = None

    def start(self, awaitable: Any, how: str, given: Any) -> int:
        """Make a task of an awaitable, or of a step of an asynchronous generator."""
        import asyncio

        if how != "await":
            args = () if how == "aclose" else (given,)
            awaitable = getattr(awaitable, how)(*args)

        async def run() -> Any:
            try:
                return False, await awaitable
            except StopAsyncIteration as error:
                return True, error

        self._started += 1
        self._tasks[self._started] = self._running(asyncio).create_task(run())
        return self._started

    def _running(self, asyncio: Any) -> Any:
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            if self._loop is None or self._loop.is_closed():
                self._loop = asyncio.new_event_loop()
            return self._loop

    def poll(self, number: int) -> tuple[bool, bool, Any]:
        """Run the loop for a while; return whether a task is done, whether it failed, its value."""
        import asyncio

        task = self._tasks[number]
        loop = self._running(asyncio)
        if not task.done() and not loop.is_running():
            loop.run_until_complete(asyncio.wait({task}, timeout=SLICE))
        if not task.done():
            return False, False, None
        del self._tasks[number]
        if task.cancelled():
            return True, True, asyncio.CancelledError()
        if (error := task.exception()) is not None:
            return True, True, error
        return (True, *task.result())

    def cancel(self, number: int) -> None:
        """Cancel a task and let it end."""
        if (task := self._tasks.get(number)) is not None:
            task.cancel()
            self.poll(number)
