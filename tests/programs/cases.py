"""The form of a case: a right program, its tests, and changes that make it subtly wrong."""

from __future__ import annotations

from typing import Any, NamedTuple


class Case(NamedTuple):
    """A program that passes its tests, and twins of it that do not."""

    name: str
    program: str
    tests: str
    twins: tuple[str, ...]  # each "old => new"
    setup: str = ""
    entry_point: str = ""
    needs: str = ""  # a package that both sides import

    @property
    def reference(self) -> dict[str, Any]:
        """The reference of a sample."""
        given = {"tests": self.tests, "setup": self.setup, "entry_point": self.entry_point}
        return {name: text for name, text in given.items() if text}

    @property
    def wrong(self) -> dict[str, str]:
        """The wrong programs, by the change that made each."""
        return {twin: self._changed(twin) for twin in self.twins}

    def _changed(self, twin: str) -> str:
        old, _, new = twin.partition(" => ")
        assert old in self.program, f"{self.name}: {old!r} is not in the program"
        return self.program.replace(old, new)


def case(name: str, program: str, tests: str, *twins: str, **more: str) -> Case:
    """Return a case; texts may begin and end with empty lines."""
    assert twins, name
    return Case(name, program.strip("\n"), tests.strip("\n"), twins, **more)
