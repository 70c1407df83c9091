"""What a reward model reads of a sample: the chat as token ids, and where its steps end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from ttc.errors import BackendError
from ttc.records import Message, Sample
from ttc.verifiers.judges.prompting import question


class TokenizedText(NamedTuple):
    """One text for the model. `types` are token types where it has them; `ends` are the places of
    the tokens that end a step, empty where the whole gets one score."""

    ids: tuple[int, ...]
    types: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


def steps(answer: str, separator: str) -> list[str]:
    """Return the steps of an answer as they stand there, blank ones left out."""
    return [step for step in answer.split(separator) if step.strip()]


def prefixes(answer: str, separator: str) -> list[str]:
    """Return the answer up to the end of each of its steps; the last is the whole of it."""
    ends = accumulate(len(piece) + len(separator) for piece in answer.split(separator))
    cuts = [
        answer[: end - len(separator)]
        for end, piece in zip(ends, answer.split(separator), strict=True)
        if piece.strip()
    ]
    return [*cuts[:-1], answer]


class InputTokenizer:
    """Puts question and answer together as a tokenizer's chat template does, or, without one, as
    the pair of texts that its separator token stands between."""

    def __init__(self, tokenizer: Any, template: str | None, name: str) -> None:
        self._tokenizer = tokenizer
        self._template = template
        self._chats = template is not None or tokenizer.chat_template is not None
        if not self._chats and tokenizer.sep_token_id is None:
            raise BackendError(
                f"{name}: its tokenizer has neither a chat template nor a separator of two texts; "
                "give a template of Jinja with template=FILE"
            )
        if not tokenizer.is_fast:
            raise BackendError(
                f"{name}: its tokenizer does not tell where tokens stand; it needs a tokenizer.json"
            )

    def whole(self, sample: Sample, answer: str) -> TokenizedText:
        """Return the text of an answer that gets one score."""
        return self._reading(sample, answer, [])

    def marked(self, sample: Sample, pieces: Sequence[str], mark: str) -> TokenizedText:
        """Return the text of an answer's steps with `mark` behind each, and where it stands."""
        ends = list(accumulate(len(piece) + len(mark) for piece in pieces))
        return self._reading(sample, "".join(piece + mark for piece in pieces), ends)

    def _reading(self, sample: Sample, answer: str, ends: Sequence[int]) -> TokenizedText:
        """`ends` are the characters of the answer behind which a step ends."""
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
        """Return what the chat template puts before and behind an answer.

        A word stands in for the answer, since templates trim what they are given, the mark of the
        last step included.
        """
        word = "ANSWER"
        while any(word in turn.content for turn in asked):
            word += "0"
        chat = [turn._asdict() for turn in (*asked, Message("assistant", word))]
        told = self._tokenizer.apply_chat_template(
            chat, chat_template=self._template, tokenize=False
        )
        head, found, tail = str(told).rpartition(word)
        if not found or word in head:
            raise ValueError("the chat template does not show an answer once, as it is")
        return head, tail


def _token_before(found: Any, end: int, sequence: int) -> int:
    """Return the place of the token that the character before `end` belongs to, or of the last
    one before it, since not every tokenizer has one for a blank."""
    for at in range(end - 1, -1, -1):
        place = found.char_to_token(at, sequence_index=sequence)
        if place is not None:
            return int(place)
    raise ValueError("a step has no tokens")
