"""AIME as its uploaders have it, and other sets whose fields begin with capitals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.formats.shapes.fields import answer, asked
from ttc.formats.shapes.shape import Asked, Shape, of


class Aime(Shape):
    """Read AIME: `Problem` and `Answer`. Verifier: numeric."""

    name = "aime"
    fields = of("Problem", "Answer")
    identifiers = ("ID",)
    verifier = "numeric"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the problem and its number."""
        return Asked(asked(record, "Problem"), answer(record, "Answer"))


class AimeByYear(Shape):
    """Read AIME 1983 to 2024: `Question`, `Answer`, `Year`. Verifier: numeric."""

    name = "aime-1983-2024"
    fields = of("Question", "Answer", "Year", "Problem Number")
    identifiers = ("ID",)
    verifier = "numeric"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the problem and its number."""
        return Asked(asked(record, "Question"), answer(record, "Answer"))


class Gaia(Shape):
    """Read GAIA: `Question` and `Final answer`; tasks with a file are refused. Verifier: exact."""

    name = "gaia"
    fields = of("Question", "Final answer")
    verifier = "exact"

    def read(self, record: Mapping[str, Any]) -> Asked:
        """Return the question and its answer. ValueError if a file goes with it."""
        if record.get("file_name"):
            raise ValueError("'file_name' names a file, and only text can be asked yet")
        gold = answer(record, "Final answer")
        return Asked(asked(record, "Question"), None if gold == "?" else gold)
