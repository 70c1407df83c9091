"""Problems one at a time, each of its own format: what `ttc solve` is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from ttc import jsonl, keys
from ttc.formats import files, mapping
from ttc.formats.mapping import FieldMap
from ttc.messages import notes
from ttc.messages.counts import some
from ttc.problems import telling
from ttc.problems.dataset import given, reader_of
from ttc.problems.detection import Reader
from ttc.problems.sources import (
    QUESTIONS,
    Data,
    ReadOptions,
    add_fields,
    formats_of,
    name_of,
)
from ttc.records import Message, Problem


@dataclass(slots=True)
class Tally:
    """What was read of a source: the problems by shape (`text`: lines that are questions), the
    fields of references with their counts, and the fields that were not read."""

    shapes: Counter[str] = field(default_factory=Counter)
    references: Counter[str] = field(default_factory=Counter)
    referenced: int = 0
    unused: dict[str, None] = field(default_factory=dict)

    def add(
        self,
        problem: Problem,
        reader: Reader | None = None,
        record: Mapping[str, Any] | None = None,
    ) -> None:
        """Count a problem, which `reader` read from a record; None: it is a line of text."""
        self.shapes["text" if reader is None else reader.name] += 1
        names = [name for name in problem.reference if name not in telling.BESIDE]
        self.referenced += bool(names)
        if reader is not None:
            self.references.update(list(reader.notes.roles.get("reference", names)))
            fields: dict[str, set[str]] = {}
            add_fields(fields, record or {})
            self.unused |= dict.fromkeys(reader.unused(fields))

    def describe(self, name: str) -> str:
        """Return one line: what was read, as which shapes, and what was not."""
        count = sum(self.shapes.values())
        shapes = ", ".join(
            f"{shape} ({told:,})" if len(self.shapes) > 1 else shape
            for shape, told in self.shapes.most_common()
        )
        line = f"{name}: {shapes}, {some(count, 'problem', grouped=True)}"
        if self.referenced:
            fields = telling.shortened([each for each, _ in self.references.most_common()])
            line += f", {self.referenced:,} with a reference ({fields})"
        unused = telling.quoted([*self.unused], ", ")
        return f"{line}; not used: {unused}" if unused else line


def one(
    line: jsonl.Line,
    options: ReadOptions,
    mapped: FieldMap | None = None,
    tally: Tally | None = None,
) -> Problem:
    """Return the problem of one line, whose format its own fields decide; `mapped` counts what its
    --map lacks, `tally` what was read. UsageError with its place."""
    mapped = FieldMap(options.mapping, needed=QUESTIONS) if mapped is None else mapped
    (renamed,) = mapped.lines(line)
    reader = reader_of([renamed], options)
    problem = reader.problem(renamed, "")
    if tally is not None:
        tally.add(problem, reader, line.record)
    return problem if problem.id else replace(problem, id=f"line/{keys.prompt_id(problem)[8:18]}")


def each(
    source: Data, options: ReadOptions, say: Callable[[str], None] | None = None
) -> Iterator[Problem]:
    """Yield the problems of a source one by one, the format of each decided by its own fields.

    A line of a file or of standard input may also be a question in plain text. `say` is told what
    was read: of a file, which is read whole, before its first problem is yielded, else at the end.
    UsageError names a bad line.
    """
    if not isinstance(source, str) and any(isinstance(item, Problem) for item in source):
        yield from given(source).problems
        return
    tally = Tally()
    name = source if isinstance(source, str) and source != "-" else name_of(source)
    found = _each(source, options, tally)
    if isinstance(source, str) and Path(source).is_file():
        found = iter([*found])
        if say is not None and tally.shapes:
            say(tally.describe(name))
        yield from found
        return
    yield from found
    if say is not None and tally.shapes:
        say(tally.describe(name))


def _each(source: Data, options: ReadOptions, tally: Tally) -> Iterator[Problem]:
    shape, form = formats_of(options.format)
    options = replace(options, format=shape)
    mapped = FieldMap(options.mapping, needed=QUESTIONS)
    records = cast("jsonl.Source", source)
    for line in files.read(records, form=form, questions=True, command="solve --each"):
        if isinstance(line, jsonl.PlainLine):
            problem = question(line.record["question"])
            tally.add(problem)
            yield problem
        else:
            yield one(line, options, mapped, tally)
    for note in mapping.check([(source if isinstance(source, str) else "the data", mapped)]):
        notes.tell(note)


def question(text: str, source: str = "solve") -> Problem:
    """Return a problem that is just a question; its id is the source and the digest of the text."""
    problem = Problem("", (Message("user", text),))
    return replace(problem, id=f"{source}/{keys.prompt_id(problem)[8:18]}")
