"""judge: a model scores an answer by a rubric, or decides whether it is right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from ttc.backends import Completion
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
        self._kind = str(given.get("as", "score"))
        if self._kind not in ("score", "verdict"):
            raise ValueError(f"as must be score or verdict, not {self._kind!r}")
        super().__init__(given)
        text = self.options["threshold"] or ("0.5" if self._kind == "verdict" else "")
        try:
            self._threshold = float(text) if text else None
        except ValueError:
            raise ValueError(f"threshold must be a number, not {text!r}") from None

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
        said = last_line(done.text, "Score:")
        found = _SCORE.fullmatch(said) if said is not None else None
        if found is None or not 0 <= (score := float(found[1])) <= 10:
            return None
        return score / 10

    def decide(self, score: float) -> bool | None:
        """Return whether the score reaches the threshold; None if there is no threshold."""
        return None if self._threshold is None else score >= self._threshold
