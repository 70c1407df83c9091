"""Which options decode fastest on this machine, by measuring them.

One thing after the other: the encoding of the weights, the kernels that multiply them, the number
of draws at a time, attention and the type of keys and values, threads. What is measured is
decoding, 97 % of the time of sampling, with all places taken and sequences of middle length.

An encoding that rounds the weights is only taken if it is nearer to the exact weights than the
file's own arithmetic is, which rounds too (activations of quantised weights have 8 bits): by the
mean Kullback-Leibler divergence of the next token's distribution, in nats.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ttc.errors import BackendError
from ttc_llamacpp import kernels_build, library_check, sizing
from ttc_llamacpp.gguf import Header, read_header
from ttc_llamacpp.kv_cache import BATCH, CacheShape, KVCache, Row
from ttc_llamacpp.library_check import KernelChoice
from ttc_llamacpp.llama_api import Model
from ttc_llamacpp.options import Cache, Options, default_threads
from ttc_llamacpp.requantize import EXPANSIONS, REQUANTISED, reencode, size

LENGTH = 512
SECONDS = 0.8
# A change must gain more than the noise of a shared machine.
WORTH = 1.03
SLOTS = (8, 16, 32, 64, 128)
_POSITIONS = 64

TEXT = (
    "A farmer brings apples, pears and plums to the market every Saturday. She has eleven crates "
    "of apples with forty in each, seven crates of pears with thirty-two in each, and a basket of "
    "plums that nobody has counted yet. By noon she has sold three quarters of the apples and half "
    "of the pears. To know how many are left, first multiply the crates by what is in each, then "
    "take away what was sold. That gives one hundred and ten apples. For the pears the sum is 7 * "
    "32 = 224, and half of that is 112. The plums go to the neighbours, as they do every week, "
    "because they would not keep until the next market day.\n\n"
)


@dataclass(frozen=True, slots=True)
class TuningSetup:
    """One way to decode."""

    weights: str
    slots: int
    attention: str
    cache: Cache
    threads: int
    kernels: str = "ggml"

    def shape(self) -> CacheShape:
        """Return the sequences it needs."""
        flash = self.attention == "flash"
        return CacheShape(self.slots, LENGTH, self.threads, flash, self.cache)

    def options(self) -> dict[str, Any]:
        """Return it as a profile's options; the slots are an upper limit there."""
        chosen = asdict(self)
        return {"most": chosen.pop("slots"), **chosen}


@dataclass(slots=True)
class Tuner:
    """The measurements of one model. BackendError if it cannot be loaded."""

    header: Header
    digest: str
    base: Options
    tell: Callable[[str], None]
    trials: list[dict[str, Any]] = field(default_factory=list)
    _model: Model | None = None
    _loaded: tuple[str, KernelChoice] | None = None
    _told: set[str] = field(default_factory=set)

    def run(self, requantise: bool) -> tuple[TuningSetup, float, float]:
        """Return the best setup, and tokens per second of the default and of it, by turns."""
        try:
            default = self._default()
            best = self._stage(default, self._encodings(default, requantise))
            best = self._stage(best, self._packed(best))
            best = self._stage(best, [replace(best, slots=count) for count in SLOTS])
            others: list[tuple[str, Cache]] = [("plain", "f16"), ("flash", "f16"), ("plain", "f32")]
            best = self._stage(best, [replace(best, attention=a, cache=c) for a, c in others])
            fewer = {max(1, best.threads // 2), best.threads - 1} - {0}
            best = self._stage(best, [replace(best, threads=n) for n in sorted(fewer)])
            return best, *self._compare(default, best)
        finally:
            self._unload()

    def _default(self) -> TuningSetup:
        """Return what is done without a profile when many draws wait."""
        threads = self.base.threads or default_threads()
        model = self._load(TuningSetup("file", 1, "plain", "f16", threads))
        flash, many = sizing.flash(self.base, offloads=model.offloads), 10**6
        geometry = self.header.geometry
        count = sizing.slots(geometry, LENGTH, many, self.base, offloads=model.offloads)
        return TuningSetup("file", count, "flash" if flash else "plain", "f16", threads)

    def _stage(self, best: TuningSetup, others: list[TuningSetup]) -> TuningSetup:
        """Measure alternatives beside the best so far; a challenger is measured once more."""
        speed = self._speed(best)
        for other in others:
            if other == best or not self._fits(other):
                continue
            found = self._speed(other)
            if found > speed * WORTH:
                again = self._speed(best), self._speed(other)
                speed = max(speed, again[0])
                found = min(found, again[1])
                if found > speed * WORTH:
                    best, speed = other, found
        return best

    def _compare(self, default: TuningSetup, best: TuningSetup) -> tuple[float, float]:
        pairs = [(self._speed(default), self._speed(best)) for _ in range(3)]
        return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)

    def _fits(self, setup: TuningSetup) -> bool:
        """Whether weights and sequences take at most half of the free memory."""
        assert self._model is not None
        free = sizing.free_memory()
        each = sizing.sequence_bytes(self.header.geometry, LENGTH, setup.cache)
        if free is None or each is None or self._model.offloads:
            return True
        now = self._loaded
        loaded = now is not None and (setup.weights, setup.kernels) == (now[0], now[1].kernels)
        extra = 0 if loaded else self._size(setup.weights)
        return setup.slots * each + extra <= free // 2

    def _size(self, weights: str) -> int:
        return self.header.path.stat().st_size if weights == "file" else size(self.header, weights)

    def _encodings(self, default: TuningSetup, requantise: bool) -> list[TuningSetup]:
        """Return the default with the weights that may be taken, nearest to the exact first."""
        assert self._model is not None
        if self._model.offloads:
            return []
        candidates = [replace(default, weights=name) for name in EXPANSIONS]
        others = [replace(default, weights=name) for name in REQUANTISED if requantise]
        candidates = [setup for setup in candidates if self._fits(setup)]
        if not candidates or candidates[0].weights != "f32":
            self.tell("not enough memory for the exact weights as f32: the file is used as it is")
            return others
        exact = self._distributions("f32")
        own = divergence(exact, self._distributions("file"))
        self._note("file", own, allowed=True)
        self._note("f32", 0.0, allowed=True)
        allowed = [candidates[0]]
        for setup in candidates[1:] + others:
            rounded = divergence(exact, self._distributions(setup.weights))
            fine = rounded <= own or setup in others
            self._note(setup.weights, rounded, allowed=fine)
            allowed += [setup] * fine
        return allowed

    def _packed(self, best: TuningSetup) -> list[TuningSetup]:
        """Return the packed kernels with the file's own weights, whose arithmetic they share, and
        with the best ones; none where they cannot be had."""
        assert self._model is not None
        if self._model.offloads:
            return []
        try:
            kernels_build.load()
        except BackendError as error:
            self.tell(f"kernels packed: {error}")
            return []
        ways = dict.fromkeys([("file", "flash"), ("file", best.attention), (best.weights, "flash")])
        return [replace(best, weights=w, attention=a, kernels="packed") for w, a in ways]

    def _note(self, weights: str, nats: float, *, allowed: bool) -> None:
        self.trials.append({"weights": weights, "divergence": nats, "allowed": allowed})
        verdict = "" if allowed else ", more than the file's own rounding: not taken"
        self.tell(f"weights {weights}: {nats:.2g} nats from the exact ones{verdict}")

    def _load(self, setup: TuningSetup) -> Model:
        path = reencode(self.header, self.digest, setup.weights)
        way = self._way(path, setup)
        if self._model is None or self._loaded != (setup.weights, way):
            self._unload()
            found = kernels_build.load() if way.kernels == "packed" else None
            self._model = Model(path, self.base.gpu_layers, found, extras=way.extras)
            self._loaded = setup.weights, way
        return self._model

    def _way(self, path: Path, setup: TuningSetup) -> KernelChoice:
        """Return how this machine can compute it. BackendError where its kernels do not work."""
        options = replace(
            self.base, attention=setup.attention, cache=setup.cache, kernels=setup.kernels
        )
        library = kernels_build.built() if setup.kernels == "packed" else None
        way = library_check.way(read_header(path), options, library)
        for line in way.off:
            if line not in self._told:
                self._told.add(line)
                self.tell(line)
        if way.kernels != setup.kernels:
            raise BackendError(way.off[0])
        return way

    def _unload(self) -> None:
        if self._model is not None:
            self._model.close()
            self._model = None
            gc.collect()

    @contextmanager
    def _sequences(self, setup: TuningSetup) -> Iterator[tuple[KVCache, list[int]]]:
        model = self._load(setup)
        sequences = KVCache(model, setup.shape())
        try:
            yield sequences, list(model.tokenize(TEXT * 3, add_bos=True))
        finally:
            sequences.close()

    def _speed(self, setup: TuningSetup) -> float:
        """Return generated tokens per second, 0 where there is no memory for it."""
        try:
            with self._sequences(setup) as (sequences, tokens):
                speed = decoding(sequences, tokens)
        except BackendError:
            return 0.0
        self.trials.append({**asdict(setup), "tokens_per_second": round(speed, 1)})
        told = ", ".join(f"{name} {value}" for name, value in asdict(setup).items())
        self.tell(f"{speed:.0f} tokens/s: {told}")
        return speed

    def _distributions(self, weights: str) -> NDArray[np.float64]:
        """Return log-probabilities (positions, vocabulary) along the text."""
        setup = TuningSetup(weights, 1, "plain", "f32", self.base.threads or default_threads())
        rows = []
        with self._sequences(setup) as (sequences, tokens):
            sequences.prefill(0, tokens[:_POSITIONS], last=False)
            for token in tokens[_POSITIONS : 2 * _POSITIONS]:
                row = sequences.decode([Row(0, token)])[0].astype(np.float64)
                row -= row.max()
                rows.append(row - np.log(np.exp(row).sum()))
        return np.stack(rows)


def divergence(exact: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the mean over positions of KL(exact ‖ other), in nats, from log-probabilities."""
    return float((np.exp(exact) * (exact - other)).sum(axis=1).mean())


def decoding(sequences: KVCache, tokens: list[int]) -> float:
    """Return tokens per second of all sequences together, from a third of their length on."""
    start = sequences.length // 3
    sequences.prefill(0, tokens[: min(start, BATCH)], last=False)
    for other in range(1, sequences.count):
        sequences.copy(0, other, start)
    every = range(sequences.count)
    for token in tokens[:2]:
        sequences.decode([Row(place, token) for place in every])
    steps, began = 0, perf_counter()
    for steps, token in enumerate(tokens[: sequences.length - start - 2], start=1):
        sequences.decode([Row(place, token) for place in every])
        if perf_counter() - began > SECONDS and steps >= 3:
            break
    return steps * sequences.count / (perf_counter() - began)
