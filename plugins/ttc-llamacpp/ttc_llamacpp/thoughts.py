"""Follows the thoughts of one draw: their budget of tokens, and where its answer begins."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from ttc.answers import thinking
from ttc.answers.thinking_marks import CHANNELS, GRANITE, TAG
from ttc.answers.thought_closing import closing
from ttc_llamacpp.llama_api import Model

# The longest text at whose end a mark is looked for.
_REACH = 96
_HINT = re.compile(r"[>\]▷:]|assistantfinal")
_FINAL = re.compile(r"<\|channel\|>\s*final[^<]*<\|message\|>")


OPENERS = (
    *("<think>", "[THINK]", "<|START_THINKING|>", "<|begin_of_thought|>", "◁think▷", "<|channel|>"),
    *("<|channel>", "<seed:think>", "<thinking>", "<thought>", "<reasoning>"),
)


ANSWER_MARKS = ("<|START_RESPONSE|>", "<|begin_of_solution|>")


def mark_tokens(model: Model, marks: Sequence[str]) -> frozenset[int]:
    """Return the tokens of a vocabulary that are a mark by themselves."""
    found = (model.tokenize(mark, add_bos=False) for mark in marks)
    return frozenset(tokens[0] for tokens in found if len(tokens) == 1)


class Thoughts:
    """The state of a draw's text: whether it is in a thought, and how many tokens that took.

    `begun` is the mark with which the prompt opens a thought, and the beginning of the answer.
    `budget` is the number of tokens of thought at most, None for no limit.
    """

    def __init__(self, model: Model, begun: str, budget: int | None = None) -> None:
        self._model, self._budget = model, budget
        self._text, self._begun = begun, len(begun)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._used = 0
        self.open = self.thought = False  # it is in a thought; it has or had one
        self._look()
        if self.open:
            # The tokens of a thought that was begun before count towards its budget.
            start = thinking.read(begun).spans[-1][0]
            self._used = len(model.tokenize(begun[start:].lstrip(), add_bos=False))

    @property
    def answering(self) -> bool:
        """Whether the next token belongs to the answer."""
        if self.open:
            return False
        # gpt-oss names a channel first; only the last one has the answer.
        return not CHANNELS.match(self._text) or _FINAL.search(self._text) is not None

    @property
    def answer(self) -> str:
        """What of the answer is there: the text behind the thoughts."""
        found = thinking.read(self._text)
        return found.said.lstrip() if found.thought else found.said

    def add(self, piece: bytes) -> None:
        """Append the bytes of a token."""
        part = self._decoder.decode(piece)
        if self.open:
            self._used += 1
        self._text += part
        # A mark may span tokens; a token without an end of a mark ends none.
        if _HINT.search(part):
            self._look()

    def _look(self) -> None:
        tail = self._text[-_REACH:]
        if TAG.search(tail) or CHANNELS.match(self._text) or GRANITE.match(self._text):
            found, before = thinking.read(self._text), self.open
            # A channel of gpt-oss has a name before its message.
            last = self._text.rpartition("<|channel|>")[2]
            self.open = found.open and (not CHANNELS.match(self._text) or "<|message|>" in last)
            self.thought = found.thought
            if before and not self.open:
                self._used -= 1  # the last token of the mark is none of the thought

    def forced(self) -> tuple[int, ...]:
        """Return the tokens that close the thought if its budget is used up, else none."""
        if not self.open or self._budget is None or self._used < self._budget:
            return ()
        mark = closing(self._text)
        for size in range(len(mark) - 1, 0, -1):
            if self._text.endswith(mark[:size], self._begun):
                mark = mark[size:]  # the model began it by itself
                break
        return self._model.tokenize(mark, add_bos=False)
