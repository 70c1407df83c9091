"""Beam searches over steps: beam, DVTS, and beam with early rejection."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import Any

from ttc.options import OptionReader
from ttc.strategies import Decision, Generate, Node, StrategyRun, Task, together
from ttc.strategies.search import Search, best_first, draw, rate, spread


class Beam(Search):
    """Keeps the best n/m of n traces after each step (Snell et al. 2024; search-and-learn).

    "Scaling LLM test-time compute optimally" (arXiv 2408.03314), beam search with a process reward
    model. Returns a finished trace by `pick`. Options, besides those of `Search`:

    - `n`: traces of the beam
    - `m`: children of each trace that is kept
    - `lookahead`: steps drawn greedily after a step, only to be scored with it (0: none)

    A finished trace leaves the beam, which narrows by one, so that with m = 1 it is n plain
    samples. In search-and-learn the beam stays n wide, and lookahead texts are drawn and not
    scored.
    """

    name = "beam"

    def parse(self, read: OptionReader) -> dict[str, Any]:
        self.n, self.m = read.whole("n", 16), read.whole("m", 4)
        self.lookahead = read.whole("lookahead", 0, 0)
        return {"n": self.n, "m": self.m, "lookahead": self.lookahead}

    def run(self, task: Task) -> StrategyRun[Decision]:
        finals: list[tuple[Node, float]] = []
        beam: list[Node | None] = [None] * self.n
        while beam:
            children = yield from self.children(task, beam)
            scores = yield from self.values(task, children)
            going = self.part(task, children, scores, finals)
            width = self.n - len(finals)
            kept = best_first(*_unzip(going))[: ceil(width / self.m)]
            beam = [*spread([node for node, _ in kept], max(width, 0))]
        return self.decide(task, finals)

    def children(self, task: Task, beam: list[Node | None]) -> StrategyRun[list[Node]]:
        """Draw the next step of each trace in the beam."""
        return (yield from self.draw(task, beam))

    def values(self, task: Task, children: list[Node]) -> StrategyRun[list[float]]:
        """Score the children, each at the end of its lookahead."""
        ends = list(children)
        for _ in range(self.lookahead):
            going = [place for place, end in enumerate(ends) if not self.ended(end, task)]
            asked = [_greedy(self.steps.ask(ends[place], task.params)) for place in going]
            for reply, place in zip((yield from together(asked)), going, strict=True):
                if reply.node is not None:
                    ends[place] = reply.node
        return (yield from rate(ends))


class EarlyRejection(Beam):
    """Drops children of a beam after `tau` tokens of a step (Cheshmi et al. 2025).

    "Early rejection with partial reward modeling". Each child draws
    `tau` tokens and is scored; the best 1/m of them draw the rest of the step. Options, besides
    those of `beam`:

    - `tau`: tokens of a step after which it is scored; from `step_tokens` on, this is `beam`

    Completed steps are scored again, and the beam goes by that score; the authors' code goes by the
    score of the partial step. Their marker of a step's end is not inserted. A step that ends within
    `tau` tokens is never dropped here. Extra scores are counted in the usage.
    """

    name = "early-rejection"

    def parse(self, read: OptionReader) -> dict[str, Any]:
        self.tau = read.whole("tau", 64)
        return {**super().parse(read), "tau": self.tau}

    def children(self, task: Task, beam: list[Node | None]) -> StrategyRun[list[Node]]:
        tau = min(self.tau, self.steps.longest)
        asked = [self.steps.ask(at, task.params, tau) for at in beam]
        begun = yield from draw(asked)
        whole_ones = [node for node in begun if not self._cut(node, task)]
        cut = [node for node in begun if self._cut(node, task)]
        if not cut:
            return begun
        scores = yield from rate(begun, "partial")
        keep = ceil(len(begun) / self.m)
        chosen = {id(node) for node, _ in best_first(begun, scores)[:keep]}
        kept = [node for node in cut if id(node) in chosen]
        rest = [self._rest_of_step(node, task) for node in kept]
        finished = yield from draw(rest)
        # Dropping a step that is complete would save nothing.
        return [*whole_ones, *finished]

    def _cut(self, node: Node, task: Task) -> bool:
        more = self.tau < self.steps.longest and node.length < task.params.max_tokens
        return node.finish == "length" and more

    def _rest_of_step(self, node: Node, task: Task) -> Generate:
        return self.steps.ask(node, task.params, self.steps.longest - node.tokens)


class DVTS(Search):
    """Keeps the best of m children in each of n/m separate trees (Beeching et al. 2024).

    "Scaling test-time compute with open models": diverse verifier tree search (DVTS). The trees
    never mix. When the best child of a tree is finished, all its finished siblings are candidates
    too. Returns a finished trace by `pick`. Options, besides those of `Search`:

    - `n`: traces in all trees, a multiple of m
    - `m`: children of each trace
    """

    name = "dvts"

    def parse(self, read: OptionReader) -> dict[str, Any]:
        self.n, self.m = read.whole("n", 16), read.whole("m", 4)
        if self.n % self.m:
            raise ValueError(f"n must be a multiple of m, not {self.n} with m={self.m}")
        return {"n": self.n, "m": self.m}

    def run(self, task: Task) -> StrategyRun[Decision]:
        finals: list[tuple[Node, float]] = []
        heads: list[Node | None] = [None] * (self.n // self.m)
        while heads:
            asked = [self.steps.ask(at, task.params) for at in heads for _ in range(self.m)]
            replies = yield from together(asked)
            children = [(place // self.m, reply.node) for place, reply in enumerate(replies)]
            drawn = [(tree, node) for tree, node in children if node is not None]
            scores = yield from rate([node for _, node in drawn])
            families: list[list[tuple[Node, float]]] = [[] for _ in heads]
            for (tree, node), score in zip(drawn, scores, strict=True):
                families[tree].append((node, score))
            heads = []
            for family in families:
                if not family:
                    continue
                best, _ = max(family, key=lambda pair: pair[1])
                if not self.ended(best, task):
                    heads.append(best)
                    continue
                self.part(task, *_unzip(family), finals)
        return self.decide(task, finals)


def _unzip(pairs: list[tuple[Node, float]]) -> tuple[list[Node], list[float]]:
    return [node for node, _ in pairs], [score for _, score in pairs]


def _greedy(asked: Generate) -> Generate:
    return replace(asked, temperature=0.0)
