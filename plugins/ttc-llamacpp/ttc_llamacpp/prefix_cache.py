"""Reuse of cached prompts: which tokens each slot holds, and the longest one a prompt starts with.

Copying keys and values costs a hundredth of computing them. So a prompt starts from the slot with
which it shares the longest beginning: all of it for the other draws of a prompt, most of it for the
continuation of a partial answer, which is what a search asks for. Once a request has continued an
answer, the state of a slot is saved to memory before the slot is given to another draw.
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
# Bytes of saved states, and how many prompts' logits are kept.
SAVED_BYTES = 64 << 20
MAX_LOGITS = 64


class PrefixMatch(NamedTuple):
    """How many tokens of a prompt are cached, and where: in a slot or in a saved state."""

    length: int
    slot: int | None = None
    saved: Tokens | None = None


def token_array(tokens: Iterable[int]) -> array[int]:
    """Return tokens as a contiguous array, which compares at about 1 ns a token."""
    return array("i", tokens)


def shared_length(first: array[int], second: array[int]) -> int:
    """Return how many tokens two arrays share at their beginning."""
    shorter = min(len(first), len(second))
    if not shorter:
        return 0
    one = np.frombuffer(first, np.int32, shorter)
    differ = np.flatnonzero(one != np.frombuffer(second, np.int32, shorter))
    return int(differ[0]) if len(differ) else shorter


class PrefixCache:
    """The tokens in each slot of a KV cache, saved states, and logits after recent prompts."""

    def __init__(self, kv: KVCache) -> None:
        self._kv = kv
        self._tokens: dict[int, array[int]] = {}
        self._saved: OrderedDict[Tokens, bytes] = OrderedDict()
        self._saved_bytes = 0
        self._logits: OrderedDict[Tokens, Logits] = OrderedDict()
        # Saving costs milliseconds a draw, which only searches get back.
        self.saves = False

    def set_tokens(self, slot: int, tokens: Iterable[int]) -> None:
        """Record which tokens a slot holds."""
        self._tokens[slot] = token_array(tokens)

    def append(self, slot: int, token: int, position: int) -> None:
        """Record the token that is decoded next in a slot, at `position`."""
        held = self._tokens[slot]
        # Longer only after an interrupt, when the token is decoded again.
        del held[position:]
        held.append(token)

    def first_logits(self, prompt: Tokens) -> Logits | None:
        """Return the logits after a whole prompt, (vocabulary,), None if they are not kept."""
        return self._logits.get(prompt)

    def remember(self, prompt: Tokens, logits: Logits) -> None:
        """Keep the logits after a prompt for its other draws."""
        self._logits[prompt] = logits
        if len(self._logits) > MAX_LOGITS:
            self._logits.popitem(last=False)

    def longest(self, prompt: Tokens, preferred: int) -> PrefixMatch:
        """Return the longest cached beginning of a prompt; slot `preferred` wins a tie."""
        best, wanted = PrefixMatch(0), token_array(prompt)
        for slot in sorted(self._tokens, key=lambda slot: slot != preferred):
            length = min(shared_length(self._tokens[slot], wanted), self._kv.held[slot])
            if length > best.length:
                best = PrefixMatch(length, slot=slot)
            if length == len(prompt):
                return best
        for tokens in self._saved:
            length = shared_length(token_array(tokens), wanted)
            if length > best.length:
                best = PrefixMatch(length, saved=tokens)
        return best

    def load(self, match: PrefixMatch, slot: int) -> bool:
        """Make `slot` hold exactly the matched tokens; False, and it is empty, if it cannot.

        What the slot held is saved first if continuations are expected.
        """
        # Looked up before the save, which may evict it.
        data = self._saved.get(match.saved) if match.saved else None
        if match.slot != slot:
            self._save(slot)
        held: Iterable[int] = ()
        if match.saved is not None and data is not None:
            held = match.saved[: match.length]
            done = self._kv.restore(slot, data, len(match.saved))
            done = done and self._kv.trim(slot, match.length)
        elif match.slot is not None:
            held = self._tokens[match.slot][: match.length]
            done = self._kv.copy(match.slot, slot, match.length)
        else:
            done = self._kv.trim(slot, 0)
        self._tokens[slot] = token_array(held if done else ())
        return done

    def _save(self, slot: int) -> None:
        """Save the state of a slot, unless another slot or saved state holds the same tokens."""
        held = self._tokens.get(slot, token_array(()))[: self._kv.held[slot]]
        tokens = tuple(held)
        if not self.saves or len(tokens) < MIN_SHARED or tokens in self._saved:
            return
        others = (there for other, there in self._tokens.items() if other != slot)
        if any(shared_length(there, held) == len(held) for there in others):
            return
        data = self._kv.save(slot)
        if data is None or len(data) > SAVED_BYTES:
            return
        self._saved[tokens] = data
        self._saved_bytes += len(data)
        while self._saved_bytes > SAVED_BYTES:
            _, dropped = self._saved.popitem(last=False)
            self._saved_bytes -= len(dropped)
