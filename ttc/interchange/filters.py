"""Rows of lm-eval among lines: one for each filter, which all judge the same draws."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import Any

from ttc.errors import UsageError
from ttc.formats.files.streams import shell_name
from ttc.messages.counts import some


class Filters:
    """The filters of the rows of each problem."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._repeats = 0

    def check(self, place: str, record: Mapping[str, Any]) -> None:
        """Read the filter of a row. UsageError if its problem has rows by another one."""
        problem, chosen = str(record["problem"]), record["filter"]
        first = self._of.setdefault(problem, chosen)
        if first != chosen:
            file = place.rpartition(":")[0]
            way = f"`jq -c 'select(.filter == \"{first}\")'`"
            if "resps" in record and file and file != "<stdin>":
                way = f"`ttc import {shell_name(file)} --pool NAME --filter {quote(first)}`"
            raise UsageError(
                f"{place}: {problem!r} has rows by the filters {first!r} and {chosen!r}: the same "
                f"draw judged twice, not two draws; choose one: {way}"
            )
        repeats = record.get("resps")
        if isinstance(repeats, list) and repeats and isinstance(repeats[0], list):
            self._repeats += len(repeats[0]) > 1

    def notes(self) -> list[str]:
        """Return what to say of rows that hold more draws than are read."""
        if not self._repeats:
            return []
        return [
            f"{some(self._repeats, 'row')} of lm-eval have several responses and one verdict, and "
            "count as one draw; --map text=resps.0.* makes a draw of each"
        ]
