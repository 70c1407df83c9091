"""How often `--baseline` cries wolf, and how often it hears one.

    python benchmarks/gates.py [--trials 2000] [--json]

Each trial draws two pools of the same problems: first from the same truth, where the gate must
hold, then with the second one worse by twice the half-width of the 95 % interval of their
difference at one draw, which it must notice. Problems have chances from Beta(0.8, 1.2), answers
right or wrong in four ways; the gate sees coverage, majority and first-finish at k = 1, 4 and 8
at once, without a margin.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping

import numpy as np
from common import Figure, machine, report
from numpy.typing import NDArray

from ttc.curves.compare import Terms, drops, terms_of
from ttc.curves.table import tabulate
from ttc.records import Outcome
from ttc.selectors import spec

RULES = {rule: spec.build(rule) for rule in ("coverage", "majority", "first-finish")}
KS = (1, 4, 8)


def pool(
    chances: NDArray[np.float64], n: int, random: np.random.Generator
) -> dict[str, list[Outcome]]:
    """Return n draws of each problem; correct ones are a little shorter."""
    problems = {}
    for at, chance in enumerate(chances):
        right = random.random(n) < chance
        other = random.integers(1, 5, n)
        tokens = random.integers(20, 200, n) - 10 * right
        problems[f"p{at}"] = [
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


def swept(problems: Mapping[str, list[Outcome]]) -> Terms:
    """Return what the rules are worth on each problem."""
    return terms_of(tabulate(problems, RULES, KS, source="pool"))


def interval(new: Terms, old: Terms) -> float:
    """Return the half-width of the 95 % interval of the mean difference at one draw."""
    term = ("coverage", 1)
    differences = [new[term][problem] - old[term][problem] for problem in new[term]]
    return 1.96 * float(np.std(differences, ddof=1)) / math.sqrt(len(differences))


def shrunk(chances: NDArray[np.float64], drop: float) -> NDArray[np.float64]:
    """Return chances whose mean is lower by `drop`, each by the same share."""
    return chances * max(0.0, 1 - drop / float(chances.mean()))


def main() -> None:
    """Measure and print; the exit code says nothing of the targets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=2000, help="of each kind (2000)")
    parser.add_argument("--problems", type=int, default=100, help="a pool (100)")
    parser.add_argument("--draws", type=int, default=8, help="of a problem (8)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options, before = parser.parse_args(), machine()
    random = np.random.default_rng(11)
    false_alarms = caught = 0
    for trial in range(options.trials):
        chances = random.beta(0.8, 1.2, options.problems)
        old = swept(pool(chances, options.draws, random))
        same = swept(pool(chances, options.draws, random))
        false_alarms += bool(drops(same, old, margin=0.0, seed=trial)[0])
        # Every chance shrinks by the share that lowers their mean by the drop. Since that makes
        # problems differ more, the interval is that of a first such pool.
        first = swept(pool(shrunk(chances, 2 * interval(same, old)), options.draws, random))
        lower = shrunk(chances, 2 * interval(first, old))
        worse = swept(pool(lower, options.draws, random))
        caught += bool(drops(worse, old, margin=0.0, seed=trial)[0])
    alarms, heard = (100 * count / options.trials for count in (false_alarms, caught))
    figures = [
        Figure("false_alarms", "pools of one truth that fail", alarms, "%", at_most=5),
        Figure("caught", "drops of twice the interval that fail", heard, "%", at_least=90),
    ]
    settings = {k: v for k, v in vars(options).items() if k != "json"}
    report("gates", figures, settings, before, options.json)


if __name__ == "__main__":
    main()
