"""What each strategy makes of a world whose values are known: accuracy, and what it takes.

    python benchmarks/strategies.py [--tasks 100] [--json]

SynthWorld (`ttc.testing.synthworld`): tasks of six steps, of which a right one stays right with
0.7 and a broken one recovers with 0.02, so that one trace in six or seven is right. Each strategy
solves the same tasks twice: scored by an oracle, which knows the chance that a trace ends right,
and by one that is fooled by a fifth of the broken steps (`hacked`), to which it gives 0.98. Which
strategy wins is decided by how its scorer errs; the table says nothing of models. Tokens are
generated ones, KV tokens those that are held at the end of each round, shared beginnings once.
Best-of-n by the oracle has a closed form, 1 - (1 - V)^n, and must be within three standard errors.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from common import Figure, machine, report

from ttc import plugins
from ttc.records import Message, Problem, SamplingParams
from ttc.samples.plan import Recipe
from ttc.selectors.spec import build
from ttc.solving.rule_strategy import RuleStrategy
from ttc.store import Store
from ttc.strategies import Strategy, Task
from ttc.strategies.driver.driver import Driver
from ttc.strategies.driver.engine import ModelEngine
from ttc.testing.synthworld import Scorer, World, open_world

WORLD, SMALL = World(), World(stays=0.6)
HACKED = 0.2
PARAMS = SamplingParams(max_tokens=400, temperature=1.0, top_p=1.0)
N = 16
COLUMNS = {
    "accuracy": "accuracy",
    "hacked": "hacked",
    "tokens": "tokens",
    "kv": "KV tokens",
    "scores": "scores",
    "rounds": "rounds",
}
RATES = ("accuracy", "hacked")
RULES = {"1 sample": ("majority", 1)} | {
    f"{name} {N}": (name, N)
    for name in ("majority", "best-of-n", "first-finish", "esc", "ac", "short-3")
}
# Beside the defaults of each strategy.
VARIANTS: dict[str, tuple[str, dict[str, str]]] = {
    "a-star g=zero": ("a-star", {"g": "zero"}),
    "a-star g=cum": ("a-star", {"g": "cum"}),
    "early-rejection tau=8": ("early-rejection", {"tau": "8"}),
    "particles iterations=4": ("particles", {"iterations": "4"}),
    "deepconf window=16": ("deepconf", {"window": "16", "chunk": "8"}),
    "specreason threshold=5": ("specreason", {"threshold": "5"}),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What one strategy came to, as means over tasks; `hacked` is its accuracy by that scorer."""

    name: str
    accuracy: float
    hacked: float
    tokens: float
    kv: float
    scores: float
    rounds: float


def strategies() -> dict[str, Callable[[], Strategy]]:
    """Return how to make each, by what it is called in the table."""
    made: dict[str, Callable[[], Strategy]] = {
        label: lambda spec=spec, n=n: RuleStrategy(build(spec), n)  # type: ignore[misc]
        for label, (spec, n) in RULES.items()
    }
    own = {
        name: (name, dict[str, str]())
        for name, entry in plugins.installed("strategies").items()
        if plugins.distribution(entry)[0] == plugins.OWN_DISTRIBUTION
    }
    for label, (name, options) in sorted({**own, **VARIANTS}.items()):
        factory = plugins.load("strategies", name)
        made[label] = lambda factory=factory, options=options: factory(**options)  # type: ignore[misc]
    return made


def engine(world: World, name: str) -> ModelEngine:
    """Return a model that tells of a world."""
    backend = open_world(world, name=name)
    return ModelEngine(backend, Recipe(name, backend.model, PARAMS))


def solved(store: Store, scorer: Scorer, strategy: Strategy, tasks: int) -> list[tuple[bool, Any]]:
    """Return whether each task is solved, and what it took."""
    engines = {"main": engine(WORLD, "synth"), "draft": engine(SMALL, "small")}
    driver = Driver(store, engines, scorer=scorer)
    found = []
    for at in range(tasks):
        problem = Problem(f"p{at}", (Message("user", f"task {at}: how many?"),))
        run = driver.solve(strategy, Task(problem, PARAMS, seed=at))
        node = run.decision.node
        found.append((node is not None and node.trace.endswith("answer=1"), run.usage))
    return found


def measured(store: Store, name: str, strategy: Strategy, tasks: int) -> Row:
    """Measure one strategy with both scorers."""
    oracle = solved(store, Scorer(WORLD), strategy, tasks)
    hacked = oracle
    if strategy.scores:
        hacked = solved(store, Scorer(WORLD, hacked=HACKED), strategy, tasks)

    def mean(field: str) -> float:
        return fmean(getattr(usage, field) for _, usage in oracle)

    fields = ("tokens", "kv", "scores", "rounds")
    accuracies = [fmean(right for right, _ in found) for found in (oracle, hacked)]
    return Row(name, *accuracies, *(mean(field) for field in fields))


def shown(rows: list[Row]) -> list[str]:
    """Return the table."""
    head = ("strategy", *COLUMNS.values())
    cells = [
        (row.name, *(f"{getattr(row, name):.{3 if name in RATES else 1}f}" for name in COLUMNS))
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    return [
        "  ".join(f"{each:>{width}}" if at else f"{each:<{width}}" for at, (each, width) in pairs)
        for pairs in (enumerate(zip(line, widths, strict=True)) for line in (head, *cells))
    ]


def figures(rows: list[Row], tasks: int) -> list[Figure]:
    """Return all numbers, and how far best-of-n is from its closed form."""
    expected = 1 - (1 - WORLD.solvable) ** N
    found = next(row.accuracy for row in rows if row.name == f"best-of-n {N}")
    error = math.sqrt(expected * (1 - expected) / tasks)
    told = [
        Figure(
            f"{row.name}: {label}",
            f"{row.name}: {label}",
            getattr(row, name),
            "" if name in RATES else "a task",
        )
        for row in rows
        for name, label in COLUMNS.items()
    ]
    off = round(abs(found - expected) / error, 2)
    law = f"best-of-n {N} by the oracle is off 1 - (1 - V)^n by"
    return [Figure("off", law, off, "standard errors", at_most=3), *told]


def main() -> None:
    """Measure and print; the exit code says nothing of the target."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=100, help="solved by each (100)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options, before = parser.parse_args(), machine()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        os.environ["TTC_CACHE"] = str(Path(name) / "cache")
        rows = []
        for at, (label, make) in enumerate(strategies().items()):
            # A store of its own, so that none finds another's draws there.
            with Store.writing(Path(name) / f"{at}.db") as store:
                rows.append(measured(store, label, make(), options.tasks))
    seconds = Figure("seconds", "all of it", round(time.perf_counter() - began, 1), "s")
    found = [seconds, *figures(rows, options.tasks)]
    settings = {"tasks": options.tasks, "hacked": HACKED, **asdict(WORLD)}
    report("strategies", found if options.json else found[:2], settings, before, options.json)
    if not options.json:
        print()
        print("\n".join(shown(rows)))


if __name__ == "__main__":
    main()
