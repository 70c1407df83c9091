"""What the benchmarks share: figures against their targets, and a `ttc` away from the user's."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttc.records import Message

# What contenders are told; how long one may take, in seconds.
Settings = dict[str, Any]
PATIENCE = 1800.0

DATA = str(Path(__file__).parents[1] / "examples" / "arithmetic.jsonl")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `low` and `high` are its range where it was measured repeatedly."""

    key: str
    label: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is no target or no number."""
        if self.value is None or (self.at_most is None and self.at_least is None):
            return None
        over = self.at_most is not None and self.value > self.at_most
        under = self.at_least is not None and self.value < self.at_least
        return not (over or under)

    def record(self) -> dict[str, Any]:
        """Return it as JSON."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {**fields, "met": self.met}

    def cells(self) -> tuple[str, ...]:
        """Return it as a row of the table."""
        spread = "" if self.low is None else f"{number(self.low)} to {number(self.high)}"
        target = f"≥ {number(self.at_least)}" if self.at_least is not None else ""
        target = f"≤ {number(self.at_most)}" if self.at_most is not None else target
        met = {None: "", True: "yes", False: "no"}[self.met]
        return (self.label, number(self.value), self.unit, spread, target, met)


def number(value: float | None) -> str:
    """Return a number with the digits that a reader can use."""
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"


def machine() -> dict[str, Any]:
    """Return what the figures depend on; the load says whether the machine was ours alone."""
    load = [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "load": load,
    }


def report(
    benchmark: str,
    figures: Sequence[Figure],
    settings: dict[str, Any],
    before: dict[str, Any],
    as_json: bool,
) -> None:
    """Print figures as one JSON document or as a table; `before` is `machine()` at the start."""
    load = [before["load"], machine()["load"]]
    if as_json:
        where = {**before, "load": {"before": load[0], "after": load[1]}}
        found = [figure.record() for figure in figures]
        document = {"benchmark": benchmark, "machine": where, "settings": settings}
        print(json.dumps({**document, "figures": found}, indent=2, allow_nan=False))
        return
    print(f"{benchmark}: " + ", ".join(f"{name} {value}" for name, value in settings.items()))
    print(f"Python {before['python']}, {before['system']}, {before['cpus']} CPUs", end=", ")
    print(f"load {load[0]} before, {load[1]} after")
    print()
    head = ("figure", "value", "unit", "range", "target", "met")
    for line in table([head, *(figure.cells() for figure in figures)]):
        print(line)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as aligned lines: words to the left, the numbers of column 1 to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        cells[1] = row[1].rjust(widths[1])
        lines.append("  ".join(cells).rstrip())
    return lines


def isolated(folder: Path) -> dict[str, str]:
    """Return an environment in which ttc keeps everything under `folder`, with no settings."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TTC_", "_TTC_"))
    }
    places = {"TTC_HOME": "home", "TTC_CACHE": "cache", "TTC_CONFIG_HOME": "config"}
    return {**kept, **{name: str(folder / place) for name, place in places.items()}}


def find_ttc() -> str:
    """Return the `ttc` of this Python's environment, else the one on PATH."""
    beside = shutil.which("ttc", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("ttc")
    if found is None:
        raise SystemExit("no ttc command; pip install . first")
    return found


@dataclass(frozen=True, slots=True)
class Run:
    """What one `ttc` process printed, how long it took, and, where known, its processor time and
    peak memory."""

    document: dict[str, Any]
    seconds: float
    cpu_seconds: float | None
    peak_mb: float | None


def run_ttc(folder: Path, *args: str) -> Run:
    """Run `ttc … --json` with everything of its own under `folder`; SystemExit if it fails."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            [find_ttc(), *args, "--json", "-q"],
            env=isolated(folder),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
        )
        cpu_seconds, peak_mb = wait_for(process)
        seconds = time.perf_counter() - began
        if process.returncode != 0:
            raise SystemExit(f"ttc {args[0]}: exit {process.returncode}")
        out.seek(0)
        return Run(json.load(out), seconds, cpu_seconds, peak_mb)


def wait_for(process: subprocess.Popen[bytes]) -> tuple[float | None, float | None]:
    """Wait for a process to end; return its processor seconds and peak MB, where they are told."""
    if not hasattr(os, "wait4"):
        process.wait()
        return None, None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def questions(settings: Settings) -> list[tuple[Message, ...]]:
    """Return the prompts, as chats."""
    from ttc import problems

    return [p.messages for p in problems.read(settings["data"]).problems[: settings["problems"]]]


def turns(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    """Return a chat as JSON."""
    return [message._asdict() for message in messages]
