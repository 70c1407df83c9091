"""Bodies of answers: the same objects come out however the bytes are cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttc_openai.events import EventParser, MalformedError

A: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": "a"}}]}
B: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": "b"}, "finish_reason": "stop"}]}
a, b = json.dumps(A).encode(), json.dumps(B).encode()
INDENTED = json.dumps(A, indent=1).encode().split(b"\n")


def read(body: bytes, cuts: tuple[int, ...] = ()) -> list[Any]:
    """Return the objects of a body that comes in pieces."""
    events, found, before = EventParser(), list[Any](), 0
    for cut in (*sorted(cuts), len(body)):
        found += events.feed(body[before:cut])
        before = cut
    return found + list(events.end())


BODIES = {
    "events": (b"data: " + a + b"\n\ndata: " + b + b"\n\ndata: [DONE]\n\n", [A, B, {}]),
    "no space": (b"data:" + a + b"\n\ndata:" + b + b"\n\n", [A, B]),
    "CRLF": (b"data: " + a + b"\r\n\r\ndata: " + b + b"\r\n\r\n", [A, B]),
    "CR": (b"data: " + a + b"\r\rdata: " + b + b"\r\rdata: [DONE]\r\r", [A, B, {}]),
    "CR with fields": (b"event: x\rid: 1\rdata: " + a + b"\r\r", [A]),
    "CR in a string": (b'data: {"x": "a\rb"}\n\n', [{"x": "a\rb"}]),
    "controls in a string": (b'data: {"x": "a\x0b\x0c\x00\tb"}\n\n', [{"x": "a\v\f\0\tb"}]),
    "mixed ends": (b"data: " + a + b"\r\n\ndata: " + b + b"\n\r\n", [A, B]),
    "no blank lines": (b"data: " + a + b"\ndata: " + b + b"\ndata: [DONE]\n", [A, B, {}]),
    "no end": (b"data: " + a + b"\n\ndata: " + b, [A, B]),
    "done without an end": (b"data: " + a + b"\n\ndata: [DONE]", [A, {}]),
    "done, bare": (b"data: " + a + b"\n\n[DONE]\n", [A, {}]),
    "done, quoted": (b'data: "[DONE]"\n\n', [{}]),
    "done, small": (b"data: [done]\n\n", [{}]),
    "byte order mark": (b"\xef\xbb\xbfdata: " + a + b"\n\n", [A]),
    "comments": (b": hi\n\n:\n\ndata: " + a + b"\n: there\n\n", [A]),
    "a comment as data": (b"data: : PROCESSING\n\ndata: " + a + b"\n\n", [A]),
    "other fields": (b"event: m\nid: 1\nretry: 5\ndata: " + a + b"\nnonsense: 3\n\n", [A]),
    "a field without a colon": (b"data\n\ndata: " + a + b"\n\n", [A]),
    "two lines": (b'data: {"x":\ndata: 1}\n\ndata: ' + b + b"\n\n", [{"x": 1}, B]),
    "many lines": (b"".join(b"data: " + line + b"\n" for line in INDENTED), [A]),
    "JSON lines": (a + b"\n" + b + b"\n", [A, B]),
    "JSON lines, CRLF": (a + b"\r\n\r\n" + b, [A, B]),
    "a document": (a, [A]),
    "an indented document": (b"\n".join(INDENTED), [A]),
    "a document behind blank lines": (b"\n\n  " + a + b"\n", [A]),
    "an indented array": (json.dumps([A, B], indent=2).encode(), [A, B]),
    "an array": (b"[" + a + b"," + b + b"]", [A, B]),
    "an error in the middle": (b"data: " + a + b'\n\n{"error": "x"}\n', [A, {"error": "x"}]),
    "nothing": (b"", []),
    "blank lines": (b"\r\n\n\n", []),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_known_by_its_bytes(name: str) -> None:
    body, expected = BODIES[name]
    assert read(body) == expected
    assert read(body, tuple(range(len(body)))) == expected


@given(st.sampled_from(sorted(BODIES)), st.lists(st.integers(0, 300)))
def test_where_a_body_is_cut_does_not_matter(name: str, cuts: list[int]) -> None:
    body, expected = BODIES[name]
    assert read(body, tuple(min(cut, len(body)) for cut in cuts)) == expected


CHARACTERS = st.characters(exclude_categories=("Cs",)) | st.sampled_from(
    "\u2028\u2029\x85\v\f\0\r\n"
)


@given(
    st.lists(st.text(CHARACTERS), min_size=1, max_size=4),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
    st.lists(st.integers(0, 400), max_size=12),
)
def test_any_text_comes_through(texts: list[str], end: bytes, raw: bool, cuts: list[int]) -> None:
    rows = [{"text": text} for text in texts]
    spelled = [json.dumps(row, ensure_ascii=not raw).encode() for row in rows]
    body = b"".join(b"data: " + row + end + end for row in spelled)
    assert read(body, tuple(min(cut, len(body)) for cut in cuts)) == rows


@pytest.mark.parametrize(
    "body",
    [
        b"data: {\n\n",
        b"data: 3\n\n",
        b"data: []\n\n",
        b"data: [1]\n\n",
        b"hello",
        b"<html>",
        b'{"a": 1}\n{"b"',
        b"data: " + a + b'\n\n{"b"\n',
        b"null",
        b'data: {"a": ' + b"[" * 100_000,
        b"data: " + b"9" * 5000 + b"\n\n",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read(body)


def test_what_never_ends_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ttc_openai.events._LONGEST", 1000)
    events = EventParser()
    for _ in range(17):
        assert list(events.feed(b"data: " + b"x" * 50)) == []
    with pytest.raises(MalformedError, match="more than"):
        list(events.feed(b"data: " + b"x" * 150))
    short = EventParser()
    for _ in range(100):
        assert list(short.feed(b"data: " + a + b"\n\n: wait\n\n")) == [A]
