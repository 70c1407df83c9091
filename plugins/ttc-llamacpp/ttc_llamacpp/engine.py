"""Continuous batching: all draws that have a place advance by one token a step, in one batch.

A step closes the gaps that ended draws left, gives free places to waiting draws, computes a piece
of the next prompt, decodes one token of each draw and samples the next. A prompt is computed once:
other draws of it get a copy of its keys and values, and choose their first token from the same
logits; a prompt that begins like something that is held begins from there.

With one slot and without a prefix only whole prompts are shared, so a draw's text depends on its
prompt and seed alone. Else floating point may tip a token: the company in a batch and the cut of a
prompt change the order of sums.
"""

from __future__ import annotations

import functools
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from ttc.answers import thinking
from ttc.backends import Completion, Request
from ttc.records import FinishReason, Message
from ttc_llamacpp.cache_sizing import CacheAllocator
from ttc_llamacpp.chat_template import ChatTemplate, ChatTemplateError
from ttc_llamacpp.choices import chances, first_tokens_of
from ttc_llamacpp.detokenizer import Detokenizer
from ttc_llamacpp.draws import SequenceDraw
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.kv_cache import BATCH, DecodeError, KVCache, Logits, Row
from ttc_llamacpp.llama_api import Model
from ttc_llamacpp.options import Options, default_threads
from ttc_llamacpp.prefix_cache import MIN_SHARED, PrefixMatch
from ttc_llamacpp.sampling import SamplerPool

if TYPE_CHECKING:
    from ttc_llamacpp.kernels_build import PackedKernels

# Prompt tokens computed in a step beside draws under way: about what the step itself costs.
_PIECE = 64
_FIXED = "this model's state cannot be copied"


@dataclass(slots=True)
class _Prefill:
    """A draw whose prompt is being computed, up to `done`."""

    draw: SequenceDraw
    place: int
    done: int


class LlamaEngine:
    """Loaded weights and the draws under way. Loading fails with BackendError.

    `weights` is the file itself or a re-encoding of it; `kernels` and `extras` as in Model.
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
        self._header, self._clock = header, options.clock
        self._model = Model(weights, options.gpu_layers, kernels, extras=extras)
        threads = options.threads or default_threads()
        self._cache = CacheAllocator(header, self._model, options, threads)
        self._sampler_pool = SamplerPool(threads)
        self._waiting: deque[SequenceDraw] = deque()
        self._active: dict[int, SequenceDraw] = {}
        self._done: deque[Completion] = deque()
        self._prefill: _Prefill | None = None
        # Once a continuation was asked for, more of them are to be expected.
        self._searches = False
        self._tokens = functools.lru_cache(maxsize=256)(self._tokenise)

    @functools.cached_property
    def _chat(self) -> ChatTemplate:
        return ChatTemplate(self._model, self._header.chat_text, self._clock)

    def _tokenise(
        self, messages: tuple[Message, ...], prompt: str | None, prefix: str, switch: str | None
    ) -> tuple[tuple[int, ...], str]:
        """Return the tokens of prompt and prefix, and the mark of a thought that it ends in."""
        # A template spells out BOS where its model wants one.
        rendered = self._chat.render(messages, switch) if prompt is None else prompt
        whole = thinking.behind(rendered, prefix)
        tokens = self._model.tokenize(whole, add_bos=prompt is not None)
        return tokens, "" if prefix else thinking.opening(rendered)

    def submit(self, request: Request) -> None:
        """Queue a request. One that cannot run comes back as `error`."""
        text = Detokenizer(request.params.stop)
        try:
            switch = request.params.thinking
            tokens, opened = self._tokens(request.messages, request.prompt, request.prefix, switch)
        except ChatTemplateError as error:
            self._done.append(SequenceDraw(request, (), text).finish("error", str(error)))
            return
        draw = SequenceDraw(request, tokens, text, "" if request.choices else opened)
        if not tokens:
            self._done.append(draw.finish("error", "the prompt is empty"))
        elif len(tokens) > self._cache.limit:
            reason = f"the prompt has {len(tokens)} tokens, the context {self._cache.limit}"
            self._done.append(draw.finish("error", reason))
        else:
            self._searches = self._searches or bool(request.prefix)
            self._waiting.append(draw)

    def wait(self) -> Completion:
        """Step until a draw ends; LookupError if none is under way."""
        while True:
            if (done := self.step()) is not None:
                return done

    def step(self) -> Completion | None:
        """Decode one more token of each draw; return one that has ended. LookupError as above."""
        if not self._done:
            if not self._waiting and not self._active and self._prefill is None:
                raise LookupError("no request is under way")
            self._step()
        return self._done.popleft() if self._done else None

    @property
    def slots(self) -> int | None:
        """How many draws are decoded together; None before the first has begun."""
        sequences = self._cache.sequences
        return None if sequences is None else sequences.count

    def cancel(self, request_id: str) -> None:
        """End a draw where it is; its place is free for the next step."""
        for draw in self._waiting:
            if draw.request.id == request_id:
                self._waiting.remove(draw)
                self._done.append(draw.finish("cancelled"))
                return
        prefill_state = self._prefill
        if prefill_state is not None and prefill_state.draw.request.id == request_id:
            self._prefill = None
            self._done.append(prefill_state.draw.finish("cancelled"))
            return
        for place, draw in self._active.items():
            if draw.request.id == request_id:
                self._end(place, "cancelled")
                return

    def close(self) -> None:
        """Free the weights, the cache and the samplers."""
        for draw in self._active.values():
            draw.finish("cancelled")
        self._active.clear()
        self._waiting.clear()
        self._prefill = None
        self._cache.close()
        self._sampler_pool.close()
        self._tokens.cache_clear()
        self._model.close()

    def _end(self, place: int, reason: FinishReason, error: str | None = None) -> None:
        self._done.append(self._active.pop(place).finish(reason, error))

    def _step(self) -> None:
        sequences = self._cache.sequences
        if sequences is None or not (self._active or self._prefill is not None):
            sequences, self._prefixes = self._cache.fit(self._waiting)
        self._roll_back(sequences)
        self._close_gaps(sequences)
        self._admit(sequences)
        if self._active:
            self._decode(sequences)

    def _admit(self, sequences: KVCache) -> None:
        """Give the free places to waiting draws in their order, and compute their prompts.

        With many places free there is little to starve, so more of the prompts is computed.
        """
        idle = sequences.count - len(self._active)
        budget = max(_PIECE, BATCH // 2 * idle // sequences.count) if self._active else BATCH
        while True:
            if self._prefill is None and not self._begin(sequences):
                return
            if self._prefill is not None:
                if budget <= 0:
                    return
                budget -= self._fill(sequences, self._prefill, budget)

    def _begin(self, sequences: KVCache) -> bool:
        """Give the next waiting draw a place; False if there is no draw or no place for it.

        Its prompt is there already, or it is being filled from now on.
        """
        place = len(self._active)
        # One that needs a longer context waits until all are done, then gets one.
        if place == sequences.count or not self._waiting:
            return False
        draw = self._waiting[0]
        if min(draw.needs, self._cache.limit) > sequences.length:
            return False
        draw.started = draw.started or monotonic()
        prompt, prefixes = draw.prompt, self._prefixes
        prefixes.saves = self._searches
        match = prefixes.longest(prompt, place)
        logits = prefixes.first(prompt)
        if match.length == len(prompt) and logits is not None:
            if prefixes.take(match, place):
                self._waiting.popleft()
                self._place(sequences, place, draw, logits)
                return True
            match = PrefixMatch(0)
        match = match._replace(length=min(match.length, len(prompt) - 1))
        reproducible = sequences.count == 1 and not draw.request.prefix
        if match.length < MIN_SHARED or reproducible:
            match = PrefixMatch(0)
        done = match.length if prefixes.take(match, place) else 0
        self._waiting.popleft()
        self._prefill = _Prefill(draw, place, done)
        return True

    def _fill(self, sequences: KVCache, prefill_state: _Prefill, budget: int) -> int:
        """Compute a piece of a prompt, and begin its draw after the last; return its tokens."""
        draw, place = prefill_state.draw, prefill_state.place
        if sequences.held[place] != prefill_state.done and not sequences.trim(
            place, prefill_state.done
        ):
            prefill_state.done = 0  # an interrupt came between, and the model cannot go back
        piece = draw.prompt[prefill_state.done : prefill_state.done + min(budget, BATCH)]
        reached = prefill_state.done + len(piece)
        try:
            logits = sequences.prefill(place, piece, last=reached == len(draw.prompt))
        except DecodeError as error:
            self._prefill = None
            self._done.append(draw.finish("error", str(error)))
            return len(piece)
        prefill_state.done = reached
        draw.computed += len(piece)
        self._prefixes.holds(place, draw.prompt[:reached])
        if logits is not None:
            self._prefill = None
            self._prefixes.remember(draw.prompt, logits)
            target = len(self._active)
            if target != place and not self._move(sequences, place, target):
                self._done.append(draw.finish("error", _FIXED))
                return len(piece)
            self._place(sequences, target, draw, logits)
        return len(piece)

    def _place(self, sequences: KVCache, place: int, draw: SequenceDraw, logits: Logits) -> None:
        """Begin a draw whose prompt its sequence holds: sample its first token.

        One that only asks how likely some strings are ends here, and its place stays free.
        """
        if draw.request.choices:
            self._done.append(self._weigh(draw, logits))
            return
        draw.begin()
        self._active[place] = draw
        self._sample(sequences, [place], logits[None])

    def _weigh(self, draw: SequenceDraw, logits: Logits) -> Completion:
        try:
            firsts = first_tokens_of(self._model, draw.request.choices)
            draw.chances = chances(logits, firsts)
        except ValueError as error:
            return draw.finish("error", str(error))
        return draw.finish("stop")

    def _move(self, sequences: KVCache, source: int, target: int) -> bool:
        return self._prefixes.take(PrefixMatch(sequences.held[source], place=source), target)

    def _close_gaps(self, sequences: KVCache) -> None:
        """Move the highest draws into free places below them: batches want no gaps."""
        for place in range(len(self._active)):
            if place in self._active:
                continue
            last = max(self._active)
            if self._move(sequences, last, place):
                self._active[place] = self._active.pop(last)
            else:
                self._end(last, "error", _FIXED)

    def _decode(self, sequences: KVCache) -> None:
        places = sorted(self._active)
        rows = []
        for place in places:
            draw = self._active[place]
            self._prefixes.grow(place, draw.tokens[-1], draw.position)
            rows.append(Row(place, draw.tokens[-1]))
        try:
            logits = sequences.decode(rows)
        except DecodeError as error:
            for place in places:
                self._end(place, "error", str(error))
            return
        self._sample(sequences, places, logits)

    def _roll_back(self, sequences: KVCache) -> None:
        """After an interrupt, sample first tokens that were not, and forget what was decoded and
        whose outcome nobody saw."""
        for place, draw in list(self._active.items()):
            if not draw.tokens:
                logits = self._prefixes.first(draw.prompt)
                assert logits is not None
                self._sample(sequences, [place], logits[None])
                continue
            ahead = sequences.held[place] > draw.position
            if ahead and not sequences.trim(place, draw.position):
                self._end(place, "error", "interrupted, and this model cannot go back a token")

    def _sample(self, sequences: KVCache, places: list[int], logits: Logits) -> None:
        """Sample the next token of each draw from its row of logits (draws, vocabulary)."""
        samplers = [self._active[place].sampler for place in places]
        choices = self._sampler_pool.choose([each for each in samplers if each], logits)
        for place, choice in zip(places, choices, strict=True):
            if isinstance(choice, ValueError):
                self._end(place, "error", str(choice))
                continue
            reason = self._active[place].accept(choice, self._model, sequences.length)
            if reason is not None:
                self._end(place, reason)
