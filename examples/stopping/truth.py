"""Print what the rules are worth on average over all draws that make.py could have made.

Each line is the mean of 100 simulated sets of 40 problems with 32 draws, by code that shares
nothing with ttc, and its standard error.
"""

import random
from collections import Counter

from make import DRAWS, PROBLEMS, RIGHT, WRONG, probability

SETS = 100


def vote(answers: list[str]) -> float:
    """Return the value of the most frequent answer; ties are split."""
    if not answers:
        return 0.0
    counts = Counter(answers)
    best = [answer for answer, count in counts.items() if count == max(counts.values())]
    return ("A" in best) / len(best)


def worth(draws: list[tuple[float, str]]) -> dict[str, float]:
    """Return the value of each rule, given the length and the answer of each draw."""
    order = [answer for _, answer in sorted(draws, key=lambda draw: draw[0])]
    return {
        "majority": vote([answer for _, answer in draws]),
        "first-finish": float(order[0] == "A"),
        "short-8": vote(order[:8]),
        "majority, cut at 2000": vote([answer for length, answer in draws if length <= 2000]),
    }


def main() -> None:
    """Simulate, and print the means."""
    rng = random.Random(2)
    means: dict[str, list[float]] = {}
    for _ in range(SETS):
        totals: Counter[str] = Counter()
        for problem in range(PROBLEMS):
            draws = []
            for _ in range(DRAWS):
                right = rng.random() < probability(problem)
                # The random part settles which of equally long draws comes first.
                length = rng.choice(RIGHT if right else WRONG) + rng.random() / 2
                draws.append((length, "A" if right else rng.choice("BCDE")))
            totals.update(worth(draws))
        for rule, total in totals.items():
            means.setdefault(rule, []).append(total / PROBLEMS)
    for rule, values in means.items():
        mean = sum(values) / SETS
        error = (sum((value - mean) ** 2 for value in values) / (SETS - 1) / SETS) ** 0.5
        print(f"{rule:22} {mean:.3f} ± {error:.3f}")


if __name__ == "__main__":
    main()
