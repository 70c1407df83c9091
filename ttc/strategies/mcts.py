"""Monte Carlo tree search over steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ttc.options import OptionReader
from ttc.strategies import Decision, Node, StrategyRun, Task
from ttc.strategies.search import Search, draw, rate


@dataclass(slots=True, eq=False)
class Place:
    """A place of the tree: its trace (None: the root), visits, and the sum of their rewards."""

    node: Node | None
    children: list[Place] = field(default_factory=list)
    visits: int = 0
    total: float = 0.0

    def best(self, c: float) -> Place:
        """Return the child of the largest upper confidence bound (UCB1), an unvisited one first."""
        for child in self.children:
            if not child.visits:
                return child
        log = math.log(self.visits)
        return max(
            self.children,
            key=lambda child: child.total / child.visits + c * math.sqrt(log / child.visits),
        )


class MCTS(Search):
    """Grows a tree by UCT: select, expand, roll out, back up (Kocsis and Szepesvári 2006).

    A place gets `children` steps, one at each visit; from a new one the trace is drawn to its end,
    and its score as an outcome, in [0, 1], is the reward of all places above. `rollouts` in all,
    `c` weighs exploration.
    """

    name = "mcts"

    def parse(self, read: OptionReader) -> dict[str, Any]:
        self.rollouts, self.children = read.whole("rollouts", 16), read.whole("children", 4)
        self.c = read.number("c", 1.4)
        return {"rollouts": self.rollouts, "children": self.children, "c": self.c}

    def run(self, task: Task) -> StrategyRun[Decision]:
        root = Place(None)
        finals: list[tuple[Node, float]] = []
        rewards: dict[int, float] = {}
        for _ in range(self.rollouts):
            path = yield from self.descend(task, root)
            leaf = path[-1].node
            end = leaf
            if leaf is None or not self.ended(leaf, task):
                rest = yield from draw([self.steps.rest(leaf, task.params)])
                if not rest:
                    break
                end = rest[0]
            assert end is not None
            if id(end) not in rewards:
                (reward,) = yield from rate([end], "outcome")
                rewards[id(end)] = min(max(reward, 0.0), 1.0)
                finals.append((end, rewards[id(end)]))
                task.offer(end, rewards[id(end)])
            for place in path:
                place.visits += 1
                place.total += rewards[id(end)]
        decision = self.decide(task, finals)
        visits = "/".join(str(child.visits) for child in root.children)
        return Decision(decision.node, decision.finals, f"{decision.note}; visits {visits}")

    def descend(self, task: Task, root: Place) -> StrategyRun[list[Place]]:
        """Go down by UCT to a place that is new or at its end."""
        path = [root]
        while True:
            place = path[-1]
            if place.node is not None and self.ended(place.node, task):
                return path
            if len(place.children) < self.children:
                step = yield from self.draw(task, [place.node])
                if not step:
                    return path
                place.children.append(Place(step[0]))
                return [*path, place.children[-1]]
            path.append(place.best(self.c))
