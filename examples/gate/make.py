"""Make main.jsonl and change.jsonl: judged draws with known accuracies, to demonstrate a gate.

The data are simulated. 40 problems, 8 draws each; on main a draw is correct with a probability
between 0.4 and 0.8, with the change with 0.2 less.
"""

import json
import random
from pathlib import Path

for name, loss, seed in (("main", 0.0, 1), ("change", 0.2, 2)):
    draw = random.Random(seed)
    with (Path(__file__).parent / f"{name}.jsonl").open("w", encoding="utf-8") as lines:
        for problem in range(40):
            probability = 0.4 + 0.01 * problem - loss
            for index in range(8):
                correct = draw.random() < probability
                line = {
                    "problem": f"p{problem:02}",
                    "index": index,
                    "answer": "A" if correct else "BCD"[int(3 * draw.random())],
                    "correct": correct,
                    "completion_tokens": int(20 + 60 * draw.random()),
                }
                lines.write(json.dumps(line) + "\n")
