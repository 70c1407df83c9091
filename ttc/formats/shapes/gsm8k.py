"""GSM8K and what has its layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ttc.formats.shapes.fields import answer, asked, text
from ttc.formats.shapes.noting import plain, role
from ttc.formats.shapes.shape import Asked, Shape, of

_GOLD = re.compile(r"####\s*(.+?)\s*$")


class Gsm8k(Shape):
    """Read GSM8K: `question`, and an `answer` that ends in `#### 18`. Verifier: numeric."""

    name = "gsm8k"
    fields = of("question", "answer")
    verifier = "numeric"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether the answer has a `####` line."""
        return _GOLD.search(str(plain(record)["answer"])) is not None

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question, and the number behind `####` without its commas."""
        gold = _GOLD.search(text(record, "answer"))
        if gold is None:
            raise ValueError("'answer' has no '#### ' line")
        role(record, "reference", "answer")
        return Asked(asked(record, "question"), gold.group(1).replace(",", ""))


class Mgsm(Shape):
    """Read MGSM: `question` and `answer_number`; `answer` is a worked one. Verifier: numeric."""

    name = "mgsm"
    fields = of("question", "answer", "answer_number")
    verifier = "numeric"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question and the number."""
        return Asked(asked(record, "question"), answer(record, "answer_number"))


class MultiArith(Shape):
    """Read MultiArith: `question` and `final_ans`. Verifier: numeric."""

    name = "multiarith"
    fields = of("question", "final_ans")
    verifier = "numeric"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question and the number."""
        return Asked(asked(record, "question"), answer(record, "final_ans"))
