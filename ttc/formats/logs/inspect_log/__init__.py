"""Logs of inspect: `.eval` archives, also unfinished ones, and JSON documents.

An epoch of a sample is a draw. Options: `question=input` takes the question as the dataset has it
instead of what the model was asked, for tasks that ask otherwise in each epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ttc.errors import UsageError
from ttc.formats import Draw
from ttc.formats.logs import zip_members
from ttc.formats.logs.inspect_log.run import Run, run_of
from ttc.formats.logs.inspect_log.samples import draws_of
from ttc.formats.logs.inspect_log.writer import write
from ttc.formats.logs.opening import accept, document, names_in, parsed

_HEADER, _START = "header.json", "_journal/start.json"
_SAMPLES = "samples/"


class Inspect:
    """Logs of inspect (.eval and JSON); epochs are draws, scores verdicts."""

    name = "inspect"
    suffix = ".eval"
    several_verdicts = True

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether a file is a log: an archive with a header or a journal, or a document."""
        if zip_members.is_archive(head):
            return bool(zip_members.members(path) & {_HEADER, _START})
        return names_in(head, "status", "eval", "task")

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a log."""
        accept(options, ("question",), self.name)
        question = options.get("question", "messages")
        if question not in ("messages", "input"):
            raise UsageError(f"--option question={question}: write question=messages or =input")
        with path.open("rb") as file:
            packed = zip_members.is_archive(file.read(4))
        yield from _of_archive(path, question) if packed else _of_document(path, question)

    def write(self, draws: Iterable[Draw], stream: BinaryIO) -> list[str]:
        """Write one log; UsageError for draws of several models."""
        return write(draws, stream)


def _of_archive(path: Path, question: str) -> Iterator[Draw]:
    with zip_members.Archive(path) as archive:
        names = archive.names
        first = _HEADER if _HEADER in names else _START
        header = _object(parsed(archive.read(first), f"{path}: {first}"), f"{path}: {first}")
        run = run_of(header, question, str(path))
        for name in names:
            if name.startswith(_SAMPLES) and name.endswith(".json"):
                place = f"{path}: {name}"
                yield from draws_of(_object(parsed(archive.read(name), place), place), run, place)


def _of_document(path: Path, question: str) -> Iterator[Draw]:
    whole = _object(document(path), str(path))
    run: Run = run_of(whole, question, str(path))
    for at, sample in enumerate(whole.get("samples") or ()):
        place = f"{path}: samples[{at}]"
        yield from draws_of(_object(sample, place), run, place)


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{place}: a JSON object is needed, not {str(value)[:20]!r}")
    return value
