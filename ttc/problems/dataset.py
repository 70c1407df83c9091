"""Datasets: the problems of one file or of standard input.

The whole input is read and checked before any request is sent to a model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from ttc import jsonl, keys, tags
from ttc.errors import UsageError
from ttc.formats import files
from ttc.formats.mapping import FieldMap
from ttc.formats.shapes.noting import Notes
from ttc.problems import tagging, telling
from ttc.problems.detection import FIRST, Reader
from ttc.records import Message, Problem

# A file (`-`: standard input), records with the fields of a JSON line, or problems.
Data: TypeAlias = "str | Sequence[Mapping[str, Any]] | Sequence[Problem]"
# Sources without a name of their own, and what errors call them.
NAMELESS = {"stdin": "standard input", "python": "the data"}
MAPPABLE = (
    *("id", "prompt", "question", "messages", "answer", "choices"),
    *("reference", "reference.*", "tags.*"),
)
QUESTIONS = ("prompt", "question", "messages")  # where they are mapped, each record has them


@dataclass(frozen=True, slots=True)
class Dataset:
    """The problems of one source.

    `digest` is that of the records. `template` is the format's text around a question in a chat,
    unless the user gives another. `skipped` holds the errors of the lines that were skipped,
    `repeated` counts identical lines that were dropped, `retagged` those of them with other tags.
    `fields` are the fields that there are, `unused` those that were not read; `notes` and `remark`
    say how the others were, `mapped` what became of --map.
    """

    name: str
    format: str
    digest: str
    problems: tuple[Problem, ...]
    template: str | None = None
    skipped: tuple[str, ...] = ()
    repeated: int = 0
    retagged: int = 0
    fields: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    notes: Notes = field(default_factory=Notes)
    remark: str = ""
    mapped: FieldMap | None = None

    def describe(self) -> str:
        """Return one line for stderr: what was read, in which format, and what was not."""
        count = len(self.problems)
        parts = [f"{self.name}: {self.format}", f"{count:,} problem{'s' * (count != 1)}"]
        parts += [telling.referenced(self.problems, self.notes.roles)]
        parts += [*telling.roles(self.notes.roles), self.digest]
        if told := tagging.described(self.problems):
            parts.append(f"tags {told}")
        if self.repeated:
            parts.append(f"{self.repeated} identical lines dropped")
        if self.skipped:
            parts.append(f"{len(self.skipped)} bad lines skipped, first {self.skipped[0]}")
        rest = telling.remarks(self.notes, count, self.remark)
        if self.unused:
            rest.append(f"not used: {telling.quoted(self.unused, ', ')}")
        return "; ".join([", ".join(parts), *rest])


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


def _formats(name: str | None) -> tuple[str | None, str | None]:
    """Return the shape and the kind of file that a --format names."""
    return (None, name) if name is not None and files.is_kind(name) else (name, None)


def read(source: Data, options: ReadOptions | None = None) -> Dataset:
    """Read one file, standard input for `-`, or records. UsageError with the place of bad input.

    A problem without an identifier is named after the file and its position in it, from 0; on
    standard input and in records, where positions mean nothing, after the digest of its prompt.
    """
    options = options or ReadOptions()
    if not isinstance(source, str) and any(isinstance(each, Problem) for each in source):
        return _given(source)
    name = _name(source)
    # A file may have either name.
    nameless = source == "-" or not isinstance(source, str)
    skipped: list[str] = []
    found: dict[str, tuple[Problem, str]] = {}
    repeated = retagged = 0
    fields: dict[str, set[str]] = {}
    digest = hashlib.sha256()
    mapped = FieldMap(options.mapping, needed=QUESTIONS)
    lines = _renamed(source, options, mapped, skipped)
    first = [*islice(lines, FIRST)]
    if not first:
        raise _empty(source, name, skipped)
    reader = _reader([each.line for each in first], options)
    for at, raw, line in chain(first, lines):
        try:
            problem = reader.problem(line, f"{name}/{at}")
        except jsonl.BadLineError as error:
            if not options.skip_bad:
                raise
            skipped.append(str(error))
            continue
        if nameless and problem.id == f"{name}/{at}":
            problem = replace(problem, id=f"{name}/{keys.prompt_id(problem)[8:18]}")
        digest.update(keys.canonical_json(line.record).encode())
        _add_fields(fields, raw.record)
        earlier = found.setdefault(problem.id, (problem, line.place))
        if earlier[1] != line.place:
            repeated += 1
            retagged += earlier[0].tags != problem.tags
            if earlier[0] != problem:
                raise UsageError(
                    f"{line.place}: the id {problem.id!r} is taken by another problem at "
                    f"{earlier[1]}; make ids unique"
                )
    if not found:
        raise _empty(source, name, skipped)
    problems = tuple(problem for problem, _ in found.values())
    tag = f"sha256 {digest.hexdigest()[:12]}"
    return Dataset(
        name,
        reader.name,
        tag,
        problems,
        reader.shape.template,
        tuple(skipped),
        repeated=repeated,
        retagged=retagged,
        fields=tuple(fields),
        unused=reader.unused(fields),
        notes=reader.notes,
        remark=reader.remark,
        mapped=mapped,
    )


class _Renamed(NamedTuple):
    """A record at its place in the source, before and behind --map."""

    at: int
    raw: jsonl.Line
    line: jsonl.Line


def _renamed(
    source: Data, options: ReadOptions, mapped: FieldMap, skipped: list[str]
) -> Iterator[_Renamed]:
    """Yield the records of a source; malformed ones are skipped if that is wanted."""
    bad = skipped if options.skip_bad else None
    _, form = _formats(options.format)
    for at, raw in enumerate(files.read(cast("jsonl.Source", source), bad, form)):
        try:
            (line,) = mapped.lines(raw)
        except jsonl.BadLineError as error:
            if bad is None:
                raise
            bad.append(str(error))
            continue
        yield _Renamed(at, raw, line)


def _reader(first: Sequence[jsonl.Line], options: ReadOptions) -> Reader:
    """Return what reads the records that begin so."""
    shape, _ = _formats(options.format)
    return Reader(first, shape, options.mapping, options.tags, options.choices_template)


def _empty(source: Data, name: str, skipped: Sequence[str]) -> UsageError:
    named = isinstance(source, str) and source != "-"
    where = source if named else NAMELESS[name]
    return UsageError(f"{where}: it has no problems" + (f" ({skipped[0]})" if skipped else ""))


def _add_fields(fields: dict[str, set[str]], record: Mapping[str, Any]) -> None:
    """Add the fields of a record that hold something, and what is in those that are objects."""
    for name, value in record.items():
        if value in (None, "", [], {}):
            continue
        inner = fields.setdefault(name, set())
        if isinstance(value, dict):
            inner.update(value)


def _name(source: Data) -> str:
    if source == "-":
        return "stdin"
    if isinstance(source, str) and files.is_hub(source):
        return files.hub_label(source)
    return Path(source).name.split(".")[0] if isinstance(source, str) else "python"


def _given(problems: Sequence[Any]) -> Dataset:
    """Return problems that were made in Python as a dataset, after a check of each."""
    digest = hashlib.sha256()
    found: dict[str, Problem] = {}
    retagged = 0
    for at, problem in enumerate(problems):
        if not isinstance(problem, Problem):
            raise UsageError(f"item {at} of the data is not a Problem, but others are")
        if not problem.id or not isinstance(problem.id, str):
            raise UsageError(f"item {at} of the data: a problem needs an id, a non-empty string")
        if bool(problem.messages) == (problem.prompt is not None):
            raise UsageError(f"problem {problem.id!r} needs either messages or a prompt")
        try:
            problem = replace(problem, tags=tags.checked(problem.tags))
        except ValueError as error:
            raise UsageError(f"problem {problem.id!r}: {error}") from None
        first = found.setdefault(problem.id, problem)
        retagged += first.tags != problem.tags
        if first != problem:
            raise UsageError(f"two problems have the id {problem.id!r}; make ids unique")
        content = {**keys.prompt_content(problem), "reference": dict(problem.reference)}
        digest.update(keys.canonical_json({"id": problem.id, **content}).encode())
    tag = f"sha256 {digest.hexdigest()[:12]}"
    repeated = len(problems) - len(found)
    names = tuple(dict.fromkeys(name for each in found.values() for name in each.tags))
    distinct = tuple(found.values())
    return Dataset(
        "python", "problems", tag, distinct, repeated=repeated, retagged=retagged, fields=names
    )


def one(line: jsonl.Line, options: ReadOptions) -> Problem:
    """Return the problem of one line, whose format its own fields decide. UsageError with its
    place."""
    (renamed,) = FieldMap(options.mapping, needed=QUESTIONS).lines(line)
    problem = _reader([renamed], options).problem(renamed, "")
    return problem if problem.id else replace(problem, id=f"line/{keys.prompt_id(problem)[8:18]}")


def each(source: Data, options: ReadOptions) -> Iterator[Problem]:
    """Yield the problems of a source one by one, the format of each decided by its own fields.

    A line of a file or of standard input may also be a question in plain text. UsageError names a
    bad line.
    """
    if not isinstance(source, str) and any(isinstance(item, Problem) for item in source):
        yield from _given(source).problems
        return
    shape, form = _formats(options.format)
    options = replace(options, format=shape)
    for line in files.read(cast("jsonl.Source", source), form=form, questions=True):
        if isinstance(line, jsonl.PlainLine):
            yield question(line.record["question"])
        else:
            yield one(line, options)


def question(text: str, source: str = "solve") -> Problem:
    """Return a problem that is just a question; its id is the source and the digest of the text."""
    problem = Problem("", (Message("user", text),))
    return replace(problem, id=f"{source}/{keys.prompt_id(problem)[8:18]}")
