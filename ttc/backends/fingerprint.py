"""The SHA-256 of files of weights, computed once for each file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ttc.cache import remembered

_CHUNK = 1 << 20


def digest(path: Path) -> str:
    """Compute the SHA-256 of a file's bytes, in hex: about a second per GB. OSError."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex. OSError.

    It is kept in the cache while the file's resolved path, size and modification time stay the
    same.
    """
    target = path.resolve()
    stat = target.stat()
    key = ("file-sha256", str(target), stat.st_size, stat.st_mtime_ns)
    return str(remembered(key, lambda: digest(target)))
