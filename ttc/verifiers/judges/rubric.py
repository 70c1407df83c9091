"""judge: a model scores an answer by a rubric, or decides whether it is right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from ttc.backends import Completion
from ttc.options import OptionReader
from ttc.records import Sample
from ttc.verifiers.judges.base import Judge
from ttc.verifiers.judges.prompting import last_line
from ttc.verifiers.judges.requests import Ask

_SCORE = re.compile(r"(\d{1,2}(?:\.\d+)?)(?:\s*/\s*10)?")
_WORDS = {"right": 1.0, "wrong": 0.0}


class Rubric(Judge):
    """A model's score by a rubric (`as=score`, 0 to 10) or its verdict (`as=verdict`).

    Zheng et al. 2023, "Judging LLM-as-a-Judge". The last line of the reply has the score, or Right
    or Wrong. The sample's score is the mean of the votes that can be read, in [0, 1]; the sample is
    correct if it reaches `threshold` (0.5 for verdicts, none for scores).
    """

    name = "judge"
    defaults: ClassVar[Mapping[str, str]] = {"as": "score", "threshold": ""}

    def __init__(self, **given: object) -> None:
        super().__init__(given)

    def parse(self, read: OptionReader) -> None:
        """Also read `as`, which decides the prompt, and `threshold`."""
        self._kind = read.choice("as", ("score", "verdict"), "score")
        super().parse(read)
        threshold = read.number("threshold", None)
        self._threshold = 0.5 if threshold is None and self._kind == "verdict" else threshold

    @property
    def template_name(self) -> str:
        """The name of the prompt for scores, or of that for verdicts."""
        return "judge" if self._kind == "score" else "judge-verdict"

    def ask(self, sample: Sample, vote: int) -> Ask:
        """Return the request with the rubric."""
        return Ask(self.filled(sample))

    def value(self, ask: Ask, done: Completion) -> float | None:
        """Return the vote in the last line, if it has exactly the requested form."""
        if self._kind == "verdict":
            word = last_line(done.text, "Verdict:")
            return None if word is None else _WORDS.get(word.casefold())
        score_text = last_line(done.text, "Score:")
        found = _SCORE.fullmatch(score_text) if score_text is not None else None
        if found is None or not 0 <= (score := float(found[1])) <= 10:
            return None
        return score / 10

    def decide(self, score: float) -> bool | None:
        """Return whether the score reaches the threshold; None if there is no threshold."""
        return None if self._threshold is None else score >= self._threshold
