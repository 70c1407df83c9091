"""Make draws.jsonl: simulated draws of a reasoning model whose wrong draws think longer.

There are 40 problems with 32 draws each. A draw is right with a probability of 0.2 to 0.8 by
problem. A right draw takes 1,000 to 4,000 tokens, a wrong one 1,000 to 8,000, all lengths in
steps of 100 equally probable; a wrong draw gives one of four wrong answers.
"""

import json
import random
from pathlib import Path

PROBLEMS, DRAWS = 40, 32
RIGHT, WRONG = range(1000, 4001, 100), range(1000, 8001, 100)


def probability(problem: int) -> float:
    """Return the probability that a draw for a problem is right."""
    return 0.2 + 0.6 * problem / (PROBLEMS - 1)


def main() -> None:
    """Write the file beside this one."""
    rng = random.Random(1)
    with (Path(__file__).parent / "draws.jsonl").open("w", encoding="utf-8") as lines:
        for problem in range(PROBLEMS):
            for index in range(DRAWS):
                correct = rng.random() < probability(problem)
                line = {
                    "problem": f"p{problem:02}",
                    "index": index,
                    "answer": "A" if correct else "BCDE"[int(4 * rng.random())],
                    "correct": correct,
                    "completion_tokens": rng.choice(RIGHT if correct else WRONG),
                }
                lines.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
