"""Best-first search over steps: A*-decoding."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence
from typing import Any

from ttc.options import OptionReader
from ttc.strategies import Decision, Node, StrategyRun, Task
from ttc.strategies.search import Search, draw, rate


class AStar(Search):
    """Expands the trace of the lowest f = g + h, h = 1 − score (A*-decoding, Chatziveroglou 2025).

    arXiv 2505.13672. Pops the trace of the lowest f (ties: the earlier one), draws its next steps,
    scores them and pushes them. Returns the first finished trace that is popped. Options, besides
    those of `Search`:

    - `children`: steps drawn for each trace that is popped
    - `batch`: traces popped at a time
    - `expansions`: traces popped in all; then the finished trace of the lowest f answers, or the
      best one is finished by plain sampling (its note says `forced`)
    - `g`: the cost so far: `mean` of 1 − score over the earlier steps, their sum (`cum`), or `zero`
      (plain best-first search)

    A score is not a cost to go, so h is not admissible and the answer is not optimal. The form of g
    and the defaults are ours: no code of the paper was found, and no source that states its g.
    Children of one trace with equal texts are pushed once.
    """

    name = "a-star"

    def parse(self, read: OptionReader) -> dict[str, Any]:
        self.children, self.batch = read.whole("children", 4), read.whole("batch", 1)
        self.expansions = read.whole("expansions", 64)
        self.g = read.choice("g", ("mean", "zero", "cum"), "mean")
        names = ("children", "batch", "expansions", "g")
        return {name: getattr(self, name) for name in names}

    def run(self, task: Task) -> StrategyRun[Decision]:
        order = itertools.count()
        # Ordered by f, then by insertion. None is the root.
        frontier: list[tuple[float, int, Node | None, tuple[float, ...]]] = []
        heapq.heappush(frontier, (0.0, next(order), None, ()))
        left = self.expansions
        while frontier and left:
            popped: list[tuple[Node | None, tuple[float, ...]]] = []
            while frontier and len(popped) < min(self.batch, left):
                f, place, node, scores = heapq.heappop(frontier)
                if node is not None and self.ended(node, task):
                    if popped:
                        heapq.heappush(frontier, (f, place, node, scores))
                        break
                    note = f"popped at f = {f:.3g} after {self.expansions - left} expansions"
                    return Decision(node, ((node, scores[-1]),), note)
                popped.append((node, scores))
            left -= len(popped)
            for child, scores in (yield from self.expand(task, popped)):
                heapq.heappush(frontier, (self.f(scores), next(order), child, scores))
                if self.ended(child, task):
                    task.offer(child, scores[-1])
        return (yield from self.forced(task, [entry for entry in frontier if entry[2]]))

    def f(self, scores: Sequence[float]) -> float:
        """Return g + h of a trace from the scores after each of its steps."""
        costs = [1 - score for score in scores[:-1]]
        total = sum(costs)
        g = total / len(costs) if self.g == "mean" and costs else total
        return (0.0 if self.g == "zero" else g) + 1 - scores[-1]

    def expand(
        self, task: Task, popped: Sequence[tuple[Node | None, tuple[float, ...]]]
    ) -> StrategyRun[list[tuple[Node, tuple[float, ...]]]]:
        """Return children with the scores of their traces; of children with equal texts, one."""
        before = {id(node): scores for node, scores in popped}
        asked = [
            self.steps.ask(node, task.params) for node, _ in popped for _ in range(self.children)
        ]
        drawn = yield from draw(asked)
        alike = {(id(node.parent), node.text): node for node in reversed(drawn)}
        children = [node for node in drawn if alike[id(node.parent), node.text] is node]
        scores = yield from rate(children)
        root = next((own for node, own in popped if node is None), ())
        return [
            (child, (*(before[id(child.parent)] if child.parent else root), score))
            for child, score in zip(children, scores, strict=True)
        ]

    def forced(
        self, task: Task, frontier: Sequence[tuple[float, int, Node | None, tuple[float, ...]]]
    ) -> StrategyRun[Decision]:
        """Return the decision once the expansions are spent."""
        ranked = sorted(frontier)
        for _, _, node, scores in ranked:
            if node is not None and self.ended(node, task):
                note = f"the best finished trace after {self.expansions} expansions"
                return Decision(node, ((node, scores[-1]),), note)
        if not ranked:
            return Decision(None, note="no step could be drawn")
        rest = yield from draw([self.steps.rest(ranked[0][2], task.params)])
        note = f"forced: finished by plain sampling after {self.expansions} expansions"
        return Decision(rest[0], ((rest[0], 0.0),), note) if rest else Decision(None, note=note)
