"""Notes on what was read as what."""

from __future__ import annotations

from collections import Counter
from typing import Any

SHOWN = 30  # characters of a value in a note


class Told:
    """What was read as what: by kind and field, the words with the number of lines."""

    def __init__(self) -> None:
        self._words: dict[str, Counter[str]] = {}
        self._examples: dict[str, dict[str, tuple[str, Counter[str]]]] = {}

    def word(self, field: str, found: Any, read: Any) -> None:
        """Count a word that was read as another one."""
        pair = f"{shown(found)} as {written(read)}"
        self._words.setdefault(field, Counter())[pair] += 1

    def example(self, kind: str, field: str, found: Any) -> None:
        """Count a value of a kind that has no words, such as numbers; keep the first."""
        kept = self._examples.setdefault(kind, {})
        _, count = kept.setdefault(field, (shown(found), Counter()))
        count[""] += 1

    def notes(self) -> list[str]:
        """Return a line for each kind."""
        lines = []
        for field, pairs in self._words.items():
            listed = ", ".join(f"{pair} ({count})" for pair, count in pairs.most_common(8))
            more = f" and {len(pairs) - 8} more" if len(pairs) > 8 else ""
            lines.append(f"{field}: read {listed}{more}")
        for kind, fields in self._examples.items():
            each = (f"{name} ({count['']}, as {first})" for name, (first, count) in fields.items())
            lines.append(f"{kind}: {', '.join(each)}")
        return lines


def shown(value: Any) -> str:
    """Return a value as notes show it."""
    text = value if isinstance(value, str) and value else repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def written(value: Any) -> str:
    """Return a value as JSON writes it."""
    return {True: "true", False: "false", None: "null"}.get(value, str(value))
