"""Compressed files: gzip, bzip2, xz, lzma, zstd; and texts in UTF-16 or with old line ends."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, BinaryIO

from ttc.errors import UsageError
from ttc.formats.files.streams import HEAD, Recoded, Unpacked, from_utf, shell_name
from ttc.plugins.installing import install


class Gzip:
    """Gzip (.gz)."""

    name = "gzip"

    def packed(self, head: bytes) -> bool:
        """Return whether it begins as gzip does."""
        return head[:2] == b"\x1f\x8b"

    def unpack(self, stream: BinaryIO, place: str) -> BinaryIO:
        """Return the unpacked bytes."""
        import gzip

        return Unpacked(gzip.GzipFile(fileobj=stream), place).buffered()


class Bzip2:
    """Bzip2 (.bz2)."""

    name = "bzip2"

    def packed(self, head: bytes) -> bool:
        """Return whether it begins as bzip2 does."""
        # The magic number of its first block tells it from a text that begins with BZh.
        return head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90")

    def unpack(self, stream: BinaryIO, place: str) -> BinaryIO:
        """Return the unpacked bytes."""
        bz2 = _standard("bz2", place, "bzcat")
        return Unpacked(bz2.BZ2File(stream), place).buffered()


class Xz:
    """Xz and lzma (.xz, .lzma)."""

    name = "xz"

    def packed(self, head: bytes) -> bool:
        """Return whether it begins as xz does, or as the older lzma."""
        return head[:6] == b"\xfd7zXZ\0" or (head[:3] == b"]\0\0" and head[12:13] in b"\0\xff")

    def unpack(self, stream: BinaryIO, place: str) -> BinaryIO:
        """Return the unpacked bytes."""
        lzma = _standard("lzma", place, "xzcat")
        return Unpacked(lzma.LZMAFile(stream), place, (lzma.LZMAError,)).buffered()


class Zstd:
    """Zstandard (.zst)."""

    name = "zstd"

    def packed(self, head: bytes) -> bool:
        """Return whether it begins as zstd does."""
        return head[:4] == b"\x28\xb5\x2f\xfd"

    def unpack(self, stream: BinaryIO, place: str) -> BinaryIO:
        """Return the unpacked bytes. UsageError without the package zstandard, before 3.14."""
        if sys.version_info >= (3, 14):
            zstd: Any = import_module("compression.zstd")
            return Unpacked(zstd.ZstdFile(stream), place, (zstd.ZstdError,)).buffered()
        try:
            zstd = import_module("zstandard")
        except ImportError:
            raise UsageError(
                f"{place}: zstd needs a package: {install('ttc-cli[zstd]')}; "
                f"or unpack it: `zstd -dc {shell_name(place)} | ttc sample -`"
            ) from None
        reader = zstd.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
        return Unpacked(reader, place, (zstd.ZstdError,)).buffered()


class Utf16:
    """Text in UTF-16 or UTF-32, as Excel ("Unicode text") and PowerShell (`>`) write it."""

    name = "utf-16"

    def packed(self, head: bytes) -> bool:
        """Return whether it begins with a byte order mark, or with ASCII in UTF-16."""
        return self._encoding(head) is not None

    def unpack(self, stream: BinaryIO, place: str) -> BinaryIO:
        """Return the text in UTF-8."""
        head = getattr(stream, "peek", lambda size: b"")(HEAD)
        encoding = self._encoding(head) or "utf-16"
        return Recoded(stream, place, from_utf(encoding)).buffered()

    def _encoding(self, head: bytes) -> str | None:
        if head[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
            return "utf-32"
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
        start = head[: min(64, len(head) // 2 * 2)]
        for encoding, nul, byte in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):
            if len(start) >= 8 and not any(start[nul::2]) and all(map(_printed, start[byte::2])):
                return encoding
        return None


class OldLineEnds:
    """Text whose lines end in CR alone, as old Macs wrote it."""

    name = "cr"

    def packed(self, head: bytes) -> bool:
        """Return whether it is text that has CR and no LF."""
        return b"\r" in head[:-1] and b"\n" not in head and all(map(_in_text, head[:256]))

    def unpack(self, stream: BinaryIO, place: str) -> BinaryIO:
        """Return the text with LF for CR."""
        return Recoded(stream, place, lambda data, last: data.replace(b"\r", b"\n")).buffered()


def _printed(byte: int) -> bool:
    return 0x20 <= byte < 0x7F or byte in b"\t\r\n"


def _in_text(byte: int) -> bool:
    return _printed(byte) or byte >= 0x80


def _standard(module: str, place: str, command: str) -> Any:
    try:
        return import_module(module)
    except ImportError:  # a Python that was built without the library
        raise UsageError(
            f"{place}: this Python cannot read it ({module} is missing); unpack it: "
            f"`{command} {shell_name(place)} | ttc sample -`"
        ) from None
