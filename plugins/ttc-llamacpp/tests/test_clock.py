"""A template that reads the clock sees one day, the one that is in the key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ttc.backends.template_clock import Clock
from ttc.errors import UsageError
from ttc.records import Message
from ttc_llamacpp import open_llamacpp

DATED = (
    "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}{% endif %}"
    ": {{ messages[0].content }}"
)
LLAMA = {"general.architecture": "llama", "llama.context_length": 128}


def test_the_day_is_told_and_may_be_given(gguf: Callable[..., Path]) -> None:
    path = str(gguf({**LLAMA, "tokenizer.chat_template": DATED}))
    today = open_llamacpp(path, {}).model
    assert today.clock == date.today().strftime("%d %b %Y")
    other = open_llamacpp(path, {"today": "2026-01-31"}).model
    assert other.clock == "31 Jan 2026"
    assert other.fingerprint == today.fingerprint
    with pytest.raises(UsageError, match="llamacpp: today must be a date"):
        open_llamacpp(path, {"today": "soon"})


def test_other_templates_have_none(weights: Path, gguf: Callable[..., Path]) -> None:
    assert open_llamacpp(str(weights), {"today": "2026-01-31"}).model.clock is None
    assert open_llamacpp(str(gguf(LLAMA)), {}).model.clock is None


def test_what_is_rendered_is_what_is_told() -> None:
    pytest.importorskip("llama_cpp")
    from ttc_llamacpp.chat_template import ChatTemplate

    model: Any = type("Model", (), {"eos": "</s>", "bos": "<s>"})
    clock = Clock(date(2026, 1, 31))
    chat = ChatTemplate(model, DATED, clock)
    assert chat.render([Message("user", "Hi")]) == f"{clock.read_by(DATED)}: Hi"
