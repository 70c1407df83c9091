"""Annotations and the step summary of GitHub Actions."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Literal

from ttc.messages.visible import one_line
from ttc.paths import unwritable

SUMMARY = "GITHUB_STEP_SUMMARY"
SHOWN = 10  # annotations of one kind that GitHub shows for a step
LARGEST = 1 << 20  # bytes of the summary of one step; GitHub drops a larger one as a whole
_SPARE = 64  # bytes that stay free, for the end of a block that is cut
_CUT = "\n\n… the rest is left out: GitHub shows 1 MiB for a step; `--md FILE` has all of it.\n"

Kind = Literal["error", "warning", "notice"]


def annotate(kind: Kind, title: str, lines: Sequence[str]) -> None:
    """Print an annotation of one or more lines. A name in it can neither end it nor begin another.

    It goes to stderr, which a runner reads as well, so that stdout stays data.
    """
    text = "%0A".join(_data(line) for line in lines)
    print(f"::{kind} title={_property(title)}::{text}", file=sys.stderr)


def _data(text: str) -> str:
    return one_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def annotate_all(kind: Kind, title: str, messages: Sequence[str]) -> None:
    """Print an annotation for each message; where GitHub would not show them all, the last one
    that it shows has the rest, a line each."""
    single = messages if len(messages) <= SHOWN else messages[: SHOWN - 1]
    for message in single:
        annotate(kind, title, [message])
    if rest := messages[len(single) :]:
        annotate(kind, title, [f"{len(rest)} more:", *rest])


def add_to_summary(text: str) -> None:
    """Add Markdown to the step's summary, if there is one; cut where GitHub would drop it all."""
    path = os.environ.get(SUMMARY)
    if not path:
        return
    try:
        room = LARGEST - _SPARE - (os.path.getsize(path) if os.path.exists(path) else 0)
        # Others add to the file as well, and it is read when all are done.
        with open(path, "ab") as stream:
            stream.write(_fitting(text.encode("utf-8", "replace"), room))
    except OSError as error:
        raise unwritable(path, error) from None


def _fitting(text: bytes, room: int) -> bytes:
    """Return a text, or as many of its lines as there is room for."""
    if len(text) <= room:
        return text
    note = _CUT.encode()
    if room <= len(note):
        return b""
    whole = text[: room - len(note)].rpartition(b"\n")[0]
    fences = [line for line in whole.splitlines() if line.startswith(b"```")]
    # A block of code that was cut would take the note in.
    return whole + (b"\n" + b"`" * fences[-1].count(b"`") if len(fences) % 2 else b"") + note
