"""Makes control characters visible in text from models, data and servers.

A terminal obeys control characters: they clear the screen, write to the clipboard (OSC 52), ring
the bell, or reverse text (bidi overrides). Here each becomes a visible sign. Output for programs
(JSON, CSV, files, pipes) is never changed.
"""

from __future__ import annotations

import re
import sys

# C0 except tab and newline, DEL and C1; direction marks, overrides and isolates; the line and
# paragraph separators; invisible tags; surrogates, which cannot be encoded; the byte order mark.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\u2028\u2029\ufeff\U000e0000-\U000e007f\ud800-\udfff]"
)
_PICTURES = 0x2400  # Unicode's pictures of the C0 characters begin here
_DELETE = 0x7F


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == _DELETE:
        return "␡"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def visible(text: str) -> str:
    """Return a text with its control characters made visible; line breaks and tabs stay."""
    return _CONTROL.sub(_sign, text.replace("\r\n", "\n"))


def one_line(text: object) -> str:
    """Return a text as one line: line breaks and tabs are made visible too."""
    return visible(str(text)).replace("\n", "␊").replace("\t", "␉")


def for_stdout(text: str) -> str:
    """Return a text for stdout: control characters made visible on a terminal, else unchanged."""
    return visible(text) if sys.stdout.isatty() else text
