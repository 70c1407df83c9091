r"""Whether the verifier `math` knows an answer that is written in another way, and one that is not.

    python benchmarks/rewritings.py [FILE] [--each 20] [--seed 7] [--show] [--json]

FILE has a reference a line, as MATH-500 does (`answer`); without it, the references are a few of
the same kinds. Each is rewritten `--each` times in harmless ways (another command, spaces, a
number in another notation, another order where order is nothing) and in harmful ones (a number, a
sign, a part, an order that counts). Harmful ways are only those that always give another value.
`--show` prints what was misjudged, a count per way first.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from altering_ways import OTHER
from common import Figure, machine, report
from rewriting_ways import SAME, Rewrite

OWN = r"""
7|-12|0|1|42|360|1024|-250|10080|1234567|3.75|0.04|-2.5|\frac{3}{7}|-\frac{5}{12}|\frac{11}{2}
\frac{22}{7}|2\sqrt{3}|\sqrt{17}|-\sqrt{5}|\frac{\sqrt{2}}{2}|5 + 2\sqrt{6}|12\pi|\frac{\pi}{6}
3\pi + 4|x^2 + 3x|2x - 7|a^{3}b|(x-1)(x+4)|\frac{x+1}{x-2}|4 - 3i|-i|2 + 5i|(2, -3)
(0, \frac{1}{2}, 4)|\left( 3, \frac{\pi}{4} \right)|1, 2, 6|-3, 5|\frac{1}{2}, -\frac{1}{2}
2 \pm \sqrt{3}|[1, 5)|(-\infty, 2]|(0, \infty)|(-4, 1) \cup (3, 8)|x = 9|y = 3x + 2
\begin{pmatrix} 2 & 0 \\ -1 & 3 \end{pmatrix}|\begin{pmatrix} 4 \\ 7 \end{pmatrix}|60^\circ
\text{Anna}|\text{odd}|\text{(C)}|\$24|15\%|2^{10}|3 \cdot 5^4|n^2 + n|\frac{7}{9} + k
18\sqrt{2} + 3|\sqrt{x} + 1|\frac{a}{b}|10^{-3}
"""
HARMLESS, HARMFUL = "harmless", "harmful"


class Rewritten(NamedTuple):
    """A reference, what it was rewritten to, in which way, and whether both are equal."""

    gold: str
    answer: str
    way: str
    equal: bool


def rewritten(
    gold: str, ways: dict[str, Rewrite], each: int, chance: random.Random
) -> Iterator[tuple[str, str]]:
    """Yield up to `each` different rewritings with their way; harmless ones may be combined."""
    seen, combine = {gold}, ways is SAME
    for _ in range(each * 40):
        if len(seen) > each:
            return
        way = chance.choice([*ways])
        answer = ways[way](gold, chance)
        if answer is not None and combine and chance.random() < 0.5:
            second = chance.choice(
                ["spaces around", "dollars", "thin space before", "a point behind"]
            )
            answer, way = ways[second](answer, chance) or answer, f"{way}, {second}"
        if answer is not None and answer not in seen:
            seen.add(answer)
            yield answer, way


def all_of(golds: list[str], each: int, seed: int) -> list[Rewritten]:
    """Return the rewritings of all references, those of one beside each other."""
    chance = random.Random(seed)
    found = []
    for gold in golds:
        for ways, equal in ((SAME, True), (OTHER, False)):
            found += [Rewritten(gold, answer, way, equal)
                      for answer, way in rewritten(gold, ways, each, chance)]  # fmt: skip
    return found


def accepted(found: list[Rewritten]) -> list[bool | None]:
    """Return the verdict on each rewriting."""
    from ttc.records import Sample
    from ttc.verifiers.math import Math

    golds: dict[str, int] = {}
    samples = [
        Sample(f"p{golds.setdefault(each.gold, len(golds))}", at,
               f"So the answer is $\\boxed{{{each.answer}}}$"
               if "\\boxed" not in each.answer and "$" not in each.answer
               else f"So the answer is {each.answer}", "stop", reference={"answer": each.gold})
        for at, each in enumerate(found)
    ]  # fmt: skip
    return [verdict.correct for verdict in Math().verify(samples)]


def references(path: Path | None) -> list[str]:
    """Return the references of a file, or our own, each once."""
    if path is None:
        return OWN.strip().replace("\n", "|").split("|")
    rows = [json.loads(line)["answer"] for line in path.read_text(encoding="utf-8").splitlines()]
    return list(dict.fromkeys(row for row in map(str, rows) if row))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    before = machine()
    golds = references(options.file)
    found = all_of(golds, options.each, options.seed)
    right = accepted(found)
    wrong = [
        (each, said) for each, said in zip(found, right, strict=True) if said is not each.equal
    ]
    if options.show:
        for way, count in Counter((each.equal, each.way) for each, _ in wrong).most_common():
            print(f"{count:5}  {HARMLESS if way[0] else HARMFUL}: {way[1]}", file=sys.stderr)
        for each, said in wrong:
            print(
                f"{each.equal} {said}  {each.gold}  ->  {each.answer}   ({each.way})",
                file=sys.stderr,
            )
    counts = Counter(each.equal for each in found)
    missed = sum(each.equal for each, _ in wrong)
    taken = sum(not each.equal and said is True for each, said in wrong)
    figures = [
        Figure("harmless", f"harmless rewritings of {len(golds)} references", counts[True], ""),
        Figure("accepted", "  accepted", round(100 * (1 - missed / counts[True]), 3), "%",
               at_least=99),
        Figure("harmful", "harmful ones", counts[False], ""),
        Figure("taken", "  accepted", round(100 * taken / counts[False], 3), "%", at_most=0.2),
    ]  # fmt: skip
    settings = {
        "file": "own" if options.file is None else options.file.name,
        "each": options.each,
        "seed": options.seed,
    }
    report("rewritings", figures, settings, before, options.json)


if __name__ == "__main__":
    main()
