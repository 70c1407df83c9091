"""One end of the connection: requests to the other end, and its requests while one waits.

Both ends number the objects that they send by reference. Requests are nested and strictly
synchronous: an end that waits for a reply serves the other's requests.
"""

from __future__ import annotations

import socket
from _thread import RLock  # `threading` would make every fork slower
from collections.abc import Callable
from typing import Any

from ttc.verifiers.sandbox.inside.objects import errors
from ttc.verifiers.sandbox.inside.objects.asking import AskingProxies
from ttc.verifiers.sandbox.inside.objects.errors import GoneError as GoneError
from ttc.verifiers.sandbox.inside.values import wire
from ttc.verifiers.sandbox.inside.values.shared import Shared, assign

_DEEPEST = 70  # nested requests; each takes some ten frames of Python


class Peer(AskingProxies):
    """One end. `serve` performs an operation that the other end asks for."""

    def __init__(self, channel: socket.socket, serve: Callable[..., Any]) -> None:
        super().__init__()
        self._channel, self._serve = channel, serve
        self._lock = RLock()
        self._depth, self._decoding = 0, False
        self.requests = 0
        self.gone: str | None = None
        self._lost: list[int] = []  # containers that the other end does not hold any more
        self.around: Any = None  # the end of `inside.surroundings` in this process
        self.makes_around: Callable[[], Any] | None = None  # when the other end has the first word

    def request(self, op: str, operands: list[Any], kwargs: dict[str, Any] | None = None) -> Any:
        """Ask the other end for an operation; return its value, or raise its exception."""
        with self._lock:
            if self.gone is not None:
                raise GoneError(self.gone)
            if self._depth > _DEEPEST:
                raise RecursionError("calls between program and tests nest too deeply")
            self._depth += 1
            self.requests += 1
            outer, decoding, self._decoding = self.shared, self._decoding, False
            if decoding:  # half a message is decoded, so its containers have no numbers yet
                self.shared = Shared()
            try:
                return self._exchange(op, operands, kwargs, fresh=decoding)
            finally:
                self._depth -= 1
                self._decoding = decoding
                if decoding:
                    self.shared = outer
                elif not self._depth:
                    self._ended()

    def _ended(self) -> None:
        """Forget the containers of a call, except for those that may still be held."""
        if self.shared.objects:
            self.kept.remember(self.shared.objects)
            self.shared.forget()

    def _exchange(
        self, op: str, operands: list[Any], kwargs: dict[str, Any] | None, *, fresh: bool
    ) -> Any:
        message: dict[str, Any] = {"do": op, "fresh": True} if fresh else {"do": op}
        if self._depth == 1 and (self._lost or self.kept.busy):
            self._keep(message)
        start = self.mark()
        try:
            message["v"] = [self.encode(each) for each in operands]
            if kwargs:
                message["k"] = {name: self.encode(each) for name, each in kwargs.items()}
            self._add_changes(message, last=False)
            if self.around is not None:
                self._take_around(message)
            if self.dropped:
                message["drop"] = self.take_dropped()
            wire.send(self._channel, message)
        except OSError:
            raise self.lost() from None
        except BaseException:
            self.undo(start)
            raise
        try:
            failed, value = self._reply()
        except GoneError:
            raise
        except Exception as error:  # noqa: BLE001
            raise self.nonsense(error) from None
        if failed:
            raise self.raising(op, operands, value)
        return value

    def _reply(self) -> tuple[bool, Any]:
        """Wait for the reply, and answer requests meanwhile; return whether it is an exception."""
        while True:
            reply = self._received()
            if "do" in reply:
                self._nested(reply)
                continue
            self._decoding = True
            failed = "x" in reply
            value = errors.decode(self, reply["x"]) if failed else self.decode(reply["v"])
            self._apply_changes(reply)
            if "around" in reply:
                self._give_around(reply)
            self._decoding = False
            if self._depth > 1:
                self.shared.watch()
            return failed, value

    def _keep(self, message: dict[str, Any]) -> None:
        """Agree with the other end on what is kept of the last call."""
        released, offers = [*self._lost, *self.kept.release()], self.kept.offers()
        self._lost = []
        self.kept.take(offers)
        if released or offers:
            message["keep"] = [released, offers]

    def _kept(self, message: dict[str, Any]) -> None:
        """Keep what the other end offers."""
        released, offers = message.get("keep", ((), ()))
        self.kept.forget(released)
        self.kept.take(offers)

    def _received(self) -> dict[str, Any]:
        try:
            message = wire.receive(self._channel)
        except (EOFError, OSError):
            raise self.lost() from None
        if type(message) is not dict:
            raise ValueError("no message")
        return message

    def raising(self, op: str, operands: list[Any], error: BaseException) -> BaseException:
        """Return the exception to raise for one that the other end raised."""
        return error

    def lost(self) -> GoneError:
        """Return the error of a channel that is closed, which is final."""
        self.gone = self.gone or "the program ended before its tests did"
        return GoneError(self.gone)

    def nonsense(self, error: BaseException) -> GoneError:
        """Return the error of a message that means nothing, which is final."""
        what = f"{type(error).__name__}: {error}"[:200].replace("\n", " ")
        self.gone = self.gone or f"the program's process talks nonsense: {what}"
        return GoneError(self.gone)

    def answer(self) -> None:
        """Wait for a request and answer it; EOFError at the end of the channel."""
        message = wire.receive(self._channel)
        self._depth += 1
        try:
            if message.get("fresh") is True:  # the other end is still decoding the last reply
                self._nested(message)
            else:
                if "keep" in message or self.kept.busy:
                    self._kept(message)
                self._answer(message)
        finally:
            self._depth -= 1
            if message.get("fresh") is not True:
                self._ended()

    def _nested(self, message: dict[str, Any]) -> None:
        """Answer a request that comes while this end waits for a reply."""
        if message.get("fresh") is not True:
            self._answer(message)
            return
        outer, self.shared = self.shared, Shared()
        try:
            self._answer(message)
        finally:
            self.shared = outer

    def _answer(self, message: dict[str, Any]) -> None:
        self._decoding = True
        operands = [self.decode(each) for each in message["v"]]
        kwargs = {name: self.decode(each) for name, each in message.get("k", {}).items()}
        self._apply_changes(message)
        if "around" in message:
            self._give_around(message)
        self._decoding = False
        for handle in message.get("drop", ()):
            self.drop(handle)
        self.shared.watch()
        last, failed = self._depth <= 1, False
        try:
            value = self._serve(message["do"], operands, kwargs)
        except GoneError:
            raise
        except BaseException as error:  # noqa: BLE001
            value, failed = error, True
        start = self.mark()
        try:
            reply = {"x": errors.encode(self, value)} if failed else {"v": self.encode(value)}
            if last and self.kept.pairs and (lost := self.kept.unheld()):
                reply["lost"] = lost
            self._add_changes(reply, last=last)
            if self.around is not None:
                self._take_around(reply)
            wire.send(self._channel, reply)
        except OSError:
            raise self.lost() from None
        except Exception as error:  # noqa: BLE001
            self.undo(start)
            wire.send(self._channel, {"x": errors.encode(self, error)})

    def _take_around(self, message: dict[str, Any]) -> None:
        if (told := self.around.outgoing()) is not None:
            message["around"] = self.encode(told)

    def _give_around(self, message: dict[str, Any]) -> None:
        if self.around is None and self.makes_around is not None:
            self.around = self.makes_around()
        if self.around is not None:
            self.around.incoming(self.decode(message["around"]))

    def _add_changes(self, message: dict[str, Any], *, last: bool) -> None:
        shared = self.shared
        changes = [
            [number, self.content(shared.objects[number])] for number in shared.changed(last=last)
        ]
        if changes:
            message["ch"] = changes
        if self.kept.pairs and (numbers := self.kept.changed()):
            pairs = self.kept.pairs
            message["kept"] = [[number, self.content(pairs[number][0])] for number in numbers]

    def _apply_changes(self, message: dict[str, Any]) -> None:
        shared = self.shared
        for number, content in message.get("ch", ()):
            if type(number) is not int or number < 0:
                raise ValueError("no number of a container")
            container = shared.objects[number]
            assign(container, self.uncontent(container, content))
            shared.snap(number)
        for number, content in message.get("kept", ()):
            container = self.kept.pairs[number][0]
            assign(container, self.uncontent(container, content))
            self.kept.snap(number)
        if "lost" in message:
            self._lost += message["lost"]
            self.kept.forget(message["lost"])
