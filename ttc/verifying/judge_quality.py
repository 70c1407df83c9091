"""Test the scores of a judge against verdicts that are known: the area under the ROC curve."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ttc.curves.uncertainty import auc
from ttc.records import Sample, Verdict


@dataclass(slots=True)
class Quality:
    """Scores of a judge, and which of these samples are correct.

    `truths` are the name of the verifier that judged correctness and its verdicts, by problem and
    index; None if the lines themselves have a field `correct`.
    """

    truths: tuple[str, dict[str, dict[int, bool]]] | None = None
    scores: list[float] = field(default_factory=list)
    correct: list[bool] = field(default_factory=list)

    def add(self, record: dict[str, Any], sample: Sample, verdict: Verdict) -> None:
        """Count a score if the answer is known: from the store, or from the line itself."""
        truth = record.get("correct")
        if self.truths is not None:
            truth = self.truths[1].get(sample.problem, {}).get(sample.index)
        if verdict.score is not None and isinstance(truth, bool):
            self.scores.append(verdict.score)
            self.correct.append(truth)

    def note(self, judge: str) -> str | None:
        """Return a line with the AUC; None if no score has a known verdict."""
        if not self.scores:
            return None
        right = sum(self.correct)
        who = self.truths[0] if self.truths is not None else "the lines"
        over = f"{right} right and {len(self.correct) - right} wrong samples by {who}"
        found = auc(self.scores, self.correct)
        if found is None:
            return f"{judge}: no AUC: {over}"
        return f"{judge}: AUC {found:.3f} over {over}; a random score has 0.5"
