"""The base of searches over steps, and functions to draw and score one round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ttc.options import OptionReader
from ttc.strategies import Decision, Evaluate, Generate, Node, StrategyRun, Task, nodes, together
from ttc.strategies.steps import Steps
from ttc.strategies.voting import PICKS, decide


class Search:
    """The base of searches over steps. They continue traces, so they need `prefix`, and they need
    the stop string that ended a step (`stop-kept`) and a scorer. Their common options:

    - `step`: the text that ends a step (`\\n` and `\\t` are read as in Python), or `pattern`: a
      regular expression whose first match ends it
    - `step_tokens`: the most tokens of a step; `steps`: the most steps of a trace
    - `pick`: among finished traces, the `best` scored one, the answer with the largest sum of
      scores (`weighted`), or the most frequent answer (`majority`)
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
        """Pick among finished traces by `pick`."""
        return decide(task.problem, finals, self.pick)

    def part(
        self,
        task: Task,
        children: Sequence[Node],
        scores: Sequence[float],
        finals: list[tuple[Node, float]],
    ) -> list[tuple[Node, float]]:
        """Move finished traces with their scores to `finals`; return the others."""
        going: list[tuple[Node, float]] = []
        for child, score in zip(children, scores, strict=True):
            if self.ended(child, task):
                finals.append((child, score))
                task.offer(child, score)
            else:
                going.append((child, score))
        return going

    def draw(self, task: Task, ats: Sequence[Node | None]) -> StrategyRun[list[Node]]:
        """Draw the next step of each trace; leave out those that failed."""
        return (yield from draw([self.steps.ask(at, task.params) for at in ats]))

    def ended(self, node: Node, task: Task) -> bool:
        """Whether a trace is finished."""
        return self.steps.ended(node, task.params)


def draw(requests: Sequence[Generate]) -> StrategyRun[list[Node]]:
    """Draw all requests and return their nodes in order, without those that failed."""
    replies = yield from together(requests)
    return list(nodes(replies))


def rate(traces: Sequence[Node], scope: str = "step") -> StrategyRun[list[float]]:
    """Return the score of each trace, 0 for one that the scorer cannot score."""
    replies = yield from together([Evaluate(trace, scope) for trace in traces])
    return [0.0 if reply.score is None else reply.score for reply in replies]


def best_first(traces: Sequence[Node], scores: Sequence[float]) -> list[tuple[Node, float]]:
    """Return traces with their scores, best first; ties stay in order."""
    pairs = list(zip(traces, scores, strict=True))
    return sorted(pairs, key=lambda pair: -pair[1])


def spread(traces: Sequence[Node], count: int) -> list[Node]:
    """Return `count` traces, round-robin."""
    return [traces[place % len(traces)] for place in range(count)] if traces else []
