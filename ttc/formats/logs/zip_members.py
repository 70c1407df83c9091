"""Members of ZIP archives, also those packed with Zstandard, which Python reads since 3.14."""

from __future__ import annotations

import sys
import zipfile
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from ttc.errors import UsageError
from ttc.plugins import installing

MAGIC = b"PK\x03\x04"
_ZSTANDARD = 93
_LOCAL = 30  # bytes of a local header before its name


class Archive:
    """A ZIP archive that is open for reading; use it in a with statement."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise UsageError(
                f"{path}: not a whole ZIP archive ({error}); is it still being written?"
            ) from None

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *exc: object) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """The names of the members, each once."""
        return list(dict.fromkeys(self._zip.namelist()))

    def read(self, name: str) -> bytes:
        """Return a member. UsageError if it is damaged, or needs a package that is missing."""
        try:
            about = self._zip.getinfo(name)
            if about.compress_type == _ZSTANDARD and sys.version_info < (3, 14):
                return self._zstandard(about)
            return self._zip.read(name)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
            raise UsageError(f"{self._path}: {name} cannot be read ({error})") from None

    def _zstandard(self, about: zipfile.ZipInfo) -> bytes:
        """Unpack a member. The module zipfile gives no access to bytes it cannot unpack."""
        library = self._library()
        with self._path.open("rb") as file:
            file.seek(about.header_offset)
            header = file.read(_LOCAL)
            sizes = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
            file.seek(about.header_offset + _LOCAL + sum(sizes))
            packed = file.read(about.compress_size)
        try:
            stream = library.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
            return cast(bytes, stream.read())
        except library.ZstdError as error:
            raise zipfile.BadZipFile(str(error)) from None

    def _library(self) -> Any:
        try:
            return import_module("zstandard")
        except ImportError:
            how = installing.install("ttc-cli[zstd]")
            raise UsageError(
                f"{self._path}: packed with Zstandard, which needs a package: {how}; or convert "
                "it: inspect log dump FILE | ttc import -"
            ) from None


def is_archive(head: bytes) -> bool:
    """Return whether a file that begins so is a ZIP archive."""
    return head.startswith(MAGIC)


def members(path: Path) -> set[str]:
    """Return the names in an archive; none if it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return set()
