"""Which log a draw without an identifier is of: told by the texts of the log.

Many logs only have a list of texts for each problem. The same log must not come in twice, a log
that grew must add its new draws alone, and another run must add all of its draws, even if some
have the same text. So each log is a source: for every problem a chain of digests of its texts. A
log is a known source if, for every problem of both, one chain is the beginning of the other.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable

from ttc.store.imported import mark

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15


class Chains:
    """The chains of one log, by problem."""

    def __init__(self) -> None:
        self._of: dict[str, array[int]] = {}

    def add(self, problem: str, text: str) -> int:
        """Add the next text of a problem; return its place in the chain."""
        chain = self._of.setdefault(problem, array("Q"))
        before = chain[-1] if chain else 0
        chain.append((before * _STEP + mark(text)) & _MASK)
        return len(chain) - 1

    def at(self, problem: str, place: int) -> int:
        """Return the digest of a chain up to a place."""
        return self._of[problem][place]

    @property
    def name(self) -> str:
        """A name for the log as a source: a digest of all its chains."""
        whole = hashlib.sha256()
        for problem in sorted(self._of):
            whole.update(f"{problem}\0{self._of[problem][-1]}\0".encode())
        return whole.hexdigest()[:12]

    def origin(self, source: str, problem: str, place: int) -> str:
        """Return the origin of a draw: the source, its place, and the digest up to there."""
        return f"log:{source}/{place}/{self._of[problem][place]:x}"

    def known_as(self, origins: Iterable[tuple[str, str]]) -> str | None:
        """Return the source among stored origins (problem and origin) that this log is, else None;
        of several, the one with most draws in common."""
        sources: dict[str, dict[str, dict[int, int]]] = {}
        for problem, origin in origins:
            if origin.startswith("log:"):
                source, place, digest = origin.removeprefix("log:").split("/")
                known = sources.setdefault(source, {}).setdefault(problem, {})
                known[int(place)] = int(digest, 16)
        ranked = {source: self._common(chains) for source, chains in sources.items()}
        best = max(ranked, key=lambda source: ranked[source], default=None)
        return best if best is not None and ranked[best] > 0 else None

    def _common(self, other: dict[str, dict[int, int]]) -> int:
        """Return how many draws a source has in common with this log; -1 if it is another log."""
        common = 0
        for problem, places in other.items():
            own = self._of.get(problem)
            if own is None:
                continue
            shared = [place for place in places if place < len(own)]
            if any(own[place] != places[place] for place in shared):
                return -1
            common += len(shared)
        return common
