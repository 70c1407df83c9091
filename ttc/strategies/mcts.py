"""Monte Carlo tree search over steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ttc.options import OptionReader
from ttc.strategies import Decision, Node, StrategyRun, Task
from ttc.strategies.search import Search, draw, rate


@dataclass(slots=True, eq=False)
class TreeNode:
    """A node of the tree: its trace (None: the root), visits, and the sum of their rewards."""

    node: Node | None
    children: list[TreeNode] = field(default_factory=list)
    visits: int = 0
    total: float = 0.0

    def best(self, c: float) -> TreeNode:
        """Return the child with the highest upper confidence bound, an unvisited one first."""
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

    Each visit of a node adds one step until it has all its children, then goes to the child with
    the highest mean reward + c·√(ln(visits of the node) / visits of the child). From a new step
    the trace is drawn to its end; its score as an outcome, clipped to [0, 1], is the reward of the
    path. Returns a finished trace by `pick`. Options, besides those of `Search`:

    - `rollouts`: visits of the root
    - `children`: steps of each node
    - `c`: the weight of exploration
    """

    name = "mcts"

    def parse(self, read: OptionReader) -> dict[str, Any]:
        self.rollouts, self.children = read.whole("rollouts", 16), read.whole("children", 4)
        self.c = read.number("c", 1.4)
        return {"rollouts": self.rollouts, "children": self.children, "c": self.c}

    def run(self, task: Task) -> StrategyRun[Decision]:
        root = TreeNode(None)
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
            for visited in path:
                visited.visits += 1
                visited.total += rewards[id(end)]
        decision = self.decide(task, finals)
        visits = "/".join(str(child.visits) for child in root.children)
        return Decision(decision.node, decision.finals, f"{decision.note}; visits {visits}")

    def descend(self, task: Task, root: TreeNode) -> StrategyRun[list[TreeNode]]:
        """Return the path by UCT from the root to a node that is new or finished."""
        path = [root]
        while True:
            last = path[-1]
            if last.node is not None and self.ended(last.node, task):
                return path
            if len(last.children) < self.children:
                step = yield from self.draw(task, [last.node])
                if not step:
                    return path
                last.children.append(TreeNode(step[0]))
                return [*path, last.children[-1]]
            path.append(last.best(self.c))
