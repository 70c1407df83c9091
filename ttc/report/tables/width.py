"""How wide the terminal is, and how wide a text is on it."""

from __future__ import annotations

import os
import sys
from typing import TextIO

USUAL = 80  # columns of a terminal that does not tell


def terminal_width(stream: TextIO | None = None) -> int | None:
    """Return the columns of the terminal behind a stream (None: stdout).

    None, which is no limit, where it is no terminal, and with COLUMNS=0. Another COLUMNS counts
    instead of what the terminal tells.
    """
    stream = sys.stdout if stream is None else stream
    if not stream.isatty():
        return None
    given = os.environ.get("COLUMNS", "").strip()
    if given.isdigit():
        return int(given) or None
    return columns_of(stream)


def columns_of(stream: TextIO) -> int:
    """Return the columns that the terminal behind a stream tells, whatever COLUMNS says."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL
    except (OSError, ValueError, AttributeError):
        return USUAL


def cells(text: str) -> int:
    """Return how many columns a text takes: a CJK character takes two, an accent none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return a text filled up with blanks to so many columns."""
    blanks = " " * max(width - cells(text), 0)
    return blanks + text if right else text + blanks
