"""Files that hold no records: known by their first bytes, and answered with the command that opens
them."""

from __future__ import annotations

import shlex
import zipfile
from pathlib import Path

from ttc.errors import UsageError
from ttc.formats.files.wrong import archives, databases
from ttc.formats.files.wrong.signatures import KINDS


def check(head: bytes, place: str, path: Path | None) -> None:
    """Raise UsageError for a file that holds no records, by its first bytes.

    `path` is the file itself; None if it is standard input or inside another file.
    """
    file = _file(path)
    if head[257:262] == b"ustar":
        raise UsageError(f"{place}: a tar archive: {archives.tar(path, file)}")
    if head.startswith(b"SQLite format 3\0"):
        raise UsageError(f"{place}: {databases.answer(path, file)}")
    for kind in KINDS:
        if kind.matches(head):
            remedy = f": {kind.remedy.format(file=file)}" if kind.remedy else ", not records"
            raise UsageError(f"{place}: {kind.what}{remedy}")


def unknown(head: bytes, place: str) -> UsageError:
    """Return the error for a file that is of no kind at all."""
    if b"\0" in head[:1024]:
        return UsageError(f"{place}: binary data of an unknown kind; convert it to JSON lines")
    first = head.decode("utf-8", "replace").strip().partition("\n")[0].strip()
    hint = ""
    if first.startswith(("{'", "[{'")):
        hint = " (a Python dict? JSON has double quotes: json.dumps writes it)"
    return UsageError(
        f"{place}:1: not valid JSON, nor another kind of file that is known{hint}: "
        f"{first[:40]!r}; if each line is a question: --format text; for a table: --format csv"
    )


def _file(path: Path | None) -> str:
    return "FILE" if path is None else shlex.quote(str(path))


def check_members(archive: zipfile.ZipFile, place: str) -> None:
    """Raise UsageError for a ZIP archive that is a file of another program, by its members."""
    path = Path(place)
    if what := archives.zipped(archive.namelist(), _file(path if path.is_file() else None)):
        raise UsageError(f"{place}: {what}")
