"""Find the options that decode fastest on this machine, by measuring them.

One dimension after the other: the encoding of the weights, the kernels that multiply them, the
number of slots, attention and the type of keys and values, threads. Only decoding is measured, 97 %
of the time of sampling, with all slots in use and sequences of medium length.

Rounded weights are only allowed if they are closer to the exact weights than the file's own
arithmetic, which also rounds (activations of quantised weights have 8 bits). The distance is the
mean Kullback-Leibler divergence of the next token's distribution, in nats.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ttc.errors import BackendError
from ttc_llamacpp import kernels_build, library_check, sizing
from ttc_llamacpp.gguf import Header, read_header
from ttc_llamacpp.kv_cache import KVCache, Row
from ttc_llamacpp.library_check import KernelChoice
from ttc_llamacpp.llama_api import Model
from ttc_llamacpp.measurement import LENGTH, TEXT, TuningSetup, decoding, divergence
from ttc_llamacpp.options import Cache, Options, default_threads
from ttc_llamacpp.requantize import EXPANSIONS, REQUANTISED, reencode, size

# A change must gain more than the noise of a shared machine.
WORTH = 1.03
SLOTS = (8, 16, 32, 64, 128)
_POSITIONS = 64


@dataclass(slots=True)
class Tuner:
    """The measurements of one model. Its methods raise BackendError if it cannot be loaded."""

    header: Header
    digest: str
    base: Options
    tell: Callable[[str], None]
    trials: list[dict[str, Any]] = field(default_factory=list)
    _model: Model | None = None
    _loaded: tuple[str, KernelChoice] | None = None
    _told: set[str] = field(default_factory=set)

    def run(self, requantise: bool) -> tuple[TuningSetup, float, float]:
        """Return the best setup, and the tokens per second of the default and of it, measured by
        turns."""
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
        """Return the setup that is used without a profile when many draws wait."""
        threads = self.base.threads or default_threads()
        model = self._load(TuningSetup("file", 1, "plain", "f16", threads))
        flash, many = sizing.flash(self.base, offloads=model.offloads), 10**6
        geometry = self.header.geometry
        count = sizing.slots(geometry, LENGTH, many, self.base, offloads=model.offloads)
        return TuningSetup("file", count, "flash" if flash else "plain", "f16", threads)

    def _stage(self, best: TuningSetup, others: list[TuningSetup]) -> TuningSetup:
        """Measure alternatives to the best setup so far; a faster one is measured once more."""
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
        """Return whether weights and sequences take at most half of the free memory."""
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
        """Return the default with each allowed encoding of the weights, closest to the exact ones
        first."""
        assert self._model is not None
        if self._model.offloads:
            return []
        candidates = [replace(default, weights=name) for name in EXPANSIONS]
        others = [replace(default, weights=name) for name in REQUANTISED if requantise]
        candidates = [setup for setup in candidates if self._fits(setup)]
        if not candidates or candidates[0].weights != "f32":
            self.tell("not enough memory for the exact weights as f32, so the file is used as is")
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
        """Return setups with the packed kernels; none if they are not available.

        They are tried with the file's own weights, whose arithmetic they share, and with the best
        ones.
        """
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
        verdict = "" if allowed else ", more than the file's own rounding, so not used"
        self.tell(f"weights {weights}: {nats:.2g} nats from the exact weights{verdict}")

    def _load(self, setup: TuningSetup) -> Model:
        path = reencode(self.header, self.digest, setup.weights)
        way = self._choose_kernels(path, setup)
        if self._model is None or self._loaded != (setup.weights, way):
            self._unload()
            found = kernels_build.load() if way.kernels == "packed" else None
            self._model = Model(path, self.base.gpu_layers, found, extras=way.extras)
            self._loaded = setup.weights, way
        return self._model

    def _choose_kernels(self, path: Path, setup: TuningSetup) -> KernelChoice:
        """Return the kernels to use on this machine. Raises BackendError if the wanted ones do not
        work."""
        options = replace(
            self.base, attention=setup.attention, cache=setup.cache, kernels=setup.kernels
        )
        library = kernels_build.built() if setup.kernels == "packed" else None
        way = library_check.choose(read_header(path), options, library)
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
    def _cache(self, setup: TuningSetup) -> Iterator[tuple[KVCache, list[int]]]:
        model = self._load(setup)
        kv = KVCache(model, setup.shape())
        try:
            yield kv, list(model.tokenize(TEXT * 3, add_bos=True))
        finally:
            kv.close()

    def _speed(self, setup: TuningSetup) -> float:
        """Return generated tokens per second, 0 if there is not enough memory."""
        try:
            with self._cache(setup) as (kv, tokens):
                speed = decoding(kv, tokens)
        except BackendError:
            return 0.0
        self.trials.append({**asdict(setup), "tokens_per_second": round(speed, 1)})
        shown = ", ".join(f"{name} {value}" for name, value in asdict(setup).items())
        self.tell(f"{speed:.0f} tokens/s: {shown}")
        return speed

    def _distributions(self, weights: str) -> NDArray[np.float64]:
        """Return log-probabilities (positions, vocabulary) along the text."""
        setup = TuningSetup(weights, 1, "plain", "f32", self.base.threads or default_threads())
        rows = []
        with self._cache(setup) as (kv, tokens):
            kv.prefill(0, tokens[:_POSITIONS], last=False)
            for token in tokens[_POSITIONS : 2 * _POSITIONS]:
                row = kv.decode([Row(0, token)])[0].astype(np.float64)
                row -= row.max()
                rows.append(row - np.log(np.exp(row).sum()))
        return np.stack(rows)
