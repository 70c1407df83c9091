"""Records from a file, from standard input, from a dataset of Hugging Face, or from a list."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ttc import jsonl, paths
from ttc.errors import UsageError
from ttc.formats.files import hub, kinds, streams
from ttc.formats.files.json_lines import raw_lines, text_of
from ttc.formats.files.wrong import folders
from ttc.jsonl import BadLineError, Line


def read(
    source: jsonl.Source,
    skipped: list[str] | None = None,
    form: str | None = None,
    *,
    questions: bool = False,
    command: str = "sample",
    fields: frozenset[str] = frozenset(),
) -> Iterator[Line]:
    """Yield the records of a source with their places.

    `source` is a file of any kind that is known, `-` for standard input, `hf:OWNER/NAME` for a
    dataset of Hugging Face, or a list of records. `form` names the kind of file in place of its
    first bytes. With `skipped`, the errors of malformed lines are appended there instead of raising
    BadLineError. With `questions`, each line of plain text is a record `{"question": …}`.
    `command` is that of ttc which reads, for the commands in answers; `fields` are fields of
    records that the user named, by which a record is told from an object that holds some.
    UsageError, with the place, for what cannot be read.
    """
    if not isinstance(source, str):
        return _given(source, skipped)
    if hub.is_name(source):
        return hub.records(source)
    source = source if source == "-" else paths.expanded(source)
    path = None if source == "-" else Path(source)
    lines = _of_file(source, path, skipped, kinds.Known(form, questions, fields))
    return lines if command == "sample" else _answered(lines, command)


def _answered(lines: Iterator[Line], command: str) -> Iterator[Line]:
    """Yield lines; name another command than `ttc sample` in answers."""
    try:
        yield from lines
    except UsageError as error:
        told = str(error)
        other = told.replace("ttc sample ", f"ttc {command} ")
        raise (type(error)(other) if other != told else error) from None


def _of_file(
    source: str,
    path: Path | None,
    skipped: list[str] | None,
    known: kinds.Known,
) -> Iterator[Line]:
    if not source:
        raise UsageError("the name of the file is empty")
    if path is not None and path.is_dir():
        raise folders.refusal(path)
    opened = streams.opened(source, "records")
    regular = path if path is not None and path.is_file() else None
    yield from kinds.records(opened, source, known, skipped=skipped, path=regular)


def text_lines(source: str) -> Iterator[tuple[str, str]]:
    """Yield the place (`file:line`) and text of each non-blank line; `-` is standard input."""
    opened = streams.opened(source, "text")
    with ExitStack() as stack:
        stack.callback(opened.close)
        inner = kinds.unpacked(opened, stack)
        for raw in raw_lines(inner.buffered(), inner.place):
            yield raw[0], text_of(raw)


def _given(source: Any, skipped: list[str] | None) -> Iterator[Line]:
    for at, record in enumerate(source):
        try:
            yield _checked(at, record)
        except BadLineError as error:
            if skipped is None:
                raise
            skipped.append(str(error))


def _checked(at: int, record: Mapping[str, Any]) -> Line:
    """Return a record of a list as a line, checked like one of a file."""
    place = f"record {at}"
    try:
        text = json.dumps(record)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadLineError(f"{place}: cannot be written as JSON ({error})") from None
    return Line(place, jsonl.parse(text, place))


def name_of(source: str) -> str:
    """Return the name of a file without its endings, that of a dataset, or `stdin`."""
    if source == "-":
        return "stdin"
    return hub.label(source) if hub.is_name(source) else Path(source).name.split(".")[0]


def about(source: str) -> str:
    """Return what to say of a source besides its name; "" for a file."""
    return hub.about(source) if source != "-" and hub.is_name(source) else ""
