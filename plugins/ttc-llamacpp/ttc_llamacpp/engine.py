"""Continuous batching: every draw that has a slot advances by one token a step, in one batch.

A step closes the gaps that finished draws left in the slots, gives free slots to waiting draws,
computes a piece of the next prompt (prefill), decodes one token of each draw and samples the next.
A prompt is computed once: its other draws get a copy of its keys and values and sample their first
token from the same logits. A prompt that shares its beginning with a cached one starts from there.

With one slot and no prefix, only whole prompts are shared, so a draw's text depends on its prompt
and seed alone. Otherwise floating point may change a token now and then: the other draws of a batch
and the pieces of a prompt change the order of sums.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from ttc.backends import Completion, Request
from ttc_llamacpp.cache_sizing import CacheAllocator
from ttc_llamacpp.chat_template import ChatTemplateError
from ttc_llamacpp.choices import choose
from ttc_llamacpp.decode_batch import NO_COPY, DecodeBatch
from ttc_llamacpp.detokenizer import Detokenizer
from ttc_llamacpp.draws import SequenceDraw
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.kv_cache import BATCH, DecodeError, KVCache, Logits
from ttc_llamacpp.llama_api import Model
from ttc_llamacpp.lora_effect import check_effect
from ttc_llamacpp.options import Options, default_threads
from ttc_llamacpp.prefix_cache import MIN_SHARED, PrefixMatch
from ttc_llamacpp.prompts import PromptTokenizer

if TYPE_CHECKING:
    from ttc_llamacpp.kernels_build import PackedKernels

# Prompt tokens computed in a step beside other draws: about what the step itself costs.
_PIECE = 64


@dataclass(slots=True)
class _Prefill:
    """A draw whose prompt is being computed in `slot`; its first `done` tokens are cached."""

    draw: SequenceDraw
    slot: int
    done: int


class LlamaEngine:
    """Loaded weights and their unfinished draws. Raises BackendError if loading fails.

    `weights` is the model file or a re-encoding of it; `kernels` and `extras` as in `Model`.
    """

    def __init__(
        self,
        header: Header,
        weights: Path,
        options: Options,
        kernels: PackedKernels | None = None,
        *,
        extras: bool = True,
    ) -> None:
        loras = options.loras
        self._model = Model(weights, options.gpu_layers, kernels, extras=extras, loras=loras)
        threads = options.threads or default_threads()
        if self._model.adapters is not None:
            check_effect(self._model, threads)
        self._prompts = PromptTokenizer(self._model, header.chat_text, options.clock)
        self._cache = CacheAllocator(header, self._model, options, threads)
        self._waiting: deque[SequenceDraw] = deque()
        self._prefill: _Prefill | None = None
        self._done: deque[Completion] = deque()
        self._batch = DecodeBatch(self._model, self._cache, threads, self._done)
        # After the first continuation, expect more of them.
        self._searches = False

    def submit(self, request: Request) -> None:
        """Queue a request. One that cannot run is returned by `wait` as `error`.

        Raises ValueError if its parameters do not fit the model.
        """
        self._batch.check(request.params)
        text = Detokenizer(request.params.stop)
        try:
            tokens, opened, begun = self._prompts.tokens(request)
        except ChatTemplateError as error:
            self._done.append(SequenceDraw(request, (), text).finish("error", str(error)))
            return
        draw = SequenceDraw(request, tokens, text, "" if request.choices else opened, begun)
        if not tokens:
            self._done.append(draw.finish("error", "the prompt is empty"))
        elif len(tokens) > self._cache.limit:
            reason = f"the prompt has {len(tokens)} tokens, the context {self._cache.limit}"
            self._done.append(draw.finish("error", reason))
        else:
            self._searches = self._searches or bool(request.prefix)
            self._waiting.append(draw)

    def wait(self) -> Completion:
        """Step until a draw finishes and return it; raise LookupError if there is none."""
        while True:
            if (done := self.step()) is not None:
                return done

    def step(self) -> Completion | None:
        """Decode one more token of each draw; return one that has finished, if any.

        Raises LookupError if no draw is waiting or active.
        """
        if not self._done:
            if not self._waiting and not self._busy:
                raise LookupError("no request is under way")
            self._step()
        return self._done.popleft() if self._done else None

    @property
    def generated(self) -> int:
        """Tokens that were sampled for all draws so far."""
        return self._batch.generated

    @property
    def slots(self) -> int | None:
        """How many draws are decoded together; None before the first draw."""
        return None if self._cache.kv is None else self._cache.kv.count

    def cancel(self, request_id: str) -> None:
        """Stop a draw, keeping what it has; its slot is free for the next step."""
        for draw in self._waiting:
            if draw.request.id == request_id:
                self._waiting.remove(draw)
                self._done.append(draw.finish("cancelled"))
                return
        prefill = self._prefill
        if prefill is not None and prefill.draw.request.id == request_id:
            self._prefill = None
            self._done.append(prefill.draw.finish("cancelled"))
            return
        self._batch.cancel(request_id)

    def close(self) -> None:
        """Free the weights, the cache and the samplers."""
        self._batch.close()
        self._waiting.clear()
        self._prefill = None
        self._cache.close()
        self._prompts.close()
        self._model.close()

    @property
    def _busy(self) -> bool:
        """Whether a slot is in use."""
        return bool(self._batch.draws) or self._prefill is not None

    def _step(self) -> None:
        kv = self._cache.kv
        if kv is None or not self._busy:
            kv = self._cache.fit(self._waiting)
        self._batch.roll_back()
        self._batch.close_gaps()
        self._admit(kv)
        if self._batch.draws:
            self._batch.decode()

    def _admit(self, kv: KVCache) -> None:
        """Give free slots to waiting draws, first come first served, and compute their prompts.

        With many slots free, few draws wait for a prefill, so more of a prompt is computed.
        """
        active = len(self._batch.draws)
        idle = kv.count - active
        budget = max(_PIECE, BATCH // 2 * idle // kv.count) if active else BATCH
        while True:
            if self._prefill is None and not self._begin(kv):
                return
            if self._prefill is not None:
                if budget <= 0:
                    return
                budget -= self._fill(kv, self._prefill, budget)

    def _begin(self, kv: KVCache) -> bool:
        """Give the next waiting draw a slot; return False if there is no draw or no slot for it.

        Its prompt is in the cache already, or its prefill begins.
        """
        slot = len(self._batch.draws)
        # A draw that needs a longer context waits until the cache is idle and can be rebuilt.
        if slot == kv.count or not self._waiting:
            return False
        draw = self._waiting[0]
        if min(draw.needs, self._cache.limit) > kv.length:
            return False
        draw.started = draw.started or monotonic()
        prompt, prefixes = draw.prompt, self._cache.prefixes
        prefixes.saves = self._searches
        match = prefixes.longest(prompt, slot)
        logits = prefixes.first_logits(prompt)
        if match.length == len(prompt) and logits is not None:
            if prefixes.load(match, slot):
                self._waiting.popleft()
                self._start(slot, draw, logits)
                return True
            match = PrefixMatch(0)
        match = match._replace(length=min(match.length, len(prompt) - 1))
        reproducible = kv.count == 1 and not draw.request.prefix
        if match.length < MIN_SHARED or reproducible:
            match = PrefixMatch(0)
        done = match.length if prefixes.load(match, slot) else 0
        self._waiting.popleft()
        self._prefill = _Prefill(draw, slot, done)
        return True

    def _fill(self, kv: KVCache, prefill: _Prefill, budget: int) -> int:
        """Compute a piece of a prompt, and start its draw after the last; return its tokens."""
        draw, slot, prefixes = prefill.draw, prefill.slot, self._cache.prefixes
        if kv.held[slot] != prefill.done and not kv.trim(slot, prefill.done):
            prefill.done = 0  # interrupted before, and this model's cache cannot be trimmed
        piece = draw.prompt[prefill.done : prefill.done + min(budget, BATCH)]
        reached = prefill.done + len(piece)
        try:
            logits = kv.prefill(slot, piece, last=reached == len(draw.prompt))
        except DecodeError as error:
            self._prefill = None
            self._done.append(draw.finish("error", str(error)))
            return len(piece)
        prefill.done = reached
        draw.computed += len(piece)
        prefixes.set_tokens(slot, draw.prompt[:reached])
        if logits is not None:
            self._prefill = None
            prefixes.remember(draw.prompt, logits)
            target = len(self._batch.draws)
            if target != slot and not self._batch.move(slot, target):
                self._done.append(draw.finish("error", NO_COPY))
                return len(piece)
            self._start(target, draw, logits)
        return len(piece)

    def _start(self, slot: int, draw: SequenceDraw, logits: Logits) -> None:
        """Start a draw whose prompt is in its slot: sample its first token.

        A request for the probabilities of `choices` is answered here, and its slot stays free.
        """
        if draw.request.choices:
            self._done.append(choose(self._model, draw, logits))
        else:
            self._batch.start(slot, draw, logits)
