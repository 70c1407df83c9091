"""The fingerprint of a model's folder: a digest of all files that change what is drawn."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ttc.backends.fingerprint import file_digest
from ttc.errors import BackendError
from ttc_vllm.checkpoint import Checkpoint

_BLOB = re.compile(r"[0-9a-f]{64}")


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, by which the hub's cache names large files."""
    target = path.resolve()
    named = target.parent.name == "blobs" and _BLOB.fullmatch(target.name)
    return target.name if named else file_digest(target)


def fingerprint(checkpoint: Checkpoint) -> str:
    """Return `sha256:<hex>` over the names and digests of a model's files. BackendError."""
    total = hashlib.sha256()
    try:
        for path in sorted(checkpoint.files):
            total.update(f"{path.name}\0{_digest(path)}\n".encode())
    except OSError as error:
        raise BackendError(f"{error.filename}: {error.strerror or error}") from None
    return f"sha256:{total.hexdigest()}"
