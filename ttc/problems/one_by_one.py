"""Problems one at a time, each of its own format: what `ttc solve` is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from ttc import jsonl, keys
from ttc.formats import files, mapping
from ttc.formats.mapping import FieldMap
from ttc.messages import notes
from ttc.problems.dataset import given, reader_of
from ttc.problems.sources import QUESTIONS, Data, ReadOptions, formats_of
from ttc.records import Message, Problem


def one(line: jsonl.Line, options: ReadOptions, mapped: FieldMap | None = None) -> Problem:
    """Return the problem of one line, whose format its own fields decide; `mapped` counts what its
    --map lacks. UsageError with its place."""
    mapped = FieldMap(options.mapping, needed=QUESTIONS) if mapped is None else mapped
    (renamed,) = mapped.lines(line)
    problem = reader_of([renamed], options).problem(renamed, "")
    return problem if problem.id else replace(problem, id=f"line/{keys.prompt_id(problem)[8:18]}")


def each(source: Data, options: ReadOptions) -> Iterator[Problem]:
    """Yield the problems of a source one by one, the format of each decided by its own fields.

    A line of a file or of standard input may also be a question in plain text. UsageError names a
    bad line.
    """
    if not isinstance(source, str) and any(isinstance(item, Problem) for item in source):
        yield from given(source).problems
        return
    shape, form = formats_of(options.format)
    options = replace(options, format=shape)
    mapped = FieldMap(options.mapping, needed=QUESTIONS)
    records = cast("jsonl.Source", source)
    for line in files.read(records, form=form, questions=True, command="solve --each"):
        if isinstance(line, jsonl.PlainLine):
            yield question(line.record["question"])
        else:
            yield one(line, options, mapped)
    for note in mapping.check([(source if isinstance(source, str) else "the data", mapped)]):
        notes.tell(note)


def question(text: str, source: str = "solve") -> Problem:
    """Return a problem that is just a question; its id is the source and the digest of the text."""
    problem = Problem("", (Message("user", text),))
    return replace(problem, id=f"{source}/{keys.prompt_id(problem)[8:18]}")
