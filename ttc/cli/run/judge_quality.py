"""Whether a judge can be trusted: its scores against what is known to be right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ttc.curves.uncertainty import auc
from ttc.records import Sample, Verdict


@dataclass(slots=True)
class Quality:
    """Whether a judge's scores tell right answers from wrong ones, where that is known."""

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

    def told(self, judge: str) -> str | None:
        """Return a line on it; None where there is nothing to hold the scores against."""
        if not self.scores:
            return None
        right = sum(self.correct)
        who = self.truths[0] if self.truths is not None else "the lines"
        over = f"{right} right and {len(self.correct) - right} wrong samples by {who}"
        found = auc(self.scores, self.correct)
        if found is None:
            return f"{judge}: no AUC: {over}"
        return f"{judge}: AUC {found:.3f} over {over}; 0.5 is what a score without sense has"
