"""Lines for people from where no command listens: a backend that has something to say.

They go to stderr, each once a process, and not at all under --quiet.
"""

from __future__ import annotations

import contextlib
import sys

from ttc import secrets
from ttc.report.visible import one_line

_said: set[str] = set()
_quiet = False


def hush(quiet: bool) -> None:
    """Begin a command: whether people want to hear nothing, and nothing was said yet."""
    global _quiet
    _quiet = quiet
    _said.clear()


def tell(line: str) -> None:
    """Say a line, unless it was said before or people asked for quiet."""
    if _quiet or line in _said:
        return
    _said.add(line)
    with contextlib.suppress(OSError, ValueError):
        print(one_line(secrets.redacted(" ".join(line.split()))), file=sys.stderr, flush=True)
