"""Questions about a text: the text is asked with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ttc.formats.shapes import noting
from ttc.formats.shapes.fields import about, answer, asked, has, several
from ttc.formats.shapes.multiple_choice import listed_in
from ttc.formats.shapes.noting import inside
from ttc.formats.shapes.shape import Asked, Shape, of

YES_NO = "Answer with yes or no."


def yes_or_no(record: Mapping[str, Any], name: str) -> str | None:
    """Return yes or no for a boolean, 1 or 0, or their texts; None for null and -1."""
    value = record.get(name)
    if value is None or value == -1 or value == "":
        return None
    noting.role(record, "reference", name)
    spelt = str(value).strip().lower()
    if spelt in ("true", "1", "1.0", "yes"):
        return "yes"
    if spelt in ("false", "0", "0.0", "no"):
        return "no"
    raise ValueError(f"{name!r} must be true or false")


class BoolQ(Shape):
    """Read BoolQ: `passage`, `question`, a boolean `answer`. Verifier: exact:case=fold."""

    name = "boolq"
    fields = of("passage", "question", "answer")
    verifier = "exact:case=fold"
    gold: ClassVar[str] = "answer"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the answer is a boolean, or a label of SuperGLUE."""
        return has(record, self.gold, bool, type(None)) or record[self.gold] in (
            "True", "False", "true", "false")  # fmt: skip

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the passage and the question, and yes or no."""
        whole = f"{asked(record, 'passage', 'question').removesuffix('?')}?\n\n{YES_NO}"
        return Asked(whole, yes_or_no(record, self.gold))


class BoolQLabel(BoolQ):
    """Read BoolQ of SuperGLUE: `passage`, `question`, `label`. Verifier: exact:case=fold."""

    name = "boolq-label"
    fields = of("passage", "question", "idx", "label")
    gold = "label"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the label is 0, 1 or -1."""
        return record["label"] in (0, 1, -1)


class StrategyQa(Shape):
    """Read StrategyQA: `question`, a boolean `answer`. Verifier: exact:case=fold."""

    name = "strategyqa"
    fields = of("qid", "question", "answer")
    identifiers = ("qid",)
    leaves = of("facts")  # hints to the answer
    verifier = "exact:case=fold"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the answer is a boolean."""
        return has(record, "answer", bool)

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question, and yes or no; the facts are hints to the answer."""
        return Asked(f"{asked(record, 'question')}\n\n{YES_NO}", yes_or_no(record, "answer"))


class Drop(Shape):
    """Read DROP: `passage`, `question`, the spans of answers. Verifier: exact:case=fold."""

    name = "drop"
    fields = of("passage", "question", "answers_spans")
    identifiers = ("query_id",)
    verifier = "exact:case=fold"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the passage and the question, and the answers, any of which is right."""
        spans = several(inside(record, "answers_spans"), "spans")
        return Asked(asked(record, "passage", "question"), [*dict.fromkeys(spans)] or None)


class DropAnswers(Shape):
    """Read DROP with its own answers: number, spans or date. Verifier: exact:case=fold."""

    name = "drop-answers"
    fields = of("passage", "question", "answer", "validated_answers")
    identifiers = ("query_id",)
    verifier = "exact:case=fold"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the passage and the question, and the answers, any of which is right."""
        given = inside(record, "answer")
        date = given.get("date")
        date = date if isinstance(date, dict) else {}
        parts = [str(date.get(part) or "") for part in ("day", "month", "year")]
        found = [str(given.get("number") or ""), " ".join(filter(None, parts))]
        found += several(given, "spans") if given.get("spans") else []
        noting.role(record, "reference", "answer")
        golds = [*dict.fromkeys(filter(None, found))]
        return Asked(asked(record, "passage", "question"), golds or None)


class Squad(Shape):
    """Read SQuAD: `context`, `question`, `answers` with text. Verifier: exact:case=fold."""

    name = "squad"
    fields = of("context", "question", "answers")
    verifier = "exact:case=fold"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the context is a text, and the answers are SQuAD's or texts."""
        found = record["answers"]
        if isinstance(found, dict):
            return has(record, "context", str) and "text" in found
        # Where one of the answers is named right, they are choices.
        named = {"label", "answer", "gold", "correct_answer_id", "answer0"} & record.keys()
        return has(record, "context", str) and isinstance(found, list) and not named

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the context and the question, and the answers; none for what has no answer."""
        whole, found = asked(record, "context", "question"), record["answers"]
        texts = found.get("text") if isinstance(found, dict) else found
        if not texts:
            return Asked(whole)
        noting.role(record, "reference", "answers")
        return Asked(whole, reference={"answers": found})


class Reading(Shape):
    """Read questions about a text: `passage` or the like, `question`, `answer`. Verifier: exact.

    The text may be called passage, context, article, paragraph, story, document or background.
    """

    name = "reading"
    fields = of("question", "answer")
    verifier = "exact:case=fold"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether there is just one text, and no list of choices."""
        if listed_in(record, ("choices", "options", "endings")):
            return False
        return has(record, "question", str) and about(record) is not None

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the text and the question, and the answer or all answers."""
        text = about(record)
        whole = asked(record, *([text] if text else []), "question")
        if has(record, "answer", list):
            return Asked(whole, several(record, "answer") or None)
        return Asked(whole, answer(record, "answer"))


class PubMedQa(Shape):
    """Read PubMedQA: `context`, `question`, `final_decision`. Verifier: exact:case=fold."""

    name = "pubmedqa"
    fields = of("question", "context", "final_decision")
    identifiers = ("pubid",)
    verifier = "exact:case=fold"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the abstract and the question, and yes, no or maybe."""
        if has(record, "context", dict):
            inner = inside(record, "context")
            parts = inner.get("contexts")
        else:
            parts = record["context"]
        noting.role(record, "question", "context")
        asks = f"{asked(record, 'question')}\n\nAnswer with yes, no or maybe."
        return Asked(f"{_joined(parts, 'context')}\n\n{asks}", answer(record, "final_decision"))


class PubMedQaSource(Shape):
    """Read PubMedQA's own file: `CONTEXTS`, `QUESTION`, a decision. Verifier: exact:case=fold."""

    name = "pubmedqa-source"
    fields = of("QUESTION", "CONTEXTS", "final_decision")
    verifier = "exact:case=fold"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the abstract and the question, and yes, no or maybe."""
        noting.role(record, "question", "CONTEXTS")
        whole = f"{_joined(record['CONTEXTS'], 'CONTEXTS')}\n\n{asked(record, 'QUESTION')}"
        gold = answer(record, "final_decision")
        return Asked(f"{whole}\n\nAnswer with yes, no or maybe.", gold)


def _joined(parts: object, name: str) -> str:
    if isinstance(parts, str):
        return parts.strip()
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError(f"{name!r} must be a text or a list of texts")
    return "\n\n".join(part.strip() for part in parts)
