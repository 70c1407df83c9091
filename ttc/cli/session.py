"""What commands have in common: the settings in force, notes on stderr, and a clean stdout."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from ttc.messages import notes, secret_headers
from ttc.messages.progress import SILENT
from ttc.messages.visible import inert, print_raw, visible
from ttc.report.progress import Display
from ttc.session import Session, load


def _ignore(line: str) -> None:
    """Drop a line: --quiet was given."""


class _Readable(logging.Formatter):
    """Formats log records, which may quote texts of servers and models."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record with its control characters made visible."""
        return inert(visible(super().format(record)))


def talk(quiet: bool = False) -> Callable[[str], None]:
    """Return what prints a note on stderr; send the warnings of backends there, too."""
    notes.hush(quiet)
    # Warnings of backends go to the log, and from there to stderr.
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Readable())
    logging.getLogger("ttc").setLevel(logging.ERROR if quiet else logging.NOTSET)
    return _ignore if quiet else notes.put


def begin(
    config: Path | None, database: Path | None, quiet: bool = False, *, raw_output: bool = False
) -> Session:
    """Read the settings and find the store. UsageError for settings that are wrong."""
    say = talk(quiet)
    print_raw(raw_output)
    again = shlex.join(["ttc", *map(secret_headers.hidden, sys.argv[1:])])
    progress = SILENT if quiet else Display()
    return load(config, database, say, again, progress=progress)


@contextlib.contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Send what native code prints to fd 1 to stderr, while ours still reaches stdout.

    Only where sys.stdout is the process's own; a test's capture is left alone.
    """
    try:
        own = sys.stdout.fileno() == 1
    except (OSError, ValueError, AttributeError):
        own = False
    if not own:
        yield
        return
    sys.stdout.flush()
    kept, data = sys.stdout, os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    sys.stdout = data
    try:
        yield
    finally:
        sys.stdout = kept
        try:
            data.flush()
        finally:
            os.dup2(data.fileno(), 1)
            with contextlib.suppress(OSError):
                data.close()
