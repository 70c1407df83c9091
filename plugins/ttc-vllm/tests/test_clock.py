"""A template that reads the clock sees one day, the one that is in the key."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Request
from ttc.backends.template_clock import Clock
from ttc.errors import UsageError
from ttc.records import Message
from ttc_vllm import checkpoint
from ttc_vllm.options import Options
from ttc_vllm.prompts import PromptEncoder

DATED = "{{ strftime_now('%Y-%m-%d') }}"


class Tokenizer:
    """Characters as tokens; it keeps what it was given for the template."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def apply_chat_template(self, turns: Any, **given: Any) -> str:
        self.given = given
        return given["strftime_now"]("%Y-%m-%d") if "strftime_now" in given else "x"

    def encode(self, text: str, **_: Any) -> list[int]:
        return [ord(each) for each in text]


def test_the_template_is_given_the_day() -> None:
    request = Request("a", messages=(Message("user", "Hi"),))
    tokenizer = Tokenizer()
    found = PromptEncoder(tokenizer, Clock(date(2026, 1, 31))).tokens(request)
    assert "".join(map(chr, found)) == "2026-01-31"
    # Tokenizers that take no such argument get none.
    PromptEncoder(tokenizer).tokens(request)
    assert "strftime_now" not in tokenizer.given


@pytest.mark.parametrize("file", ["jinja", "json", "config", "several", "none"])
def test_where_the_template_is(tmp_path: Path, file: str) -> None:
    if file == "jinja":
        (tmp_path / "chat_template.jinja").write_text(DATED)
    elif file == "json":
        (tmp_path / "chat_template.json").write_text(json.dumps({"chat_template": DATED}))
    else:
        several = [{"name": "default", "template": DATED}]
        told = {"config": DATED, "several": several, "none": None}[file]
        (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": told}))
    found = checkpoint.Checkpoint(tmp_path, {}, (), None)
    read = Clock(date(2026, 1, 31)).read_by(found.template)
    assert read == (None if file == "none" else "2026-01-31")


def test_the_option_is_not_vllms() -> None:
    options = Options.parse({"today": "2026-01-31"})
    assert options.clock == Clock(date(2026, 1, 31))
    assert not {"clock", "today"} & options.arguments().keys()
    with pytest.raises(UsageError, match="vllm: today must be a date"):
        Options.parse({"today": "soon"})
