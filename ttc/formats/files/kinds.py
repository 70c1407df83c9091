"""The kind of a file: by its first bytes, then by its name where those leave it open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path, PurePath
from types import GeneratorType
from typing import NamedTuple

from ttc.errors import UsageError
from ttc.formats import ReadsDraws, ReadsRecords, Unpacks, loading
from ttc.formats.files import wrong
from ttc.formats.files.json_document import JsonDocument
from ttc.formats.files.json_lines import BOM, JsonLines, may_hold_records
from ttc.formats.files.streams import HEAD, Source, shell_name
from ttc.formats.files.text import Questions
from ttc.jsonl import BadLineError, Line

# In this order. Formats of other packages are asked before them.
COMPRESSIONS = ("gzip", "bzip2", "xz", "zstd", "utf-16", "cr")
BY_BYTES = ("parquet", "arrow", "zip", "json-lines", "json")
BY_NAME = ("tsv", "csv", "yaml")
_PACKED = (".gz", ".bz2", ".xz", ".lzma", ".zst", ".zstd", ".Z")
_MOST = 5  # layers of compression


class Known(NamedTuple):
    """What is known of records before they are read: the name of the kind of file, whether lines of
    text are questions, and fields that the user named."""

    form: str | None = None
    questions: bool = False
    fields: frozenset[str] = frozenset()


def records(
    source: Source,
    name: str,
    known: Known | None = None,
    *,
    skipped: list[str] | None = None,
    path: Path | None = None,
) -> Iterator[Line]:
    """Yield the records of a stream, whatever it is packed in.

    `name` is that of the file, `path` the file itself if it is one. With `skipped`, the errors of
    malformed lines are appended there instead of raising BadLineError. UsageError for a stream that
    has no records.
    """
    form, questions, fields = known or Known()
    with ExitStack() as stack:
        stack.callback(source.close)
        inner = unpacked(source, stack)
        head = inner.head()
        if len(head) < HEAD and not head.removeprefix(BOM).strip():
            return
        kind = _kind_of(inner, name, form, questions, path)
        if path is not None and form is None and _is_document(kind, head):
            _refuse_logs(path, head)
        if fields and isinstance(kind, (JsonLines, JsonDocument)):
            kind = type(kind)(fields)
        lines = kind.records(inner.buffered(), inner.place)
        yield from lines if skipped is None else _good(lines, skipped)


def unpacked(source: Source, stack: ExitStack) -> Source:
    """Return what is inside all layers of compression."""
    unpackers = loading.ability(Unpacks, COMPRESSIONS)  # type: ignore[type-abstract]
    for _ in range(_MOST):
        head = source.head()
        packing = next((each for each in unpackers if each.packed(head)), None)
        if packing is None:
            return source
        stream = packing.unpack(source.buffered(), source.place)
        raw = getattr(stream, "raw", None)
        source = raw if isinstance(raw, Source) else Source(stream, source.place)
        stack.callback(stream.close)
    raise UsageError(f"{source.place}: compressed more than {_MOST} times")


def _kind_of(
    source: Source, name: str, form: str | None, questions: bool, path: Path | None
) -> ReadsRecords:
    if form is not None:
        return named(form)
    kind = _found(source.head(), name, source.place, path)
    if questions:
        return Questions() if kind is None or isinstance(kind, JsonLines) else kind
    if kind is None:
        # The first line does not tell; a pipe may have given no more so far.
        kind = _found(source.head(whole=True), name, source.place, path)
    if kind is None and _suffix(name) in (text := named("text")).suffixes:
        return text
    if kind is None:
        raise wrong.unknown(source.head(), source.place)
    return kind


def _found(head: bytes, name: str, place: str, path: Path | None) -> ReadsRecords | None:
    """Return the kind of a file by its first bytes, or else by its name."""
    others = loading.ability(ReadsRecords, ())  # type: ignore[type-abstract]
    if kind := _claimed(others, head):
        return kind
    wrong.check(head, place, path)
    if kind := _claimed(_own(BY_BYTES), head):
        return kind
    by_name = [kind for kind in _own(BY_NAME) if _suffix(name) in kind.suffixes]
    return by_name[0] if by_name else _claimed(_own(BY_NAME), head)


def _is_document(kind: ReadsRecords, head: bytes) -> bool:
    """Return whether records would be taken out of a document; lines of logs are records."""
    if isinstance(kind, JsonLines):
        return may_hold_records(head)
    return isinstance(kind, JsonDocument)


def _refuse_logs(path: Path, head: bytes) -> None:
    """Raise UsageError for a log of another tool, which `import` reads whole."""
    for log in loading.room(ReadsDraws, "ttc.formats.logs"):  # type: ignore[type-abstract]
        if log.holds_draws(path, head):
            name = getattr(log, "name", "another tool")
            file = shell_name(str(path))
            raise UsageError(f"{path}: a log of {name}: `ttc import {file} --pool NAME`")


def _suffix(name: str) -> str:
    found = (each for each in reversed(PurePath(name).suffixes) if each not in _PACKED)
    return next(found, "").lower()


def _own(names: tuple[str, ...]) -> list[ReadsRecords]:
    return [named(name) for name in names]


def _claimed(kinds: list[ReadsRecords], head: bytes) -> ReadsRecords | None:
    return next((each for each in kinds if each.holds_records(head)), None)


def named(name: str) -> ReadsRecords:
    """Return the kind of file of a name. UsageError if there is none."""
    kind = loading.named(name)
    if not isinstance(kind, ReadsRecords):
        raise UsageError(f"--format {name}: it is not a kind of file")
    return kind


def is_kind(name: str) -> bool:
    """Return whether a format of this name is a kind of file."""
    return loading.exists(name) and isinstance(loading.named(name), ReadsRecords)


def _good(lines: Iterator[Line], skipped: list[str]) -> Iterator[Line]:
    """Yield the lines that are well formed; append the errors of the others."""
    while True:
        try:
            line = next(lines, None)
        except BadLineError as error:
            if isinstance(lines, GeneratorType):
                raise  # a generator ends with its error, and what is behind it would be lost
            skipped.append(str(error))
            continue
        if line is None:
            return
        yield line
