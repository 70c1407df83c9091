"""Problems one at a time, each of its own format: what `ttc solve` is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from ttc import jsonl, keys
from ttc.formats import files
from ttc.formats.mapping import FieldMap
from ttc.problems.dataset import given, reader_of
from ttc.problems.sources import QUESTIONS, Data, ReadOptions, formats_of
from ttc.records import Message, Problem


def one(line: jsonl.Line, options: ReadOptions) -> Problem:
    """Return the problem of one line, whose format its own fields decide. UsageError with its
    place."""
    (renamed,) = FieldMap(options.mapping, needed=QUESTIONS).lines(line)
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
    for line in files.read(cast("jsonl.Source", source), form=form, questions=True):
        if isinstance(line, jsonl.PlainLine):
            yield question(line.record["question"])
        else:
            yield one(line, options)


def question(text: str, source: str = "solve") -> Problem:
    """Return a problem that is just a question; its id is the source and the digest of the text."""
    problem = Problem("", (Message("user", text),))
    return replace(problem, id=f"{source}/{keys.prompt_id(problem)[8:18]}")
