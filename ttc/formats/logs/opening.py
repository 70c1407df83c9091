"""What readers of logs share: opening a file, its records, and values that may be missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ttc import token_logprobs
from ttc.errors import UsageError
from ttc.formats import files, finish_reasons
from ttc.formats.files import kinds, streams
from ttc.jsonl import Line
from ttc.records import FinishReason, TokenLogprob

HEAD = 1 << 16  # bytes of a file by which its format is known
_HALF = re.compile("[\ud800-\udfff]")


class NoDrawsError(UsageError):
    """A log that is whole and has no draws in it: in a folder of logs it is left out."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, unpacked whatever it is compressed with. UsageError if it cannot be
    read."""
    with ExitStack() as stack:
        source = streams.opened(str(path), "logs")
        stack.callback(source.close)
        yield kinds.unpacked(source, stack).buffered()


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file, unpacked; nothing of a folder."""
    if path.is_dir():
        return b""
    with opened(path) as stream:
        return stream.read(HEAD)


def first_line(head: bytes) -> dict[str, Any] | None:
    """Return the first record of JSON lines; None if the file does not begin with one.

    Of a record that is longer than `head` only the names of its first fields are known: their
    values are None.
    """
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not text.startswith("{"):
        return None
    line, newline, _ = text.partition("\n")
    try:
        found = json.loads(line)
    except RecursionError:
        return None
    except ValueError:
        if newline or len(head) < HEAD:
            return None
        return dict.fromkeys(re.findall(r'[{,]\s*"(\w+)"\s*:', line))
    return found if isinstance(found, dict) else None


def names_in(head: bytes, *names: str) -> bool:
    """Return whether the beginning of a JSON document has all of these fields, at any depth."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text[:1] in (b"{", b"[") and all(
        re.search(rb'"' + name.encode() + rb'"\s*:', text) for name in names
    )


def document(path: Path) -> Any:
    """Return a JSON document. Unlike in JSON lines, NaN and infinities are taken, which Python's
    own writer makes. UsageError with the place for anything malformed."""
    with opened(path) as stream:
        data = stream.read()
    return parsed(data, str(path))


def parsed(data: bytes, place: str) -> Any:
    """Return the JSON value of some bytes; UsageError with the place if it is malformed."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{place}: byte {error.start} is not UTF-8") from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{place}:{error.lineno}: not valid JSON ({error.msg} at column {error.colno})"
        ) from None
    except RecursionError:
        raise UsageError(f"{place}: nested too deeply") from None


def lines(path: Path) -> Iterator[Line]:
    """Yield the records of a file of JSON lines, or of a JSON array, with their places."""
    array = head_of(path).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    # A kind that is named is read as it stands, where a log would be refused.
    return files.read(str(path), form="json" if array else "json-lines")


def checked_text(text: Any, place: str, what: str) -> str:
    """Return a text. UsageError for anything else, and for half a surrogate pair."""
    if not isinstance(text, str):
        raise UsageError(f"{place}: {what} must be a text, not {text!r:.80}")
    if not text.isascii() and _HALF.search(text):
        raise UsageError(f"{place}: {what} has half a surrogate pair, which is not valid Unicode")
    return text


def ending(value: Any, text: str) -> tuple[FinishReason, str]:
    """Return how a draw ended, and why it is no answer ("": it is one).

    `stop` if the word is not known, and for an answer that was filtered or also calls a tool: the
    tool judged it as an answer. A call without text is none.
    """
    if finish_reasons.plain(value) in finish_reasons.TOOLS and not text:
        return "error", "the model called a tool"
    if finish_reasons.is_withheld(value):
        return "stop", ""
    ended = finish_reasons.read(value) or "stop"
    failed = ended in ("error", "cancelled")
    return ended, f"it ended with {finish_reasons.plain(value)}" if failed else ""


def count(value: Any) -> int | None:
    """Return a number of tokens; None if it is not known."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if value == int(value) and value >= 0 else None


def likeliest(logprobs: Any) -> tuple[TokenLogprob, ...] | None:
    """Return the tokens of log-probabilities as OpenAI's API has them; None if there are none, or
    they are in another form."""
    try:
        return token_logprobs.read(logprobs) or None
    except ValueError:
        return None


def summed(logprobs: Any) -> float | None:
    """Return the sum of the log-probabilities of tokens, as OpenAI's API has them (`content`); None
    if any is unknown."""
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    total, tokens = 0.0, 0
    for each in content or ():
        value = each.get("logprob") if isinstance(each, Mapping) else None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        total, tokens = total + value, tokens + 1
    return total if tokens else None


def unread(record: Mapping[str, Any], read: Iterable[str], prefix: str = "") -> frozenset[str]:
    """Return the names of the fields of a record that have a value and are not read."""
    left = (name for name in record if name not in read)
    return frozenset(f"{prefix}{name}" for name in left if record[name] not in (None, "", [], {}))


def accept(options: Mapping[str, str], known: Iterable[str], log: str) -> None:
    """Raise UsageError for an option that a format does not know."""
    for name in options:
        if name not in (names := tuple(known)):
            there = f"it has {', '.join(names)}" if names else "it has none"
            flag = f"--{name}" if name in ("map", "filter") else f"--option {name}"
            raise UsageError(f"{flag}: {log} logs have no such option; {there}")
