"""Masks keys in everything that is shown, logged or stored.

`keep` registers a key. `redacted` masks it in a text in every spelling: verbatim in any case,
escaped as in Python, JSON, HTML or a URL, in hexadecimal and in base64 (alone, or inside
`user:key` or `Bearer key`), and pieces of twelve characters or more. Texts from servers, proxies
and libraries are passed through it before they are shown, stored or logged.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from typing import Any

MASK = "***"
# A shorter key may be an ordinary word (`none`, `EMPTY`): it is masked only as a whole word, and
# never in a model's text.
SHORT = 12
_PIECE = 12
_GRAM = 6
_ENCODED = 16
_PERCENT = re.compile(r"%(?:25){0,4}(?:u00)?([0-9A-Fa-f]{2})")
_ESCAPE = re.compile(
    r"\\{1,8}(?:(?:[xX]|u00|u\{0{0,4}|U000000)([0-9A-Fa-f]{2})\}?|0?([0-3][0-7]{2}))"
)
# From the first of its backslashes alone: a search from each would take the square of a run.
_BREAK = re.compile(r"(?<!\\)\\+[rn]")
_RUN = re.compile(r"[A-Za-z0-9+/_=%-]")


@dataclass(frozen=True, slots=True)
class _Secret:
    """A secret and the patterns that find it: of its beginning (a text may be cut in the middle of
    a key), of each character after that, and of its beginning in base64 and in hexadecimal."""

    text: str
    spelled: re.Pattern[str]
    rest: tuple[re.Pattern[str], ...]
    encoded: re.Pattern[str] | None
    ways: tuple[str, ...]
    digits: str


_known: dict[str, _Secret] = {}


def keep(secret: str | None) -> None:
    """Register a secret to be masked. None and an empty text are ignored."""
    if not secret or secret in _known:
        return
    if not _known:
        _watch_logs()
    begun, rest = _spelled(secret)
    ways = _in_base64(secret)
    short = tuple(way[:_ENCODED] for way in ways)
    digits = _bytes(secret)[:_PIECE].hex()
    _known[secret] = _Secret(secret, begun, rest, _encoded(secret, ways), short, digits)


def redacted(text: str, *, said_by_model: bool = False) -> str:
    """Return a text with all known secrets masked; in a model's text, only the long ones."""
    bare = _bare(text) if _known else []
    for secret in list(_known.values()):
        short = len(secret.text) < SHORT
        if said_by_model if short else not any(_may_hold(each, secret) for each in bare):
            continue
        text = _without_spelled(text, secret)
        if secret.encoded is not None:
            text = _without(text, [found.span() for found in secret.encoded.finditer(text)])
        text = _without_pieces(text, secret.text)
    return text


def cleaned(value: Any) -> Any:
    """Return a JSON value with all known secrets masked in its strings and keys."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {redacted(str(name)): cleaned(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleaned(each) for each in value]
    return value


def _bare(text: str) -> list[str]:
    """Return a text without escapes and white space, for a quick test whether it can hold a long
    secret. Two readings, since an escaped line break may also be a backslash and a letter."""
    bare = "".join(text.split())
    if "%" in bare:
        bare = _PERCENT.sub(lambda found: chr(int(found[1], 16)), bare)
    if "&" in bare:
        bare = html.unescape(html.unescape(bare))
    if "\\" not in bare:
        return [bare]
    bare = _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16 if found[1] else 8)), bare)
    return [_BREAK.sub("", bare).replace("\\", ""), bare.replace("\\", "")]


def _may_hold(bare: str, secret: _Secret) -> bool:
    lower, key = bare.lower(), secret.text.replace("\\", "").lower()
    if any(key[at : at + _GRAM] in lower for at in range(0, len(key) - _GRAM + 1, _GRAM)):
        return True
    base = bare.replace("-", "+").replace("_", "/")
    return any(way in base for way in secret.ways) or secret.digits in lower.replace(":", "")


@cache
def _character(char: str) -> str:
    """Return a pattern for all spellings of a character."""
    number = ord(char)
    # At most a few nested escapes: an unbounded run would take quadratic time.
    slashes, entity = r"\\{1,8}", r"&(?:amp;){0,4}"
    ways = [
        rf"%(?:25){{0,4}}(?:u00)?{number:02x}",
        rf"{slashes}(?:x|u00|u\{{0{{0,4}}|U000000){number:02x}\}}?",
        rf"{slashes}0?{number:03o}",
        rf"{entity}#0{{0,5}}{number};",
        rf"{entity}#x0{{0,5}}{number:x};",
    ]
    if not char.isalnum():
        ways.append(slashes + re.escape(char))
    if (named := html.escape(char)) != char:
        ways.append(entity + named[1:])
    # The verbatim character comes last: it may be the beginning of another spelling.
    return f"(?:{'|'.join([*ways, re.escape(char)])})"


def _spelled(secret: str) -> tuple[re.Pattern[str], tuple[re.Pattern[str], ...]]:
    """Return a pattern for the beginning of a secret, and one for each character after it."""
    if len(secret) < SHORT:
        spelled = "".join(map(_character, secret))
        return re.compile(rf"(?<![A-Za-z0-9]){spelled}(?![A-Za-z0-9])"), ()
    # The text may be wrapped over several lines.
    gap = r"(?:\s|\\[rn])*"
    begun = gap.join(map(_character, secret[:_PIECE]))
    hexadecimal = r"[\s:]*".join(f"{byte:02x}" for byte in _bytes(secret)[:_PIECE])
    hexadecimal += r"(?:[\s:]*[0-9a-f]{2})*"
    rest = (re.compile(gap + _character(char), re.IGNORECASE) for char in secret[_PIECE:])
    return re.compile(f"{begun}|{hexadecimal}", re.IGNORECASE), tuple(rest)


def _without_spelled(text: str, secret: _Secret) -> str:
    """Mask each place where a secret begins, up to where the text departs from it."""
    at = 0
    while (found := secret.spelled.search(text, at)) is not None:
        end = found.end()
        for following in secret.rest:
            more = following.match(text, end)
            if more is None:
                break
            end = more.end()
        text, at = text[: found.start()] + MASK + text[end:], found.start() + len(MASK)
    return text


def _bytes(secret: str) -> bytes:
    # An environment variable may hold bytes that are not valid UTF-8.
    return secret.encode("utf-8", "surrogateescape")


def _in_base64(secret: str) -> list[str]:
    """Return the parts of a secret's base64 that do not depend on neighbours, one per offset."""
    ways = []
    for before in range(3):
        data = b"\0" * before + _bytes(secret)
        # Leave out the characters that also encode bits of what precedes or follows.
        first = (0, 2, 3)[before]
        ways.append(base64.b64encode(data).decode()[first : len(data) * 8 // 6])
    return ways


def _encoded(secret: str, ways: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern for a secret in base64."""
    if len(secret) < _GRAM:
        return None
    # Also the beginning alone, since a text may be cut.
    all_ways = sorted({*ways, *(way[:_ENCODED] for way in ways)}, key=len, reverse=True)
    gap = r"(?:\s|\\[rn])*"
    return re.compile("|".join(gap.join(map(_of_base64, way)) for way in all_ways))


def _of_base64(char: str) -> str:
    special = {"+": r"(?:[+-]|%2[Bb])", "/": r"(?:[/_]|%2[Ff]|\\/)"}
    return special.get(char, char)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """Mask spans of a text, each extended to the base64 run around it."""
    for start, end in reversed(spans):
        while start > 0 and _RUN.match(text[start - 1]):
            start -= 1
        while end < len(text) and _RUN.match(text[end]):
            end += 1
        text = text[:start] + MASK + text[end:]
    return text


def _without_pieces(text: str, secret: str) -> str:
    """Mask long pieces from the middle of a secret, as in a text whose start was cut off."""
    if len(secret) <= _PIECE or len(text.lower()) != len(text):
        return text
    lower, key = text.lower(), secret.lower()
    for at in range(0, len(key) - _GRAM + 1, _GRAM):
        found = lower.find(key[at : at + _GRAM])
        while found >= 0:
            before = _alike(reversed(lower[:found][-at:] if at else ""), reversed(key[:at]))
            after = _alike(lower[found : found + len(key) - at], key[at:])
            start, end = found - before, found + after
            if end - start >= _PIECE:
                text, lower = (each[:start] + MASK + each[end:] for each in (text, lower))
                end = start + len(MASK)
            found = lower.find(key[at : at + _GRAM], end)
    return text


def _alike(one: Iterable[str], other: Iterable[str]) -> int:
    """Return the length of the common prefix of two texts."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _watch_logs() -> None:
    """Mask known secrets in the log records of every library."""
    import logging
    import traceback

    before = logging.getLogRecordFactory()

    def record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        made = before(*args, **kwargs)
        try:
            message = made.getMessage()
        except Exception:  # noqa: BLE001 - logging itself reports a malformed record
            return made
        if (clean := redacted(message)) != message:
            made.msg, made.args = clean, ()
        if made.exc_info and made.exc_info[0] is not None:
            made.exc_text = redacted("".join(traceback.format_exception(*made.exc_info))).strip()
        return made

    logging.setLogRecordFactory(record)
