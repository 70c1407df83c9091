"""The input of a reward model: question and answer as token ids, and where the steps end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from ttc.errors import BackendError
from ttc.records import Message, Sample
from ttc.verifiers.judges.prompting import question


class TokenizedText(NamedTuple):
    """One text for the model. `types` are the token types, if it has them; `ends` are the indices
    of the tokens that end a step, empty if the whole gets one score."""

    ids: tuple[int, ...]
    types: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


def steps(answer: str, separator: str) -> list[str]:
    """Return the non-blank steps of an answer, verbatim."""
    return [step for step in answer.split(separator) if step.strip()]


def prefixes(answer: str, separator: str) -> list[str]:
    """Return the answer up to the end of each of its steps; the last is the whole answer."""
    ends = accumulate(len(piece) + len(separator) for piece in answer.split(separator))
    cuts = [
        answer[: end - len(separator)]
        for end, piece in zip(ends, answer.split(separator), strict=True)
        if piece.strip()
    ]
    return [*cuts[:-1], answer]


class InputTokenizer:
    """Tokenizes question and answer with the tokenizer's chat template or, if it has none, as a
    pair of texts with its separator token between them."""

    def __init__(self, tokenizer: Any, template: str | None, name: str) -> None:
        self._tokenizer = tokenizer
        self._template = template
        self._chats = template is not None or tokenizer.chat_template is not None
        if not self._chats and tokenizer.sep_token_id is None:
            raise BackendError(
                f"{name}: its tokenizer has neither a chat template nor a separator token; "
                "give a Jinja template with template=FILE"
            )
        if not tokenizer.is_fast:
            raise BackendError(
                f"{name}: its tokenizer gives no offsets of tokens; it needs a tokenizer.json"
            )

    def whole(self, sample: Sample, answer: str) -> TokenizedText:
        """Return the text for one score of the whole answer."""
        return self._reading(sample, answer, [])

    def marked(self, sample: Sample, pieces: Sequence[str], mark: str) -> TokenizedText:
        """Return the text of an answer's steps with `mark` after each, and where the marks are."""
        ends = list(accumulate(len(piece) + len(mark) for piece in pieces))
        return self._reading(sample, "".join(piece + mark for piece in pieces), ends)

    def _reading(self, sample: Sample, answer: str, ends: Sequence[int]) -> TokenizedText:
        """Tokenize; `ends` are the offsets in the answer at which steps end."""
        if self._chats:
            head, tail = self._around(sample.asked)
            found = self._tokenizer(head + answer + tail, add_special_tokens=False, verbose=False)
            start, sequence = len(head), 0
        else:
            found = self._tokenizer(question(sample), answer, verbose=False)
            start, sequence = 0, 1
        places = tuple(_token_before(found, start + end, sequence) for end in ends)
        return TokenizedText(
            tuple(found["input_ids"]), tuple(found.get("token_type_ids", ())), places
        )

    def _around(self, asked: tuple[Message, ...]) -> tuple[str, str]:
        """Return the text that the chat template puts before and after an answer.

        The template is rendered with a placeholder, since templates trim the answer, including
        the mark of its last step.
        """
        word = "ANSWER"
        while any(word in turn.content for turn in asked):
            word += "0"
        chat = [turn._asdict() for turn in (*asked, Message("assistant", word))]
        rendered = self._tokenizer.apply_chat_template(
            chat, chat_template=self._template, tokenize=False
        )
        head, found, tail = str(rendered).rpartition(word)
        if not found or word in head:
            raise ValueError("the chat template does not contain the answer exactly once, verbatim")
        return head, tail


def _token_before(found: Any, end: int, sequence: int) -> int:
    """Return the index of the token with the character before `end`, or of the last token before
    it, since not every tokenizer has tokens for blanks."""
    for at in range(end - 1, -1, -1):
        place = found.char_to_token(at, sequence_index=sequence)
        if place is not None:
            return int(place)
    raise ValueError("a step has no tokens")
