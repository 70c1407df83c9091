"""Templates that open a thought, the switch they read, and control tokens that mark thoughts."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ttc.backends import Request
from ttc.backends.template_clock import Clock
from ttc.records import Message, SamplingParams
from ttc_llamacpp.backend import LlamaCpp
from ttc_llamacpp.detokenizer import Detokenizer
from ttc_llamacpp.draws import SequenceDraw
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.llama_api import Model
from ttc_llamacpp.options import Options
from ttc_llamacpp.prompts import PromptTokenizer

SWITCHED = (
    "{{ messages[-1]['content'] }}|{% if enable_thinking is defined and not enable_thinking %}"
    "{{ '<think>\n\n</think>\n\n' }}{% else %}{{ '<think>\n' }}{% endif %}"
)


class Vocabulary:
    """A model whose tokens are characters."""

    eos, bos = "</s>", "<s>"

    def tokenize(self, text: str, *, add_bos: bool) -> tuple[int, ...]:
        return tuple(map(ord, text))


@pytest.fixture
def prompts() -> PromptTokenizer:
    model: Any = Vocabulary()
    return PromptTokenizer(model, SWITCHED, Clock())


def tokens(
    prompts: PromptTokenizer, prefix: str = "", switch: str | None = None
) -> tuple[str, str]:
    found, opened, _ = prompts._tokenize((Message("user", "2?"),), None, prefix, switch)
    return "".join(map(chr, found)), opened


def test_the_mark_that_the_template_ends_in_is_told(prompts: PromptTokenizer) -> None:
    assert tokens(prompts) == ("2?|<think>\n", "<think>\n")
    assert tokens(prompts, switch="on") == tokens(prompts)
    assert tokens(prompts, switch="off") == ("2?|<think>\n\n</think>\n\n", "")
    raw = prompts._tokenize((), "2?<think>", "", None)
    assert raw == (tuple(map(ord, "2?<think>")), "<think>", "<think>")


def test_a_continuation_has_the_mark_once(prompts: PromptTokenizer) -> None:
    assert tokens(prompts, "<think>\nso") == ("2?|<think>\nso", "")
    # Drawn before texts had the mark.
    assert tokens(prompts, "so") == ("2?|<think>\nso", "")
    asked = (Message("user", "2?"),)
    for prefix in ("<think>\nso", "so"):
        assert prompts._tokenize(asked, None, prefix, None)[1:] == ("", "<think>\nso")
    assert prompts._tokenize(asked, None, "so", "off")[1:] == ("", "so")


def test_the_text_begins_with_the_mark_and_its_tokens_do_not_count() -> None:
    text = Detokenizer(("<think>",))
    draw = SequenceDraw(Request("a", prompt="2?"), (1, 2), text, "<think>\n")
    assert text.add(b"so 9") is None
    draw.tokens += [7, 8]
    done = draw.finish("length")
    assert (done.text, done.completion_tokens, done.prompt_tokens) == ("<think>\nso 9", 2, 2)


@pytest.mark.parametrize(
    ("template", "switched"), [(SWITCHED, True), ("{{ messages[-1]['content'] }}", False)]
)
def test_the_switch_is_a_capability(template: str, switched: bool, tmp_path: Path) -> None:
    header = Header(
        path=tmp_path / "m.gguf",
        metadata={"tokenizer.chat_template": template},
        architecture="llama",
        name="m",
        context_length=8,
        parameters=1,
        geometry={},
    )
    backend = LlamaCpp(header, "sha256:0", Options(), Options())
    assert ("thinking" in backend.capabilities) == switched
    request = Request("a", (Message("user", "2?"),), params=SamplingParams(thinking="off"))
    assert request.needs == {"thinking"}


def test_control_tokens_that_mark_thoughts_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    spelt = {1: "[THINK]", 2: "<|im_end|>", 3: "<|channel|>"}
    nothing = SimpleNamespace(llama_token_to_piece=lambda *asked: 0)
    monkeypatch.setattr("ttc_llamacpp.llama_api.api", nothing)
    model = Model.__new__(Model)
    model.vocab, model._pieces = None, {}
    monkeypatch.setattr(Model, "spelling", lambda self, token: spelt[token])
    assert [model.piece(token) for token in spelt] == [b"[THINK]", b"", b"<|channel|>"]
    monkeypatch.undo()
    model.handle = None
