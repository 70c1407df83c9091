"""riddles: read records with `lines`, the lines of a riddle, and its `solution`.

A template for shapes of datasets: `pip install ./examples/plugin-format`, then `ttc sample FILE`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ttc.records import Message, Problem


class Riddles:
    """Read riddles: `lines` and `solution`."""

    name = "riddles"
    # A record must have these. Of the shapes that match, the one with most fields reads.
    fields = frozenset({"lines", "solution"})
    # The text around a question, unless the user gives another: None is the question alone.
    template: str | None = "Solve this riddle.\n\n{prompt}"

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Return whether a record that has the fields is a riddle."""
        return isinstance(record["lines"], list)

    def problem(self, record: Mapping[str, Any], default_id: str) -> Problem:
        """Return the riddle; KeyError or ValueError names what is missing, and ttc adds where.

        `default_id` is the place in the file, for records without an identifier. Which fields are
        read is noted, and the user is told of the others.
        """
        lines = record["lines"]
        if not lines or not all(isinstance(line, str) for line in lines):
            raise ValueError("'lines' must be a list of texts")
        asked = (Message("user", "\n".join(lines)),)
        reference = {"answer": record["solution"]} if record["solution"] else {}
        return Problem(str(record.get("number", default_id)), asked, reference=reference)
