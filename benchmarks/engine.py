"""How fast many samples are drawn from a GGUF file, beside everything else that draws them.

    python benchmarks/engine.py [--data FILE] [--json]

In one run, with the same file, prompts, sampling and token limit: llama-cpp-python's own loop,
llama-server and llama-batched-bench where they are on PATH, and ttc on the file as it is and
after `ttc models tune`. llama.cpp's source, which the sdist of llama-cpp-python carries under
vendor/, builds both binaries:

    cmake -B build -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF
    cmake --build build -t llama-server llama-batched-bench
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common import DATA, Figure, isolated, machine, report, run_ttc

HERE = Path(__file__).parent
PROMPT, GENERATED = 53, 100  # of the decoding that is compared with llama-batched-bench
SLOTS = (4, 8, 16, 32)


class Bench:
    """The contenders that were run so far, and the figures that follow from them."""

    def __init__(self, settings: dict[str, Any], folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.figures: list[Figure] = []

    def run(self, name: str, told: str, **given: Any) -> dict[str, Any]:
        """Run a contender as a process of its own; SystemExit with its reason if it fails."""
        # Threads of OpenMP that spin at every barrier collapse beside any other busy process.
        environment = {**isolated(self.folder), "GOMP_SPINCOUNT": "1000"}
        command = [sys.executable, str(HERE / "contenders.py"), name]
        done = subprocess.run(
            [*command, json.dumps({**self.settings, **given})],
            capture_output=True,
            text=True,
            env=environment,
        )
        if done.returncode:
            reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
            raise SystemExit(f"{told}: {reason}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if "tokens" in found:
            found["rate"] = found["tokens"] / found["seconds"]
            print(f"{told}: {found['rate']:.1f} tokens/s", file=sys.stderr, flush=True)
        return found

    def speed(self, key: str, label: str, found: Mapping[str, Any]) -> None:
        """Add a contender's tokens and samples per second."""
        self.figures.append(Figure(key, label, found["rate"], "tokens/s"))
        if "samples" in found:
            rate = found["samples"] / found["seconds"]
            self.figures.append(Figure(f"{key}_samples", f"  {label}", rate, "samples/s"))

    def ratio(self, key: str, label: str, value: float, at_least: float) -> None:
        """Add a ratio that has a target."""
        self.figures.append(Figure(key, label, value, "×", at_least=at_least))


def measure(bench: Bench, args: argparse.Namespace) -> None:
    """Run all contenders, the ones that are compared next to each other."""
    loop = bench.run("loop", "Llama loop")
    bench.speed("loop", "Llama loop", loop)
    plain = bench.run("ours", "ttc, the file as it is", options={"profile": "off"})
    bench.speed("ttc", "ttc, the file as it is", plain)
    servers = serve(bench, args.llama_server)
    tuned = None
    if not args.no_tune:
        run_ttc(bench.folder, "models", "tune", args.model)
        tuned = bench.run("ours", "ttc, tuned", options={})
        how = f"{tuned['weights']}, kernels {tuned['kernels']}, {tuned['slots']} slots"
        bench.speed("tuned", f"ttc, tuned: {how}", tuned)
    bench.ratio("ttc_loop", "ttc / loop", plain["rate"] / loop["rate"], 2)
    if tuned:
        bench.ratio("tuned_loop", "tuned / loop", tuned["rate"] / loop["rate"], 5)
    if servers:
        best = max(servers.values())
        bench.ratio("ttc_server", "ttc / best llama-server", plain["rate"] / best, 1.3)
        if tuned:
            bench.ratio("tuned_server", "tuned / best llama-server", tuned["rate"] / best, 2.5)
    decoding(bench, args.llama_batched_bench, plain)
    details(bench, plain, tuned)


def serve(bench: Bench, binary: str | None) -> dict[int, float]:
    """Return llama-server's tokens per second by its slots; empty without its binary."""
    rates = {}
    for slots in SLOTS if binary else ():
        told, draws = f"llama-server -np {slots}", bench.settings["server_draws"]
        found = bench.run("server", told, binary=binary, slots=slots, n=draws)
        bench.speed(f"server_{slots}", f"llama-server -np {slots}", found)
        rates[slots] = found["rate"]
    return rates


def decoding(bench: Bench, binary: str | None, plain: Mapping[str, Any]) -> None:
    """Compare decoding alone at our number of slots, by turns: the machine may be shared."""
    if not binary:
        return
    same = {"slots": plain["slots"], "prompt_tokens": PROMPT, "generated_tokens": GENERATED}
    theirs, mine = [], []
    for _ in range(3):
        told = f"llama-batched-bench, {plain['slots']} sequences"
        found = bench.run("batched", told, binary=binary, flash=plain["flash"], **same)
        theirs.append(found["rate"])
        found = bench.run("decode", "ttc, the same", options={"profile": "off"}, **same)
        mine.append(found["rate"])
    for key, label, rates in (
        ("batched", f"llama-batched-bench, {plain['slots']} sequences", theirs),
        ("decode", "ttc, the same, with sampling", mine),
    ):
        low, middle, high = sorted(rates)
        bench.figures.append(Figure(key, label, middle, "tokens/s", low, high))
    ratios = sorted(m / t for m, t in zip(mine, theirs, strict=True))
    bench.ratio("decode_batched", "ttc / llama-batched-bench", ratios[1], 0.95)


def details(bench: Bench, plain: Mapping[str, Any], tuned: Mapping[str, Any] | None) -> None:
    """First-finish, memory and the cost of log-probabilities."""
    found = bench.run("race", "first-finish", options={"profile": "off"}, n=16)
    low, middle, high = sorted(found["ratios"])
    label = "first-finish of 16 / the shortest's end"
    bench.figures.append(Figure("first_finish", label, middle, "×", low, high, at_most=1.15))
    weights = Path(bench.settings["model"]).stat().st_size / 1e6
    rest = plain["peak_mb"] - plain["kv_mb"] - weights
    label = "memory beside weights and cache"
    bench.figures.append(Figure("memory", label, rest, "MB", at_most=250))
    label = "growth over the last two thirds"
    bench.figures.append(Figure("growth", label, plain["grown_mb"], "MB", at_most=20))
    seconds = bench.run("softmax", "softmax")["seconds"]
    share = 100 * seconds * max(plain["rate"], tuned["rate"] if tuned else 0)
    label = "log-probabilities, share of the time"
    bench.figures.append(Figure("logprobs", label, share, "%", at_most=5))


def main() -> None:
    """Parse the options, measure, print."""
    from ttc_llamacpp import bundled_path
    from ttc_llamacpp.gguf import read_header

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=str(bundled_path() or ""), help="a GGUF file")
    parser.add_argument("--data", default=DATA, help="problems, e.g. GSM8K")
    parser.add_argument("--problems", type=int, default=16)
    parser.add_argument("-n", type=int, default=16, help="draws a problem")
    parser.add_argument("--loop-draws", type=int, default=2, help="draws a problem for the loop")
    parser.add_argument("--server-draws", type=int, help="draws a problem for each llama-server")
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--llama-server", default=shutil.which("llama-server"))
    parser.add_argument("--llama-batched-bench", default=shutil.which("llama-batched-bench"))
    parser.add_argument("--no-tune", action="store_true")
    parser.add_argument("--json", action="store_true", dest="as_json")
    args = parser.parse_args()
    if not os.path.isfile(args.model):
        raise SystemExit("no model: name a GGUF file with --model")
    geometry = read_header(Path(args.model)).geometry
    settings = {
        "model": str(Path(args.model).resolve()),
        "data": str(Path(args.data).resolve()),
        "problems": args.problems,
        "n": args.n,
        "loop_draws": args.loop_draws,
        "server_draws": args.server_draws or args.n,
        "max_tokens": args.max_tokens,
        "length": 512 * -(-(args.max_tokens + 256) // 512),
        "vocabulary": geometry["vocabulary"],
    }
    before = machine()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(settings, Path(folder))
        measure(bench, args)
    shown = ("problems", "n", "loop_draws", "server_draws", "max_tokens")
    told = {name: settings[name] for name in shown}
    names = {"model": Path(args.model).name, "data": Path(args.data).name}
    report("engine", bench.figures, {**names, **told}, before, args.as_json)


if __name__ == "__main__":
    main()
