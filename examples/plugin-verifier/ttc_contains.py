"""contains: check whether the reference answer appears in the text, as whole words.

A template for verifiers: `pip install ./examples/plugin-verifier`, then `-V contains`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ttc.answers import visible
from ttc.records import Sample, Verdict


class Contains:
    """Check whether the reference answer appears in the text; `case=keep` is case-sensitive."""

    name = "contains"
    version = "1"  # raise with every change of verdicts: those of older versions are then ignored
    reads_reference = True  # its scores know the answer, so rules that pick by them are oracles

    def __init__(self, case: str = "fold", **unknown: object) -> None:
        if unknown:
            raise ValueError(f"contains has no option {', '.join(unknown)}; it has: case")
        if case not in {"fold", "keep"}:
            raise ValueError(f"case must be fold or keep, not {case!r}")
        self._case = case

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in use, which are part of the verdicts' key."""
        return {"case": self._case}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict for each sample, in order."""
        return map(self._judge, samples)

    def _judge(self, sample: Sample) -> Verdict:
        text = visible(sample.text)  # without reasoning
        if not text:
            return Verdict(correct=False, score=0.0, status="no_answer")
        answer = sample.reference.get("answer")
        if not isinstance(answer, str | int) or not str(answer).strip():
            return Verdict(status="no_reference", detail=f"the reference answer is {answer!r}")
        flags = re.IGNORECASE if self._case == "fold" else 0
        word = rf"(?<!\w){re.escape(str(answer).strip())}(?!\w)"
        correct = re.search(word, text, flags) is not None
        # No `answer` is set: it would be counted as a vote, and every vote would equal the
        # reference.
        return Verdict(None, correct, float(correct))
