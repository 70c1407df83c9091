"""The judge's process: runs the tests and calls the candidate, which is in another process.

Only this process writes the verdict, to a pipe that the candidate's process never has.
"""

from __future__ import annotations

import builtins
import json
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ttc.verifiers.sandbox.inside import candidate, plain
from ttc.verifiers.sandbox.inside.running.counting import Counter
from ttc.verifiers.sandbox.inside.running.faults import BadReferenceError
from ttc.verifiers.sandbox.inside.running.tests import SETUP, TESTS, Run

_LONGEST = 500
# In the judge's process these would end a loop of the tests, so that the rest does not run.
_ENDING = (StopIteration, StopAsyncIteration)
Function = Callable[..., Any]


class GoneError(BaseException):
    """The candidate's process has ended or sent invalid data; no test may catch this."""


class CannotPassError(BaseException):
    """An argument has no plain form, so the tests must run in the candidate's process."""


class CandidateError(Exception):
    """The candidate raised an exception of its own class, or returned no plain data."""


class NoPlainFormError(CandidateError):
    """In the judge's own process, the candidate returned a value without a plain form."""


class Remote:
    """The candidate in another process; `function` makes proxies of its functions."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self.raised: BaseException | None = None
        self.asked = 0
        self.gone: str | None = None
        hello = self._ask(None)
        if "raised" in hello:
            self._raise(hello)

    def named(self, name: str) -> Function:
        """Return a function that calls the candidate's function of this name."""
        return self.function(name)

    def function(self, name: str) -> Function:
        """Return a function that calls the candidate's function of this name."""

        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                asked = {"name": name, "args": _listed(args), "kwargs": plain.encode(kwargs)}
            except plain.NotPlainError as error:
                raise CannotPassError(str(error)) from None
            reply = self._ask(asked)
            if "not_plain" in reply:
                self.raised = CandidateError(f"returned no plain data but {reply['not_plain']!r}")
                raise self.raised
            if "raised" in reply:
                self._raise(reply)
            for given, changed in zip(args, reply.get("changed", ()), strict=False):
                _assign(given, changed)
            return reply["value"]

        call.__name__ = call.__qualname__ = name
        return call

    def _ask(self, asked: dict[str, Any] | None) -> dict[str, Any]:
        try:
            if asked is not None:
                self.asked += 1
                plain.send(self._channel, asked)
            reply = plain.receive(self._channel)
            if not isinstance(reply, dict):
                raise ValueError("no object")
            if "value" in reply:
                reply["value"] = plain.decode(reply["value"])
                reply["changed"] = [plain.decode(each) for each in reply.get("changed", ())]
            elif not {"ready" if asked is None else "not_plain", "raised"} & set(reply):
                raise ValueError("no reply")
        except (EOFError, OSError):
            self.gone = "the program ended before its tests did"
            raise GoneError(self.gone) from None
        except Exception as error:  # noqa: BLE001
            self.gone = f"the program's process talks nonsense: {_line(error)}"
            raise GoneError(self.gone) from None
        return reply

    def _raise(self, reply: dict[str, Any]) -> None:
        name, message = str(reply["raised"]), str(reply.get("message", ""))
        kind: Any = getattr(builtins, name, None)
        self.raised = CandidateError(f"{name}: {message}")
        ordinary = isinstance(kind, type) and issubclass(kind, Exception)
        if ordinary and not issubclass(kind, _ENDING):
            with suppress(TypeError):  # such as UnicodeDecodeError, which takes five arguments
                self.raised = kind(message)
        raise self.raised


def _listed(args: tuple[Any, ...]) -> list[Any]:
    return [plain.encode(arg) for arg in args]


def _assign(given: Any, changed: Any) -> None:
    """Copy the changes that a call made to a mutable argument."""
    if type(given) is not type(changed):
        return
    if isinstance(given, (list, bytearray)):
        given[:] = changed
    elif isinstance(given, (dict, set)):
        given.clear()
        given.update(changed)


class Local:
    """The candidate in the judge's own process, for arguments without a plain form. Less secure."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self.raised: BaseException | None = None

    def function(self, name: str) -> Function:
        """Return a function that returns only plain copies, never the candidate's own objects."""

        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                value = self._namespace[name](*args, **kwargs)
            except BaseException as error:  # noqa: BLE001
                self.raised = _ordinary(error)
                raise self.raised from None
            try:
                return plain.decode(plain.encode(value))
            except plain.NotPlainError as error:
                self.raised = NoPlainFormError(f"returned no plain data but {error}")
                raise self.raised from None

        call.__name__ = call.__qualname__ = name
        return call


def judge(tests: Mapping[str, Any], connect: Callable[[], Remote]) -> dict[str, Any]:
    """Return the verdict: `why` is pass, fail, raised, gone, cannot_pass or bad_reference;
    `assertions` and `tests` are how many ran."""
    program: Remote | None = None
    run: Run | None = None
    try:
        run = Run(tests)
        program = connect()
        run.run(program)
        why, detail = "pass", ""
    except GoneError as error:
        why, detail = "gone", str(error)
    except CannotPassError as error:
        why, detail = "cannot_pass", str(error)
    except BadReferenceError as error:
        why, detail = "bad_reference", str(error)
    except BaseException as error:  # noqa: BLE001
        own = run is not None and (program is None or error is program.raised)
        why, detail = _failed(error, tests, own=own), _line(error)
        if why == "fail" and isinstance(error, AssertionError):
            detail = detail.removeprefix("AssertionError").removeprefix(": ")
    if program is not None and program.gone is not None:  # whatever the tests made of it
        why, detail = "gone", program.gone
    counter = Counter() if run is None else run.counter
    ran = {"assertions": counter.assertions, "tests": counter.tests}
    return {"why": why, "detail": detail[:_LONGEST], "nonce": tests["nonce"], **ran}


def _failed(error: BaseException, tests: Mapping[str, Any], *, own: bool) -> str:
    if own:
        name = getattr(error, "name", None) if isinstance(error, NameError) else None
        return "bad_reference" if name in tests.get("foreign", ()) else "raised"
    broken = isinstance(error, SyntaxError) and error.filename in (SETUP, TESTS)
    return "bad_reference" if broken or isinstance(error, ImportError) else "fail"


def _ordinary(error: BaseException) -> BaseException:
    """Return an exception of the candidate as one that only fails the test."""
    if isinstance(error, Exception) and not isinstance(error, _ENDING):
        return error
    known = candidate.told(error)
    return CandidateError(f"{known['raised']}: {known['message']}")


def _line(error: BaseException) -> str:
    known = candidate.told(error)
    if isinstance(error, CandidateError):
        return known["message"].replace("\n", " ")
    return f"{known['raised']}: {known['message']}".replace("\n", " ").removesuffix(": ")


def report(descriptor: int, verdict: dict[str, Any]) -> None:
    """Write the verdict as one line, in one write."""
    os.write(descriptor, json.dumps(verdict).encode("ascii") + b"\n")
