"""Sources of problems: their names, their records before and behind --map, and their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias, cast

from ttc import jsonl
from ttc.errors import UsageError
from ttc.formats import files
from ttc.formats.mapping import FieldMap
from ttc.records import Problem

# A file (`-`: standard input), records with the fields of a JSON line, or problems.
Data: TypeAlias = "str | Sequence[Mapping[str, Any]] | Sequence[Problem]"
# Sources without a name of their own, and what errors call them.
NAMELESS = {"stdin": "standard input", "python": "the data"}
QUESTIONS = ("prompt", "question", "messages")  # where they are mapped, each record has them


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a source: fields to rename (ours → theirs), a format instead of detecting it,
    whether to skip malformed lines, fields to read as tags (name → field), and the text around a
    question with choices in place of the format's."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    skip_bad: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    choices_template: str | None = None


def formats_of(name: str | None) -> tuple[str | None, str | None]:
    """Return the shape and the kind of file that a --format names."""
    return (None, name) if name is not None and files.is_kind(name) else (name, None)


class Renamed(NamedTuple):
    """A record at its place in the source, before and behind --map."""

    at: int
    raw: jsonl.Line
    line: jsonl.Line


def renamed(
    source: Data, options: ReadOptions, mapped: FieldMap, skipped: list[str]
) -> Iterator[Renamed]:
    """Yield the records of a source; malformed ones are skipped if that is wanted."""
    bad = skipped if options.skip_bad else None
    _, form = formats_of(options.format)
    records = cast("jsonl.Source", source)
    for at, raw in enumerate(files.read(records, bad, form, fields=mapped.read)):
        try:
            (line,) = mapped.lines(raw)
        except jsonl.BadLineError as error:
            if bad is None:
                raise
            bad.append(str(error))
            continue
        yield Renamed(at, raw, line)


def empty(source: Data, name: str, skipped: Sequence[str]) -> UsageError:
    named = isinstance(source, str) and source != "-"
    where = source if named else NAMELESS[name]
    return UsageError(f"{where}: it has no problems" + (f" ({skipped[0]})" if skipped else ""))


def add_fields(fields: dict[str, set[str]], record: Mapping[str, Any]) -> None:
    """Add the fields of a record that hold something, and what is in those that are objects."""
    for name, value in record.items():
        if value is None or value == "" or value == [] or value == {}:
            continue
        if name not in fields:
            fields[name] = set()
        if isinstance(value, dict):
            fields[name].update(value)


def name_of(source: Data) -> str:
    return files.name_of(source) if isinstance(source, str) else "python"
