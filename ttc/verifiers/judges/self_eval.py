"""self-eval: would the model that answered do better if it started over?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ttc.backends import Backend, Completion
from ttc.records import Message, Sample
from ttc.verifiers.judges.base import Judge
from ttc.verifiers.judges.requests import Ask

_WORDS = {"yes": 0.0, "no": 1.0}


class SelfEval(Judge):
    """p(No) of "Would you do better if you started over?" (Manvi et al. 2024, 2410.02725).

    The question is put behind the answer, in the same chat: score = p(No) / (p(Yes) + p(No)), by
    the backend's `choose`, else as the share of `n` replies that say No. It estimates that
    a restart will not be better, which is also likely of a question that is too hard, and not
    that the answer is right; models that were not trained for it are not calibrated.
    """

    name = "self-eval"
    defaults: ClassVar[Mapping[str, str]] = {"max_tokens": "8"}

    def __init__(self, **given: object) -> None:
        super().__init__(given)
        self._asked_n = self.n

    def attach(self, backend: Backend) -> None:
        """Take the model; where it can weigh words, one vote says all."""
        super().attach(backend)
        self.n = 1 if self._weighs else self._asked_n

    @property
    def _weighs(self) -> bool:
        return "choose" in self.backend.capabilities

    def ask(self, sample: Sample, vote: int) -> Ask:
        """Put the question behind the answer."""
        turns = (Message("assistant", sample.text), Message("user", self.template.strip()))
        choices = ("Yes", "No") if self._weighs else ()
        return Ask((*sample.asked, *turns), choices=choices)

    def value(self, ask: Ask, done: Completion) -> float | None:
        """Return the chance of No, or read the one word that was said."""
        if done.chances is not None:
            yes, no = done.chances["Yes"], done.chances["No"]
            return no / (yes + no) if yes + no > 0 else None
        return _WORDS.get(done.text.strip(" \n.*!\"'").casefold())
