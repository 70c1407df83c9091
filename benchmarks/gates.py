"""How often `--baseline` cries wolf, and how often it hears one, for both of its questions.

    python benchmarks/gates.py [--trials 2000] [--json]

Each trial draws two pools of the same problems. False alarms: both pools have the same success
rates, from Beta(0.8, 1.2) or all 0.97 (rare failures), and the gate must hold. Power: all problems
are right at the baseline, then one, two or three are never right, or one is right half the time; or
every rate of Beta(0.8, 1.2) falls by the same share, so that their mean falls by 0.05 or 0.1, on 30
and on 200 problems. Answers are right or wrong in four ways; the gate sees coverage, majority and
first-finish at k = 1, 2, 4 and 8 at once, without a margin. `draws` is the question about these
problems (a fixed suite), `problems` that about problems like these. Powers take a fifth of the
trials, and a twentieth on 200 problems; ranges are 95 % intervals of simulation.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping

import numpy as np
from common import Figure, machine, report
from numpy.typing import NDArray

from ttc.curves.compare import terms_of
from ttc.curves.suite_tests.drops import drops
from ttc.curves.suite_tests.falls import Question, Side, falls
from ttc.curves.table import tabulate
from ttc.records import Outcome
from ttc.selectors import spec

RULES = {rule: spec.build(rule) for rule in ("coverage", "majority", "first-finish")}
Rates = NDArray[np.float64]
# Success rates at the baseline and now, of so many problems.
Truth = Callable[[np.random.Generator, int], tuple[Rates, Rates]]


def pool(rates: Rates, n: int, random: np.random.Generator) -> dict[str, list[Outcome]]:
    """Return n draws of each problem; correct ones are a little shorter."""
    problems = {}
    for at, rate in enumerate(rates):
        right = random.random(n) < rate
        other = random.integers(1, 5, n)
        tokens = random.integers(20, 200, n) - 10 * right
        problems[f"p{at:03}"] = [
            Outcome(
                i,
                answer="0" if right[i] else str(other[i]),
                correct=bool(right[i]),
                completion_tokens=int(tokens[i]),
                finish_reason="stop",
            )
            for i in range(n)
        ]
    return problems


def swept(problems: Mapping[str, list[Outcome]], ks: list[int]) -> Side:
    """Return what the rules are worth on each problem."""
    values = terms_of(tabulate(problems, RULES, ks, source="pool"))
    return Side(values, problems, frozenset(RULES))


def broken(problems: int, rate: float = 0.0) -> Truth:
    """Return a truth in which so many problems fall from always right to a rate."""

    def rates(_: np.random.Generator, n: int) -> tuple[Rates, Rates]:
        now = np.ones(n)
        now[:problems] = rate
        return np.ones(n), now

    return rates


def worse(drop: float) -> Truth:
    """Return a truth in which each rate falls by the same share, and their mean by `drop`."""

    def rates(random: np.random.Generator, n: int) -> tuple[Rates, Rates]:
        old = random.beta(0.8, 1.2, n)
        return old, old * max(0.0, 1 - drop / float(old.mean()))

    return rates


def rare(_: np.random.Generator, n: int) -> tuple[Rates, Rates]:
    """Return a truth without a change in which failures are rare."""
    return np.full(n, 0.97), np.full(n, 0.97)


def alarms(truth: Truth, problems: int, draws: int, trials: int) -> dict[str, list[bool]]:
    """Return for each question and trial whether the gate was not met."""
    random = np.random.default_rng(11)
    ks = [k for k in (1, 2, 4, 8) if k <= draws]
    found: dict[str, list[bool]] = {"draws": [], "problems": []}
    for trial in range(trials):
        old, new = (swept(pool(rates, draws, random), ks) for rates in truth(random, problems))
        fell = falls(Question(new, old, RULES, seed=trial))
        found["draws"].append(bool(fell.problems or fell.means))
        dropped, _ = drops(new.terms, old.terms, margin=0.0, seed=trial)
        found["problems"].append(bool(dropped))
    return found


def figure(key: str, label: str, raised: list[bool], **target: float) -> Figure:
    """Return the share of alarms in per cent with its range."""
    share = sum(raised) / len(raised)
    # Wilson's interval, which does not vanish at 0 and 1.
    z, n = 1.96, len(raised)
    center = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = 100 * (center - half), 100 * (center + half)
    return Figure(key, label, 100 * share, "%", low=low, high=high, **target)


def main() -> None:
    """Measure and print; the exit code says nothing of the targets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=2000, help="without a change (2000)")
    parser.add_argument("--problems", type=int, default=30, help="a pool (30)")
    parser.add_argument("--draws", type=int, default=8, help="of a problem (8)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options, before = parser.parse_args(), machine()
    some, few = max(1, options.trials // 5), max(1, options.trials // 20)
    size, many = options.problems, 200 if options.trials > 100 else options.problems
    cells: list[tuple[str, str, Truth, int, int]] = [
        ("false_alarms", "no change", worse(0.0), size, options.trials),
        ("false_alarms_rare", "no change, failures rare", rare, size, options.trials),
        ("one_broken", "one problem: always right to never", broken(1), size, some),
        ("two_broken", "two problems: always right to never", broken(2), size, some),
        ("three_broken", "three problems: always right to never", broken(3), size, some),
        ("one_halved", "one problem: always right to half", broken(1, 0.5), size, some),
        ("mean_05", "the mean falls by 0.05", worse(0.05), size, some),
        ("mean_10", "the mean falls by 0.1", worse(0.1), size, some),
        ("mean_05_many", f"the mean of {many} problems falls by 0.05", worse(0.05), many, few),
        ("mean_10_many", f"the mean of {many} problems falls by 0.1", worse(0.1), many, few),
    ]
    figures = []
    for key, label, truth, problems, trials in cells:
        for question, raised in alarms(truth, problems, options.draws, trials).items():
            target: dict[str, float] = {}
            if key.startswith("false"):
                target = {"at_most": 5}
            elif key == "one_broken" and question == "draws":
                target = {"at_least": 99}
            figures.append(figure(f"{key}_{question}", f"{question}: {label}", raised, **target))
    settings = {k: v for k, v in vars(options).items() if k != "json"}
    report("gates", figures, settings, before, options.json)


if __name__ == "__main__":
    main()
