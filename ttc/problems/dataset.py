"""Datasets: the problems of one file or of standard input.

The whole input is read and checked before any request is sent to a model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

from ttc import jsonl, keys, tags
from ttc.errors import UsageError
from ttc.formats import files
from ttc.formats.mapping import FieldMap
from ttc.formats.shapes.noting import Notes
from ttc.messages.counts import some
from ttc.problems import tagging, telling
from ttc.problems.detection import FIRST, Reader
from ttc.problems.sources import (
    QUESTIONS,
    Data,
    ReadOptions,
    add_fields,
    empty,
    formats_of,
    name_of,
    renamed,
)
from ttc.records import Problem

MAPPABLE = (
    *("id", "prompt", "question", "messages", "answer", "choices"),
    *("reference", "reference.*", "tags.*"),
)


@dataclass(frozen=True, slots=True)
class Dataset:
    """The problems of one source.

    `digest` is that of the records. `template` is the format's text around a question in a chat,
    unless the user gives another. `skipped` holds the errors of the lines that were skipped,
    `repeated` counts identical lines that were dropped, `retagged` those of them with other tags.
    `fields` are the fields that there are, `unused` those that were not read; `notes` and `remark`
    say how the others were, `mapped` what became of --map; `origin` is the split and the revision
    of a dataset of Hugging Face.
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
    origin: str = ""

    def describe(self) -> str:
        """Return one line for stderr: what was read, in which format, and what was not."""
        count = len(self.problems)
        parts = [f"{self.name}: {self.format}", some(count, "problem", grouped=True)]
        roles = telling.in_their_words(self.notes.roles, self.mapped)
        parts += [telling.referenced(self.problems, roles), *telling.roles(roles), self.digest]
        parts += [self.origin] if self.origin else []
        if told := tagging.described(self.problems):
            parts.append(f"tags {told}")
        if self.repeated:
            parts.append(f"{self.repeated} identical lines dropped")
        if self.skipped:
            parts.append(telling.skipped(self.skipped))
        rest = telling.remarks(self.notes, count, self.remark)
        if self.unused:
            rest.append(f"not used: {telling.quoted(self.unused, ', ')}")
        return "; ".join([", ".join(parts), *rest])


def read(source: Data, options: ReadOptions | None = None) -> Dataset:
    """Read one file, standard input for `-`, or records. UsageError with the place of bad input.

    A problem without an identifier is named after the file and its position in it, from 0; on
    standard input and in records, where positions mean nothing, after the digest of its prompt.
    """
    options = options or ReadOptions()
    if not isinstance(source, str) and any(isinstance(each, Problem) for each in source):
        return given(source)
    name = name_of(source)
    # A file may have either name.
    nameless = source == "-" or not isinstance(source, str)
    skipped: list[str] = []
    found: dict[str, tuple[Problem, str]] = {}
    repeated = retagged = 0
    fields: dict[str, set[str]] = {}
    digest = hashlib.sha256()
    mapped = FieldMap(options.mapping, needed=QUESTIONS)
    lines = renamed(source, options, mapped, skipped)
    first = [*islice(lines, FIRST)]
    if not first:
        raise empty(source, name, skipped)
    reader = reader_of([each.line for each in first], options)
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
        add_fields(fields, raw.record)
        earlier, place = found.setdefault(problem.id, (problem, line.place))
        if place != line.place:
            repeated += 1
            retagged += earlier.tags != problem.tags
            _check_same(earlier, place, problem, line.place)
    if not found:
        raise empty(source, name, skipped)
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
        origin=files.about(source) if isinstance(source, str) else "",
    )


def _check_same(earlier: Problem, there: str, problem: Problem, here: str) -> None:
    """Raise UsageError if two problems with one identifier differ."""
    if earlier != problem:
        raise UsageError(
            f"{here}: the id {problem.id!r} is taken by another problem at {there}; make ids unique"
        )


def reader_of(first: Sequence[jsonl.Line], options: ReadOptions) -> Reader:
    """Return what reads the records that begin so."""
    shape, _ = formats_of(options.format)
    return Reader(first, shape, options.mapping, options.tags, options.choices_template)


def given(problems: Sequence[Any]) -> Dataset:
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
