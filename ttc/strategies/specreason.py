"""Two models: a small one drafts steps, the main one rates them and rewrites bad ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from ttc.options import OptionReader
from ttc.records import Message
from ttc.strategies import Choose, Decision, Node, StrategyRun, Task, chat, together
from ttc.strategies.search import draw
from ttc.strategies.steps import Steps

DIGITS = tuple("0123456789")
ASKED = (
    "Evaluate the last reasoning step solely on whether it is correct and useful for solving the "
    "problem. Give it a quality score from 0 (wrong or useless) to 9 (right and useful). Answer "
    "with the score alone."
)
PREFIX = "The quality score is:"


class SpecReason:
    """Drafts steps with a small model and keeps those that the main one accepts (Pan et al. 2025).

    "SpecReason". The main model rates each drafted step with a digit; if the rating is too low, it
    writes the step itself. Ends when a step repeats the one before. Returns the one trace. Options,
    besides the `step`, `pattern`, `step_tokens` and `steps` of `Search`:

    - `threshold`: the lowest rating that is accepted, on the scale 0 to 9
    - `first`: steps at the beginning that the main model writes
    - `score`: the `mean` of the digits under the model's distribution, or the likeliest (`greedy`)

    The authors' default score is the greedy digit. Their judge is asked for correctness and
    validity only, not for usefulness, and "boxed" or "Answer:" ends their run; here a trace ends as
    in every search. Usage is not counted per model.
    """

    name = "specreason"
    needs = frozenset({"prefix", "stop-kept", "choose"})
    scores = False
    drafts = True

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        self.steps = Steps.parse(read)
        self.threshold = read.number("threshold", 7.0)
        self.first = read.whole("first", 0, 0)
        self.score = read.choice("score", ("mean", "greedy"), "mean")
        read.end()

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        own = {"threshold": self.threshold, "first": self.first, "score": self.score}
        return {**self.steps.config, **own}

    def run(self, task: Task) -> StrategyRun[Decision]:
        at: Node | None = None
        accepted = judged = 0
        while at is None or not self.steps.ended(at, task.params):
            before = at
            step: Node | None = None
            if (0 if at is None else at.depth) >= self.first:
                step = yield from self._write(task, at, "draft")
            if step is not None:
                judged += 1
                if (yield from self._rate(task, step)) >= self.threshold:
                    accepted += 1
                else:
                    step = None
            if step is None:
                step = yield from self._write(task, at, "main")
            if step is None:
                return Decision(None, note="no step could be drawn")
            at = step
            if before is not None and before.text == at.text:
                break  # it would repeat itself without end
        task.offer(at)
        return Decision(at, ((at, 1.0),), f"{accepted} of {judged} drafted steps accepted")

    def _write(self, task: Task, at: Node | None, model: str) -> StrategyRun[Node | None]:
        asked = self.steps.ask(at, task.params)
        drawn = yield from draw([replace(asked, model=model)])
        return drawn[0] if drawn else None

    def _rate(self, task: Task, step: Node) -> StrategyRun[float]:
        problem = task.problem
        question = chat(problem)
        turns = (*question, Message("assistant", step.trace), Message("user", ASKED))
        (reply,) = yield from together([Choose(DIGITS, messages=turns, prefix=PREFIX)])
        chances = reply.chances
        total = math.fsum(chances.values())
        if not total:
            return 0.0  # no digit has a probability above 0
        if self.score == "greedy":
            return float(max(DIGITS, key=lambda digit: chances.get(digit, 0.0)))
        return math.fsum(int(digit) * chance for digit, chance in chances.items()) / total
