"""Counts over an import, and what could not be taken, each kind with its first place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Conflicts:
    """Draws, references and verdicts that contradict what the pool holds, by kind: how many, and
    the first place of each."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, place: str) -> None:
        """Count one conflict."""
        self.counts[kind] += 1
        self.first.setdefault(kind, place)


@dataclass(slots=True)
class Tally:
    """What an import did.

    `new` draws were added to the pools, `known` were there already; `attempts` were draws that
    failed or were cancelled. `verdicts` counts the new verdicts by verifier. `draws_of` counts the
    draws of the log by pool and problem. `lacking` are problems of the log that the data of
    --problems does not have, `without` why logs of a folder have no draws.
    """

    logs: int = 0
    new: int = 0
    known: int = 0
    attempts: int = 0
    questions: int = 0
    references: int = 0
    repeated: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    draws_of: Counter[tuple[str, str]] = field(default_factory=Counter)
    models: dict[str, str] = field(default_factory=dict)
    tools: dict[str, set[str]] = field(default_factory=dict)
    unused: Counter[str] = field(default_factory=Counter)
    conflicts: Conflicts = field(default_factory=Conflicts)
    lacking: set[str] = field(default_factory=set)
    matched: set[str] = field(default_factory=set)
    undecided: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    not_logs: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
