"""Messages to the user from code without a session, such as backends.

They go to stderr, each once per command; --quiet turns them off.
"""

from __future__ import annotations

import contextlib
import sys

from ttc.messages import secrets
from ttc.messages.visible import message

_said: set[str] = set()
_quiet = False


def hush(quiet: bool) -> None:
    """Start a command: forget which messages were printed, and set whether any are."""
    global _quiet
    _quiet = quiet
    _said.clear()


def tell(line: str) -> None:
    """Print a line to stderr, unless it was printed before or --quiet was given."""
    if _quiet or line in _said:
        return
    _said.add(line)
    put(" ".join(line.split()))


def put(line: str) -> None:
    """Print a line to stderr, if that can be written to: on one line, and without secrets."""
    with contextlib.suppress(OSError, ValueError):
        print(message(secrets.redacted(line)), file=sys.stderr, flush=True)
