"""Which shape reads the records of a source, and how one record becomes a problem."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ttc import plugins
from ttc.errors import UsageError
from ttc.formats import ReadsProblems
from ttc.formats.mapping import fields_used
from ttc.formats.shapes import refusals
from ttc.formats.shapes.choices import check
from ttc.formats.shapes.known import GENERIC, ShowsChoices, shapes
from ttc.formats.shapes.noting import Notes, Noting
from ttc.formats.shapes.shape import Shape
from ttc.jsonl import BadLineError, Line
from ttc.problems import tagging
from ttc.problems.telling import SKIP
from ttc.records import Problem

FIRST = 20  # records that decide the shape
# Fields that a user names with --map, and that the shape must therefore read.
_MAPPED = ("prompt", "question", "messages", "answer", "choices", "reference")
_ASKED = {"prompt", "question", "messages"}
_LISTED = 12  # fields that an error lists


class Reader:
    """Reads the records of one source: the shape is that of the first ones, or the `form` that the
    user named.

    `used` are the fields that --map reads, and `tags` those that the user wants as tags (name →
    field). `choices` is the text around a question with choices, None for that of the shape.
    UsageError if there is no shape, or the records are no problems.
    """

    def __init__(
        self,
        first: Sequence[Line],
        form: str | None,
        mapping: Mapping[str, str],
        tags: Mapping[str, str],
        choices: str | None = None,
    ) -> None:
        self.notes = Notes()
        self._known = shapes()
        self._form = form
        self._tags = tags
        self._ours = {name.partition(".")[0] for name in mapping}
        self._mapped = self._ours.intersection(_MAPPED)
        self._used = fields_used(mapping)
        self._template = None if choices is None else check(choices)
        self._made: dict[str, ReadsProblems] = {}
        if form is None and not self._ours & _ASKED:
            _refuse_samples(first[0])
        self.name = self._chosen(first) if form is None else self._known.name(form)
        self.shape = self._showing(self.name)

    @property
    def remark(self) -> str:
        """What is told of every source of this shape; "" for nothing."""
        return self.shape.remark if isinstance(self.shape, Shape) else ""

    def unused(self, present: Mapping[str, Collection[str]]) -> tuple[str, ...]:
        """Return the fields that hold something and were not read; see `Notes.unused`."""
        return tuple(name for name in self.notes.unused(present) if name not in self._used)

    def problem(self, line: Line, default_id: str) -> Problem:
        """Return the problem of a record. BadLineError says what is wrong with it."""
        best = self.name if self._form is not None else self._best(line)
        try:
            found = self._read(self.name, line, default_id, self.notes)
        except BadLineError as error:
            if best in (self.name, None):
                raise
            where = f" (the record is read as {best}, the source as {self.name})"
            raise BadLineError(f"{error}{where}") from None
        if best is not None and best != self.name and self._known.before(best, self.name):
            raise BadLineError(
                f"{line.place}: a record of the shape {best} among those of {self.name}; put them "
                f"into files of their own, or read all of them with --format {self.name}"
            )
        return found

    def _chosen(self, first: Sequence[Line]) -> str:
        """Return the shape that reads most of the first records, and most of their fields."""
        best = [self._best(line) for line in first]
        found = {name for name in best if name is not None}
        if not found:
            raise _no_question(first[0])

        def fits(name: str) -> int:
            return sum(
                name == own or (own is not None and self._also(name, own, line))
                for own, line in zip(best, first, strict=True)
            )

        ranked = sorted(found, key=lambda name: self._known.place(name))
        return max(ranked, key=fits)

    def _best(self, line: Line) -> str | None:
        """Return the most specific shape of a record that reads what the user mapped."""
        name = self._known.best(line.record)
        if name is None or name == GENERIC or not self._mapped:
            return name
        there = self._mapped & line.record.keys()
        if not there:
            return name
        notes = Notes()
        try:
            self._read(name, line, "", notes)
        except BadLineError:
            return name
        return name if there <= notes.read else GENERIC

    def _also(self, name: str, own: str, line: Line) -> bool:
        """Return whether a shape reads a record that another one, less specific, matches."""
        if not self._known.before(name, own):
            return False
        try:
            self._read(name, line, "", Notes())
        except BadLineError:
            return False
        return True

    def _showing(self, name: str) -> ReadsProblems:
        if name not in self._made:
            shape = self._known[name]
            if self._template is not None and isinstance(shape, ShowsChoices):
                shape = shape.showing(self._template)
            self._made[name] = shape
        return self._made[name]

    def _read(self, name: str, line: Line, default_id: str, notes: Notes) -> Problem:
        shape, noting = self._showing(name), Noting(line.record, notes)
        try:
            if reason := refusals.unaskable(line.record):
                raise ValueError(f"{reason}{SKIP}")
            if self._known.is_own(name):
                found = _problem(shape, noting, default_id, line)
            else:
                with plugins.calling("formats", name, "read a record"):
                    found = _problem(shape, noting, default_id, line)
            if tags := tagging.tags_of(noting, name, self._tags, self._used):
                found = replace(found, tags=tags)
            self._refuse_half(shape, line.record, notes)
        except ValueError as error:
            raise BadLineError(f"{line.place}: {error}") from None
        return found

    def _refuse_half(self, shape: ReadsProblems, record: Mapping[str, Any], notes: Notes) -> None:
        """Raise ValueError if a text beside the question is not asked with it."""
        # A shape of another package says itself what its questions are; so do --format and --map.
        if self._form is not None or self._ours & _ASKED or not isinstance(shape, Shape):
            return
        left = record.keys() - notes.read
        if not left:
            return
        # In the order of the record: the first is told.
        left -= shape.fields | shape.leaves | self._used
        names = [name for name in record if name in left]
        if reason := refusals.halved(record, names, notes.roles.get("question", ())):
            raise ValueError(reason)


def _problem(shape: ReadsProblems, noting: Noting, default_id: str, line: Line) -> Problem:
    try:
        found = shape.problem(noting, default_id)
    except KeyError as error:
        if error.args[0] in line.record:
            raise BadLineError(f"{line.place}: {error.args[0]!r} is empty{SKIP}") from None
        raise BadLineError(
            f"{line.place}: no field {error.args[0]!r} among {_listed(line.record)}; "
            "name it with --map prompt=FIELD,answer=FIELD"
        ) from None
    except ValueError as error:
        raise BadLineError(f"{line.place}: {error}") from None
    if not isinstance(found, Problem):
        raise TypeError(f"{found!r:.40} is no Problem")
    return found


def _refuse_samples(line: Line) -> None:
    """Raise UsageError if a record is a sample and no problem."""
    kind = refusals.samples(line.record)
    if kind is None:
        return
    source = line.place.rpartition(":")[0].replace("<stdin>", "-") or "FILE"
    swept = f"ttc sweep {source} computes their curve"
    ways = {
        "samples": f"ttc verify {source} -V NAME judges them, {swept}",
        "verdicts": swept,
    }
    way = ways.get(kind, f"ttc import {source} --pool NAME keeps them, and ttc sweep NAME reads it")
    raise UsageError(f"{line.place}: {kind}, not problems: {way}")


def _no_question(line: Line) -> BadLineError:
    return BadLineError(
        f"{line.place}: no question in the fields {_listed(line.record) or '(none)'}; "
        "name them with --map prompt=FIELD,answer=FIELD"
    )


def _listed(names: Collection[str]) -> str:
    listed = list(names)
    more = f", … ({len(listed) - _LISTED} more)" if len(listed) > _LISTED else ""
    return ", ".join(listed[:_LISTED]) + more
