"""Log-probabilities of tokens: stored compressed, shown when asked for, exported, merged."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Ttc

from ttc import interchange
from ttc.backends import Completion
from ttc.backends.sanitize import sanitized
from ttc.errors import UsageError
from ttc.records import Sample, TokenLogprob
from ttc.store import token_logprobs
from ttc.testing.http_answers import Behaviour
from ttc.testing.http_server import ScriptedServer

HALF = TokenLogprob("\ufffd", -0.25, b"\xf0\x9f")
TOKENS = (
    TokenLogprob("four", -0.5, b"four", (TokenLogprob("four", -0.5, b"four"), HALF)),
    TokenLogprob('"\x00é', None, None, ()),
)


def test_what_is_packed_is_unpacked() -> None:
    assert token_logprobs.unpacked(token_logprobs.packed(TOKENS)) == TOKENS
    assert token_logprobs.unpacked(token_logprobs.packed(())) == ()
    many = TOKENS * 1000
    assert len(token_logprobs.packed(many)) < 2000


def test_lines_have_openais_layout() -> None:
    line = interchange.sample_line(Sample("p", 0, "four", "stop", token_logprobs=TOKENS))
    first = line["logprobs"]["content"][0]
    assert first["top_logprobs"][1] == {
        "token": "\ufffd",
        "logprob": -0.25,
        "bytes": [0xF0, 0x9F],
    }
    assert {name: first[name] for name in ("token", "logprob")} == {
        "token": "four",
        "logprob": -0.5,
    }
    ((_, again),) = interchange.read_samples([json.loads(json.dumps(line))])
    assert again.token_logprobs == TOKENS
    assert "logprobs" not in interchange.sample_line(Sample("p", 0, "four", "stop"))


@pytest.mark.parametrize("wrong", [{"content": [{"token": "a"}]}, {"content": [3]}])
def test_logprobs_of_another_layout_are_named(wrong: object) -> None:
    line = {"problem": "p", "text": "four"}
    with pytest.raises(UsageError, match="record 0: 'logprobs' must be those of OpenAI"):
        list(interchange.read_samples([{**line, "logprobs": wrong}]))
    other = {**line, "logprobs": {"token_logprobs": [-1.0]}}
    ((_, sample),) = interchange.read_samples([other])
    assert sample.token_logprobs is None


def test_tokens_of_a_plugin_are_checked() -> None:
    odd = (TokenLogprob("a", float("-inf"), None, (TokenLogprob("\ud800", float("nan")),)),)
    found = sanitized(Completion("r", "a", "stop", token_logprobs=odd)).token_logprobs
    assert found == (TokenLogprob("a", None, None, (TokenLogprob("\ufffd", None),)),)
    wrong = Completion("r", "a", "stop", token_logprobs=[("a", -1.0)])  # type: ignore[list-item]
    assert sanitized(wrong).token_logprobs is None


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(Behaviour(tokens=3)) as running:
        yield running


@pytest.fixture
def pool(ttc: Ttc, sums: Path, server: ScriptedServer) -> str:
    """A pool of two draws of a problem, with two of the likeliest tokens at each place."""
    pytest.importorskip("ttc_openai")
    assert ttc("models", "probe", server.url, "-q").code == 0
    ran = ttc(
        *("sample", str(sums), "--limit", "1", "-n", "2", "-m", server.url, "--pool", "p"),
        *("--logprobs", "2", "-o", "out.jsonl"),
    )
    assert ran.code == 0, ran.err
    assert "logprobs" not in Path("out.jsonl").read_text()
    return "p"


def test_they_are_shown_and_exported_when_asked_for(ttc: Ttc, pool: str, tmp_path: Path) -> None:
    shown = ttc("show", pool, "s0", "0", "--logprobs", "--json").document
    content = shown["logprobs"]["content"]
    assert "".join(each["token"] for each in content) == shown["text"]
    assert [len(each["top_logprobs"]) for each in content] == [2, 2, 2]
    table = ttc("show", pool, "s0", "0", "--logprobs").out
    assert "-0.693" in table
    assert "logprobs" not in ttc("show", pool, "s0", "0", "--json").document
    assert "logprobs" not in ttc("show", pool, "s0", "--json").out
    assert ttc("export", pool, "-o", "all.jsonl").code == 0
    lines = [json.loads(line) for line in Path("all.jsonl").read_text().splitlines()]
    assert lines[0]["logprobs"] == shown["logprobs"]


def test_what_was_drawn_without_them_is_told(
    ttc: Ttc, sums: Path, pool: str, server: ScriptedServer
) -> None:
    with closing(sqlite3.connect(next(Path.cwd().rglob("*.db")))) as connection, connection:
        connection.execute(
            "DELETE FROM token_logprobs WHERE sample_id = (SELECT id FROM samples WHERE draw = 0)"
        )
    again = ttc(
        *("sample", str(sums), "--limit", "1", "-n", "2", "-m", server.url, "--pool", pool),
        *("--logprobs", "2", "-o", "/dev/null"),
    )
    assert "--logprobs: 1 of 2 kept samples were drawn without it" in again.err
    none = ttc("show", pool, "s0", "0", "--logprobs").out
    assert "logprobs: none were kept" in none


def test_they_are_merged_with_their_samples(ttc: Ttc, pool: str, tmp_path: Path) -> None:
    ours = next(Path.cwd().rglob("*.db"))
    assert ttc("db", "merge", str(ours), "--db", "new.db").code == 0
    merged = ttc("show", pool, "s0", "1", "--logprobs", "--json", "--db", "new.db").document
    assert merged == ttc("show", pool, "s0", "1", "--logprobs", "--json").document
    # A store that has the samples without them gets them.
    with closing(sqlite3.connect("new.db")) as connection, connection:
        connection.execute("DELETE FROM token_logprobs")
    assert ttc("db", "merge", str(ours), "--db", "new.db").code == 0
    again = ttc("show", pool, "s0", "1", "--logprobs", "--json", "--db", "new.db").document
    assert again == merged


def test_they_go_with_their_pool(ttc: Ttc, pool: str) -> None:
    assert ttc("rm", pool, "--yes").code == 0
    with closing(sqlite3.connect(next(Path.cwd().rglob("*.db")))) as connection:
        assert connection.execute("SELECT count(*) FROM token_logprobs").fetchone() == (0,)
