"""Particle filtering and particle Gibbs over steps."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from ttc.options import OptionReader
from ttc.strategies import Decision, Node, StrategyRun, Task
from ttc.strategies.search import Search, draw, rate

CLIP = 1e-7


class Particles(Search):
    """Resamples n traces after each step by the odds of their scores (Puri et al. 2025).

    "Rollout roulette": a particle filter over steps. After each step, all traces are resampled with
    replacement by softmax(logit(score) / tau); finished ones keep their weight. Returns a finished
    trace of the last iteration. Options, besides those of `Search`:

    - `n`: particles of all iterations together
    - `iterations`: above 1, particle Gibbs: n are shared out among the iterations, and a trace that
      is drawn by weight from each is the first particle of the next one, whatever is resampled
    - `tau`: the temperature of the softmax, above 0
    - `weight`: `odds` as above, or `prob`: softmax(log(score) / tau)
    - `final`: `best` answers by `pick`, `draw` with a trace drawn by weight

    Scores are clipped to [1e-7, 1 − 1e-7]. Annealing of tau is not implemented.
    """

    name = "particles"

    def parse(self, read: OptionReader) -> dict[str, Any]:
        self.n, self.iterations = read.whole("n", 16), read.whole("iterations", 1)
        self.tau = read.number("tau", 1.0)
        self.weight = read.choice("weight", ("odds", "prob"), "odds")
        self.final = read.choice("final", ("best", "draw"), "best")
        if self.n < self.iterations or self.tau <= 0:
            raise ValueError("n must be at least the iterations, and tau above 0")
        names = ("n", "iterations", "tau", "weight", "final")
        return {name: getattr(self, name) for name in names}

    def run(self, task: Task) -> StrategyRun[Decision]:
        chance = random.Random(task.seed)
        each = self.n // self.iterations
        reference: Node | None = None
        finals: list[tuple[Node, float]] = []
        for _ in range(self.iterations):
            swarm = yield from self.sweep(task, each, reference, chance)
            if not swarm:
                continue
            finals = swarm
            nodes, weights = [node for node, _ in swarm], [weight for _, weight in swarm]
            (reference,) = chance.choices(nodes, weights)
        if not finals:
            return Decision(None, note="no trace was finished")
        # Copies of a trace are one candidate: its weight is their sum, its score that of one.
        chances: dict[int, float] = {}
        held = {id(node): node for node, _ in finals}
        for node, weight in finals:
            chances[id(node)] = chances.get(id(node), 0.0) + weight
        size = 1 / math.fsum(weight**2 for weight in chances.values())
        traces = list(held.values())
        if self.final == "draw":
            weights = [chances[id(node)] for node in traces]
            (node,) = chance.choices(traces, weights)
            drawn = tuple(zip(traces, weights, strict=True))
            return Decision(node, drawn, f"one of {len(traces)} traces, drawn by weight")
        scores = {id(node): score for node, score in task.offered}
        decision = self.decide(task, [(node, scores[id(node)]) for node in traces])
        note = f"{decision.note}; effective size {size:.1f} of {each}"
        return Decision(decision.node, decision.finals, note)

    def sweep(
        self, task: Task, count: int, reference: Node | None, chance: random.Random
    ) -> StrategyRun[list[tuple[Node, float]]]:
        """Run `count` particles to their ends; return them with their normalized weights.

        If there is a reference, the first particle follows it, whatever is resampled.
        """
        path = [] if reference is None else reference.path
        swarm: list[Node | None] = [None] * count
        logs: dict[int, float] = {}
        step = 0
        while True:
            moved = yield from self._move(task, swarm, path, step)
            fresh = [node for node in moved if id(node) not in logs]
            for node, score in zip(fresh, (yield from rate(fresh)), strict=True):
                logs[id(node)] = self._log_weight(score)
                if self.ended(node, task):
                    task.offer(node, score)
            if not moved:
                return []
            weights = self._weights(moved, logs)
            step += 1
            if all(self.ended(node, task) for node in moved):
                return list(zip(moved, weights, strict=True))
            kept = moved[:1] if path else []
            survivors = [*kept, *chance.choices(moved, weights, k=count - len(kept))]
            if all(self.ended(node, task) for node in survivors):
                # They were resampled by weight, so their weights are equal now.
                return [(node, 1 / len(survivors)) for node in survivors]
            swarm = [*survivors]

    def _move(
        self, task: Task, swarm: Sequence[Node | None], path: Sequence[Node], step: int
    ) -> StrategyRun[list[Node]]:
        """Draw a step for each unfinished particle; the first takes the reference's step."""
        places = [
            place
            for place, at in enumerate(swarm)
            if (at is None or not self.ended(at, task)) and not (path and place == 0)
        ]
        drawn = yield from draw([self.steps.ask(swarm[place], task.params) for place in places])
        moved: list[Node | None] = list(swarm)
        for place in places:
            moved[place] = None
        for place, node in zip(places, drawn, strict=False):
            moved[place] = node
        if path:
            moved[0] = path[min(step, len(path) - 1)]
        return [node for node in moved if node is not None]

    def _log_weight(self, score: float) -> float:
        clipped = min(max(score, CLIP), 1 - CLIP)
        odds = self.weight == "odds"
        return math.log(clipped) - (math.log(1 - clipped) if odds else 0.0)

    def _weights(self, swarm: Sequence[Node], logs: dict[int, float]) -> list[float]:
        scaled = [logs[id(node)] / self.tau for node in swarm]
        top = max(scaled)
        weights = [math.exp(each - top) for each in scaled]
        total = math.fsum(weights)
        return [weight / total for weight in weights]
