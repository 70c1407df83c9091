"""The candidate, seen from the judge's process."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any

from ttc.verifiers.sandbox.inside.surroundings import tests as around_tests
from ttc.verifiers.sandbox.inside.trust.peer import JudgePeer


class Remote:
    """The program in another process; raises what the program raised when it was loaded.

    `raised` is the last exception of the program, `gone` says why its process is lost (final),
    `asked` counts the requests, and `compared` tells whose `__eq__`, `__hash__`, `__bool__` or
    ordering decided: "named" for classes that the tests name, "unnamed" for others.
    """

    def __init__(self, channel: socket.socket, tests: Mapping[str, Any]) -> None:
        self._peer = JudgePeer(channel, tests["setup"] + tests["tests"])
        self._peer.around = around_tests.of(tests)
        self._names = self._peer.names(list(tests["names"]), list(tests.get("shared", ())))
        self._before = self._peer.requests

    @property
    def raised(self) -> BaseException | None:
        """The last exception of the program that was raised here."""
        return self._peer.raised

    @property
    def gone(self) -> str | None:
        """Why the program's process is lost, None if it is not."""
        return self._peer.gone

    @property
    def asked(self) -> int:
        """How often the program was asked for something, after it was loaded."""
        return self._peer.requests - self._before

    @property
    def compared(self) -> frozenset[str]:
        """Which of the program's classes decided a comparison: "named", "unnamed"."""
        return frozenset(self._peer.compared)

    @property
    def swallowed(self) -> bool:
        """Whether an assertion of the tests failed where the program caught what it raised."""
        return self._peer.swallowed

    def share(self, classes: Mapping[str, type]) -> None:
        """Take classes that the program has too, since the setup defines them."""
        self._peer.twins.update(classes)

    def names(self) -> dict[str, Any]:
        """Return what the program has under the names that the tests use."""
        return dict(self._names)

    def named(self, name: str) -> Any:
        """Return what the program has under a name; if nothing, a function that raises
        NameError."""
        found = self._names if name in self._names else self.find(name)
        return found[name] if name in found else self._missing(name)

    def find(self, name: str) -> dict[str, Any]:
        """Return this name with what the program has under it; an empty dict if nothing."""
        if name in self._names:
            return {name: self._names[name]}
        return self._peer.names([name], [])

    def _missing(self, name: str) -> Callable[..., Any]:
        def missing(*args: Any, **kwargs: Any) -> Any:
            self._peer.raised = NameError(f"name {name!r} is not defined", name=name)
            raise self._peer.raised

        missing.__name__ = missing.__qualname__ = name
        return missing
