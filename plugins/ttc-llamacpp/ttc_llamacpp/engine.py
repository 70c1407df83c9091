"""Continuous batching: all draws that have a place advance by one token a step, in one batch.

A step gives free places to waiting draws, closes the gaps that ended draws left, decodes one
token of each draw and samples the next. A prompt is computed once: other draws of it get a copy
of its keys and values, and choose their first token from the same logits. Only whole prompts are
shared, so with one slot a draw's text depends on its prompt and seed alone; with several,
floating point may tip a token, since the company in a batch changes the order of sums.
"""

from __future__ import annotations

import functools
from collections import OrderedDict, deque
from time import monotonic

from ttc.backends import Completion, Request
from ttc.errors import BackendError
from ttc.records import FinishReason, Message
from ttc_llamacpp import plan
from ttc_llamacpp.chat import Chat, ChatError
from ttc_llamacpp.draws import Draw
from ttc_llamacpp.gguf import Header
from ttc_llamacpp.native import Model
from ttc_llamacpp.options import Options, default_threads
from ttc_llamacpp.sequences import DecodeError, Logits, Row, Sequences
from ttc_llamacpp.text import Text


class Engine:
    """Loaded weights and the draws under way. Loading fails with BackendError."""

    def __init__(self, header: Header, options: Options) -> None:
        self._header, self._options = header, options
        self._model = Model(header.path, options.gpu_layers)
        self._limit = options.n_ctx or header.context_length or self._model.n_ctx_train
        self._sequences: Sequences | None = None
        self._waiting: deque[Draw] = deque()
        self._active: dict[int, Draw] = {}
        self._done: deque[Completion] = deque()
        # Which prompt was put into each sequence, and the logits after a prompt.
        self._prompts: dict[int, tuple[int, ...]] = {}
        self._first: OrderedDict[tuple[int, ...], Logits] = OrderedDict()
        self._tokens = functools.lru_cache(maxsize=256)(self._tokenise)

    @functools.cached_property
    def _chat(self) -> Chat:
        return Chat(self._model, self._header.metadata["tokenizer.chat_template"])

    def _tokenise(
        self, messages: tuple[Message, ...], prompt: str | None, prefix: str
    ) -> tuple[int, ...]:
        if prompt is not None:
            return self._model.tokenize(prompt + prefix, add_bos=True)
        # A template spells out BOS where its model wants one.
        return self._model.tokenize(self._chat.render(messages) + prefix, add_bos=False)

    def submit(self, request: Request) -> None:
        """Queue a request. One that cannot run comes back as `error`."""
        text = Text(request.params.stop)
        try:
            tokens = self._tokens(request.messages, request.prompt, request.prefix)
        except ChatError as error:
            self._done.append(Draw(request, (), text).finish("error", str(error)))
            return
        draw = Draw(request, tokens, text)
        if not tokens:
            self._done.append(draw.finish("error", "the prompt is empty"))
        elif len(tokens) > self._limit:
            reason = f"the prompt has {len(tokens)} tokens, the context {self._limit}"
            self._done.append(draw.finish("error", reason))
        else:
            self._waiting.append(draw)

    def wait(self) -> Completion:
        """Step until a draw ends; LookupError if none is under way."""
        while not self._done:
            if not self._waiting and not self._active:
                raise LookupError("no request is under way")
            self._step()
        return self._done.popleft()

    def cancel(self, request_id: str) -> None:
        """End a draw where it is; its place is free for the next step."""
        for draw in self._waiting:
            if draw.request.id == request_id:
                self._waiting.remove(draw)
                self._done.append(draw.finish("cancelled"))
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
        if self._sequences is not None:
            self._sequences.close()
            self._sequences = None
        self._tokens.cache_clear()
        self._model.close()

    def _end(self, place: int, reason: FinishReason, error: str | None = None) -> None:
        self._done.append(self._active.pop(place).finish(reason, error))

    def _step(self) -> None:
        sequences = self._room()
        self._admit(sequences)
        self._close_gaps(sequences)
        self._roll_back(sequences)
        if self._active:
            self._decode(sequences)

    def _room(self) -> Sequences:
        """Return sequences that are long enough for the next waiting draw, if none is active."""
        now = self._sequences
        if now is not None and self._active:
            return now
        needed = max((draw.needs for draw in self._waiting), default=0)
        if now is not None and min(needed, self._limit) <= now.length:
            return now
        length = plan.length(needed, now.length if now else 0, self._limit, self._options.n_ctx)
        if now is not None:
            now.close()
            self._sequences = None
        self._prompts.clear()
        count = plan.slots(
            self._header.geometry,
            length,
            len(self._waiting),
            self._options.slots,
            offloads=self._model.offloads,
        )
        threads = self._options.threads or default_threads()
        self._sequences = self._allocate(count, length, threads)
        return self._sequences

    def _allocate(self, count: int, length: int, threads: int) -> Sequences:
        while True:
            try:
                return Sequences(self._model, count, length, threads)
            except BackendError:
                if self._options.slots or count == 1:
                    raise
                count //= 2

    def _admit(self, sequences: Sequences) -> None:
        """Give free places, lowest first, to waiting draws in their order."""
        for place in range(sequences.count):
            while place not in self._active:
                # One that needs a longer context waits until all are done, then gets one.
                if not self._waiting or min(self._waiting[0].needs, self._limit) > sequences.length:
                    return
                self._place(sequences, place, self._waiting[0])

    def _place(self, sequences: Sequences, place: int, draw: Draw) -> None:
        """Begin a draw: compute or copy its prompt, sample its first token."""
        draw.started = monotonic()
        try:
            logits, cached = self._prompt(sequences, place, draw.prompt)
        except DecodeError as error:
            self._waiting.popleft()
            self._done.append(draw.finish("error", str(error)))
            return
        draw.begin(cached)
        self._waiting.popleft()
        self._active[place] = draw
        self._sample(sequences, place, logits)

    def _prompt(
        self, sequences: Sequences, place: int, prompt: tuple[int, ...]
    ) -> tuple[Logits, int]:
        """Make a sequence hold a prompt; return the logits after it and how much was there."""
        holders = [
            held
            for held, begins in self._prompts.items()
            if begins == prompt and sequences.held[held] >= len(prompt)
        ]
        logits = self._first.get(prompt)
        self._prompts.pop(place, None)
        if holders and logits is not None:
            source = place if place in holders else holders[0]
            if sequences.copy(source, place, len(prompt)):
                self._prompts[place] = prompt
                return logits, len(prompt)
        logits = sequences.prefill(place, prompt)
        self._prompts[place] = prompt
        self._first[prompt] = logits
        if len(self._first) > sequences.count:
            self._first.popitem(last=False)
        return logits, 0

    def _close_gaps(self, sequences: Sequences) -> None:
        """Move the highest draws into free places below them: batches want no gaps."""
        for place in range(len(self._active)):
            if place in self._active:
                continue
            last = max(self._active)
            draw = self._active[last]
            self._prompts.pop(place, None)
            if not sequences.copy(last, place, draw.position):
                return
            self._active[place] = self._active.pop(last)
            self._prompts[place] = draw.prompt

    def _decode(self, sequences: Sequences) -> None:
        places = sorted(self._active)
        rows = [Row(place, self._active[place].tokens[-1]) for place in places]
        try:
            logits = sequences.decode(rows)
        except DecodeError as error:
            for place in places:
                self._end(place, "error", str(error))
            return
        for place, row in zip(places, logits, strict=True):
            self._sample(sequences, place, row)

    def _roll_back(self, sequences: Sequences) -> None:
        """After an interrupt, forget tokens that were decoded and whose outcome nobody saw."""
        for place, draw in list(self._active.items()):
            ahead = sequences.held[place] > draw.position
            if ahead and not sequences.trim(place, draw.position):
                self._end(place, "error", "interrupted, and this model cannot go back a token")

    def _sample(self, sequences: Sequences, place: int, logits: Logits) -> None:
        draw = self._active[place]
        assert draw.sampler is not None
        try:
            choice = draw.sampler.choose(logits)
        except ValueError as error:
            self._end(place, "error", str(error))
            return
        reason = draw.accept(choice, self._model, sequences.length)
        if reason is not None:
            self._end(place, reason)
