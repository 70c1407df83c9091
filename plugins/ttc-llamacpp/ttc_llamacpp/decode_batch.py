"""The draws that are being decoded: one slot each, one token a step, one batch for all of them."""

from __future__ import annotations

from collections import deque

from ttc.backends import Completion
from ttc.records import FinishReason, SamplingParams
from ttc_llamacpp.cache_sizing import CacheAllocator
from ttc_llamacpp.constraint import Constraints
from ttc_llamacpp.draws import SequenceDraw
from ttc_llamacpp.grammars.errors import GrammarError
from ttc_llamacpp.kv_cache import DecodeError, KVCache, Logits, Row
from ttc_llamacpp.llama_api import Model
from ttc_llamacpp.prefix_cache import PrefixMatch
from ttc_llamacpp.sampler_pool import SamplerPool

NO_COPY = "this model's state cannot be copied"


class DecodeBatch:
    """The active draws by slot. Finished ones are appended to `done`."""

    def __init__(
        self, model: Model, cache: CacheAllocator, threads: int, done: deque[Completion]
    ) -> None:
        self._model, self._cache, self._done = model, cache, done
        self._samplers, self._constraints = SamplerPool(threads), Constraints(model)
        self.draws: dict[int, SequenceDraw] = {}
        self.generated = 0  # tokens

    @property
    def _kv(self) -> KVCache:
        assert self._cache.kv is not None
        return self._cache.kv

    def start(self, slot: int, draw: SequenceDraw, logits: Logits) -> None:
        """Add a draw whose prompt is in `slot`; sample its first token from (vocabulary,)."""
        self.draws[slot] = draw
        try:
            draw.begin(self._model, self._constraints)
        except GrammarError as error:
            self._finish(slot, "error", str(error))
            return
        self._sample([slot], logits[None])

    def move(self, source: int, target: int) -> bool:
        """Copy a slot's tokens to another slot; return False if the model's state has no copy."""
        match = PrefixMatch(self._kv.held[source], slot=source)
        return self._cache.prefixes.load(match, target)

    def close_gaps(self) -> None:
        """Move the highest draws into free slots below them: batches must have no gaps."""
        for slot in range(len(self.draws)):
            if slot in self.draws:
                continue
            last = max(self.draws)
            if self.move(last, slot):
                self.draws[slot] = self.draws.pop(last)
            else:
                self._finish(last, "error", NO_COPY)

    def decode(self) -> None:
        """Decode the last token of each draw and sample the next."""
        slots = sorted(self.draws)
        rows = []
        for slot in slots:
            draw = self.draws[slot]
            self._cache.prefixes.append(slot, draw.tokens[-1], draw.position)
            rows.append(Row(slot, draw.tokens[-1]))
        try:
            logits = self._kv.decode(rows)
        except DecodeError as error:
            for slot in slots:
                self._finish(slot, "error", str(error))
            return
        self._sample(slots, logits)

    def roll_back(self) -> None:
        """Repair the state after an interrupt (KeyboardInterrupt in the middle of a step).

        First tokens that were not sampled are sampled, and tokens that were decoded without being
        followed by a sample are removed from the cache.
        """
        for slot, draw in list(self.draws.items()):
            if not draw.tokens:
                logits = self._cache.prefixes.first_logits(draw.prompt)
                assert logits is not None
                self._sample([slot], logits[None])
                continue
            ahead = self._kv.held[slot] > draw.position
            if ahead and not self._kv.trim(slot, draw.position):
                reason = "interrupted, and this model cannot go back a token"
                self._finish(slot, "error", reason)

    def cancel(self, request_id: str) -> None:
        """Stop a draw; do nothing if it is not active."""
        for slot, draw in self.draws.items():
            if draw.request.id == request_id:
                self._finish(slot, "cancelled")
                return

    def close(self) -> None:
        """Drop the draws and free their samplers."""
        for draw in self.draws.values():
            draw.finish("cancelled")
        self.draws.clear()
        self._samplers.close()
        self._constraints.close()

    def check(self, params: SamplingParams) -> None:
        """Raise GrammarError if llama.cpp cannot hold a draw to its constraint, or ValueError if a
        biased token does not exist."""
        self._constraints.check(params)
        for token, _ in params.logit_bias:
            if token >= self._model.n_vocab:
                raise ValueError(
                    f"--logit-bias {token}: the model's last token is {self._model.n_vocab - 1}"
                )

    def _finish(self, slot: int, reason: FinishReason, error: str | None = None) -> None:
        self._done.append(self.draws.pop(slot).finish(reason, error))

    def _sample(self, slots: list[int], logits: Logits) -> None:
        """Sample the next token of each draw from its row of logits (draws, vocabulary)."""
        samplers = [self.draws[slot].sampler for slot in slots]
        sampled = self._samplers.sample([each for each in samplers if each], logits)
        self.generated += len(slots)
        for slot, token in zip(slots, sampled, strict=True):
            if isinstance(token, ValueError):
                self._finish(slot, "error", str(token))
                continue
            try:
                reason = self.draws[slot].accept(token, self._model, self._kv.length)
            except GrammarError as error:
                self._finish(slot, "error", str(error))
                continue
            if reason is not None:
                self._finish(slot, reason)
