"""The logs that files, folders and standard input hold, each with the format that reads it."""

from __future__ import annotations

import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import BinaryIO, cast

from ttc import paths
from ttc.errors import UsageError
from ttc.exchange import formats
from ttc.formats import ReadsDraws
from ttc.formats.logs import zip_members
from ttc.formats.logs.opening import first_line, head_of


@dataclass(frozen=True, slots=True)
class Log:
    """A file or folder to import, its format, and its name in messages. `model` is the one of draws
    whose model the log does not name; `in_folder`: a folder was given that it lies in."""

    path: Path
    format: ReadsDraws
    shown: str
    model: str | None = None
    in_folder: bool = False

    @property
    def tool(self) -> str:
        """The name of the tool, which is that of the format unless that says otherwise."""
        return str(getattr(self.format, "tool", None) or getattr(self.format, "name", "log"))


@contextmanager
def found(
    files: Sequence[str], wanted: str | None, *, mapped: bool = False
) -> Iterator[tuple[list[Log], list[str]]]:
    """Yield the logs of files and folders (`-`: standard input), and the files that are none.

    With `mapped`, a file that no format knows has lines whose fields are renamed. UsageError for a
    file that is no log; in a folder, such files are left out and named.
    """
    known = [formats.reader(wanted)] if wanted else formats.readers()
    other = known[0] if wanted else formats.reader("jsonl") if mapped else None
    logs: list[Log] = []
    others: list[str] = []
    with tempfile.TemporaryDirectory(prefix="ttc-import-") as folder:
        for name in files:
            path = _spooled(Path(folder)) if name == "-" else Path(paths.expanded(name))
            shown = "<stdin>" if name == "-" else name
            if not path.exists():
                raise UsageError(f"{name}: no such file or folder")
            logs += _of(path, shown, known, other, others)
        yield logs, others


def _of(
    path: Path, shown: str, known: list[ReadsDraws], other: ReadsDraws | None, others: list[str]
) -> list[Log]:
    """Return the logs at a path: itself, or those in the folder that it is. `other` reads a file
    that no format knows."""
    head = head_of(path)
    whole = formats.recognised(path, head, known)
    if whole is None and not path.is_dir():
        if other is None:
            raise UsageError(f"{shown}: {_unknown(path, head, shown)}")
        whole = other
    if whole is not None:
        return [Log(path, whole, shown)]
    inside = []
    for each in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in each.relative_to(path).parts)
        if hidden or not each.is_file():
            continue
        format_ = formats.recognised(each, head_of(each), known)
        if format_ is None:
            others.append(str(each))
        else:
            inside.append(Log(each, format_, str(each), in_folder=True))
    if not inside:
        raise UsageError(f"{shown}: no logs in this folder; --format names what it holds")
    return inside


_ANTHROPIC = (
    'jq -c \'select(.result.type == "succeeded") | .result.message as $m | '
    '{{problem: .custom_id, text: ([$m.content[].text // empty] | join("")), model: $m.model, '
    'finish_reason: (if $m.stop_reason == "max_tokens" then "length" else "stop" end), '
    "prompt_tokens: $m.usage.input_tokens, completion_tokens: $m.usage.output_tokens}}' {file} "
    "| ttc import - --pool NAME"
)


def _unknown(path: Path, head: bytes, shown: str) -> str:
    """Return why a file cannot be imported, and what to do."""
    if zip_members.is_archive(head):
        if not zipfile.is_zipfile(path):
            return "not a whole ZIP archive: cut, damaged, or still being written; copy it again"
        return f"a ZIP archive: unzip -p {quote(shown)} | ttc import - --pool NAME"
    record = first_line(head) or {}
    if not head.strip():
        return "an empty file"
    if "text" not in record and record.keys() & {"question", "prompt", "messages"}:
        return "these look like problems, not draws: ttc sample draws from them"
    if {"custom_id", "result"} <= record.keys():
        lines = _ANTHROPIC.format(file=quote(shown))
        return f"results of Anthropic's batches; turn them into lines: {lines}"
    return (
        "no log that ttc knows; name its format with --format, or for lines with other names the "
        "fields with --map problem=FIELD,text=FIELD"
    )


def _spooled(folder: Path) -> Path:
    """Return a file with all of standard input: a log is read twice."""
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("-: standard input is a terminal; pipe a log into it")
    path = folder / "stdin"
    with path.open("wb") as file:
        shutil.copyfileobj(cast("BinaryIO", getattr(sys.stdin, "buffer", sys.stdin)), file)
    return path
