"""The fingerprint of a GGUF file."""

from __future__ import annotations

from pathlib import Path

from ttc.backends.fingerprint import file_digest
from ttc.errors import BackendError


def fingerprint(path: Path) -> str:
    """Return `sha256:<hex>` over a file's bytes. BackendError if it cannot be read."""
    try:
        return f"sha256:{file_digest(path)}"
    except OSError as error:
        raise BackendError(f"{path}: {error.strerror or error}") from None
