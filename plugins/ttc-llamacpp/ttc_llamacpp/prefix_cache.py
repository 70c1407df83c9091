"""What each sequence holds, token by token, and which of it a new prompt can begin from.

Copying keys and values costs a hundredth of computing them. So a prompt begins from the sequence
that shares the longest beginning with it: all of it for the other draws of a prompt, most of it
for the continuation of a partial answer, which is how a search asks. What a sequence held is
written to memory before the sequence is given to somebody else, once continuations are seen.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ttc_llamacpp.kv_cache import KVCache, Logits

Tokens = tuple[int, ...]

# Shorter beginnings are computed again: a copy and one more decode cost as much.
MIN_SHARED = 16
SHELF_BYTES = 64 << 20
FIRST = 64


class PrefixMatch(NamedTuple):
    """How many tokens of a prompt are held, and where: in a sequence or on the shelf."""

    length: int
    place: int | None = None
    shelved: Tokens | None = None


def packed(tokens: Iterable[int]) -> array[int]:
    """Return tokens in a row of memory, where comparing takes a nanosecond each."""
    return array("i", tokens)


def common(first: array[int], second: array[int]) -> int:
    """Return how many tokens two rows share at their beginning."""
    shorter = min(len(first), len(second))
    if not shorter:
        return 0
    one = np.frombuffer(first, np.int32, shorter)
    differ = np.flatnonzero(one != np.frombuffer(second, np.int32, shorter))
    return int(differ[0]) if len(differ) else shorter


class PrefixCache:
    """The tokens behind the keys and values of `sequences`, and a shelf of saved ones."""

    def __init__(self, sequences: KVCache) -> None:
        self._sequences = sequences
        self._tokens: dict[int, array[int]] = {}
        self._shelf: OrderedDict[Tokens, bytes] = OrderedDict()
        self._shelved = 0
        self._first: OrderedDict[Tokens, Logits] = OrderedDict()
        # Saving costs some milliseconds a draw, which only a search gets back.
        self.saves = False

    def holds(self, place: int, tokens: Iterable[int]) -> None:
        """Note what a sequence holds from now on."""
        self._tokens[place] = packed(tokens)

    def grow(self, place: int, token: int, at: int) -> None:
        """Note the token that is decoded next, at position `at`."""
        held = self._tokens[place]
        # Longer only after an interrupt, when the token is decoded again.
        del held[at:]
        held.append(token)

    def first(self, prompt: Tokens) -> Logits | None:
        """Return the logits after a whole prompt, if it was computed a short while ago."""
        return self._first.get(prompt)

    def remember(self, prompt: Tokens, logits: Logits) -> None:
        """Keep the logits after a prompt, for its other draws."""
        self._first[prompt] = logits
        if len(self._first) > FIRST:
            self._first.popitem(last=False)

    def longest(self, prompt: Tokens, preferred: int) -> PrefixMatch:
        """Return the longest beginning of a prompt that is held; `preferred` wins a tie."""
        best, wanted = PrefixMatch(0), packed(prompt)
        for place in sorted(self._tokens, key=lambda place: place != preferred):
            length = min(common(self._tokens[place], wanted), self._sequences.held[place])
            if length > best.length:
                best = PrefixMatch(length, place=place)
            if length == len(prompt):
                return best
        for tokens in self._shelf:
            length = common(packed(tokens), wanted)
            if length > best.length:
                best = PrefixMatch(length, shelved=tokens)
        return best

    def take(self, match: PrefixMatch, place: int) -> bool:
        """Make `place` hold a match and nothing else; False, and it is empty, if it cannot.

        What it held is saved first, where a continuation may ask for it.
        """
        # Looked up before the save, which may push it off the shelf.
        data = self._shelf.get(match.shelved) if match.shelved else None
        if match.place != place:
            self._save(place)
        held: Iterable[int] = ()
        if match.shelved is not None and data is not None:
            held = match.shelved[: match.length]
            done = self._sequences.restore(place, data, len(match.shelved))
            done = done and self._sequences.trim(place, match.length)
        elif match.place is not None:
            held = self._tokens[match.place][: match.length]
            done = self._sequences.copy(match.place, place, match.length)
        else:
            done = self._sequences.trim(place, 0)
        self._tokens[place] = packed(held if done else ())
        return done

    def _save(self, place: int) -> None:
        """Put what a sequence holds on the shelf, unless it is elsewhere as well."""
        known = self._tokens.get(place, packed(()))[: self._sequences.held[place]]
        tokens = tuple(known)
        if not self.saves or len(tokens) < MIN_SHARED or tokens in self._shelf:
            return
        others = (held for other, held in self._tokens.items() if other != place)
        if any(common(held, known) == len(known) for held in others):
            return
        data = self._sequences.save(place)
        if data is None or len(data) > SHELF_BYTES:
            return
        self._shelf[tokens] = data
        self._shelved += len(data)
        while self._shelved > SHELF_BYTES:
            _, dropped = self._shelf.popitem(last=False)
            self._shelved -= len(dropped)
