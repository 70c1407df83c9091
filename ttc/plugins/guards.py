"""Wrappers around a plugin's objects that check each call and each result.

An exception of a plugin becomes a BackendError of one line that names the plugin
(`plugins.calling`); so does a result that the protocol does not allow. `isinstance` finds the
optional members of an object (`ttc.plugins.abilities`) through its guard.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from ttc import plugins
from ttc.errors import BackendError
from ttc.records import Verdict

T = TypeVar("T")


class Guarded:
    """A wrapper around a plugin's object that guards its attributes and calls."""

    # The types of the values of optional members.
    extras: ClassVar[Mapping[str, tuple[type, ...]]] = {}

    def __init__(self, group: str, name: str, inner: Any) -> None:
        self._group = group
        self._name = name
        self._inner = inner

    def __getattr__(self, member: str) -> Any:
        """Return an optional member; AttributeError if the object does not have it."""
        if member.startswith("__") or member in ("_group", "_name", "_inner"):
            raise AttributeError(member)
        return self._member(member)

    def _member(self, member: str) -> Any:
        try:
            value = self._call(f"tell its {member}", lambda: getattr(self._inner, member))
        except BackendError as error:
            if isinstance(error.__cause__, AttributeError):
                raise error.__cause__ from None
            raise
        if not callable(value):
            return self._expect(member, value)

        def guarded(*args: Any, **options: Any) -> Any:
            return self._expect(member, self._call(member, lambda: value(*args, **options)))

        return guarded

    def _needed(self, member: str, kind: type) -> Any:
        """Return a member that the protocol requires; BackendError if it has another type."""
        value = self._call(f"tell its {member}", lambda: getattr(self._inner, member))
        if not isinstance(value, kind):
            raise self._fault(f"has {a(value)} for its {member}, not {named(kind)}")
        return value

    def _call(self, what: str, act: Callable[[], T]) -> T:
        with plugins.calling(self._group, self._name, what):
            return act()

    def _expect(self, member: str, value: Any) -> Any:
        kinds = self.extras.get(member)
        if kinds is not None and not isinstance(value, kinds):
            raise self._fault(f"gave {a(value)} from {member}, not {named(kinds[0])}")
        return value

    def _fault(self, what: str) -> BackendError:
        return plugins.fault(self._group, self._name, what)


class GuardedMethod(Guarded):
    """A guarded selection rule or strategy; both have a name and needs."""

    @property
    def name(self) -> str:
        """The name of the rule or strategy."""
        name: str = self._needed("name", str)
        return name

    @property
    def needs(self) -> frozenset[str]:
        """What it needs: fields of an outcome, or capabilities of a backend."""
        return self._call("return its needs", lambda: frozenset(map(str, self._inner.needs)))


def a(value: Any) -> str:
    """Return the type of a value with an article: `a str`."""
    return "nothing" if value is None else f"a {type(value).__name__}"


def named(kind: type) -> str:
    """Return a type with an article: `a str`."""
    return f"a {kind.__name__}"


def verdict_fault(verdict: Any) -> str | None:
    """Return what is wrong with a verdict that a verifier returned; None if nothing is."""
    if not isinstance(verdict, Verdict):
        return f"the verifier gave {a(verdict)}, not a Verdict"
    kinds: dict[str, tuple[type, ...]] = {
        "answer": (str,),
        "correct": (bool,),
        "score": (int, float),
        "tokens": (int,),
    }
    for name, kind in kinds.items():
        value = getattr(verdict, name)
        if value is not None and not isinstance(value, kind):
            return f"the verifier gave {a(value)} for {name}"
    for name, most in (("score", sys.float_info.max), ("tokens", (1 << 63) - 1)):
        number = getattr(verdict, name)
        if isinstance(number, int) and abs(number) > most:
            return f"the verifier gave a number for {name} that is too large"
    if not all(isinstance(text, str) for text in (verdict.status, verdict.detail)):
        return "the verifier gave a status or a detail that is no text"
    return None
