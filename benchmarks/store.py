"""What the store costs: a rerun, the samples it takes per second, its share of sampling time.

    python benchmarks/store.py [--only rerun|throughput|share] [--json]

rerun       a finished `ttc sample` once more (6 problems × 4): time, model tokens, the same lines
throughput  a scripted backend that answers at once, texts of about 1 kB: samples per second
            through `ttc sample -o FILE` from start to end, and through the drawing loop alone
share       a scripted backend that sleeps between samples: how much longer the drawing loop takes
            than waiting for the same backend, block by block in turn, and what the writer's
            thread does meanwhile

The stores are in the folder for temporary files; TMPDIR chooses the disk that is measured.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import DATA, Figure, machine, report, run_ttc
from drawing import opened, seconds_of, shape, waiting, watched

from ttc.store.database import file_system
from ttc.testing.scripted import open_scripted

SECONDS, PERCENT, RATE = 1.0, 2.0, 2000.0  # the targets


def spread(key: str, label: str, values: Sequence[float], unit: str, **target: float) -> Figure:
    """Return the median of repeated measurements as a figure with its range."""
    middle, low, high = (round(f(values), 4) for f in (statistics.median, min, max))
    return Figure(key, label, middle, unit, low=low, high=high, **target)


def percentage(key: str, label: str, value: float | None, limit: float | None = None) -> Figure:
    """Return a figure in percent."""
    return Figure(key, label, None if value is None else round(value, 4), "%", at_most=limit)


# A rerun of a finished `ttc sample`.


def rerun(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Finish a run, then repeat the very command; compare the lines it writes."""
    lines = folder / "samples.jsonl"
    command = ["sample", DATA, "--limit", "6", "-n", "4", "--pool", "rerun", "-o", str(lines)]
    command += ["-m", options.model, "--max-tokens", str(options.max_tokens)]
    first = run_ttc(folder, *command)
    if first.document["drawn"] != 24:
        raise SystemExit(f"24 samples asked for, got {first.document}")
    told = lines.read_text(encoding="utf-8").splitlines()
    seconds, tokens, differing = [], 0, 0
    for _ in range(options.repeats):
        lines.unlink()
        again = run_ttc(folder, *command)
        seconds.append(again.seconds)
        tokens += again.document["tokens"]
        now = lines.read_text(encoding="utf-8").splitlines()
        differing += sum(old != new for old, new in itertools.zip_longest(told, now))
    return [
        Figure("first_seconds", "first run", round(first.seconds, 4), "s"),
        spread("rerun_seconds", "the same command again", seconds, "s", at_most=SECONDS),
        Figure("rerun_tokens", "  model tokens", float(tokens), "tokens", at_most=0),
        Figure("rerun_differing", "  lines that differ", float(differing), "lines", at_most=0),
    ]


# How many samples a second.


@dataclass(frozen=True, slots=True)
class Taken:
    """Samples taken one way: how many, in how many seconds, of the clock and of processors."""

    count: int
    seconds: float
    cpu_seconds: float | None
    peak_mb: float | None = None


def through_command(folder: Path, options: argparse.Namespace) -> Taken:
    """Take them with `ttc sample -o FILE`, from start to end."""
    limit, n = shape(options.samples)
    lines = folder / "samples.jsonl"
    args = ["--limit", str(limit), "-n", str(n), "-m", f"scripted:{options.script}"]
    run = run_ttc(folder, "sample", DATA, *args, "-o", str(lines))
    with lines.open(encoding="utf-8") as stream:
        written = sum(1 for _ in stream)
    if not written == run.document["drawn"] == limit * n:
        raise SystemExit(f"{limit * n} samples asked for, {run.document} and {written} lines made")
    return Taken(written, run.seconds, run.cpu_seconds, run.peak_mb)


def through_loop(folder: Path, options: argparse.Namespace) -> Taken:
    """Take them with the drawing loop alone."""
    with opened(folder, options.script, options.samples) as loop:
        cpu = time.process_time()
        seconds = seconds_of(loop.drawing.run())
        return Taken(len(loop.plan.missing), seconds, time.process_time() - cpu)


def without_store(folder: Path, options: argparse.Namespace) -> Taken:
    """Let the backend of the loop answer the same requests, and keep nothing."""
    with opened(folder, options.script, options.samples) as loop:
        requests = loop.requests()
        cpu = time.process_time()
        seconds = seconds_of(waiting(open_scripted(options.script, {}), requests))
        return Taken(len(requests), seconds, time.process_time() - cpu)


def rates(key: str, label: str, runs: Sequence[Taken], **target: float) -> list[Figure]:
    """Return samples per second of the clock, and of processor time, which the load bends less."""
    found = [spread(key, label, [run.count / run.seconds for run in runs], "samples/s", **target)]
    cpu = [run.count / run.cpu_seconds for run in runs if run.cpu_seconds]
    if cpu:
        found.append(spread(f"{key}_cpu", "  per processor second", cpu, "samples/s"))
    return found


def throughput(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Measure each way `--repeats` times, each time into a new store."""

    def repeated(way: Callable[[Path, argparse.Namespace], Taken]) -> list[Taken]:
        fresh = [folder / f"{way.__name__}-{turn}" for turn in range(options.repeats)]
        for each in fresh:
            each.mkdir()
        return [way(each, options) for each in fresh]

    # The commands first: a process inherits the peak memory of the one that starts it.
    command, loop, bare = map(repeated, (through_command, through_loop, without_store))
    peak = max((run.peak_mb for run in command if run.peak_mb is not None), default=None)
    return [
        *rates("command_rate", "ttc sample -o FILE", command, at_least=RATE),
        Figure("command_peak_mb", "  peak memory", peak and round(peak, 1), "MB"),
        *rates("loop_rate", "drawing loop", loop, at_least=RATE),
        *rates("backend_rate", "its backend, nothing kept", bare),
    ]


# Its share of sampling time.


def in_turn(
    kept: Iterator[object], bare: Iterator[object], blocks: int, size: int
) -> list[tuple[float, float]]:
    """Step both by `size` samples in turn, the last block to the end; return seconds of each."""
    pairs = []
    for block in range(blocks):
        steps = None if block == blocks - 1 else size
        # Who goes first changes, so that a drift of the machine's speed favours neither.
        order = (kept, bare) if block % 2 == 0 else (bare, kept)
        took = {id(each): seconds_of(itertools.islice(each, steps)) for each in order}
        pairs.append((took[id(kept)], took[id(bare)]))
    return pairs


def share(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Draw at `--rate` with and without a store, and compare the times."""
    script = f"tokens=200,slots=1,tick={1 / (200 * options.rate):.9f}"
    size = min(options.block, options.paced)
    with opened(folder, script, options.paced) as loop, watched() as commits:
        requests = loop.requests()
        bare = waiting(open_scripted(script, {}), requests)
        pairs = in_turn(loop.drawing.run(), bare, len(requests) // size, size)
    added = [with_store - without for with_store, without in pairs]
    percent = 100 / sum(without for _, without in pairs)
    error = statistics.stdev(added) * math.sqrt(len(added)) * percent if len(added) > 1 else None
    each = 100 * options.rate / len(requests)
    return [
        percentage("loop_share", "the loop takes longer by", sum(added) * percent, PERCENT),
        percentage("loop_share_error", "  standard error", error),
        percentage("writer_share", "the writer is busy for", sum(commits.wall) * each, PERCENT),
        percentage("writer_cpu_share", "  its processor time", sum(commits.cpu) * each),
        spread("commit_ms", "  a transaction", [1000 * wall for wall in commits.wall], "ms"),
    ]


MEASURE = {"rerun": rerun, "throughput": throughput, "share": share}


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--only", choices=MEASURE, action="append", help="one part; may be given several times")
    add("--repeats", type=int, default=3, help="of rerun and throughput (3)")
    add("--model", default="scripted:tokens=200", help="of rerun; smollm2 is a real one")
    add("--max-tokens", type=int, default=256, help="of rerun (256)")
    add("--script", default="tokens=200", help="of throughput: options of the scripted backend")
    add("--samples", type=int, default=20_000, help="of throughput, or a few more (20000)")
    add("--rate", type=float, default=3.0, help="of share: samples a second (3)")
    add("--paced", type=int, default=66, help="of share: samples each way (66)")
    add("--block", type=int, default=6, help="of share: samples before the other's turn (6)")
    add("--json", action="store_true", help="one JSON document on stdout")
    return parser.parse_args()


def main() -> None:
    """Measure and print; the exit code says nothing of the targets."""
    options, before, figures = parsed(), machine(), list[Figure]()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        os.environ["TTC_CACHE"] = str(Path(name) / "cache")
        settings = {k: v for k, v in vars(options).items() if k not in ("only", "json")}
        settings["disk"] = file_system(Path(name))
        for part, measure in MEASURE.items():
            if part in (options.only or MEASURE):
                folder = Path(name, part)
                folder.mkdir()
                figures += measure(folder, options)
    report("store", figures, settings, before, options.json)


if __name__ == "__main__":
    main()
