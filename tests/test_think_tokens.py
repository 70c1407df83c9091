"""The tokens of thoughts: how they are counted, where they are kept, what shows them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Ttc

from ttc import interchange
from ttc.answers.thought_tokens import thought_tokens, thought_tokens_by_text
from ttc.backends import Completion, ModelInfo, Request
from ttc.backends.guarded import GuardedBackend
from ttc.backends.sanitize import sanitized
from ttc.backends.thinking_switch import without_effect
from ttc.messages import notes
from ttc.records import Problem
from ttc.samples.replay import recorded_completion
from ttc.store import Store, database, pools, samples, schema, traces

THINKS = ("-m", "scripted:think=7,tokens=9,answers=25")
IDENTITY = {"backend": "b", "fingerprint": "f", "seed": 0, "temperature": 0.8}
DONE = Completion("r", "<think>a b</think> c", "stop", completion_tokens=6, think_tokens=2)


@pytest.mark.parametrize(
    ("pieces", "before", "count"),
    [
        # The pieces of tokens, separated by dots.
        ("<think>·so· we·</think>·25·", "", 2),
        ("so· we·</think>·25·", "<think>\n", 2),
        ("so· we·</think>·25", "", 2),  # the prompt opened it
        ("so· we", "<think>", 2),  # cut while thinking
        ("so· we·", "<think>", 2),  # the token that ends the draw shows no text
        ("25", "", 0),
        ("", "", 0),
        ("so· it·</think>·9·<think>·no·</think>·25", "<think>\nhm. ", 3),
        # Marks of several tokens, one of them with text behind the mark.
        ("<·think·>\n·so· we·.</·think·>·\n25", "", 3),
        ("[THINK]·a·b·[/THINK]·c", "", 2),
        ("<|channel|>·analysis·<|message|>·a·b·<|end|>·<|start|>·assistant·<|channel|>·final·"
         "<|message|>·25", "", 2),
        ("analysis·We· add·.·assistant·final·25", "", 3),
        ("Here is· my thought process:· a· b· ·Here is my response:· c", "", 3),
        ("see· `<think>`· tags", "", 0),
        ("·<think>·é·</think>·25", "", 1),
    ],
)  # fmt: skip
def test_a_token_belongs_to_what_its_first_character_belongs_to(
    pieces: str, before: str, count: int
) -> None:
    data = [piece.encode() for piece in pieces.split("·")]
    assert thought_tokens(data, before) == count

    def text(first: int) -> str:
        return b"".join(data[:first]).decode("utf-8", "replace")

    assert thought_tokens_by_text(len(data), text, before) == count


def test_a_character_of_several_tokens() -> None:
    halves = ["é".encode()[:1], "é".encode()[1:]]
    data = [b"<think>", *halves, b"</think>", *halves]
    assert thought_tokens(data) == 2
    assert thought_tokens(data[:2]) == 1

    def text(first: int) -> str:
        return b"".join(data[:first]).decode("utf-8", "replace")

    assert thought_tokens_by_text(len(data), text) == 2


@pytest.mark.parametrize(
    ("think", "tokens", "kept"),
    [(3, 3, 3), (4, 3, None), (0, 3, 0), (None, 3, None), (4, None, 4), (-1, 3, None)],
)
def test_thoughts_are_part_of_what_was_generated(
    think: int | None, tokens: int | None, kept: int | None
) -> None:
    done = sanitized(Completion("a", "x", "stop", completion_tokens=tokens, think_tokens=think))
    assert (done.think_tokens, done.completion_tokens) == (kept, tokens)


class More:
    """A backend that counts more thoughts than tokens."""

    model, capabilities = ModelInfo("m", "m1"), frozenset[str]()

    def submit(self, request: Request) -> None:
        pass

    def wait(self) -> Completion:
        return Completion("a", "x", "stop", completion_tokens=3, think_tokens=7)


def test_a_backend_that_counts_more_thoughts_than_tokens_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(notes, "tell", said.append)
    backend = GuardedBackend("more", More())
    backend.submit(Request("a"))
    assert backend.wait().think_tokens is None
    (line,) = said
    assert "gave 7 think_tokens in 3 completion_tokens; it is taken as unknown" in line


def test_the_store_keeps_them_of_samples_and_attempts(tmp_path: Path) -> None:
    with Store.writing(tmp_path / "s.db") as store:
        pool = store.write(lambda c: pools.ensure(c, "demo", "m", IDENTITY))
        (one,) = store.write(lambda c: pools.enrol(c, pool, [Problem("p", prompt="?")], IDENTITY))
        for draw, think in enumerate((2, 0, None)):
            done = replace(DONE, think_tokens=think)
            store.write(lambda c, i=draw, d=done: samples.insert(c, one.request_id, i, None, d))
        gone = replace(DONE, finish_reason="cancelled", text="<think>a")
        store.write(lambda c: samples.insert_attempt(c, one.request_id, 3, gone))
        kept = [sample for _, sample in samples.of_pool(store.reader, pool)]
        assert [sample.think_tokens for sample in kept] == [2, 0, None]
        assert recorded_completion(kept[0]).think_tokens == 2
        lines = [interchange.sample_line(sample) for sample in kept]
        assert [line.get("think_tokens") for line in lines] == [2, 0, None]
        assert [back.think_tokens for _, back in interchange.read_samples(lines)] == [2, 0, None]
        found = traces.find(store.reader, one.key, 0)
        assert found is not None
        assert found.done.think_tokens == 2
        given_up = traces.given_up(store.reader, one.key, 3)
        assert given_up is not None
        assert given_up.think_tokens == 2


def test_of_draws_before_there_was_a_column_they_are_unknown(
    tmp_path: Path, ttc: Ttc, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.db"
    with monkeypatch.context() as before:
        before.setattr(database, "MIGRATIONS", schema.MIGRATIONS[:7])
        with Store.writing(path) as store:
            pool = store.write(lambda c: pools.ensure(c, "demo", "m", IDENTITY))
            problem = Problem("p", prompt="?")
            store.write(lambda c: pools.enrol(c, pool, [problem], IDENTITY))
            row = (
                "INSERT INTO samples (request_id, draw, text, finish_reason, completion_tokens, "
                "created) VALUES (1, 0, '<think>a</think>b', 'stop', 4, 'then')"
            )
            store.write(lambda c: c.execute(row))
    with Store.reading(path) as store:
        ((_, sample),) = samples.of_pool(store.reader, pool)
    assert (sample.completion_tokens, sample.think_tokens) == (4, None)


def test_commands_and_frames_show_them(tmp_path: Path, ttc: Ttc) -> None:
    import ttc as library

    (tmp_path / "q.jsonl").write_text('{"id": "p", "question": "2?"}\n')
    out = tmp_path / "drawn.jsonl"
    ttc("sample", tmp_path / "q.jsonl", *THINKS, "-n", "2", "--pool", "t", "-o", out)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    # The marks are tokens of their own.
    assert [(line["completion_tokens"], line["think_tokens"]) for line in lines] == [(18, 7)] * 2
    assert "0  stop  18  -  -  7" in ttc("show", "t", "p").stdout
    assert "think_tokens: 7" in ttc("show", "t", "p", "0").stdout
    frame = library.pool("t").to_pandas()
    assert list(frame["think_tokens"]) == [7, 7]
    replayed = ttc("sample", tmp_path / "q.jsonl", "-m", f"replay:{out}", "-n", "2", "-o", "-")
    assert [json.loads(line)["think_tokens"] for line in replayed.stdout.splitlines()] == [7, 7]


@pytest.mark.parametrize(
    ("wanted", "thinking", "told"),
    [
        ("on", 0, "--thinking on had no visible effect: none of 4 draws"),
        ("64", 0, "--thinking 64 had no visible effect: none of 4 draws"),
        ("0", 0, None),
        ("64", 1, None),
        ("off", 0, None),
        ("off", 2, "--thinking off had no effect: 2 of 4 draws"),
        ("low", 0, None),
        (None, 0, None),
    ],
)
def test_draws_that_do_not_show_the_wanted_reasoning_are_told(
    wanted: str | None, thinking: int, told: str | None
) -> None:
    line = without_effect(wanted, thinking, 4)
    assert line is None if told is None else (line or "").startswith(told)
    assert without_effect(wanted, 0, 0) is None
