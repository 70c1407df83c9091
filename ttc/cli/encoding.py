"""What stdout's encoding cannot hold is written as an escape, and told."""

from __future__ import annotations

import codecs
import sys
from typing import TextIO

NAME = "ttc-escapes"


def escape_in(stream: TextIO) -> set[str]:
    r"""Make a stream write characters that its encoding lacks as escapes (`\u65e5`).

    Return the set that will hold these characters. Windows encodes pipes in a code page of 256
    characters, and PYTHONIOENCODING may name any encoding.
    """
    found: set[str] = set()

    def escape(error: UnicodeError) -> tuple[str | bytes, int]:
        if isinstance(error, UnicodeEncodeError):
            found.update(error.object[error.start : error.end])
        return codecs.backslashreplace_errors(error)

    if getattr(stream, "errors", "") == "strict" and hasattr(stream, "reconfigure"):
        codecs.register_error(NAME, escape)
        stream.reconfigure(errors=NAME)
    return found


def tell(escaped: set[str], stream: TextIO) -> None:
    """Tell on stderr that characters were written as escapes, and how to get them."""
    if escaped:
        sys.stderr.write(
            f"note: {stream.encoding} holds not all characters of the output, so some are written "
            "as escapes; PYTHONIOENCODING=utf-8 writes all\n"
        )
