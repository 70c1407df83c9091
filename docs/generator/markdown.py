"""Tables, code and docstrings as Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; bars in cells are escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(map(_cell, row))} |\n" for row in lines)


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def code(text: object) -> str:
    """Return text as inline code; nothing for an empty one."""
    plain = str(text)
    fence = "``" if "`" in plain else "`"
    return f"{fence}{plain}{fence}" if plain else ""


def docstring(member: Any) -> str:
    """Return the docstring of a class or function as Markdown: it has lists, code and formulas."""
    return (inspect.cleandoc(getattr(member, "__doc__", None) or "") + "\n").lstrip()


def summary(member: Any) -> str:
    """Return the first line of a docstring."""
    return docstring(member).partition("\n")[0]


def rest(member: Any) -> str:
    """Return a docstring without its first line."""
    return docstring(member).partition("\n")[2].strip() + "\n"


def escaped(text: str) -> str:
    """Return plain text in which Markdown would read a tag or a link."""
    parts = re.split(r"(`+[^`]*`+)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"<(?=[A-Za-z/])|\[(?=[^\]]*\])", r"\\\g<0>", part)
        for part in parts
    )
