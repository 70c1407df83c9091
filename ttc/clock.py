"""What chat templates read from the clock: `strftime_now`, by which some date their prompts.

A prompt of another day is another prompt. So a template sees one day from a backend's opening to
its end, beginning at midnight, and what it reads of that is part of a sample's key. A template that
reads no clock keeps the keys it has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from ttc.errors import UsageError

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_ASKED = re.compile(r"strftime_now\s+is\s+(?:not\s+)?defined")
_CALL = re.compile(r"""strftime_now\s*\(\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*\)""")


@dataclass(frozen=True, slots=True)
class Clock:
    """The day that a template sees."""

    day: date = field(default_factory=date.today)

    @classmethod
    def parse(cls, backend: str, given: Any) -> Clock:
        """Read the option `today` of a backend, which is that of the system if it was not given.

        UsageError for what is no date.
        """
        if given is None:
            return cls()
        try:
            return cls(date.fromisoformat(str(given)))
        except ValueError:
            raise UsageError(
                f"{backend}: today must be a date such as 2026-01-31, not {given!r}"
            ) from None

    def strftime_now(self, form: str) -> str:
        """Return the beginning of the day in a form of strftime: the function of templates."""
        return datetime.combine(self.day, time()).strftime(form)

    def read_by(self, template: str) -> str | None:
        """Return what a template reads, as it renders it; None if it reads no clock.

        Where the form is not written out in the template, that is the whole date.
        """
        code = _ASKED.sub("", _COMMENT.sub("", template))
        forms = {one or other for one, other in _CALL.findall(code)}
        found = {self.strftime_now(form) for form in forms}
        if "strftime_now" in _CALL.sub("", code):
            found.add(self.day.isoformat())
        return "; ".join(sorted(found)) or None
