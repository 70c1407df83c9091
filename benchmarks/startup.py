"""How long `ttc` takes to answer: help pages and TAB, beside what Python itself takes.

    python benchmarks/startup.py [--runs 10] [--store FILE] [--json]

Each command is run once to warm the file cache and then `--runs` times, in turn with all the
others, so that a busy spell of the machine hits every one of them alike. The figure is the median.
TAB is timed for names of commands, values, plugins, their options, models, settings, pools and
problems; the last two are read from --store (that of large_store.py --store has a million samples),
else from a small store that is made first.
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
# What is typed, and what must be offered; POOL is a pool of the store.
TABS = {
    "commands": ("ttc models tu", "tune"),
    "values": ("ttc sweep demo --cost ", "tokens"),
    "rules": ("ttc sweep demo -s majority,co", "majority,coverage"),
    "options": ("ttc solve --method beam:look", "beam:lookahead="),
    "verifiers": ("ttc verify demo -V judge:as=", "judge:as=score"),
    "models": ("ttc solve -m ", "scripted:"),
    "settings": ("ttc config set temp", "temperature"),
    "pools": ("ttc show ", "POOL"),
    "problems": ("ttc show POOL ", "/0"),
}


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


def commands(ttc: str, pool: str) -> list[Command]:
    """Return what is timed, the yardsticks first."""
    tabs = [
        Command(
            f"tab-{key}",
            f"TAB: {typed.replace('POOL', pool)}",
            (ttc,),
            {"_TTC_COMPLETE": "line_zsh", "_TTC_LINE": typed.replace("POOL", pool)},
            holds=holds.replace("POOL", pool),
        )
        for key, (typed, holds) in TABS.items()
    ]
    bash = {"_TTC_COMPLETE": "complete_bash", "COMP_WORDS": TAB, "COMP_CWORD": "2"}
    zsh = {"_TTC_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": TAB}
    python = sys.executable
    return [
        Command("python", "python -c pass", (python, "-c", "pass"), target=None),
        Command("typer", "python -c 'import typer'", (python, "-c", "import typer"), target=None),
        Command("help", "ttc --help", (ttc, "--help"), holds="Usage"),
        Command("sweep-help", "ttc sweep --help", (ttc, "sweep", "--help"), holds="Usage"),
        Command("models-help", "ttc models --help", (ttc, "models", "--help"), holds="tune"),
        Command("tab-bash", "TAB in bash", (ttc,), bash, holds="--map"),
        Command("tab-zsh", "TAB in zsh", (ttc,), zsh, holds="--map"),
        *tabs,
    ]


def small_store(ttc: str, folder: Path, environment: Mapping[str, str]) -> Path:
    """Make a store with one pool and return its path."""
    problems, store = folder / "problems.jsonl", folder / "small.db"
    problems.write_text('{"id": "small/0", "question": "1 + 1?", "answer": "2"}\n')
    line = (ttc, "sample", str(problems), "-n", "2", "--pool", "small", "-m", "scripted:")
    line = (*line, "--db", str(store), "-q")
    subprocess.run(line, env=environment, check=True, stdout=subprocess.DEVNULL)
    return store


def measure(timed: Sequence[Command], runs: int, store: Path | None, ttc: str) -> list[Figure]:
    """Time the commands in turn and return the median of each."""
    seconds: dict[str, list[float]] = {command.key: [] for command in timed}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        environment = isolated(folder)
        store = store or small_store(ttc, folder, environment)
        environment["TTC_DB"] = str(store.absolute())
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
    parser.add_argument("--store", type=Path, help="a store whose names TAB offers")
    parser.add_argument("--pool", default="", help="a pool of it [default: small; large]")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args()
    before = machine()
    pool = options.pool or ("large" if options.store else "small")
    ttc = find_ttc()
    figures = measure(commands(ttc, pool), options.runs, options.store, ttc)
    report("startup", figures, {"runs": options.runs}, before, options.json)


if __name__ == "__main__":
    main()
