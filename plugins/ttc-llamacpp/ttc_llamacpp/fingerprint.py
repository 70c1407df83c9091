"""The digest of a weights file, computed once per file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ttc.errors import BackendError

_CHUNK = 1 << 20


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex. Reads all of it: about a second per GB."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def fingerprint(path: Path) -> str:
    """Return `sha256:<hex>`, remembered while the file's place, size and mtime stay the same."""
    from ttc.cache import remembered

    try:
        stat = path.stat()
        key = ("gguf-sha256", str(path.resolve()), stat.st_size, stat.st_mtime_ns)
        return f"sha256:{remembered(key, lambda: digest(path))}"
    except OSError as error:
        raise BackendError(f"{path}: {error.strerror or error}") from None
