"""Print draws.jsonl as it would be if every draw ended at a number of tokens: cut.py 3000."""

import json
import sys
from pathlib import Path

limit = int(sys.argv[1])
for text in (Path(__file__).parent / "draws.jsonl").read_text(encoding="utf-8").splitlines():
    draw = json.loads(text)
    if draw["completion_tokens"] > limit:
        cut = {"completion_tokens": limit, "finish_reason": "length"}
        draw = {**draw, **cut, "answer": None, "correct": False}
    print(json.dumps(draw))
