"""The contenders of engine.py, each run as a process of its own: `contenders.py NAME SETTINGS`.

Each prints one line of JSON. Loading and a first short draw are not counted; prompts are.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common import PATIENCE, Settings, questions
from rivals import batched, loop, server

from ttc.backends import Completion, Request
from ttc.records import Message, SamplingParams


def sampling(settings: Settings) -> SamplingParams:
    """The same for everybody: temperature 0.8 and top-p 0.95, nothing else."""
    return SamplingParams(temperature=0.8, top_p=0.95, max_tokens=settings["max_tokens"])


def resident_mb() -> float:
    """Return the memory this process holds now, its peak where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def opened(settings: Settings) -> Any:
    """Open our backend and draw a few tokens, so that the weights are loaded."""
    from ttc_llamacpp import open_llamacpp

    backend = open_llamacpp(settings["model"], settings["options"])
    backend.submit(Request("warm", prompt="Hello", params=SamplingParams(max_tokens=4)))
    backend.wait()
    return backend


def ours(settings: Settings) -> Settings:
    """All draws submitted at once."""
    from ttc_llamacpp.sizing import sequence_bytes

    backend, asked, n = opened(settings), questions(settings), settings["n"]
    params = sampling(settings)
    began, tokens, third = time.perf_counter(), 0, 0.0
    for index, messages in enumerate(asked):
        for seed in range(n):
            backend.submit(Request(f"{index}/{seed}", messages, params=params, seed=seed))
    for count in range(n * len(asked)):
        tokens += backend.wait().completion_tokens or 0
        if count == n * len(asked) // 3:
            third = resident_mb()
    seconds, sequences = time.perf_counter() - began, backend._engine._cache.kv
    length, cache = sequences.length, sequences.shape.cache
    kv = sequences.count * (sequence_bytes(backend.model.geometry, length, cache) or 0)
    return {
        "tokens": tokens,
        "samples": n * len(asked),
        "seconds": seconds,
        "slots": sequences.count,
        "flash": sequences.shape.flash,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "kv_mb": kv / 1e6,
        "grown_mb": resident_mb() - third,
        "weights": backend.model.name,
        "kernels": backend._options.kernels,
    }


def decode(settings: Settings) -> Settings:
    """Decoding alone, as llama-batched-bench does it: no draw ends before the others."""
    from ttc_llamacpp.llama_api import Model

    # A draw that ended would leave its place empty, and the rest would be another batch.
    Model.ends = lambda self, token: False  # type: ignore[method-assign]
    backend = opened({**settings, "options": {**settings["options"], "slots": settings["slots"]}})
    # One token a word, and one for BOS where the model has it.
    prompt, generated = " the" * settings["prompt_tokens"], settings["generated_tokens"]
    params = SamplingParams(temperature=0.8, top_p=0.95, max_tokens=generated)
    for index in range(settings["slots"]):
        backend.submit(Request(str(index), prompt=prompt, params=params, seed=index))
    done = [backend.wait() for _ in range(settings["slots"])]
    seconds = max(each.ended for each in done) - max(each.first_token for each in done)
    return {"tokens": settings["slots"] * (generated - 1), "seconds": seconds}


def race(settings: Settings) -> Settings:
    """First-finish against the moment at which the shortest of a full run ends."""
    backend, params, ratios = opened(settings), sampling(settings), []
    n, waited = settings["n"], []

    def start(messages: tuple[Message, ...]) -> float:
        for seed in range(n):
            backend.submit(Request(str(seed), messages, params=params, seed=seed))
        return time.monotonic()

    # The second asking of a prompt would find it computed, so another one comes between.
    for messages in questions(settings)[:3]:
        began = start(messages)
        full: list[Completion] = [backend.wait() for _ in range(n)]
        shortest = min(each.ended or 0 for each in full) - began
        forget(backend)
        began = start(messages)
        first = backend.wait()
        seconds = time.monotonic() - began
        for seed in range(n):
            backend.cancel(str(seed))
        rest = [backend.wait() for _ in range(n - 1)]
        assert first.finish_reason in ("stop", "length")
        waited.append(sum(each.completion_tokens or 0 for each in rest))
        ratios.append(seconds / shortest)
    return {"ratio": sorted(ratios)[1], "ratios": ratios, "cancelled_tokens": waited}


def forget(backend: Any) -> None:
    """Make an engine compute its prompts again."""
    from ttc_llamacpp.prefix_cache import PrefixCache

    cache = backend._engine._cache
    cache.prefixes = PrefixCache(cache.kv)


def softmax(settings: Settings) -> Settings:
    """What a log-probability needs at most: the normaliser of one token's whole vocabulary."""
    import numpy as np

    rows = np.random.default_rng(0).normal(size=(32, settings["vocabulary"])).astype(np.float32)
    began, times = time.perf_counter(), 20
    for _ in range(times):
        for row in rows:
            weights = row - row.max()
            np.exp(weights, out=weights)
            float(np.log(weights.sum()))
    return {"seconds": (time.perf_counter() - began) / (times * len(rows))}


CONTENDERS: dict[str, Callable[[Settings], Settings]] = {
    each.__name__: each for each in (loop, ours, decode, race, softmax, server, batched)
}


def main(argv: Sequence[str]) -> None:
    """Run one contender; print what it measured."""
    # A contender that hangs must not outlive its benchmark for long.
    watch = threading.Timer(PATIENCE, lambda: sys.exit("too slow"))
    watch.daemon = True
    watch.start()
    print(json.dumps(CONTENDERS[argv[0]](json.loads(argv[1]))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
