"""The clock of chat templates: `strftime_now`, with which some write the date into the prompt.

A prompt with another date is another prompt. So a template sees one day (at midnight) as long as a
backend is open, and the dates it writes are part of the keys of samples. Templates that read no
clock leave the keys as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time

from ttc.options import OptionReader

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_ASKED = re.compile(r"strftime_now\s+is\s+(?:not\s+)?defined")
_CALL = re.compile(r"""strftime_now\s*\(\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*\)""")


@dataclass(frozen=True, slots=True)
class Clock:
    """The day that a template sees."""

    day: date = field(default_factory=date.today)

    @classmethod
    def parse(cls, read: OptionReader) -> Clock:
        """Read the option `today` of a backend; default: the date of the system. OptionError."""

        def parsed(given: object) -> Clock:
            return cls(date.fromisoformat(str(given)))

        return read.value("today", None, parsed, "a date such as 2026-01-31") or cls()

    def strftime_now(self, form: str) -> str:
        """Format the beginning of the day: the function that templates call."""
        return datetime.combine(self.day, time()).strftime(form)

    def read_by(self, template: str) -> str | None:
        """Return the dates that a template writes; None if it reads no clock.

        If a format is not a literal in the template, that is the whole date.
        """
        code = _ASKED.sub("", _COMMENT.sub("", template))
        forms = {one or other for one, other in _CALL.findall(code)}
        found = {self.strftime_now(form) for form in forms}
        if "strftime_now" in _CALL.sub("", code):
            found.add(self.day.isoformat())
        return "; ".join(sorted(found)) or None
