"""ZIP archives: one file of records, or several of one kind."""

from __future__ import annotations

import shlex
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from ttc.errors import UsageError
from ttc.formats.files import wrong
from ttc.formats.files.streams import Source, seekable, shell_name
from ttc.jsonl import Line
from ttc.messages import notes
from ttc.messages.counts import some

_JUNK_NAMES = ("thumbs.db", "desktop.ini")
_ABOUT = ("readme", "license", "licence", "changelog", "citation", "notice", "copying")
_SHOWN = 5


class Zip:
    """ZIP: the records of its file, or of its files if all are of one kind."""

    name = "zip"
    suffixes: tuple[str, ...] = (".zip",)

    def holds_records(self, head: bytes) -> bool:
        """Return whether it begins as a ZIP archive does."""
        return head[:4] in (b"PK\x03\x04", b"PK\x05\x06")

    def records(self, stream: BinaryIO, place: str) -> Iterator[Line]:
        """Yield the records of the members. UsageError for an archive of something else."""
        try:
            archive = zipfile.ZipFile(seekable(stream))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise UsageError(f"{place}: cannot be read ({error})") from None
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        wrong.check_members(archive, place)
        for name in _chosen(names, place):
            yield from _member(archive, name, place)


def _member(archive: zipfile.ZipFile, name: str, place: str) -> Iterator[Line]:
    from ttc.formats.files import kinds

    try:
        stream: Any = archive.open(name)
    except RuntimeError as error:  # it is encrypted
        raise UsageError(f"{place}: {error}; unpack it: `unzip {shell_name(place)}`") from None
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise UsageError(f"{place}/{name}: cannot be read ({error})") from None
    with stream:
        inner = Source(stream, f"{place}/{name}", (zipfile.BadZipFile, zlib.error))
        yield from kinds.records(inner, name)


def _chosen(names: list[str], place: str) -> list[str]:
    """Return the members with records, and tell which others there are. UsageError if those with
    records are of several kinds."""
    data = [name for name in names if not _is_junk(name)]
    if len(data) > 1:
        about = [name for name in data if _is_about(name)]
        data = [name for name in data if name not in about] or data
    if not data:
        raise UsageError(f"{place}: the ZIP archive is empty")
    if left := [name for name in names if name not in data]:
        shown = ", ".join(left[:_SHOWN]) + (", …" if len(left) > _SHOWN else "")
        notes.tell(f"{place}: not read: {shown}")
    kinds = {"".join(PurePosixPath(name).suffixes[-1:]).lower() for name in data}
    if len(kinds) > 1:
        raise UsageError(
            f"{place}: the ZIP archive has several kinds of files ({', '.join(data[:_SHOWN])}); "
            f"name one: `unzip -p {shell_name(place)} {shlex.quote(data[0])} | ttc sample -`"
        )
    if len(data) > 1:
        notes.tell(
            f"{place}: {some(len(data), 'file')}: {', '.join(data[:_SHOWN])}"
            + (", …" if len(data) > _SHOWN else "")
        )
    return data


def _is_junk(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") for part in path.parts)
    return hidden or "__MACOSX" in path.parts or path.name.lower() in _JUNK_NAMES


def _is_about(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in (".md", ".pdf", ".html") or path.stem.lower() in _ABOUT
