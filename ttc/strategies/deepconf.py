"""DeepConf online: traces whose confidence falls below that of the first ones are given up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ttc.options import OptionReader
from ttc.strategies import Decision, Generate, Node, StrategyRun, Task, nodes, together
from ttc.strategies.voting import decide
from ttc.verifiers.confidence import groups


class DeepConf:
    """Gives up traces whose token confidence falls below a threshold (Fu et al. 2025).

    "Deep think with confidence", online: `warmup` traces are drawn whole; the threshold is the
    percentile 100 − `keep` of their lowest confidences over `window` tokens. Each later trace, of
    `n` in all, is given up once it falls below; the others and the warm-up traces that reach it
    vote, weighted by their lowest confidence. Confidence is looked at after every `chunk` tokens
    (the paper: after each), which costs up to as many more. A trace shorter than the window is
    never given up.
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
        """Draw the first ones, then the others piece by piece, and vote."""
        count = min(self.warmup, self.n)
        first = [Generate(alternatives=self.alternatives) for _ in range(count)]
        warm = list(nodes((yield from together(first))))
        if not warm:
            return Decision(None, note="no draw came")
        lowest = [self.lowest(node) for node in warm]
        threshold = float(np.percentile(lowest, 100 - self.keep))
        finals = [
            (node, least) for node, least in zip(warm, lowest, strict=True) if least >= threshold
        ]
        for node, least in finals:
            task.offer(node, least)
        going = [self._more(None, task) for _ in range(self.n - count)]
        given_up = 0
        while going:
            pieces = list(nodes((yield from together(going))))
            going = []
            for node in pieces:
                least = self.lowest(node)
                if node.length >= self.window and least < threshold:
                    given_up += 1
                elif node.finish == "stop" or node.length >= task.params.max_tokens:
                    finals.append((node, least))
                    task.offer(node, least)
                else:
                    going.append(self._more(node, task))
        decision = decide(task.problem, finals, "weighted")
        note = f"{decision.note}; {given_up} given up below {threshold:.3g}"
        return Decision(decision.node, decision.finals, note)

    def _more(self, at: Node | None, task: Task) -> Generate:
        left = task.params.max_tokens - (0 if at is None else at.length)
        return Generate(at, max(min(self.chunk, left), 1), alternatives=self.alternatives)

    def lowest(self, node: Node) -> float:
        """Return the confidence of a trace's least sure group, 0 if nothing is known of it."""
        told: list[float] = []
        for piece in node.path:
            told += _sure(piece.confidences)
        return float(groups(told, self.window).min()) if told else 0.0


def _sure(confidences: Sequence[float] | None) -> list[float]:
    return [value for value in confidences or () if math.isfinite(value)]
