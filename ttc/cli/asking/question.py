"""The question of `ttc solve`: the argument, `@FILE`, standard input, or two of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeGuard

from ttc import paths
from ttc.cli.asking import stdin
from ttc.errors import UsageError
from ttc.formats.files import kinds
from ttc.formats.files.streams import Source
from ttc.formats.files.wrong.signatures import KINDS

# No model's context holds so many bytes of text.
MOST = 1 << 24
_STDIN = ("-", "@-")
_NO_QUESTION = 'no question; ttc solve "…", ttc solve @FILE, or pipe it in (ttc solve --help)'


def question(argument: str | None, say: Callable[[str], None]) -> str:
    """Return the question: what was piped in, a blank line, and the argument or its file.

    `-` and None wait for standard input to end. Beside an argument, input is read if there is any
    (`ttc.cli.asking.stdin`), and `say` is told of it. UsageError if there is no question, or it is
    no text.
    """
    if argument is None or argument in _STDIN:
        if argument is None and sys.stdin is not None and sys.stdin.isatty():
            raise UsageError(_NO_QUESTION)
        text = _text(stdin.whole(MOST), "<stdin>", "standard input")
        if not text.strip():
            raise UsageError("the question is empty: standard input holds no text")
        return text
    asked = _of_file(argument) if _names_a_file(argument) else argument
    if not asked.strip():
        raise UsageError("the question is empty")
    data = stdin.beside(say, MOST)
    piped = _text(data, "<stdin>", "standard input") if data else ""
    if not piped.strip():
        return asked
    say(f"read {len(piped):,} characters of standard input in front of the question")
    return f"{piped}\n\n{asked}"


def _names_a_file(text: str) -> TypeGuard[str]:
    """Return whether a question is `@FILE`: of one word, or the name of a file that exists."""
    if not text.startswith("@") or text == "@":
        return False
    try:
        return len(text.split()) == 1 or _path(text).is_file()
    except (OSError, ValueError):  # too long, or with a NUL: no name
        return False


def _path(text: str) -> Path:
    """Return the path in `@FILE`; a shell expands no `~` behind the `@`."""
    path = Path(text[1:])
    return path if path.exists() else Path(paths.expanded(path))


def _of_file(name: str) -> str:
    """Return the question in `@FILE`. UsageError if it cannot be read."""
    path = _path(name)
    try:
        with path.open("rb") as stream:
            return _text(_up_to(stream), str(path), str(path))
    except OSError as error:
        raise UsageError(
            f"{name}: {error.strerror or error}; it names a file with the question; to ask this "
            "text itself, put a space before the @, or pipe it in"
        ) from None


def _up_to(stream: BinaryIO) -> bytes:
    return stream.read(MOST + 1)


def _text(data: bytes, place: str, name: str) -> str:
    """Return bytes as text, unpacked if they are packed, without line breaks around it."""
    with ExitStack() as stack:
        inner = kinds.unpacked(Source(BytesIO(data), place), stack)
        data = _up_to(inner.buffered())
    if len(data) > MOST:
        raise UsageError(
            f"{name}: more than {MOST >> 20} MiB, which no model's context holds; ask about a part "
            "(head -c 100000), or, if each line is a question: ttc solve --each"
        )
    if b"\0" not in data:
        try:
            return data.decode("utf-8-sig").replace("\r\n", "\n").strip("\r\n")
        except UnicodeDecodeError as error:
            at = error.start
        why = f"byte 0x{data[at]:02x} at offset {at} is not UTF-8; convert it with iconv"
    else:
        why = "it has bytes that are zero"
    kind = next((each for each in KINDS if each.matches(data[: 1 << 16])), None)
    if kind is None:
        raise UsageError(f"{name}: no text ({why})")
    way = "take its text with pdftotext" if data.startswith(b"%PDF-") else "ttc asks with text only"
    raise UsageError(f"{name}: {kind.what}, which is no text; {way}")
