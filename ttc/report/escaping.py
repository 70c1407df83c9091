"""Escapes text from models, data and the names of pools for each format of a report.

Whatever a text holds, a reader of CSV, Markdown, HTML or XML sees that text, and nothing of it is a
formula, markup or a row of its own.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from html import escape

from ttc.messages.visible import one_line

# What begins a formula of a spreadsheet, also in its full-width form, and what a spreadsheet may
# leave out before that.
_FORMULA = re.compile(
    "[\\s\"'`\u200b-\u200f\u2060\ufeff\x00-\x20]*[=+\\-@\uff1d\uff0b\uff0d\uff20]"
)
_BLANKS = ("\t", "\r", "\n")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# What no file of text holds, and what Python 3.10 writes into no cell.
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
# Characters that XML 1.0 excludes, even escaped.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Markdown's special characters; what begins a heading, a list or a quotation; what GitHub makes a
# link.
_SPECIAL = re.compile(r"[\\`*_\[\]<|~$&]")
_BLOCK = re.compile(r"\A(?:(?=#{1,6}(?:\s|$)|[-+](?:\s|$)|>|-{2}|={2})|\d+(?=[.)](?:\s|$)))")
_LINK = re.compile(r"(?i)(?=://)|(?<=\bmailto)(?=:)|(?<=\bxmpp)(?=:)|(?<=\bwww)(?=\.)")


def csv_row(cells: Iterable[object]) -> str:
    """Return a line of CSV, ended by a newline; None is an empty cell.

    A text that a spreadsheet would take as a formula begins with an apostrophe, as OWASP and the
    makers of spreadsheets advise. Numbers stay numbers.
    """
    out = io.StringIO()
    # With "\r\n" as the end of a line, every version of Python quotes cells with "\r" or "\n".
    csv.writer(out, lineterminator="\r\n").writerow(map(_cell, cells))
    return out.getvalue().removesuffix("\r\n") + "\n"


def _cell(value: object) -> object:
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = _UNWRITABLE.sub("\ufffd", value)
    if _NUMBER.fullmatch(text):
        return text
    return f"'{text}" if value.startswith(_BLANKS) or _FORMULA.match(value) else text


def in_markdown(text: str) -> str:
    """Return a text on one line, escaped so that Markdown shows it as it is."""
    line = _SPECIAL.sub(r"\\\g<0>", one_line(text).strip())
    return _LINK.sub(r"\\", _BLOCK.sub(r"\g<0>\\", line))


def fenced(lines: Sequence[str]) -> str:
    """Return lines as a code block of Markdown, with a fence longer than any in the lines."""
    plain = [one_line(line) for line in lines]
    longest = max((len(run) for line in plain for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join((f"{fence}text", *plain, fence)) + "\n"


def in_html(text: str) -> str:
    """Return a text on one line, escaped for HTML, also for an attribute's value."""
    return escape(one_line(text))


def in_xml(text: str) -> str:
    """Return a text without what XML 1.0 excludes; a writer of XML escapes the rest."""
    return _ILLEGAL.sub("\ufffd", text)
