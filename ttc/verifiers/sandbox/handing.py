"""Hands programs, tests and inputs to a fork server, as files that only their readers open."""

from __future__ import annotations

import os
import tempfile


def file_of(data: bytes) -> int:
    """Return a readable descriptor of an anonymous file with these bytes."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("job")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
