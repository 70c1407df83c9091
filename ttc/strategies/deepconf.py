"""DeepConf online: stop traces whose confidence falls below a threshold from the first ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ttc.options import OptionReader
from ttc.strategies import Decision, Generate, Node, StrategyRun, Task, nodes, together
from ttc.strategies.voting import decide
from ttc.verifiers.confidence import groups


class DeepConf:
    """Stops traces whose token confidence falls below a threshold (Fu et al. 2025).

    "Deep think with confidence" (arXiv 2508.15260), online. A token's confidence is minus the mean
    log-probability of the likeliest tokens there; a trace's is the lowest mean over a sliding
    window. Finished traces at or above the threshold vote, weighted by their confidence. Options:

    - `n`: traces in all
    - `warmup`: traces that are drawn whole first; the threshold is a percentile of theirs
    - `keep`: the percentage of the warm-up traces that reach the threshold, in (0, 100]
    - `window`: tokens of the sliding window; a trace shorter than it is never stopped
    - `alternatives`: the likeliest tokens that count for a token's confidence
    - `chunk`: tokens between two checks

    The authors check after each token; here a stopped trace costs up to `chunk` tokens more.
    Drawing does not stop when one answer leads the vote.
    """

    name = "deepconf"
    needs = frozenset({"prefix", "alternatives"})
    scores = False

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        self.n, self.warmup = read.whole("n", 32), read.whole("warmup", 16)
        self.window, self.chunk = read.whole("window", 2048), read.whole("chunk", 128)
        self.alternatives = read.whole("alternatives", 20)
        self.keep = read.number("keep", 90.0, above=0, most=100)
        read.end()

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        names = ("n", "warmup", "window", "chunk", "alternatives", "keep")
        return {name: getattr(self, name) for name in names}

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Draw the warm-up traces, then the others chunk by chunk, and vote."""
        count = min(self.warmup, self.n)
        first = [Generate(alternatives=self.alternatives) for _ in range(count)]
        warm = list(nodes((yield from together(first))))
        if not warm:
            return Decision(None, note="no draw succeeded")
        lowest = [self.lowest(node) for node in warm]
        threshold = float(np.percentile(lowest, 100 - self.keep))
        finals = [
            (node, least) for node, least in zip(warm, lowest, strict=True) if least >= threshold
        ]
        for node, least in finals:
            task.offer(node, least)
        going = [self._more(None, task) for _ in range(self.n - count)]
        stopped = 0
        while going:
            pieces = list(nodes((yield from together(going))))
            going = []
            for node in pieces:
                least = self.lowest(node)
                if node.length >= self.window and least < threshold:
                    stopped += 1
                elif node.finish == "stop" or node.length >= task.params.max_tokens:
                    finals.append((node, least))
                    task.offer(node, least)
                else:
                    going.append(self._more(node, task))
        decision = decide(task.problem, finals, "weighted")
        note = f"{decision.note}; {stopped} stopped below confidence {threshold:.3g}"
        return Decision(decision.node, decision.finals, note)

    def _more(self, at: Node | None, task: Task) -> Generate:
        left = task.params.max_tokens - (0 if at is None else at.length)
        return Generate(at, max(min(self.chunk, left), 1), alternatives=self.alternatives)

    def lowest(self, node: Node) -> float:
        """Return the lowest mean confidence over the window; 0 if no confidence is known."""
        values = [value for piece in node.path for value in _finite(piece.confidences)]
        return float(groups(values, self.window).min()) if values else 0.0


def _finite(confidences: Sequence[float] | None) -> list[float]:
    return [value for value in confidences or () if math.isfinite(value)]
