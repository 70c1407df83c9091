"""A known secret is taken out of a text in whatever spelling it stands there."""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from ttc.messages import secrets

KEY = "sk-Proj/aB+9&x=Y\"'Zq~hunter2<k>w0rd"


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    secrets.keep(KEY)
    yield
    secrets._known.clear()


def spellings(key: str) -> dict[str, str]:
    """Return a key as it may stand in a text, by the name of the spelling."""
    every = "".join(f"%{byte:02x}" for byte in key.encode())

    def b64(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    found = {
        "raw": key,
        "upper": key.upper(),
        "repr": repr(key),
        "bytes": repr(f"Bearer {key}".encode()),
        "json": json.dumps(key),
        "json in json": json.dumps(json.dumps({"key": key})),
        "unicode escapes": "".join(f"\\u{ord(char):04x}" for char in key),
        "hexadecimal escapes": "".join(f"\\x{ord(char):02x}" for char in key),
        "octal escapes": "".join(f"\\{ord(char):03o}" for char in key),
        "percent": quote(key, safe=""),
        "percent twice": quote(quote(key, safe=""), safe=""),
        "percent, every character": every,
        "html": html.escape(key),
        "html numbers": "".join(f"&#{ord(char)};" for char in key),
        "hexadecimal": key.encode().hex(),
        "hexadecimal with colons": key.encode().hex(":"),
        "base64": b64(key),
        "base64 of user and key": b64(f"user:{key}"),
        "base64 of a header": b64(f"Bearer {key}"),
        "base64 of json": b64(json.dumps({"k": key.replace('"', "")})) if '"' not in key else "",
        "base64 for URLs": base64.urlsafe_b64encode(f"u:{key}".encode()).decode(),
        "base64 in a URL": quote(b64(f"u:{key}"), safe=""),
        "base64 in lines": base64.encodebytes(("x" * 40 + key + "y" * 40).encode()).decode(),
        "broken over lines": "\n".join(key[at : at + 9] for at in range(0, len(key), 9)),
        "cut in the middle": key[: len(key) // 2],
        "without its beginning": key[5:],
    }
    return {name: text for name, text in found.items() if text}


@pytest.mark.parametrize("name", spellings(KEY))
def test_every_spelling_is_taken_out(name: str) -> None:
    said = spellings(KEY)[name]
    clean = secrets.redacted(f"the server says: {said} is wrong")
    assert clean.startswith("the server says: ")
    assert clean.endswith(" is wrong")
    assert secrets.MASK in clean
    assert not [at for at in range(len(KEY) - 6) if KEY[at : at + 6].lower() in clean.lower()]
    assert not [at for at in range(len(said) - 14) if said[at : at + 14] in clean], clean


@pytest.mark.parametrize("before", range(7))
def test_base64_is_found_at_every_offset(before: int) -> None:
    text = base64.b64encode(b"x" * before + KEY.encode() + b"y" * 5).decode()
    assert secrets.redacted(f"<{text}>") == f"<{secrets.MASK}>"


def test_what_is_no_secret_stays() -> None:
    text = 'sk-Proj is how keys begin; {"logprob": null} 5% of \\u00e9 &amp; aGVsbG8gd29ybGQ='
    assert secrets.redacted(text) == text


def test_a_short_one_is_a_word_and_no_part_of_one() -> None:
    secrets.keep("EMPTY")
    assert secrets.redacted("key EMPTY, 'EMPTY'; NONEMPTY and empty") == (
        "key ***, '***'; NONEMPTY and empty"
    )
    assert secrets.redacted("the set is EMPTY", said_by_model=True) == "the set is EMPTY"
    assert KEY not in secrets.redacted(f"it is {KEY}", said_by_model=True)


def test_nothing_is_known_of_nothing() -> None:
    secrets.keep("")
    secrets.keep(None)
    assert secrets.redacted("a b c") == "a b c"


def test_json_is_cleaned_to_its_names() -> None:
    value = {KEY: [KEY, 3, {"a": (f"x{KEY}",)}], "b": None}
    assert KEY not in repr(secrets.cleaned(value))
    assert secrets.cleaned({"b": [1, None, True]}) == {"b": [1, None, True]}


def test_logs_of_any_library() -> None:
    stream = io.StringIO()
    logger = logging.getLogger("some.library")
    handler = logging.StreamHandler(stream)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        logger.debug("headers %s", {"x-echo": f"Bearer {KEY}"})
        try:
            raise ValueError(f"Illegal header value {f'Bearer {KEY}'.encode()!r}")
        except ValueError:
            logger.exception("it failed")
    finally:
        logger.removeHandler(handler)
    told = stream.getvalue()
    assert "x-echo" in told
    assert "Illegal header value" in told
    assert "hunter2" not in told


def test_it_is_linear() -> None:
    """The square of this length would take a minute."""
    text = base64.b64encode(bytes(range(256)) * 800).decode() + "%5c" * 20_000 + "\\" * 50_000
    began = time.process_time()
    assert secrets.redacted(text) == text
    assert time.process_time() - began < 5
