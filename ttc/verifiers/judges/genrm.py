"""genrm: a model verifies an answer step by step, several times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ttc.backends import Completion
from ttc.options import OptionReader
from ttc.records import Sample
from ttc.verifiers.judges.base import Judge
from ttc.verifiers.judges.prompting import last_line
from ttc.verifiers.judges.requests import Ask

_LINE = "Verification: Is the answer correct (Yes/No)?"
_WORDS = {"yes": 1.0, "no": 0.0}


class GenRM(Judge):
    """The share of `v` sampled step-by-step verifications that end in Yes.

    Zhang et al. 2024; Singhi et al. 2025. A verification's vote is p(Yes) / (p(Yes) + p(No)) at
    its last line if the backend has `choose` and `prefix`, else 1 or 0 by its last word ("not
    sure" is neither). Votes that cannot be read are left out of the mean. With `hard=yes` each vote
    is Yes or No, and one that cannot be read is No; `solve-verify:v=…,of=V` needs such scores.
    """

    name = "genrm"
    defaults: ClassVar[Mapping[str, str]] = {"v": "4", "hard": "no"}

    def __init__(self, **given: object) -> None:
        super().__init__(given)

    def parse(self, read: OptionReader) -> None:
        """Also read `hard`."""
        super().parse(read)
        self._hard = self.switch(read, "hard")
        self.silence = 0.0 if self._hard else None

    def count(self, read: OptionReader) -> int:
        """Read `v`, the number of verifications. OptionError if `n` is given."""
        read.refuse("n", "the number of verifications is v, not n")
        self.options["n"] = self.options["v"]
        return read.whole("v", 1)

    def ask(self, sample: Sample, vote: int) -> Ask:
        """Request a verification; stop before its last line if the backend can weigh Yes and No."""
        return Ask(self.filled(sample), stop=(_LINE,) if self._weighs else ())

    @property
    def _weighs(self) -> bool:
        return {"choose", "prefix"} <= self.backend.capabilities

    def follow(self, sample: Sample, ask: Ask, done: Completion) -> Ask | None:
        """Request the probabilities of Yes and No at the end of a complete verification."""
        if not self._weighs or done.stop != _LINE:
            return None
        return Ask(ask.messages, prefix=done.text + _LINE, choices=("Yes", "No"))

    def value(self, ask: Ask, done: Completion) -> float | None:
        """Return the probability of Yes, or the vote of the word in the last line."""
        value = None
        if done.chances is not None:
            yes, no = done.chances["Yes"], done.chances["No"]
            value = yes / (yes + no) if yes + no > 0 else None
        elif (word := last_line(done.text, _LINE)) is not None:
            value = _WORDS.get(word.casefold())
        if value is None or not self._hard:
            return value
        return float(value > 0.5)

    def decide(self, score: float) -> bool | None:
        """Return whether more than half of the votes are Yes; None for a tie."""
        return None if score == 0.5 else score > 0.5
