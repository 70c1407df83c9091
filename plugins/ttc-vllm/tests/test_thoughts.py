"""The tokens of thoughts, counted by the texts of the first tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Request
from ttc_vllm.prompts import PromptEncoder


class Bytes:
    """A tokenizer of bytes, with marks and an end that are tokens of their own."""

    MARKS = ("<think>", "</think>", "<|im_end|>")

    def __init__(self, *, special: bool) -> None:
        self.all_special_tokens = self.MARKS if special else self.MARKS[2:]

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        tokens = []
        while text:
            mark = next((mark for mark in self.MARKS if text.startswith(mark)), None)
            tokens += [256 + self.MARKS.index(mark)] if mark else list(text[0].encode())
            text = text[len(mark) if mark else 1 :]
        return tokens

    def decode(self, tokens: list[int], skip_special_tokens: bool) -> str:
        found = bytearray()
        for token in tokens:
            mark = self.MARKS[token - 256] if token > 255 else ""
            skipped = skip_special_tokens and mark in self.all_special_tokens
            found += b"" if skipped else mark.encode() or bytes([token])
        return found.decode("utf-8", "replace")


@pytest.mark.parametrize("special", [True, False])
@pytest.mark.parametrize(
    ("prompt", "prefix", "drawn", "think"),
    [
        ("2?", "", "<think>so é</think>25<|im_end|>", 5),
        ("2?<think>", "", "so é</think>25<|im_end|>", 5),
        ("2?<think>", "<think>hm", "so é", 5),
        ("2?<think>", "", "so<|im_end|>", 2),
        ("2?", "", "25<|im_end|>", 0),
        ("2?", "", "", 0),
    ],
)
def test_thoughts_by_token(prompt: str, prefix: str, drawn: str, think: int, special: bool) -> None:
    tokenizer: Any = Bytes(special=special)
    encoder = PromptEncoder(tokenizer)
    tokens = tokenizer.encode(drawn)
    assert encoder.thought_tokens(Request("a", prompt=prompt, prefix=prefix), tokens) == think


def test_thoughts_of_a_real_tokenizer(smollm2: Path) -> None:
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(smollm2)
    encoder = PromptEncoder(tokenizer)
    thought = " so we add 17 and 25, carrying 1: naïve ✓" * 40
    parts = ["<think>", thought, "</think>", " 42"]
    tokens = [tokenizer.encode(part, add_special_tokens=False) for part in parts]
    drawn = [token for part in tokens for token in part]
    assert encoder.thought_tokens(Request("a", prompt="2?"), drawn) == len(tokens[1])
