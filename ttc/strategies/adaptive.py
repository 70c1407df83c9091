"""Draw whole answers until one scores enough, or cut answers early by their score."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from ttc.messages.counts import some
from ttc.options import OptionReader
from ttc.strategies import Decision, Generate, Node, StrategyRun, Task
from ttc.strategies.search import best_first, draw, rate


class Adaptive:
    """Draws in growing batches until the best score reaches gamma (Manvi et al. 2024).

    "Adaptive inference-time compute" (arXiv 2410.02725),
    capability-aware adaptive sampling. Returns the best-scored draw. Options:

    - `n`: the most draws
    - `gamma`: the score in [0, 1] at which to stop
    - `batches`: draws of each batch, as in 1/1/2/4/8; the last size is repeated

    Unlike the paper, all draws have one temperature: it is not annealed. With `--scorer self-eval`
    the score is the probability that starting over would not be better, as in the paper, of a model
    that was not fine-tuned for it.
    """

    name = "adaptive"
    needs = frozenset[str]()
    scores = True

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        self.n, self.gamma = read.whole("n", 16), read.number("gamma", 0.95)
        self.batches = read.wholes("batches", [1, 1, 2, 4, 8], "/", "numbers as in 1/1/2/4/8")
        read.end()

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        return {"n": self.n, "gamma": self.gamma, "batches": self.batches}

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Draw and score batches until one score is enough; return the best-scored draw."""
        finals: list[tuple[Node, float]] = []
        asked, turn = 0, 0
        while asked < self.n:
            size = self.batches[min(turn, len(self.batches) - 1)]
            count = min(size, self.n - asked)
            asked, turn = asked + count, turn + 1
            drawn = yield from draw([Generate() for _ in range(count)])
            for node, score in zip(drawn, (yield from rate(drawn, "outcome")), strict=True):
                finals.append((node, score))
                task.offer(node, score)
            if finals and max(score for _, score in finals) >= self.gamma:
                break
        if not finals:
            return Decision(None, note="no draw succeeded")
        best, score = max(finals, key=lambda pair: pair[1])
        return Decision(best, tuple(finals), f"score {score:.3g} after {some(asked, 'draw')}")


class Prune:
    """Scores n answers after so many tokens and finishes the best of them (Manvi et al. 2024).

    "Adaptive inference-time compute" (arXiv 2410.02725),
    early pruning. Returns the best-scored finished answer. Options:

    - `n`: answers that are begun
    - `tokens`: tokens after which they are scored
    - `keep`: the share of `n` that is finished, in (0, 1]

    As in `adaptive`, a scorer that asks a model uses one that was not fine-tuned for it.
    """

    name = "prune"
    needs = frozenset({"prefix"})
    scores = True

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        self.n, self.tokens = read.whole("n", 16), read.whole("tokens", 64)
        self.keep = read.number("keep", 0.25, above=0, most=1)
        read.end()

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        return {"n": self.n, "tokens": self.tokens, "keep": self.keep}

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Begin n answers, score them, finish the best, and return the best of those."""
        limit = task.params.max_tokens
        begun = yield from draw(self._begin(limit))
        scores = yield from rate(begun, "partial")
        kept = [node for node, _ in best_first(begun, scores)[: ceil(round(self.keep * self.n, 9))]]
        whole_ones = [node for node in kept if self._ended(node, limit)]
        cut = [node for node in kept if not self._ended(node, limit)]
        rest = yield from draw([Generate(node, limit - node.length) for node in cut])
        finals = [*whole_ones, *rest]
        pairs = best_first(finals, (yield from rate(finals, "outcome")))
        for node, score in pairs:
            task.offer(node, score)
        if not pairs:
            return Decision(None, note="no draw succeeded")
        note = f"{len(kept)} of {len(begun)} finished, the best with score {pairs[0][1]:.3g}"
        return Decision(pairs[0][0], tuple(pairs), note)

    def _begin(self, limit: int) -> list[Generate]:
        return [Generate(max_tokens=min(self.tokens, limit)) for _ in range(self.n)]

    @staticmethod
    def _ended(node: Node, limit: int) -> bool:
        return node.finish == "stop" or node.length >= limit
