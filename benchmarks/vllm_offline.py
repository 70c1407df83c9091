"""What ttc costs over vLLM's own offline loop: the same draws on the same loaded engine, by turns.

    python benchmarks/vllm_offline.py --model FOLDER [--json]

`LLM.chat(…, n=64)` against the drawing loop of `ttc sample` with its store, both with the sampled
tokens' log-probabilities, which ttc keeps; and, for the record, against LLM.chat without them. The
prefix cache is emptied before each turn. A ratio is taken within each round of turns, and the
figure is their median. On a machine that others use too, the ratios by processor time are the
steadier ones, and so is the share of the time that is spent outside the engine's steps.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from common import DATA, Figure, Settings, machine, questions, report, turns

from ttc.backends import Backend, Request
from ttc.problems import read
from ttc.records import SamplingParams
from ttc.samples.drawing import Drawing
from ttc.samples.plan import Recipe, make_plan
from ttc.store import Store
from ttc_vllm import open_vllm, quiet

TARGET = 0.95


class Rate(NamedTuple):
    """Tokens per second on the clock, and per second of the processor's time; and which percentage
    of the time was spent outside vLLM's steps."""

    wall: float
    cpu: float
    outside: float


class Clock:
    """Times from when it is made on, and of the steps of an engine in between."""

    def __init__(self, engine: Any) -> None:
        self._engine, self._step, self._inside = engine, engine.step, 0.0
        engine.step = self._timed
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def _timed(self) -> Any:
        began = time.perf_counter()
        found = self._step()
        self._inside += time.perf_counter() - began
        return found

    def rate(self, tokens: int) -> Rate:
        """Return what so many tokens since then come to, and let go of the engine."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        self._engine.step = self._step
        return Rate(tokens / wall, tokens / cpu, 100 * (1 - self._inside / wall))


class Bench:
    """One engine, which vLLM's LLM and ttc's backend share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.params = SamplingParams(max_tokens=settings["max_tokens"])
        options = dict(part.split("=", 1) for part in settings["options"])
        quiet.prepare(spreads=False)
        with quiet.muffled(drop=not quiet.heard()):
            from vllm import LLM
            from vllm.v1.engine.llm_engine import LLMEngine

            from ttc_vllm import parameters

            backend = open_vllm(settings["model"], options)
            given = parameters.engine_arguments(backend._checkpoint, backend._options)
            self.llm = LLM.from_engine_args(given)
            with mock.patch.object(LLMEngine, "from_engine_args", return_value=self.llm.llm_engine):
                warm_up(backend, questions(settings)[0])
        self.backend = backend

    def chat(self, logprobs: int | None) -> Rate:
        """Draw by LLM.chat."""
        from vllm import SamplingParams as Theirs

        given = self.params
        params = Theirs(
            n=self.settings["n"],
            temperature=given.temperature,
            top_p=given.top_p,
            max_tokens=given.max_tokens,
            logprobs=logprobs,
        )
        asked = [turns(messages) for messages in questions(self.settings)]
        self.llm.reset_prefix_cache()
        clock = Clock(self.llm.llm_engine)
        found = self.llm.chat(asked, params, use_tqdm=False)
        return clock.rate(sum(len(one.token_ids) for each in found for one in each.outputs))

    def ours(self) -> Rate:
        """Draw by the drawing loop, every sample committed."""
        problems = read(self.settings["data"]).problems[: self.settings["problems"]]
        recipe = Recipe("vllm", self.backend.model, self.params)
        self.llm.reset_prefix_cache()
        with (
            tempfile.TemporaryDirectory() as folder,
            Store.writing(Path(folder) / "loop.db") as store,
        ):
            plan = make_plan(store, "loop", recipe, problems, self.settings["n"])
            drawing = Drawing(store, self.backend, plan, lambda sample: None)
            clock = Clock(self.llm.llm_engine)
            for _ in drawing.run():
                pass
            found = clock.rate(drawing.tally.tokens)
        drawing.tally.raise_errors()
        return found


def warm_up(backend: Backend, messages: Any) -> None:
    """Load, and draw a little: first calls compile."""
    backend.submit(Request("warm", messages=messages, params=SamplingParams(max_tokens=8)))
    backend.wait()


def measure(settings: Settings) -> list[Figure]:
    """Run the turns and return the figures."""
    bench = Bench(settings)
    ways: dict[str, tuple[str, Callable[[], Rate]]] = {
        "chat": ("LLM.chat, with log-probabilities", lambda: bench.chat(0)),
        "ttc": ("ttc", bench.ours),
        "bare": ("LLM.chat, without", lambda: bench.chat(None)),
    }
    rates: dict[str, list[Rate]] = {name: [] for name in ways}
    for turn in range(settings["rounds"]):
        # Whoever comes first on a machine that others use too has no advantage.
        order = list(ways) if turn % 2 == 0 else list(reversed(ways))
        for name in order:
            rates[name].append(ways[name][1]())
            told = f"{ways[name][0]}: {rates[name][-1].wall:.1f} tokens/s"
            print(told, file=sys.stderr, flush=True)
    bench.backend.close()
    figures = [
        spread(name, ways[name][0], [rate.wall for rate in rates[name]], "tokens/s")
        for name in ways
    ]
    for name in ways:
        shares = [rate.outside for rate in rates[name]]
        figures.append(
            spread(f"{name}_outside", f"outside vLLM's steps: {ways[name][0]}", shares, "%")
        )
    for other, target in (("chat", TARGET), ("bare", None)):
        pairs = list(zip(rates["ttc"], rates[other], strict=True))
        label = f"ttc / {ways[other][0]}"
        wall = [mine.wall / theirs.wall for mine, theirs in pairs]
        figures.append(spread(f"ttc_{other}", label, wall, "×", target))
        cpu = [mine.cpu / theirs.cpu for mine, theirs in pairs]
        figures.append(spread(f"ttc_{other}_cpu", "  by processor time", cpu, "×"))
    return figures


def spread(
    key: str, label: str, values: Sequence[float], unit: str, at_least: float | None = None
) -> Figure:
    """Return the median of values, and their range."""
    middle = statistics.median(values)
    return Figure(key, label, middle, unit, min(values), max(values), at_least=at_least)


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="a model's folder, in Hugging Face format")
    parser.add_argument("--data", default=DATA, help="problems, e.g. GSM8K")
    parser.add_argument("--problems", type=int, default=1)
    parser.add_argument("-n", type=int, default=64, help="draws a problem")
    parser.add_argument("--max-tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--option",
        action="append",
        dest="options",
        default=["max_model_len=1024", "enforce_eager=true"],
        metavar="NAME=VALUE",
        help="of the engine, as in an alias (repeatable)",
    )
    parser.add_argument("--json", action="store_true", dest="as_json")
    args = parser.parse_args()
    shown = ("problems", "n", "max_tokens", "rounds", "options")
    told = {name: getattr(args, name) for name in shown}
    places = {name: str(Path(getattr(args, name)).resolve()) for name in ("model", "data")}
    before = machine()
    figures = measure({**told, **places})
    names = {name: Path(place).name for name, place in places.items()}
    report("vllm_offline", figures, {**names, **told}, before, args.as_json)


if __name__ == "__main__":
    main()
