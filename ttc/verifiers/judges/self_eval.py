"""self-eval: would the model do better if it started over?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ttc.backends import Backend, Completion
from ttc.records import Message, Sample
from ttc.verifiers.judges.base import Judge
from ttc.verifiers.judges.requests import Ask

_WORDS = {"yes": 0.0, "no": 1.0}


class SelfEval(Judge):
    """The probability that the model answers No to "Would you do better if you started over?".

    Manvi et al. 2024, 2410.02725. The question follows the answer in the same chat. The score is
    p(No) / (p(Yes) + p(No)) by the backend's `choose`, else the share of `n` replies that are No.
    It estimates that a restart would not be better (also likely if the question is too hard), not
    that the answer is right. Models that were not trained for it are not calibrated.
    """

    name = "self-eval"
    defaults: ClassVar[Mapping[str, str]] = {"max_tokens": "8"}

    def __init__(self, **given: object) -> None:
        super().__init__(given)
        self._asked_n = self.n
        self.reads_reference = False  # its question has no place for it

    def attach(self, backend: Backend) -> None:
        """Set the model. If it can weigh Yes and No, one vote is enough."""
        super().attach(backend)
        self.n = 1 if self._weighs else self._asked_n

    @property
    def _weighs(self) -> bool:
        return "choose" in self.backend.capabilities

    def ask(self, sample: Sample, vote: int) -> Ask:
        """Return the chat with the question after the answer."""
        turns = (Message("assistant", sample.text), Message("user", self.template.strip()))
        choices = ("Yes", "No") if self._weighs else ()
        return Ask((*sample.asked, *turns), choices=choices)

    def value(self, ask: Ask, done: Completion) -> float | None:
        """Return the probability of No, or the vote of the one word of the reply."""
        if done.chances is not None:
            yes, no = done.chances["Yes"], done.chances["No"]
            return no / (yes + no) if yes + no > 0 else None
        return _WORDS.get(done.text.strip(" \n.*!\"'").casefold())
