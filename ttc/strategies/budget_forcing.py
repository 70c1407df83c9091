"""Budget forcing: a thinking budget that is kept to the token, stretched and cut by words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ttc.options import OptionReader
from ttc.strategies import Decision, Generate, Node, StrategyRun, Task, given
from ttc.strategies.search import draw
from ttc.strategies.steps import ESCAPES


class BudgetForcing:
    """Thinks for a budget of tokens, cut or told to "Wait" (Muennighoff et al. 2025).

    "s1: simple test-time scaling". Thinking ends with `end` or where the model ends; `waits` times
    that is taken back and `wait` is put behind it, while `budget` tokens last. Then `cue` is put
    behind the end of thinking, and the answer is drawn, of up to the task's tokens.
    """

    name = "budget-forcing"
    needs = frozenset({"prefix", "stop-kept"})
    scores = False

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        self.budget, self.waits = read.whole("budget", 256), read.whole("waits", 1, 0)
        defaults = {"end": "</think>", "wait": r"\nWait", "cue": r"\n\nFinal answer:"}
        self.words = {name: read.text(name, default) for name, default in defaults.items()}
        for name, word in self.words.items():
            for written, meant in ESCAPES.items():
                word = word.replace(written, meant)
            self.words[name] = word
        read.end()

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        return {"budget": self.budget, "waits": self.waits, **self.words}

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Think, then answer."""
        end = self.words["end"]
        at: Node | None = None
        left, waits = self.budget, 0
        while left > 0:
            drawn = yield from draw([Generate(at, left, (*task.params.stop, end))])
            if not drawn:
                return Decision(None, note="no draw came")
            thought = drawn[0]
            left -= thought.tokens
            at = replace(thought, text=thought.text.removesuffix(end))
            if thought.finish == "length" or waits == self.waits or left <= 0:
                break
            waits += 1
            at = given(at, self.words["wait"])
        at = given(at, end + self.words["cue"])
        # The thinking is paid for; the answer has the task's own limit.
        answer = yield from draw([Generate(at, task.params.max_tokens)])
        if not answer:
            return Decision(None, note="no draw came")
        spent = self.budget - left
        note = f"thought for {spent} of {self.budget} tokens, told to wait {waits} times"
        return Decision(answer[0], ((answer[0], 1.0),), note)
