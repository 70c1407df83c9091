"""The shapes that there are, the most specific first."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

from ttc import plugins
from ttc.errors import UsageError
from ttc.formats import ReadsDraws, ReadsProblems, loading
from ttc.plugins.abilities import Ability

GENERIC = "generic"
ALIASES = {"jsonl": GENERIC}  # what the generic shape was called first
# Where ttc's own shapes are; some logs are read as problems too.
_PLACES = ("ttc.formats.shapes.", "ttc.formats.logs.")


@runtime_checkable
class ShowsChoices(Ability, Protocol):
    """A shape whose text around questions with choices can be changed."""

    def showing(self, template: str) -> ReadsProblems:
        """Return the shape with another text; UsageError if it shows no question or choices."""
        ...


class Shapes:
    """All shapes, by name and in the order in which they are tried.

    A shape with more `fields` comes before one with fewer, those of other packages before ttc's
    own, and the generic one comes last. A broken plugin is left out, with a note.
    """

    def __init__(self) -> None:
        self._named: dict[str, ReadsProblems] = {}
        self._own = own = dict[str, bool]()
        for name, entry in plugins.installed("formats").items():
            own[name] = plugins.distribution(entry)[0] == plugins.OWN_DISTRIBUTION
            if own[name] and not entry.value.startswith(_PLACES):
                continue
            made = loading.named(name) if own[name] else loading.unbroken(name)
            if isinstance(made, ReadsProblems):
                self._named[name] = made
        ranked = sorted(
            self._named, key=lambda name: (-self.weight(name), own[name], name == GENERIC, name)
        )
        self._order = {name: at for at, name in enumerate(ranked)}
        self._fitting: dict[frozenset[str], tuple[str, ...]] = {}

    def weight(self, name: str) -> int:
        """Return how many fields a shape needs."""
        return len(self._named[name].fields)

    def name(self, given: str) -> str:
        """Return the name of a shape as it is in `--format`. UsageError for an unknown one."""
        name = ALIASES.get(given, given)
        if name not in self._named:
            plain, colon, _ = given.partition(":")
            if colon and ALIASES.get(plain, plain) in self._named:
                raise UsageError(f"--format {given}: {plain} takes no options")
            if given in plugins.installed("formats"):
                logs = isinstance(loading.named(given), ReadsDraws)
                way = "logs: ttc import FILE --pool NAME" if logs else "what needs no --format"
                raise UsageError(f"--format {given}: it reads {way}")
            near = get_close_matches(given, plugins.installed("formats"), n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UsageError(f"--format {given}: {hint}ttc plugins --formats lists them")
        return name

    def is_own(self, name: str) -> bool:
        """Return whether a shape is ttc's own."""
        return self._own[name]

    def place(self, name: str) -> int:
        """Return the place of a shape in the order in which they are tried."""
        return self._order[name]

    def before(self, name: str, other: str) -> bool:
        """Return whether a shape is tried before another one."""
        return self._order[name] < self._order[other]

    def __getitem__(self, name: str) -> ReadsProblems:
        """Return the shape of a name."""
        return self._named[name]

    def best(self, record: Mapping[str, Any]) -> str | None:
        """Return the name of the most specific shape that matches a record, or None."""
        there = frozenset(record)
        if there not in self._fitting:
            self._fitting[there] = tuple(
                name for name in self._order if self._named[name].fields <= there
            )
        return next((name for name in self._fitting[there] if self._matches(name, record)), None)

    def _matches(self, name: str, record: Mapping[str, Any]) -> bool:
        if self.is_own(name):
            return self._named[name].matches(record)
        with plugins.calling("formats", name, "match a record"):
            return bool(self._named[name].matches(record))


@lru_cache(maxsize=8)
def _shapes(state: tuple[tuple[str, str], ...]) -> Shapes:
    return Shapes()


def shapes() -> Shapes:
    """Return all shapes that are installed."""
    entries = plugins.installed("formats")
    return _shapes(tuple((name, entry.value) for name, entry in entries.items()))
