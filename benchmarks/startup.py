"""How long `ttc` takes to answer: help pages and TAB, beside what Python itself takes.

    python benchmarks/startup.py [--runs 10] [--json]

Each command is run once to warm the file cache and then `--runs` times, in turn with all the
others, so that a busy spell of the machine hits every one of them alike. The figure is the median.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common import Figure, find_ttc, isolated, machine, report

TARGET = 0.15
TAB = "ttc sweep --m"


@dataclass(frozen=True, slots=True)
class Command:
    """A command to time: its arguments and variables, and what its output must hold."""

    key: str
    label: str
    args: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    holds: str = ""
    target: float | None = TARGET

    def seconds(self, environment: Mapping[str, str], folder: Path) -> float:
        """Run it once; SystemExit if it does not do what is to be timed."""
        began = time.perf_counter()
        done = subprocess.run(
            self.args,
            env={**environment, **self.variables},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        took = time.perf_counter() - began
        if done.returncode != 0 or self.holds not in done.stdout:
            raise SystemExit(f"{self.label}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return took


def commands(ttc: str) -> list[Command]:
    """Return what is timed, the yardsticks first."""
    bash = {"_TTC_COMPLETE": "complete_bash", "COMP_WORDS": TAB, "COMP_CWORD": "2"}
    zsh = {"_TTC_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": TAB}
    python = sys.executable
    return [
        Command("python", "python -c pass", (python, "-c", "pass"), target=None),
        Command("typer", "python -c 'import typer'", (python, "-c", "import typer"), target=None),
        Command("help", "ttc --help", (ttc, "--help"), holds="Usage"),
        Command("sweep-help", "ttc sweep --help", (ttc, "sweep", "--help"), holds="Usage"),
        Command("tab-bash", "TAB in bash", (ttc,), bash, holds="--map"),
        Command("tab-zsh", "TAB in zsh", (ttc,), zsh, holds="--map"),
    ]


def measure(timed: Sequence[Command], runs: int) -> list[Figure]:
    """Time the commands in turn and return the median of each."""
    seconds: dict[str, list[float]] = {command.key: [] for command in timed}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        environment = isolated(folder)
        for command in timed:
            command.seconds(environment, folder)
        for _ in range(runs):
            for command in timed:
                seconds[command.key].append(command.seconds(environment, folder))
    return [
        Figure(
            command.key,
            command.label,
            round(statistics.median(seconds[command.key]), 4),
            "s",
            low=round(min(seconds[command.key]), 4),
            high=round(max(seconds[command.key]), 4),
            at_most=command.target,
        )
        for command in timed
    ]


def main() -> None:
    """Measure and print; the exit code says nothing of the targets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10, help="runs of each command (10)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    before = machine()
    figures = measure(commands(find_ttc()), options.runs)
    report("startup", figures, {"runs": options.runs}, before, options.json)


if __name__ == "__main__":
    main()
