"""Budget forcing: keep a thinking budget to the token, by cutting and by appended words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ttc.messages.counts import some
from ttc.options import OptionReader
from ttc.strategies import Decision, Generate, Node, StrategyRun, Task, given
from ttc.strategies.search import draw
from ttc.strategies.steps import ESCAPES


class BudgetForcing:
    """Thinks for a budget of tokens, cut short or extended by "Wait" (Muennighoff et al. 2025).

    "s1: simple test-time scaling". If thinking ends before the budget, the mark of its end is
    removed and a word appended, and thinking continues. Then the answer is drawn, with the task's
    own max_tokens. Returns the one trace. Options (`\\n` and `\\t` are read as in Python):

    - `budget`: tokens of thinking at most
    - `waits`: how often thinking is continued
    - `end`: the text that ends thinking
    - `wait`: the text appended to continue it
    - `cue`: the text appended after `end` to ask for the answer
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
                return Decision(None, note="no draw succeeded")
            thought = drawn[0]
            left -= thought.tokens
            at = replace(thought, text=thought.text.removesuffix(end))
            if thought.finish == "length" or waits == self.waits or left <= 0:
                break
            waits += 1
            at = given(at, self.words["wait"])
        at = given(at, end + self.words["cue"])
        # The budget limits the thinking alone.
        answer = yield from draw([Generate(at, task.params.max_tokens)])
        if not answer:
            return Decision(None, note="no draw succeeded")
        spent = self.budget - left
        note = f"{spent} of {self.budget} thinking tokens, continued {some(waits, 'time')}"
        return Decision(answer[0], ((answer[0], 1.0),), note)
