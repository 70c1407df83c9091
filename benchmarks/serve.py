"""What `ttc serve` adds to the solver, and what many requests at once take.

    python benchmarks/serve.py [--requests 200] [--many 200] [--json]

A scripted model answers at once, so that what is left is the solver's work and the server's. Each
question is solved in this process and asked of a server in turn, each with a store of its own; the
overhead is the median of the differences of such pairs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from common import Figure, find_ttc, isolated, machine, report, wait_for

from ttc import problems
from ttc.session import load
from ttc.solving import job
from ttc.solving.job import Solved
from ttc.solving.options import SolveOptions

MODEL, N, METHOD = "scripted:answers=18*3/20*1", 8, "majority"
WARM = 20  # requests that are not timed


@dataclass
class Server:
    """A server; `memory` is its peak in MB once it has ended, None where that is not told."""

    process: subprocess.Popen[bytes]
    url: str
    memory: float | None = None

    def cpu_seconds(self) -> float | None:
        """Return its processor time so far, where the system tells it."""
        with suppress(OSError):
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return None

    def resident(self) -> float | None:
        """Return its memory now in MB, where the system tells it."""
        with suppress(OSError):
            text = Path(f"/proc/{self.process.pid}/status").read_text()
            if found := re.search(r"VmRSS:\s+(\d+) kB", text):
                return int(found[1]) / 1000
        return None


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """Run a server of the scripted model with everything of its own under a folder."""
    command = [find_ttc(), "serve", "-q", "-m", MODEL, "-n", str(N), "--method", METHOD]
    process = subprocess.Popen(
        [*command, "--port", "0", "--db", str(folder / "served.db")],
        env=isolated(folder),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    server = Server(process, process.stdout.readline().decode().strip())
    if not server.url:
        raise SystemExit(f"ttc serve: exit {process.wait()}")
    try:
        yield server
    finally:
        process.terminate()
        _, server.memory = wait_for(process)


class Solver:
    """The solver in this process: `solve` answers one question after the other."""

    def __init__(self, folder: Path) -> None:
        session = load(None, folder / "solved.db", lambda line: None, "")
        self._text = ""
        self._options = SolveOptions(model=MODEL, n=N, method=METHOD)
        self._opened = job.opened(session, self._options)
        self._answers = self._run()

    def _questions(self) -> Iterator[Any]:
        while True:
            yield problems.question(self._text)

    def _run(self) -> Generator[Solved, None, None]:
        with self._opened as means:
            yield from job.solve(means, self._options, self._questions())

    def close(self) -> None:
        """Close its store."""
        self._answers.close()

    def solve(self, text: str) -> Solved:
        """Solve a question."""
        self._text = text
        return next(self._answers)


def body(text: str) -> dict[str, Any]:
    """Return the body of a request."""
    return {"messages": [{"role": "user", "content": text}]}


@dataclass(frozen=True, slots=True)
class Pairs:
    """The seconds of each question, solved here and asked of the server; the server's processor
    time for one."""

    here: list[float]
    there: list[float]
    cpu_here: float
    cpu_there: float | None

    @property
    def overheads(self) -> list[float]:
        """The milliseconds that the server added to each."""
        return [(b - a) * 1e3 for a, b in zip(self.here, self.there, strict=True)]


def in_turn(server: Server, solver: Solver, count: int) -> Pairs:
    """Solve and ask in turn. SystemExit if an answer differs."""
    here, there, cpu = [], [], 0.0
    with httpx.Client(timeout=60) as client:
        before = None
        for number in range(WARM + count):
            text = f"{number} in turn: how many?"
            if number == WARM:
                before, cpu = server.cpu_seconds(), 0.0
            cpu_began, began = time.process_time(), time.perf_counter()
            solved = solver.solve(text)
            here.append(time.perf_counter() - began)
            cpu += time.process_time() - cpu_began
            began = time.perf_counter()
            answer = client.post(f"{server.url}/chat/completions", json=body(text)).json()
            there.append(time.perf_counter() - began)
            if answer["ttc"]["votes"] != solved.solution.votes:
                raise SystemExit(f"{text} was answered otherwise by the server")
        after = server.cpu_seconds()
    known = None if before is None or after is None else (after - before) / count
    return Pairs(here[WARM:], there[WARM:], cpu / count, known)


async def _at_once(url: str, texts: list[str]) -> list[dict[str, Any]]:
    limits = httpx.Limits(max_connections=len(texts))
    async with httpx.AsyncClient(timeout=300, limits=limits) as client:
        posts = [client.post(f"{url}/chat/completions", json=body(text)) for text in texts]
        return [answer.json() for answer in await asyncio.gather(*posts)]


@dataclass(frozen=True, slots=True)
class Crowd:
    """Many requests at once: the seconds of all, how many answers are wrong, the server's processor
    time for one, and its memory in MB afterwards."""

    seconds: float
    wrong: int
    cpu: float | None
    resident: float | None


def at_once(server: Server, solver: Solver, count: int, number: int) -> Crowd:
    """Ask many questions at the same time."""
    cpu_before = server.cpu_seconds()
    texts = [f"{each} of {number}: how many?" for each in range(count)]
    began = time.perf_counter()
    answers = asyncio.run(_at_once(server.url, texts))
    took = time.perf_counter() - began
    cpu_after = server.cpu_seconds()
    wrong = sum(
        answer.get("ttc", {}).get("votes") != solver.solve(text).solution.votes
        for text, answer in zip(texts, answers, strict=True)
    )
    known = cpu_before is not None and cpu_after is not None
    cpu = ((cpu_after or 0) - (cpu_before or 0)) / count if known else None
    return Crowd(took, wrong, cpu, server.resident())


def measure(folder: Path, requests: int, many: int) -> list[Figure]:
    """Measure everything with one server."""
    with closing(Solver(folder)) as solver, served(folder) as server:
        pairs = in_turn(server, solver, requests)
        crowds = [at_once(server, solver, many, number) for number in range(4)]
    return figures(pairs, crowds, many, server.memory)


def figures(pairs: Pairs, crowds: list[Crowd], many: int, peak: float | None) -> list[Figure]:
    """Return what was measured as figures."""

    def median(key: str, label: str, values: list[float], at_most: float | None = None) -> Figure:
        low, _, high = statistics.quantiles(values, n=4)
        return Figure(key, label, statistics.median(values), "ms", low, high, at_most)

    cpu = None if pairs.cpu_there is None else (pairs.cpu_there - pairs.cpu_here) * 1e3
    cpu_many = [crowd.cpu * 1e3 for crowd in crowds if crowd.cpu is not None]
    early, late = crowds[1].resident, crowds[-1].resident
    grown = None if early is None or late is None else late - early
    ratio = statistics.median(pairs.there) / statistics.median(pairs.here)
    return [
        median("solved_ms", "solved in process", [each * 1e3 for each in pairs.here]),
        median("served_ms", "served", [each * 1e3 for each in pairs.there]),
        median("overhead_ms", "overhead of a request", pairs.overheads, 3.0),
        Figure("ratio", "served / solved", ratio, ""),
        Figure("overhead_cpu_ms", "its processor time", cpu, "ms"),
        Figure("many_seconds", f"{many} at once", _middle(crowd.seconds for crowd in crowds), "s"),
        Figure("many_cpu_ms", "processor time of one", _middle(cpu_many), "ms"),
        Figure("many_wrong", "lost or mixed up", sum(c.wrong for c in crowds), "", at_most=0),
        Figure("peak_mb", "peak memory", peak, "MB"),
        Figure("grown_mb", f"growth over the last {2 * many}", grown, "MB"),
    ]


def _middle(values: Iterable[float]) -> float | None:
    found = list(values)
    return statistics.median(found) if found else None


def main() -> None:
    """Measure and print; the exit code says nothing of the targets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=200, help="requests in turn (200)")
    parser.add_argument("--many", type=int, default=200, help="requests at once (200)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    before = machine()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        os.environ.update(isolated(Path(name)))
        found = measure(Path(name), options.requests, options.many)
    settings = {"draws": N, "requests": options.requests, "many": options.many}
    report("serve", found, settings, before, options.json)


if __name__ == "__main__":
    main()
