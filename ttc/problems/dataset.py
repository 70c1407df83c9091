"""Datasets: the problems of one file or of standard input.

The whole input is read and checked before any request is sent to a model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias, cast

from ttc import jsonl, keys
from ttc.errors import UsageError
from ttc.problems.readers import FORMATS, Format
from ttc.records import Message, Problem

# A file (`-`: standard input), records with the fields of a JSON line, or problems.
Data: TypeAlias = "str | Sequence[Mapping[str, Any]] | Sequence[Problem]"
# Sources without a name of their own, and what errors call them.
NAMELESS = {"stdin": "standard input", "python": "the data"}
MAPPABLE = ("id", "prompt", "question", "messages", "answer", "choices", "reference")


@dataclass(frozen=True, slots=True)
class Dataset:
    """The problems of one source.

    `digest` is that of the records. `template` is the format's text around a question in a chat,
    unless the user gives another. `skipped` holds the errors of the lines that were skipped,
    `repeated` counts identical lines that were dropped.
    """

    name: str
    format: str
    digest: str
    problems: tuple[Problem, ...]
    template: str | None = None
    skipped: tuple[str, ...] = ()
    repeated: int = 0

    def describe(self) -> str:
        """Return one line for stderr: what was read, in which format."""
        parts = [f"{self.name}: {self.format}", f"{len(self.problems)} problems", self.digest]
        if self.repeated:
            parts.append(f"{self.repeated} identical lines dropped")
        if self.skipped:
            parts.append(f"{len(self.skipped)} bad lines skipped, first {self.skipped[0]}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a source: fields to rename (ours → theirs), a format instead of detecting it,
    and whether to skip malformed lines."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    skip_bad: bool = False


def _detect(line: jsonl.Line, wanted: str | None) -> Format:
    if wanted is not None:
        named = {fmt.name: fmt for fmt in FORMATS}
        if wanted not in named:
            raise UsageError(f"--format {wanted}: there are {', '.join(named)}")
        return named[wanted]
    for fmt in FORMATS:
        if fmt.matches(line.record):
            return fmt
    raise UsageError(
        f"{line.place}: no question in the fields {', '.join(line.record) or '(none)'}; "
        "name them with --map prompt=FIELD,answer=FIELD"
    )


def _problem(line: jsonl.Line, fmt: Format, default_id: str) -> Problem:
    try:
        return fmt.read(line.record, default_id)
    except KeyError as error:
        raise jsonl.BadLineError(
            f"{line.place}: no field {error.args[0]!r} among {', '.join(line.record)}; "
            "name it with --map prompt=FIELD,answer=FIELD"
        ) from None
    except ValueError as error:
        raise jsonl.BadLineError(f"{line.place}: {error}") from None


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
    fmt: Format | None = None
    found: dict[str, tuple[Problem, str]] = {}
    repeated = 0
    digest = hashlib.sha256()
    records = cast("jsonl.Source", source)
    lines = jsonl.read(records, skipped if options.skip_bad else None)
    for at, raw in enumerate(lines):
        line = jsonl.rename(raw, options.mapping)
        fmt = fmt or _detect(line, options.format)
        try:
            problem = _problem(line, fmt, f"{name}/{at}")
        except jsonl.BadLineError as error:
            if not options.skip_bad:
                raise
            skipped.append(str(error))
            continue
        if nameless and problem.id == f"{name}/{at}":
            problem = replace(problem, id=f"{name}/{keys.prompt_id(problem)[8:18]}")
        digest.update(keys.canonical_json(line.record).encode())
        earlier = found.setdefault(problem.id, (problem, line.place))
        if earlier[1] != line.place:
            repeated += 1
            if earlier[0] != problem:
                raise UsageError(
                    f"{line.place}: the id {problem.id!r} is taken by another problem at "
                    f"{earlier[1]}; make ids unique"
                )
    if fmt is None or not found:
        where = NAMELESS[name] if nameless else source
        raise UsageError(f"{where}: it has no problems" + (f" ({skipped[0]})" if skipped else ""))
    problems = tuple(problem for problem, _ in found.values())
    tag = f"sha256 {digest.hexdigest()[:12]}"
    return Dataset(name, fmt.name, tag, problems, fmt.template, tuple(skipped), repeated)


def _name(source: Data) -> str:
    if source == "-":
        return "stdin"
    return Path(source).name.split(".")[0] if isinstance(source, str) else "python"


def _given(problems: Sequence[Any]) -> Dataset:
    """Return problems that were made in Python as a dataset, after a check of each."""
    digest = hashlib.sha256()
    found: dict[str, Problem] = {}
    for at, problem in enumerate(problems):
        if not isinstance(problem, Problem):
            raise UsageError(f"item {at} of the data is not a Problem, but others are")
        if not problem.id or not isinstance(problem.id, str):
            raise UsageError(f"item {at} of the data: a problem needs an id, a non-empty string")
        if bool(problem.messages) == (problem.prompt is not None):
            raise UsageError(f"problem {problem.id!r} needs either messages or a prompt")
        if found.setdefault(problem.id, problem) != problem:
            raise UsageError(f"two problems have the id {problem.id!r}; make ids unique")
        content = {**keys.prompt_content(problem), "reference": dict(problem.reference)}
        digest.update(keys.canonical_json({"id": problem.id, **content}).encode())
    tag = f"sha256 {digest.hexdigest()[:12]}"
    repeated = len(problems) - len(found)
    return Dataset("python", "problems", tag, tuple(found.values()), repeated=repeated)


def one(line: jsonl.Line, options: ReadOptions) -> Problem:
    """Return the problem of one line, whose format its own fields decide. UsageError with its
    place."""
    renamed = jsonl.rename(line, options.mapping)
    problem = _problem(renamed, _detect(renamed, options.format), "")
    return problem if problem.id else replace(problem, id=f"line/{keys.prompt_id(problem)[8:18]}")


def each(source: Data, options: ReadOptions) -> Iterator[Problem]:
    """Yield the problems of a source one by one, the format of each decided by its own fields.

    A line of a file or of standard input may also be a question in plain text. UsageError names a
    bad line.
    """
    if isinstance(source, str):
        for place, text in jsonl.text_lines(source):
            if text.startswith("{"):
                yield one(jsonl.Line(place, jsonl.parse(text, place)), options)
            else:
                yield question(text)
    elif any(isinstance(item, Problem) for item in source):
        yield from _given(source).problems
    else:
        for line in jsonl.read(cast("jsonl.Source", source)):
            yield one(line, options)


def question(text: str, source: str = "solve") -> Problem:
    """Return a problem that is just a question; its id is the source and the digest of the text."""
    problem = Problem("", (Message("user", text),))
    return replace(problem, id=f"{source}/{keys.prompt_id(problem)[8:18]}")


def render(problem: Problem, system: str | None, template: str | None, raw: bool) -> Problem:
    """Put the system message and the template around the question.

    `template` contains `{prompt}`, which is replaced by the last turn (or the raw prompt). With
    `raw` the result is a raw prompt, not a chat. UsageError for a template without `{prompt}`.
    """
    if template is not None and "{prompt}" not in template:
        raise UsageError("the template has no {prompt} in it; put it where the question goes")

    def around(text: str) -> str:
        return text if template is None else template.replace("{prompt}", text)

    if raw:
        text = problem.prompt if problem.prompt is not None else problem.messages[-1].content
        return replace(problem, messages=(), prompt=around(text))
    if problem.prompt is not None:
        return replace(problem, prompt=around(problem.prompt))
    *before, last = problem.messages
    messages = [*before, Message(last.role, around(last.content))]
    if system is not None:
        messages = [Message("system", system), *(m for m in messages if m.role != "system")]
    return replace(problem, messages=tuple(messages))


def merge(datasets: Iterable[Dataset]) -> list[Problem]:
    """Return the problems of several sources. UsageError if two have the same id but differ."""
    found: dict[str, Problem] = {}
    for dataset in datasets:
        for problem in dataset.problems:
            if found.setdefault(problem.id, problem) != problem:
                raise UsageError(
                    f"{dataset.name}: another file has a different problem called {problem.id!r}"
                )
    return list(found.values())


def select(problems: Iterable[Problem], limit: int | None) -> tuple[Problem, ...]:
    """Return the first `limit` problems, or all. UsageError if there is none."""
    chosen = tuple(problems)[:limit]
    if not chosen:
        raise UsageError("no problems are left; raise --limit")
    return chosen
