"""What readers of logs share: opening a file, its records, and values that may be missing."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from ttc.errors import UsageError
from ttc.formats import files
from ttc.jsonl import Line
from ttc.records import FinishReason

HEAD = 1 << 16  # bytes of a file by which its format is known
_HALF = re.compile("[\ud800-\udfff]")

# How other tools and servers say that a draw ended, or was cut at the token limit.
STOPPED = {
    "stop",
    "stopped",
    "eos",
    "eos_token",
    "end_turn",
    "stop_sequence",
    "stop_token",
    "end",
    "complete",
    "completed",
    "tool_calls",
    "function_call",
    "tool_use",
    "content_filter",
    "refusal",
}
CUT = {"length", "max_tokens", "max_output_tokens", "model_length", "token_limit", "limit"}


def opened(path: Path) -> BinaryIO:
    """Open a file for reading, unpacked if it is gzip. UsageError if it cannot be opened."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    if stream.peek(2)[:2] == b"\x1f\x8b":
        return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    return cast(BinaryIO, stream)


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file, unpacked; nothing of a folder."""
    if path.is_dir():
        return b""
    with opened(path) as stream:
        try:
            return stream.read(HEAD)
        except (OSError, EOFError) as error:
            raise UsageError(f"{path}: cannot be read ({error})") from None


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
        try:
            data = stream.read()
        except (OSError, EOFError) as error:
            raise UsageError(f"{path}: cannot be read ({error})") from None
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
    """Yield the records of a file of JSON lines with their places."""
    return files.read(str(path))


def checked_text(text: Any, place: str, what: str) -> str:
    """Return a text. UsageError for anything else, and for half a surrogate pair."""
    if not isinstance(text, str):
        raise UsageError(f"{place}: {what} must be a text, not {text!r:.80}")
    if not text.isascii() and _HALF.search(text):
        raise UsageError(f"{place}: {what} has half a surrogate pair, which is not valid Unicode")
    return text


def finish_reason(value: Any) -> FinishReason:
    """Return how a draw ended: `length` if it was cut at the token limit, else `stop`."""
    return "length" if str(value or "").lower() in CUT else "stop"


def count(value: Any) -> int | None:
    """Return a number of tokens; None if it is not known."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if value == int(value) and value >= 0 else None


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
