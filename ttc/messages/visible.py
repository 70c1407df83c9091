"""Makes control characters visible in text from models, data and servers.

A terminal obeys control characters: they clear the screen, write to the clipboard (OSC 52), ring
the bell, or reverse text (bidi overrides); others cannot be seen at all and hide text from people.
Here each becomes a visible sign. Output for programs (JSON, files, pipes) is not changed, except
that GitHub Actions, which executes lines of a step's output, is never given a command of others.
"""

from __future__ import annotations

import os
import re
import sys

# C0 except tab and newline, DEL and C1; soft hyphen, fillers and other characters that are never
# seen; direction marks, overrides and isolates; line and paragraph separators; the byte order
# mark; what XML excludes; tags; surrogates, which cannot be encoded.
_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb"
    "\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff"
    "\U000e01f0-\U000e0fff"
)
# Joiners and variation selectors are part of emoji and of many scripts, and a way to hide text
# elsewhere: a joiner stays between two other characters, a selector behind one.
_JOINERS, _SELECTORS = "\u200c\u200d", "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_OTHER = f"[^\x00-\x7f{_HIDDEN}{_JOINERS}{_SELECTORS}]"
_CHOSEN = f"[^\x00-\x22\x24-\x29\x2b-\x2f\x3a-\x7f{_HIDDEN}{_JOINERS}{_SELECTORS}]"  # also 0-9 # *
_CONTROL = re.compile(
    f"[{_HIDDEN}]|(?<!{_CHOSEN})[{_SELECTORS}]|[{_JOINERS}](?!{_OTHER})"
    f"|(?<!{_OTHER})(?<!{_CHOSEN}[{_SELECTORS}])[{_JOINERS}]"
)
_PICTURES = 0x2400  # Unicode's pictures of the C0 characters begin here
_DELETE = 0x7F
_MOST = 4000  # characters of a message

# The commands that a runner of GitHub Actions obeys: `::name …::` at the start of a line, and
# `##[name …]` anywhere.
_NAMES = (
    "add-mask|add-matcher|add-path|debug|echo|endgroup|error|group|internal-set-repo-path|notice"
    "|remove-matcher|save-state|set-env|set-output|stop-commands|warning"
)
_COMMAND = re.compile(
    rf"(?:\A|(?<=[\r\n]))([\s\ufeff]*):(?=:(?:{_NAMES})(?:\s|::))|##(?=\[(?:{_NAMES})[\s\]])", re.I
)

_raw = False


def print_raw(raw: bool) -> None:
    """Set whether `for_stdout` leaves every text as it is (--raw-output)."""
    global _raw
    _raw = raw


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


def inert(text: str) -> str:
    """Return a text in which a space breaks each command of GitHub Actions, if that runs us."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    return _COMMAND.sub(lambda found: f"{found[1]}: " if found[1] is not None else "## ", text)


def message(text: str) -> str:
    """Return a message for stderr as one line, shortened in the middle if it is very long."""
    line = one_line(text)
    if len(line) > _MOST:
        half = _MOST // 2
        line = f"{line[:half]} … ({len(line) - 2 * half} more characters) … {line[-half:]}"
    return inert(line)


def report_line(text: str) -> str:
    """Return a line of a report for stdout, which names from outside can neither end nor fake."""
    return inert(one_line(text))


def for_stdout(text: str, *, line: bool = False) -> str:
    """Return a text for stdout: control characters made visible on a terminal, else unchanged.

    With `line`, it stays one line on a terminal. --raw-output leaves it unchanged there, too.
    """
    if _raw:
        return text
    if sys.stdout.isatty():
        return one_line(text) if line else visible(text)
    return inert(text)


def json_for_stdout(text: str) -> str:
    """Return JSON for stdout. In GitHub Actions, a bracket that could begin a command is escaped,
    which does not change the value."""
    acted = os.environ.get("GITHUB_ACTIONS") == "true"
    return text.replace("##[", "##\\u005b") if acted else text
