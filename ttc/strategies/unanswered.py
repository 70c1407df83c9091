"""Draws without an answer: cut while thinking, reasoning only, or empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ttc.answers import thinking
from ttc.strategies import Node

CUT, THOUGHT, EMPTY = "cut", "thought", "empty"


def reasons(nodes: Sequence[Node]) -> list[str]:
    """Return for each draw of one prompt why it has no answer: it was `cut` while thinking, it is
    only a `thought`, or it is `empty`; "" if it has one.

    If one draw closes a thought that the prompt opened, another one that was cut before a closing
    tag counts as still thinking.
    """
    readings = [thinking.read(node.trace) for node in nodes]
    unopened = any(reading.unopened for reading in readings)
    return [_reason(*pair, unopened) for pair in zip(nodes, readings, strict=True)]


def _reason(node: Node, reading: thinking.SplitText, unopened: bool) -> str:
    cut = node.finish == "length"
    if reading.said.strip():
        return CUT if cut and unopened and not reading.thought else ""
    if not reading.thought:
        return EMPTY
    return CUT if cut else THOUGHT


@dataclass(frozen=True, slots=True)
class Unanswered:
    """How many of so many `draws` have no answer, by reason."""

    draws: int = 0
    cut: int = 0
    thought: int = 0
    empty: int = 0

    @classmethod
    def of(cls, found: Sequence[str]) -> Unanswered:
        """Count the `reasons` of draws."""
        counts = Counter(found)
        return cls(len(found), counts[CUT], counts[THOUGHT], counts[EMPTY])

    @property
    def total(self) -> bool:
        """Whether there are draws and none has an answer."""
        return bool(self.draws) and self.cut + self.thought + self.empty == self.draws

    @property
    def words(self) -> str:
        """The counts as text; "" if every draw has an answer."""
        of = f"of {self.draws} draws"
        parts = []
        if self.cut:
            were = "was" if self.cut == 1 else "were"
            parts.append(f"{self.cut} {of} {were} cut while thinking; raise --max-tokens")
        if self.thought:
            alone = "is" if self.thought == 1 else "are"
            parts.append(
                f"{self.thought} {of} {alone} reasoning only, without an answer; try --thinking off"
            )
        if self.empty:
            parts.append(f"{self.empty} {of} {'is' if self.empty == 1 else 'are'} empty")
        return ", ".join(parts)
