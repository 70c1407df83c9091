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
    """Return the number of children of each leaf: the softmax of the scores times `width`, rounded
    so that they add up to `width` (REBASE, Wu et al. 2024).

    From the best leaf down, each gets its share of the children that are left, rounded up.
    """
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    top = max(scores, default=0.0)
    masses = [math.exp((scores[place] - top) / temperature) for place in order]
    # The mass of each leaf and those after it, summed from the smallest for precision.
    sums = list(accumulate(reversed(masses)))[::-1]
    shares = [0] * len(scores)
    left = width
    for place, own, mass in zip(order, masses, sums, strict=True):
        # A share that is whole but for rounding errors is not rounded up.
        shares[place] = max(math.ceil(left * own / mass - 1e-9), 0) if mass > 0 else left
        left -= shares[place]
    return shares


class Rebase(Search):
    """Gives each leaf children by the softmax of its score (REBASE, Wu et al. 2024).

    "Inference scaling laws": reward-balanced search. Returns a finished trace by `pick`. Options,
    besides those of `Search`:

    - `width`: children drawn in each round; finished traces leave the tree and narrow it by as many
    - `temperature`: of the softmax, above 0
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
        """Return the traces to continue: each leaf as often as it gets children."""
        shares = allocate([score for _, score in leaves], width, self.temperature)
        pairs = zip(leaves, shares, strict=True)
        return [node for (node, _), count in pairs for _ in range(count)]


class ETS(Rebase):
    """Prunes the leaves of REBASE for memory and variety (ETS, Hooper et al. 2025).

    "ETS: efficient tree search". An integer programme keeps the leaves that maximize their share of
    the children in REBASE, minus the share of the nodes that must stay in the KV cache, plus the
    share of the clusters of similar last steps; then REBASE gives all children to them. Options,
    besides those of `rebase`:

    - `memory`: the weight of the nodes in memory (λ_b); `variety`: that of the clusters (λ_d); with
      both 0, this is `rebase`
    - `distance`: the cosine distance within a cluster, by average linkage

    The authors cluster sentence embeddings of a math encoder, and the default distance is theirs.
    Here steps are compared by the 3-grams of their letters, where only near copies are that close,
    so nearly every leaf is a cluster. Nodes count equally, whatever their tokens. Needs scipy.
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
