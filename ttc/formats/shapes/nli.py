"""Pairs of texts: entailment and translation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.formats.shapes import choices, noting
from ttc.formats.shapes.fields import has, text
from ttc.formats.shapes.shape import Asked, Shape, of

_LABELS = ("entailment", "neutral", "contradiction")
_SHORT = {"e": 0, "n": 1, "c": 2}


class Nli(Shape):
    """Read NLI: `premise`, `hypothesis`, and a `label` that is a word or 0 to 2. Verifier: choice.

    0, 1 and 2 are entailment, neutral and contradiction, as in SNLI, MNLI, ANLI and XNLI.
    """

    name = "nli"
    fields = of("premise", "hypothesis", "label")
    remark = "labels 0, 1, 2 are entailment, neutral, contradiction"
    verifier = "choice"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return premise and hypothesis with the three labels, and the letter of the right one."""
        noting.role(record, "question", "premise")
        noting.role(record, "question", "hypothesis")
        found, given = choices.of_texts(_LABELS), record["label"]
        at: object = given
        if isinstance(given, str):
            word = given.strip().lower()
            at = _LABELS.index(word) if word in _LABELS else _SHORT.get(word, given)
        letter = found.label("label", at)
        if letter is not None:
            noting.role(record, "reference", "label")
        whole = (
            f"Premise: {text(record, 'premise').strip()}\n"
            f"Hypothesis: {text(record, 'hypothesis').strip()}\n\n"
            "What does the premise say about the hypothesis?"
        )
        return Asked(whole, letter, found)


class Translation(Shape):
    """Read WMT: an object `translation` of two languages, from the first. Verifier: judge."""

    name = "translation"
    fields = of("translation")
    verifier = "judge"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether there are texts in two languages."""
        pair = record["translation"]
        return isinstance(pair, dict) and len(pair) == 2 and has(record, "translation", dict)

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the text in the first language, and that in the second."""
        pair = record["translation"]
        if not isinstance(pair, dict) or len(pair) != 2:
            raise ValueError("'translation' must be an object of two languages")
        (source, given), (target, _) = pair.items()
        noting.remark(record, f"translated from {source} to {target}, as the fields are ordered")
        noting.role(record, "question", f"translation.{source}")
        noting.role(record, "reference", f"translation.{target}")
        whole = f"Translate from {source} to {target}. Reply with the translation only.\n\n{given}"
        return Asked(whole, text(pair, target))
