"""What the progress line costs: CPU time of drawing, verifying and sweeping with it and without.

    python benchmarks/meter.py [--draws 20000] [--pairs 5] [--json]

One process does the same work in turn with a live line on a terminal and without one. The figures
are CPU seconds of the process, its display included, as a share of those without the line; a pair
is measured one right after the other, so that a busy spell of the machine hits both. What holds is
the median of the pairs. The line costs about as much in each second, whatever is worked on: the
share of a core is measured beside it, over a stage that does nothing else.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pty
import statistics
import struct
import subprocess
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from common import Figure, isolated, machine, report

import ttc
from ttc.report.progress import Display

AT_MOST = 0.01
PROBLEMS = 100
IDLE = 5.0  # seconds of a stage that does nothing


@contextlib.contextmanager
def terminal() -> Iterator[None]:
    """Make stderr a terminal whose output another process reads and drops."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    kept = os.dup(2)
    reader = subprocess.Popen(["cat"], stdin=ours, stdout=subprocess.DEVNULL)
    os.dup2(theirs, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        reader.kill()
        reader.wait()
        for each in (ours, theirs, kept):
            os.close(each)


def works(draws: int) -> dict[str, Callable[[bool], Any]]:
    """Return what is measured; each takes whether it shows its progress."""
    n = max(draws // PROBLEMS, 2)
    data = [f"{at} + 1?" for at in range(PROBLEMS)]
    names = iter(range(1_000_000))

    def draw(progress: bool) -> object:
        model = "scripted:answers=1*3/2"
        return ttc.sample(
            data, n, model=model, pool=f"p{next(names)}", seed=next(names), progress=progress
        )

    pool = ttc.sample(data, n, model="scripted:answers=1*3/2", pool="kept", progress=False)
    lines = [
        {"problem": each.problem, "index": each.index, "text": each.text, "answer": "1"}
        | {"reference": {"answer": "1"}}
        for each in pool
    ]

    def verify(progress: bool) -> object:
        return ttc.verify(lines, "numeric", progress=progress)

    judged = [{**line, "correct": at % 3 == 0} for at, line in enumerate(lines)]

    def sweep(progress: bool) -> object:
        return ttc.sweep(judged, rules="coverage,majority", progress=progress)

    return {"draw": draw, "verify": verify, "sweep": sweep}


def cpu(work: Callable[[bool], Any], progress: bool) -> float:
    """Return the CPU seconds of a piece of work, in all threads."""
    began = time.process_time()
    work(progress)
    return time.process_time() - began


def measure(draws: int, pairs: int) -> list[Figure]:
    """Return the share of CPU time that the line adds to each kind of work, and to nothing."""
    figures = []
    for name, work in works(draws).items():
        work(True)  # imports
        shares = []
        for at in range(pairs):
            first = bool(at % 2)  # each goes first in turn
            spent = {progress: cpu(work, progress) for progress in (first, not first)}
            shares.append(spent[True] / spent[False] - 1)
        low, high = min(shares), max(shares)
        share = statistics.median(shares)
        label = f"{name}: CPU time that the line adds"
        figures.append(
            Figure(name, label, round(share, 4), "share", round(low, 4), round(high, 4), AT_MOST)
        )
    began = time.process_time()
    with Display().stage("idle", "draws", 100):
        time.sleep(IDLE)
    spent = (time.process_time() - began) / IDLE
    return [*figures, Figure("idle", "share of a core", round(spent, 4), "share", at_most=AT_MOST)]


def main() -> None:
    """Measure and print; the exit code says nothing of the targets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--draws", type=int, default=20_000, help="draws of each piece (20000)")
    parser.add_argument("--pairs", type=int, default=5, help="pairs of each kind (5)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    before = machine()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        os.environ.update(isolated(Path(name)))
        with terminal():
            figures = measure(options.draws, options.pairs)
    report("meter", figures, {"draws": options.draws, "pairs": options.pairs}, before, options.json)


if __name__ == "__main__":
    main()
