"""Constraints on one draw: which tokens llama.cpp's grammar sampler allows next.

A grammar sampler is created once for each grammar and cloned for each draw. Asked about the whole
vocabulary it takes as long as a step of a small model, so only tokens that may be sampled are
asked about.
"""

from __future__ import annotations

import codecs
import ctypes
from collections import OrderedDict
from functools import cached_property
from typing import Any

import llama_cpp.llama_cpp as api
import numpy as np
from numpy.typing import NDArray

from ttc.records import SamplingParams
from ttc_llamacpp import grammar_check
from ttc_llamacpp.candidates import Ids, candidates
from ttc_llamacpp.grammars import compiled
from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.llama_api import Model
from ttc_llamacpp.llama_log import LOG
from ttc_llamacpp.thoughts import ANSWER_MARKS, OPENERS, mark_tokens

_KEPT = 16
_NO_BYTE = 256
# A grammar without these signs does not name tokens.
_TOKEN_SIGNS = {"<", "!"}
# More tokens than this are first told apart by their first bytes.
_MANY = 600


class TokenTexts:
    """What the texts of a vocabulary's tokens are like, as arrays over its tokens."""

    def __init__(self, model: Model) -> None:
        count = model.n_vocab
        # Whether a token adds text, or ends the draw. A constraint allows no other: control tokens
        # would be read by the grammar and not be in the text.
        self.shown = np.ones(count, bool)
        # Whether it neither begins nor ends within a character.
        self.whole = np.ones(count, bool)
        # Its first byte, 256 for none; and the token of each single byte, -1 if there is none.
        self.first = np.full(count, _NO_BYTE, np.int16)
        self.single = np.full(_NO_BYTE, -1, np.int64)
        for token in range(count):
            piece = model.piece(token)
            ends = model.ends(token)
            self.shown[token] = bool(piece) or ends
            if not piece.isascii():
                self.whole[token] = _is_whole(piece)
            if piece and not ends:
                self.first[token] = piece[0]
                if len(piece) == 1:
                    self.single[piece[0]] = token


def _is_whole(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError:
        return False
    return True


class Constraint:
    """The grammar sampler of one draw."""

    def __init__(
        self,
        handle: Any,
        model: Model,
        texts: TokenTexts,
        answer_marks: frozenset[int],
        *,
        by_text: bool,
    ) -> None:
        self._handle, self._model, self._texts = handle, model, texts
        self._answer_marks = answer_marks
        self._by_text = by_text  # whether the grammar reads texts alone, not tokens
        self._pending = b""  # of a character that the next token continues
        # Marks that may come instead of the first token: those that open a thought.
        self.marks: frozenset[int] = frozenset()

    def allowed(self, ids: Ids) -> NDArray[np.bool_]:
        """Return which of some tokens may come next."""
        found = np.asarray(self._texts.shown[ids])
        if self._by_text and len(ids) > _MANY:
            found &= self._first_bytes()[self._texts.first[ids]]
        asked = np.flatnonzero(found)
        found[asked] = self._apply(ids[asked])
        odd = found if self._pending else found & ~self._texts.whole[ids]
        for at in np.flatnonzero(odd):
            found[at] = self._continues(int(ids[at]))
        for token in self.marks:
            found |= ids == token
        return found

    def _apply(self, ids: Ids) -> NDArray[np.bool_]:
        """Return which of some tokens llama.cpp's grammar takes next."""
        if not len(ids):
            return np.zeros(0, bool)
        rows, array = candidates(ids)
        api.llama_sampler_apply(self._handle, ctypes.byref(array))
        return np.asarray(rows["logit"] == 0)

    def _first_bytes(self) -> NDArray[np.bool_]:
        """Return with which bytes a token may begin; one that begins otherwise is not allowed."""
        found = np.ones(_NO_BYTE + 1, bool)
        known = np.flatnonzero(self._texts.single >= 0)
        found[known] = self._apply(self._texts.single[known])
        return found

    def _continues(self, token: int) -> bool:
        """Return whether a token continues UTF-8; llama.cpp takes some sequences that do not."""
        if self._model.ends(token):
            return not self._pending
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(self._pending + self._model.piece(token))
        except UnicodeDecodeError:
            return False
        return True

    def accept(self, token: int) -> None:
        """Follow a token that is allowed."""
        marks, self.marks = self.marks, frozenset()
        if token in marks or self._model.ends(token):
            return
        api.llama_sampler_accept(self._handle, token)
        decoder = codecs.getincrementaldecoder("utf-8")()
        decoder.decode(self._pending + self._model.piece(token))
        self._pending = decoder.getstate()[0]

    def follow(self, text: str) -> bool:
        """Follow the beginning of the answer; return whether the constraint allows it.

        Behind a thought the answer may begin with a mark of its own.
        """
        self.marks = frozenset() if text else self._answer_marks
        for token in self._model.tokenize(text, add_bos=False):
            if not self.allowed(np.array([token]))[0]:
                return False
            self.accept(token)
        return True

    def close(self) -> None:
        """Free the sampler."""
        if self._handle is not None:
            api.llama_sampler_free(self._handle)
            self._handle = None


class Constraints:
    """The grammar samplers of a model, created once for each grammar and cloned for each draw."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def of(self, params: SamplingParams) -> Constraint | None:
        """Return the constraint of a draw, None for one without. Raises GrammarError."""
        handle = self.check(params)
        if handle is None:
            return None
        by_text = params.grammar is None or not _TOKEN_SIGNS & set(params.grammar)
        copy = api.llama_sampler_clone(handle)
        found = Constraint(copy, self._model, self._texts, self._answer_marks, by_text=by_text)
        if params.thinking != "off":
            found.marks = self._openers
        return found

    def check(self, params: SamplingParams) -> Any:
        """Return the sampler to clone, None for a draw without constraint. Raises GrammarError."""
        if not params.constraints:
            return None
        grammar = compiled(params)
        if grammar not in self._kept:
            if params.grammar is not None:
                grammar_check.check(grammar, self._model)
            self._kept[grammar] = self._create(grammar)
            if len(self._kept) > _KEPT:
                api.llama_sampler_free(self._kept.popitem(last=False)[1])
        self._kept.move_to_end(grammar)
        return self._kept[grammar]

    @cached_property
    def _texts(self) -> TokenTexts:
        return TokenTexts(self._model)

    @cached_property
    def _openers(self) -> frozenset[int]:
        return mark_tokens(self._model, OPENERS)

    @cached_property
    def _answer_marks(self) -> frozenset[int]:
        return mark_tokens(self._model, ANSWER_MARKS)

    def _create(self, grammar: str) -> Any:
        LOG.take()
        handle = api.llama_sampler_init_grammar(self._model.vocab, grammar.encode(), b"root")
        if not handle:
            raise GrammarError(f"llama.cpp cannot use it: {LOG.take()}")
        return handle

    def close(self) -> None:
        """Free the samplers."""
        while self._kept:
            api.llama_sampler_free(self._kept.popitem()[1])
