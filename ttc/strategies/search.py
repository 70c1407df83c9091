"""What searches over steps have in common: their options, drawing a round, scoring a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ttc.options import OptionReader
from ttc.strategies import Decision, Evaluate, Generate, Node, StrategyRun, Task, nodes, together
from ttc.strategies.steps import Steps
from ttc.strategies.voting import PICKS, decide


class Search:
    """The base of searches.

    Their options: `step` (the text that ends a step) or `pattern` (what does, as a regular
    expression), `step_tokens` and `steps` (limits), `pick` (best, weighted or majority, among
    finished traces).
    """

    name = ""
    needs = frozenset({"prefix", "stop-kept"})
    scores = True

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        self.steps = Steps.parse(read)
        self.pick = read.choice("pick", PICKS, PICKS[0])
        self.own = self.parse(read)
        read.end()

    def parse(self, read: OptionReader) -> dict[str, Any]:
        """Read a search's own options, keep them, and return them. OptionError."""
        raise NotImplementedError

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        return {**self.steps.config, "pick": self.pick, **self.own}

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Solve a task."""
        raise NotImplementedError

    def decide(self, task: Task, finals: Sequence[tuple[Node, float]]) -> Decision:
        """Pick among what is finished."""
        return decide(task.problem, finals, self.pick)

    def part(
        self,
        task: Task,
        children: Sequence[Node],
        scores: Sequence[float],
        finals: list[tuple[Node, float]],
    ) -> list[tuple[Node, float]]:
        """Add the traces that are over to the finals, and return those that go on."""
        going: list[tuple[Node, float]] = []
        for child, score in zip(children, scores, strict=True):
            if self.ended(child, task):
                finals.append((child, score))
                task.offer(child, score)
            else:
                going.append((child, score))
        return going

    def draw(self, task: Task, ats: Sequence[Node | None]) -> StrategyRun[list[Node]]:
        """Draw the next step of each trace; those that failed are left out."""
        return (yield from draw([self.steps.ask(at, task.params) for at in ats]))

    def ended(self, node: Node, task: Task) -> bool:
        """Whether a trace is over."""
        return self.steps.ended(node, task.params)


def draw(requests: Sequence[Generate]) -> StrategyRun[list[Node]]:
    """Draw all of a round, and return what came of it in order; what failed is left out."""
    replies = yield from together(requests)
    return list(nodes(replies))


def rate(traces: Sequence[Node], scope: str = "step") -> StrategyRun[list[float]]:
    """Score all of a round. A trace that the scorer cannot score has 0."""
    replies = yield from together([Evaluate(trace, scope) for trace in traces])
    return [0.0 if reply.score is None else reply.score for reply in replies]


def best_first(traces: Sequence[Node], scores: Sequence[float]) -> list[tuple[Node, float]]:
    """Return traces with their scores, the highest first; equal ones in the order given."""
    pairs = list(zip(traces, scores, strict=True))
    return sorted(pairs, key=lambda pair: -pair[1])


def spread(traces: Sequence[Node], count: int) -> list[Node]:
    """Return `count` copies in all, round-robin."""
    return [traces[place % len(traces)] for place in range(count)] if traces else []
