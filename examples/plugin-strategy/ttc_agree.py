"""agree: draw until so many answers agree.

A template for strategies: `pip install ./examples/plugin-strategy`, then `--method agree:n=8`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ttc.options import OptionReader
from ttc.strategies import Decision, Generate, Node, StrategyRun, Task, nodes, together
from ttc.strategies.voting import answer_of


class Agree:
    """Draws answers one after the other until some of them agree; at most n.

    - `n`: the most draws
    - `votes`: how many draws with one answer are enough
    """

    name = "agree"
    needs = frozenset[str]()  # capabilities of the backend, as `prefix` to continue a draw
    scores = False  # whether it asks for scores (Evaluate), and so needs --scorer

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        self.n = read.whole("n", 8)
        self.votes = read.whole("votes", 2)
        read.end()  # refuses any other option, and lists those that there are

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        return {"n": self.n, "votes": self.votes}

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Solve a task: yield requests, get replies, return a decision.

        It runs from its beginning each time, and draws that the store has are replayed: after the
        same replies it must make the same requests. Random numbers come from `task.seed`.
        """
        found: dict[str, list[Node]] = defaultdict(list)
        drawn: list[Node] = []
        for _ in range(self.n):
            replies = yield from together([Generate()])
            for node in nodes(replies):  # without draws that failed
                drawn.append(node)
                answer = answer_of(task.problem, node.trace, node.finish)
                if answer is None:
                    continue
                found[answer].append(node)
                # The answer in case that the budget ends before a decision.
                task.offer(found[answer][0], len(found[answer]))
                if len(found[answer]) >= self.votes:
                    return self._decide(found, drawn, f"{self.votes} of {len(drawn)} draws agree")
        return self._decide(found, drawn, f"fewer than {self.votes} of {len(drawn)} draws agree")

    @staticmethod
    def _decide(found: Mapping[str, list[Node]], drawn: list[Node], note: str) -> Decision:
        finals = tuple((same[0], float(len(same))) for same in found.values())
        # A question without a short answer is answered by the first draw.
        best = max(finals, key=lambda pair: pair[1], default=(next(iter(drawn), None), 0.0))
        return Decision(best[0], finals, note)
