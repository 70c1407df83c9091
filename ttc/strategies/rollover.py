"""Draw steps one by one with a quota that carries over: rollover budget forcing."""

from __future__ import annotations

from typing import Any

from ttc.options import OptionReader
from ttc.strategies import Decision, Node, StrategyRun, Task
from ttc.strategies.search import Search, rate


class Rollover(Search):
    """Draws a step again and again until it scores higher than all before (Kim et al. 2025).

    "Inference-time scaling for flow models": rollover budget forcing, here over steps of text. Each
    step has a quota of draws. The first draw that scores higher than every step so far is taken at
    once, and the rest of the quota is added to the next step's; if the quota is used up, the best
    draw is taken and nothing is carried over. Returns the one trace. Options, besides those of
    `Search`:

    - `quota`: draws of each step

    The published method first draws a population, whose best is the score to exceed, and spends the
    rest of its budget on the last step. Here the first draw of the first step is always taken, and
    the last step has no extra draws.
    """

    name = "rollover"

    def parse(self, read: OptionReader) -> dict[str, Any]:
        self.quota = read.whole("quota", 4)
        return {"quota": self.quota}

    def run(self, task: Task) -> StrategyRun[Decision]:
        at: Node | None = None
        best, carried, spent, score = float("-inf"), 0, 0, 0.0
        while at is None or not self.ended(at, task):
            allowed = self.quota + carried
            tried: list[tuple[Node, float]] = []
            carried = 0
            for used in range(1, allowed + 1):
                drawn = yield from self.draw(task, [at])
                spent += 1
                if not drawn:
                    continue
                (value,) = yield from rate(drawn)
                tried.append((drawn[0], value))
                if value > best:
                    carried = allowed - used
                    break
            if not tried:
                return Decision(None, note="no step could be drawn")
            at, score = max(tried, key=lambda pair: pair[1])
            best = max(best, score)
        return Decision(
            at, ((at, score),), f"{spent} steps drawn for {at.depth}, score {score:.3g}"
        )
