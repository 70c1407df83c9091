"""Byte streams: those of files and of standard input, with their first bytes to look at."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from ttc.errors import UsageError
from ttc.messages.near import near

HEAD = 1 << 16  # bytes that tell the kind of a file
_MOST_BESIDE = 1000  # files that a name is compared with
_LONGEST = 1 << 20  # of a first line that is waited for
_SPOOL = 1 << 25  # bytes that are held in memory where a format needs to seek

# What unpacking may raise besides OSError; other libraries' errors are added where those are used.
_DAMAGED: tuple[type[BaseException], ...] = (OSError, EOFError, zlib.error)


class Source(io.RawIOBase):
    """A stream of bytes that can be looked into: `head` is read again by what reads next.

    UsageError, which names the place, if the stream cannot be read.
    """

    def __init__(
        self, stream: Any, place: str, damaged: tuple[type[BaseException], ...] = ()
    ) -> None:
        super().__init__()
        self.place = place
        self._stream = stream
        self._read = getattr(stream, "read1", stream.read)
        self._damaged: tuple[type[BaseException], ...] = (*_DAMAGED, *damaged)
        self._ahead = b""
        self._count = 0

    def head(self, *, whole: bool = False) -> bytes:
        """Return the first bytes: those of the first line at least, 64 KiB if they are there; with
        `whole`, 64 KiB or all."""
        while not self._enough(whole) and (more := self._next(HEAD)):
            self._ahead += more
        return self._ahead

    def _enough(self, whole: bool) -> bool:
        found = self._ahead
        if len(found) >= HEAD:
            return b"\n" in found or len(found) >= _LONGEST or not _is_text(found)
        # A pipe that has one line may have no other until that is answered.
        return not whole and _has_line(found)

    def _next(self, size: int) -> bytes:
        try:
            found: bytes = self._read(size)
        except self._damaged as error:
            raise UsageError(
                f"{self.place}: cannot be read after {self._count} bytes ({error})"
            ) from None
        self._count += len(found)
        return found

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; see `io.RawIOBase`."""
        size = len(buffer)
        data = self._ahead[:size] or self._next(size)
        self._ahead = self._ahead[size:]
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return whether the stream beneath can seek."""
        return bool(self._stream.seekable())

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a place of the stream beneath."""
        if whence == io.SEEK_CUR:
            offset -= len(self._ahead)
        self._ahead = b""
        try:
            return int(self._stream.seek(offset, whence))
        except self._damaged as error:
            raise UsageError(f"{self.place}: cannot be read ({error})") from None

    def tell(self) -> int:
        """Return the place in the stream beneath."""
        return int(self._stream.tell()) - len(self._ahead)

    def close(self) -> None:
        """Close the stream beneath, unless it is standard input."""
        if not self.closed and self._stream is not _stdin():
            self._stream.close()
        super().close()

    def buffered(self) -> BinaryIO:
        """Return the stream with a buffer, from where it is now."""
        return cast(BinaryIO, io.BufferedReader(self, HEAD))


class Unpacked(Source):
    """A stream that is unpacked as it is read, so that it cannot go back."""

    def seekable(self) -> bool:
        """Return False."""
        return False


class Recoded(Unpacked):
    """A stream whose bytes are changed, chunk by chunk, before they are read."""

    def __init__(self, stream: BinaryIO, place: str, change: Callable[[bytes, bool], bytes]):
        super().__init__(stream, place)
        self._change = change
        self._rest = b""

    def _next(self, size: int) -> bytes:
        while not self._rest:
            data = super()._next(size)
            self._rest = self._changed(data, not data)
            if not data:
                break
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _changed(self, data: bytes, last: bool) -> bytes:
        try:
            return self._change(data, last)
        except UnicodeError as error:
            raise UsageError(f"{self.place}: {error}; save it as UTF-8") from None


def from_utf(encoding: str) -> Callable[[bytes, bool], bytes]:
    """Return a change of chunks from an encoding to UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)()

    def change(data: bytes, last: bool) -> bytes:
        return decoder.decode(data, last).encode()

    return change


def _is_text(data: bytes) -> bool:
    return b"\0" not in data[:HEAD]


def _has_line(data: bytes) -> bool:
    return _is_text(data) and b"\n" in data.lstrip() and data[:1] not in b"\x1f\x89"


def shell_name(place: str) -> str:
    """Return the file of a place as a shell takes it; FILE if it is none by itself."""
    return shlex.quote(place) if Path(place).is_file() else "FILE"


def _stdin() -> Any:
    return getattr(sys.stdin, "buffer", sys.stdin)


def opened(source: str, purpose: str = "JSON lines") -> Source:
    """Open a file, or standard input for `-`. UsageError if that cannot be read."""
    if source != "-":
        try:
            return Source(Path(source).open("rb"), source)
        except OSError as error:
            raise UsageError(f"{source}: {error.strerror or error}{_meant(source)}") from None
        except ValueError as error:
            raise UsageError(f"{source!r}: {error}") from None
    if sys.stdin is None:
        raise UsageError(f"-: standard input is closed; pipe {purpose} into it")
    if sys.stdin.isatty():
        raise UsageError(f"-: standard input is a terminal; pipe {purpose} into it")
    return Source(_stdin(), "<stdin>")


def _meant(source: str) -> str:
    """Return what a name that is no file may have meant."""
    if found := re.match(r"https?://(?:www\.)?huggingface\.co/datasets/([\w.-]+/[\w.-]+)$", source):
        return f"; a dataset of the Hub is hf:{found[1]}"
    if re.match("https?://", source):
        return f"; download it: `curl -L {shlex.quote(source)} | ttc sample -`"
    if re.fullmatch(r"[\w-][\w.-]*/[\w-]+", source) and not Path(source).parent.is_dir():
        return f"; a dataset of the Hub is hf:{source}"
    return _beside(Path(source))


def _beside(path: Path) -> str:
    """Return a file of the same folder that a name may have meant."""
    with contextlib.suppress(OSError):
        files = (each.name for each in os.scandir(path.parent) if each.is_file())
        if meant := near(path.name, [*islice(files, _MOST_BESIDE)]):
            return f"; did you mean {path.parent / meant}?"
    return ""


def seekable(stream: BinaryIO) -> BinaryIO:
    """Return a stream that can seek, at its start: itself, else a copy, on disk if it is large."""
    if stream.seekable():
        stream.seek(0)
        return stream
    copy = tempfile.SpooledTemporaryFile(_SPOOL)  # noqa: SIM115 (closed when it is collected)
    shutil.copyfileobj(stream, copy, HEAD)
    copy.seek(0)
    if sys.version_info < (3, 11):  # it has no `seekable` there, which zipfile and pyarrow ask for
        copy.rollover()
        return cast(BinaryIO, copy._file)
    return cast(BinaryIO, copy)
