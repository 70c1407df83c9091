"""How long it takes to judge samples.

    python benchmarks/verify.py [--only math] [--json]

math       10,000 samples of 20 problems, with some 500 different answers in LaTeX, by
           `ttc verify FILE -V math` from start to end: cold (every formula is read), and again
           with what the first run remembered. The answers are drawn from a seed as values that
           are each written in several ways, so it is known which of them are the same
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import Figure, machine, report, run_ttc

SEED = 7
VALUES = 9  # different answers to a problem

# A value, as the ways to write it.
Written = list[str]


def root(chance: random.Random) -> Written:
    """Return a root with factors."""
    a, b, c = chance.randint(2, 9), chance.choice([2, 3, 5, 6, 7, 11]), chance.choice([5, 7, 11])
    ways = (r"\frac{%d\sqrt{%d}}{%d}", r"%d\sqrt{%d}/%d", r"\dfrac{%d \sqrt{%d}}{%d}")
    return [way % (a, b, c) for way in ways] + [rf"\frac{{\sqrt{{{a * a * b}}}}}{{{c}}}"]


def polynomial(chance: random.Random) -> Written:
    """Return a product of two factors."""
    r, s = chance.sample(range(1, 12), 2)
    plain = f"x^2+{r + s}x+{r * s}"
    return [f"(x+{r})(x+{s})", plain, f"x^2 + {r * s} + {r + s}x", f"{plain.replace('+', ' + ')}"]


def pair(chance: random.Random) -> Written:
    """Return a pair with pi in it."""
    a, b = chance.randint(2, 30), chance.choice([3, 5, 7])
    ways = (r"(%d, \frac{\pi}{%d})", r"\left(%d, \frac{\pi}{%d}\right)", r"(%d, \pi/%d)")
    return [way % (a, b) for way in ways]


def integer(chance: random.Random) -> Written:
    """Return a number."""
    value = chance.randint(1000, 9999)
    return [str(value), f"{value:,}", f"{value}.0"]


KINDS: tuple[Callable[[random.Random], Written], ...] = (root, polynomial, pair, integer)


def problems(count: int, chance: random.Random) -> list[list[Written]]:
    """Return the answers to each problem, all different; the first is the right one."""
    found = []
    for _ in range(count):
        values: dict[str, Written] = {}
        while len(values) < VALUES:
            written = chance.choice(KINDS)(chance)
            values[written[-1]] = written
        found.append(list(values.values()))
    return found


def write(
    path: Path, asked: list[list[Written]], n: int, chance: random.Random
) -> tuple[list[int], int]:
    """Write n samples of each problem; return which value each of them gives, and how many texts
    all of them are written in."""
    given, texts = list[int](), set[tuple[int, str]]()
    with path.open("w", encoding="utf-8") as file:
        for at, values in enumerate(asked):
            for index in range(n):
                value = min(int(chance.expovariate(0.5)), len(values) - 1)
                answer = chance.choice(values[value])
                text = rf"We compute, and so the answer is \boxed{{{answer}}}."
                row: dict[str, Any] = {"problem": f"p{at}", "index": index, "text": text}
                row["reference"] = {"answer": values[0][0]}
                file.write(json.dumps(row) + "\n")
                given.append(value)
                texts.add((at, answer))
    return given, len(texts)


def misjudged(path: Path, given: list[int]) -> tuple[int, int]:
    """Return how many verdicts are not as drawn, and how many answers one value has too many."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    wrong = sum(row["correct"] is not (value == 0) for row, value in zip(rows, given, strict=True))
    spelt = {(row["problem"], value): row["answer"] for row, value in zip(rows, given, strict=True)}
    apart = sum(
        row["answer"] != spelt[row["problem"], value]
        for row, value in zip(rows, given, strict=True)
    )
    joined = len(spelt) - len({(problem, answer) for (problem, _), answer in spelt.items()})
    return wrong, apart + joined


def mathematics(folder: Path, options: argparse.Namespace) -> list[Figure]:
    """Judge the same samples twice."""
    chance = random.Random(SEED)
    asked = problems(options.problems, chance)
    given, texts = write(folder / "s.jsonl", asked, options.samples // options.problems, chance)
    command = ["verify", "s.jsonl", "-V", "math", "-o", "judged.jsonl"]
    cold, again = (run_ttc(folder, *command) for _ in range(2))
    wrong, astray = misjudged(folder / "judged.jsonl", given)
    label = f"{len(given):,} samples, {options.problems} problems"
    return [
        Figure("math_answers", "different answers, as written", float(texts), "texts"),
        Figure("math_cold_seconds", f"{label}, cold", round(cold.seconds, 2), "s", at_most=60),
        Figure("math_cold_peak_mb", "  peak memory of the command", _round(cold.peak_mb), "MB"),
        Figure("math_memo_seconds", "  from the memo", round(again.seconds, 2), "s", at_most=5),
        Figure("math_wrong", "verdicts that are not as drawn", float(wrong), "samples", at_most=0),
        Figure("math_astray", "answers in a wrong class", float(astray), "samples", at_most=0),
    ]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


MEASURE = {"math": mathematics}


def parsed() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--only", choices=MEASURE, action="append", help="one part; may be given several times")
    add("--problems", type=int, default=20, help="of math (20)")
    add("--samples", type=int, default=10_000, help="of math, all problems together (10000)")
    add("--json", action="store_true", help="one JSON document on stdout")
    return parser.parse_args()


def main() -> None:
    """Measure and print; the exit code says nothing of the targets."""
    options, before, figures = parsed(), machine(), list[Figure]()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        for part, measure in MEASURE.items():
            if part in (options.only or MEASURE):
                folder = Path(name, part)
                folder.mkdir()
                figures += measure(folder, options)
    settings = {k: v for k, v in vars(options).items() if k not in ("only", "json")}
    report("verify", figures, settings, before, options.json)


if __name__ == "__main__":
    main()
