"""Tree searches of a given width: REBASE, and ETS, which prunes it by an integer programme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from ttc.options import OptionReader
from ttc.strategies import Decision, Node, StrategyRun, Task
from ttc.strategies.search import Search, rate


def allocate(scores: Sequence[float], width: int, temperature: float) -> list[int]:
    """Return how many children each leaf gets: the softmax of the scores, as whole numbers that
    add up to `width`. The best leaf comes first and is rounded up, then the next of what is left.
    """
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    top = max(scores, default=0.0)
    masses = [math.exp((scores[place] - top) / temperature) for place in order]
    # What is left for each and those after it, added up from the smallest.
    sums = list(accumulate(reversed(masses)))[::-1]
    shares = [0] * len(scores)
    left = width
    for place, own, mass in zip(order, masses, sums, strict=True):
        # Rounding must not make a whole share one more.
        shares[place] = max(math.ceil(left * own / mass - 1e-9), 0) if mass > 0 else left
        left -= shares[place]
    return shares


class Rebase(Search):
    """Gives each leaf children by the softmax of its score (REBASE, Wu et al. 2024).

    "Inference scaling laws": `width` traces in all, of which the finished ones leave the tree;
    `temperature` is that of the softmax.
    """

    name = "rebase"

    def parse(self, read: OptionReader) -> dict[str, Any]:
        self.width = read.whole("width", 16)
        self.temperature = read.number("temperature", 0.2, above=0)
        return {"width": self.width, "temperature": self.temperature}

    def run(self, task: Task) -> StrategyRun[Decision]:
        finals: list[tuple[Node, float]] = []
        asked: list[Node | None] = [None] * self.width
        while asked:
            children = yield from self.draw(task, asked)
            scores = yield from rate(children)
            going = self.part(task, children, scores, finals)
            width = self.width - len(finals)
            if width <= 0 or not going:
                break
            asked = list(self.expand(going, width))
        return self.decide(task, finals)

    def expand(self, leaves: Sequence[tuple[Node, float]], width: int) -> list[Node]:
        """Return what to continue, each leaf as often as it gets children."""
        shares = allocate([score for _, score in leaves], width, self.temperature)
        pairs = zip(leaves, shares, strict=True)
        return [node for (node, _), count in pairs for _ in range(count)]


class ETS(Rebase):
    """REBASE that keeps the leaves worth their memory and unlike each other (Hooper et al. 2025).

    "ETS: efficient tree search": an integer programme trades the children that a leaf would get
    against the traces that must stay in memory (`memory`) and the clusters of alike last steps
    that are still there (`variety`). Steps are alike by the 3-grams of their letters, within a
    cosine distance of `distance` (the paper has an encoder of sentences). With memory = variety
    = 0 it is REBASE.
    """

    name = "ets"

    def parse(self, read: OptionReader) -> dict[str, Any]:
        self.memory = read.number("memory", 1.0, least=0)
        self.variety = read.number("variety", 1.5, least=0)
        self.distance = read.number("distance", 0.05)
        if self.memory or self.variety:
            from ttc.strategies.ets_pruning import check_solver

            check_solver()
        names = ("memory", "variety", "distance")
        return {**super().parse(read), **{name: getattr(self, name) for name in names}}

    def expand(self, leaves: Sequence[tuple[Node, float]], width: int) -> list[Node]:
        if self.memory or self.variety:
            from ttc.strategies.ets_pruning import clusters, prune

            shares = allocate([score for _, score in leaves], width, self.temperature)
            nodes = [node for node, _ in leaves]
            alike = clusters([node.text for node in nodes], self.distance)
            kept = prune(nodes, shares, alike, self.memory, self.variety)
            leaves = [leaf for leaf, keep in zip(leaves, kept, strict=True) if keep]
        return super().expand(leaves, width)
