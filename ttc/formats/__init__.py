"""Formats: how files become records, records problems, and logs of other tools draws; and back.

An entry point of the group `ttc.formats` names a class without arguments. The protocols here say
what its objects can do, and one format may do several of them: CSV is read as records and written
as an export. Each has a `name`: that in `--format` and in notes. `ttc.testing.FormatContract` tests
a format.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol, runtime_checkable

from ttc.jsonl import Line
from ttc.plugins.abilities import Ability
from ttc.records import Problem, Sample, Verdict


@runtime_checkable
class Unpacks(Ability, Protocol):
    """A compression, known by the first bytes of a file."""

    def packed(self, head: bytes) -> bool:
        """Return whether a file that begins so is packed in this way."""
        ...

    def unpack(self, stream: BinaryIO, place: str) -> BinaryIO:
        """Return the unpacked bytes. UsageError with the place if that cannot be done."""
        ...


@runtime_checkable
class ReadsRecords(Ability, Protocol):
    """A kind of file that holds records: JSON lines, CSV, Parquet, …"""

    suffixes: tuple[str, ...]

    def holds_records(self, head: bytes) -> bool:
        """Return whether a file that begins so is of this kind."""
        ...

    def records(self, stream: BinaryIO, place: str) -> Iterator[Line]:
        """Yield the records with their places. BadLineError for a malformed one, UsageError for a
        file that cannot be read; both name the place."""
        ...


@runtime_checkable
class ReadsProblems(Ability, Protocol):
    """The shape of a dataset's records.

    fields: those that a record must have; of the shapes that match, the one with most fields reads.
    template: the text around a question in a chat, with `{prompt}`; None: the question alone.
    """

    fields: frozenset[str]
    template: str | None

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether a record that has all of `fields` is one of this shape."""
        ...

    def problem(self, record: Mapping[str, Any], default_id: str) -> Problem:
        """Return the problem of a record; KeyError or ValueError names what is missing.

        The caller notes which fields are read, and tells the user of all others.
        """
        ...


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict and whose it is: the name, version and options of a verifier or of another tool."""

    verifier: str
    verdict: Verdict
    version: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draw:
    """A draw as a log has it, or as an export gets it: the problem, its sample, and what verifiers
    said of it.

    A problem without messages and prompt is one whose question the log does not have. A sample
    that is `cancelled` or an `error` is an attempt, and `error` says why. `place` is where it was
    read, `version` that of the tool that wrote the log, `unused` the fields that nothing reads.
    `id` tells the draw from all others of its problem, in whatever copy of the log; without one,
    the texts of the log tell its draws from those of other logs. `fixed`: its index does, as in
    lines of ttc.
    """

    problem: Problem
    sample: Sample
    opinions: tuple[Opinion, ...] = ()
    place: str = ""
    id: str | None = None
    fixed: bool = False
    error: str = ""
    version: str = ""
    unused: frozenset[str] = frozenset()


@runtime_checkable
class ReadsDraws(Ability, Protocol):
    """A log of samples as another tool writes it.

    An attribute `tool` names the tool if its name is not that of the format. `ttc import` keeps
    pools of different tools apart.
    """

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether a file or folder is such a log."""
        ...

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a log. `options` are those of the format (`filter=strict-match`);
        UsageError for one that it does not know. UsageError names the place of bad input."""
        ...


@runtime_checkable
class WritesDraws(Ability, Protocol):
    """A format that pools are exported to. `suffix` is that of its files, with the dot."""

    suffix: str

    def write(self, draws: Iterable[Draw], stream: BinaryIO) -> list[str]:
        """Write draws; return what the format cannot hold, a line each, for the user."""
        ...


@runtime_checkable
class HoldsVerdicts(Ability, Protocol):
    """A format of exports that holds what several verifiers say of a draw."""

    several_verdicts: bool


@runtime_checkable
class WritesFiles(Ability, Protocol):
    """A format of exports that is more than one file."""

    def write_files(self, draws: Iterable[Draw], target: Path) -> list[str]:
        """Write draws to `target` and to files beside it; return what the format cannot hold."""
        ...
