"""The digest of a model's folder: one over the digests of all files that change what is drawn."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ttc.errors import BackendError
from ttc_vllm.checkpoint import Checkpoint

_CHUNK = 1 << 20
_BLOB = re.compile(r"[0-9a-f]{64}")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex. Reads all of it: about a second per GB."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def _known_digest(path: Path) -> str:
    """Return a file's digest, remembered while its place, size and mtime stay the same.

    The hub's cache names large files by theirs.
    """
    from ttc.cache import remembered

    target = path.resolve()
    if target.parent.name == "blobs" and _BLOB.fullmatch(target.name):
        return target.name
    stat = target.stat()
    key = ("file-sha256", str(target), stat.st_size, stat.st_mtime_ns)
    return str(remembered(key, lambda: digest(target)))


def fingerprint(checkpoint: Checkpoint) -> str:
    """Return `sha256:<hex>` over the names and digests of a model's files. BackendError."""
    total = hashlib.sha256()
    try:
        for path in sorted(checkpoint.files):
            total.update(f"{path.name}\0{_known_digest(path)}\n".encode())
    except OSError as error:
        raise BackendError(f"{error.filename}: {error.strerror or error}") from None
    return f"sha256:{total.hexdigest()}"
