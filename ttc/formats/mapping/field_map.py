"""The fields of the records of one source under the names of ttc."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ttc.errors import UsageError
from ttc.formats.mapping.evaluating import SEPARATOR, SEPARATORS, evaluate
from ttc.formats.mapping.grammar import Value
from ttc.formats.mapping.names import parsed
from ttc.formats.paths import MISSING, Many, nearest, why_missing
from ttc.jsonl import BadLineError, Line
from ttc.messages.counts import some

# Fields that are lists, or hold some: `*` gives a list there, and elsewhere a draw of each.
_TEXTS = ("prompt", "question")  # a text, or a chat
LISTS = ("messages", "choices", "confidences", "reference", "params", "scores", "tags")


@dataclass(slots=True)
class Lack:
    """How many records lack what is mapped to a name, and why the first one does."""

    theirs: str
    why: str
    count: int = 0
    own: bool = False  # some of these records have a field of our name, which is read


@dataclass(slots=True)
class FieldMap:
    """Renames the fields of the records of one source.

    needed: names without which a record is a bad line. draws: if given, `*` makes a draw of each
    item, and these are the fields that only a single draw has; else it makes a list. own: the names
    of our fields; one that is mapped to another has another meaning. `read` are the fields of
    records in which the values begin.
    """

    mapping: Mapping[str, str]
    needed: Collection[str] = ()
    draws: Collection[str] | None = None
    own: Collection[str] = ()
    records: int = 0
    empty: int = 0
    lacks: dict[str, Lack] = field(default_factory=dict)
    fields: dict[str, None] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)
    read: frozenset[str] = field(init=False)
    _values: dict[str, Value] = field(init=False)
    _taken: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._values = {ours: parsed(ours, text) for ours, text in self.mapping.items()}
        values = self._values.values()
        self.read = frozenset(path.steps[0].text for value in values for path in value.paths)
        self._taken = frozenset(self.read - {ours.partition(".")[0] for ours in self._values})

    def lines(self, line: Line) -> list[Line]:
        """Return the line with the names of ttc; with `draws` one for each item of `*`.

        BadLineError if the record lacks what is needed, or has a value that cannot be read.
        """
        if not self._values:
            return [line]
        self.records += 1
        found: dict[str, Any] = {}
        for ours, value in self._values.items():
            try:
                got = evaluate(value, line.record, SEPARATORS.get(ours, SEPARATOR))
                if self.draws is None and ours in _TEXTS:
                    _refuse_several(got)
            except ValueError as error:
                raise BadLineError(f"{line.place}: --map {ours}={value.raw}: {error}") from None
            if got is MISSING:
                self._lack(line, ours, value)
            else:
                found[ours] = got
        return self._split(line, found)

    def _lack(self, line: Line, ours: str, value: Value) -> None:
        record = line.record
        own = ours.partition(".")[0] in record
        self.fields |= dict.fromkeys(record)
        lack = self.lacks.get(ours)
        if lack is None:
            lack = self.lacks[ours] = Lack(value.raw, _why(record, value))
        lack.count += 1
        lack.own |= own
        if ours in self.needed and not own:
            why = _why(record, value)
            raise BadLineError(f"{line.place}: --map {ours}={value.raw}: {why}")

    def _split(self, line: Line, found: dict[str, Any]) -> list[Line]:
        many = {
            ours: got
            for ours, got in found.items()
            if isinstance(got, Many)
            and self.draws is not None
            and ours.partition(".")[0] not in LISTS
        }
        if not many:
            return [Line(line.place, _with(self._own(line.record), found))]
        lengths = {len(got) for got in many.values()}
        if len(lengths) > 1:
            each = ", ".join(f"{self._values[ours].raw} {len(got)}" for ours, got in many.items())
            raise BadLineError(f"{line.place}: lists that are read side by side differ: {each}")
        count = lengths.pop()
        self.empty += not count
        rest = self._shared(line, found, many, count)
        rows = ({**found, **{ours: got[at] for ours, got in many.items()}} for at in range(count))
        return [Line(f"{line.place} (item {at})", _with(rest, row)) for at, row in enumerate(rows)]

    def _own(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record without the fields that have one of our names but were mapped to another:
        `correct=score` says that `score` is no score."""
        if self.draws is None or self._taken.isdisjoint(record):
            return record
        return {
            name: value
            for name, value in record.items()
            if name not in self._taken or name not in self.own
        }

    def _shared(
        self, line: Line, found: Mapping[str, Any], many: Mapping[str, Many], count: int
    ) -> dict[str, Any]:
        """Return the fields of a record that hold for each of its draws."""
        # The draws have the order of the list for their index, and need not carry it along.
        lists = {self._values[ours].paths[0].steps[0].text for ours in many} | {"index"}
        own = self._own(line.record)
        rest = {name: value for name, value in own.items() if name not in lists}
        if count < 2 or self.draws is None:
            return rest
        for ours in found.keys() - many.keys():
            if ours in self.draws:
                raise BadLineError(
                    f"{line.place}: --map {ours}={self._values[ours].raw} is one value for "
                    f"{some(count, 'draw')}; leave it out, or name a list with .*"
                )
        single = [name for name in rest if name in self.draws and name not in found]
        for name in single:
            self.unread[name] = self.unread.get(name, 0) + 1
            del rest[name]
        return rest

    def notes(self) -> list[str]:
        """Return a line for each mapped field that some of the records lack."""
        lines = [
            f"{lack.count} of {self.records} records lack {lack.theirs!r}"
            + (f", and their own {ours!r} is read" if lack.own else "")
            for ours, lack in self.lacks.items()
            if lack.count < self.records
        ]
        have = ("record has", "records have")
        lines += [
            f"{some(count, *have)} several draws and one {name!r}, which is not read"
            for name, count in self.unread.items()
        ]
        if self.empty:
            lines.append(f"{self.empty} of {self.records} records have an empty list of draws")
        return lines

    def unmatched(self) -> dict[str, str]:
        """Return what is mapped and in no record, ours to why."""
        return {
            ours: _in_none(ours, lack, self.fields)
            for ours, lack in self.lacks.items()
            if lack.count == self.records
        }


def _in_none(ours: str, lack: Lack, fields: Collection[str]) -> str:
    why = lack.why
    if why == "":
        why = nearest(lack.theirs, fields)
    return f"--map {ours}={lack.theirs}: no record has it: {why}"


def _refuse_several(got: Any) -> None:
    """Raise ValueError for several texts where a question is one: the first alone would be half."""
    if isinstance(got, Many) and len(got) > 1 and all(isinstance(each, str) for each in got):
        raise ValueError(
            f"it gives {len(got)} texts, and a question is one; name one by its place, as in "
            "LIST.0, or join them, as in LIST.0+LIST.1"
        )


def _with(record: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with further fields; a dotted name sets a nested one."""
    made = dict(record)
    for ours, got in found.items():
        value = list(got) if isinstance(got, Many) else got
        if value is MISSING:
            continue
        outer, dot, inner = ours.partition(".")
        there = made.get(outer)
        known = there if isinstance(there, dict) else {}
        made[outer] = {**known, inner: value} if dot else value
    return made


def _why(record: Mapping[str, Any], value: Value) -> str:
    for path in value.paths:
        found = path.find(record)
        if found is MISSING:
            return why_missing(record, path)
    return "an item of the list lacks it"


def check(maps: Iterable[tuple[str, FieldMap]]) -> list[str]:
    """Return the notes on all sources, each with the name of its source if there are several.

    UsageError for what is mapped and in no record of any of them.
    """
    every = [(name, each) for name, each in maps if each.records]
    missing = [each.unmatched() for _, each in every]
    nowhere = [ours for ours in (missing[0] if missing else ()) if all(ours in m for m in missing)]
    if nowhere:
        where = ", ".join(name for name, _ in every)
        raise UsageError(f"{where}: " + "; ".join(missing[0][ours] for ours in nowhere))
    lines = []
    for (name, each), lacking in zip(every, missing, strict=True):
        told = [f"no record has {each.lacks[ours].theirs!r}" for ours in lacking] + each.notes()
        lines += [f"{name}: {line}" for line in told]
    return lines
