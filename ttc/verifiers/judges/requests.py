"""The requests of a judge, and the votes on a sample so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ttc import keys
from ttc.records import Message, Sample, Verdict, Vote


@dataclass(frozen=True, slots=True)
class Ask:
    """The request for one vote: the chat and an optional beginning of the reply.

    With `choices`, only the probabilities of these strings as the next text are requested. `own`
    is the label of the sample if several answers are shown.
    """

    messages: tuple[Message, ...]
    prefix: str = ""
    own: str = ""
    choices: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()


@dataclass(slots=True)
class Ballot:
    """The votes on one sample so far, by position; `wanted` is how many there are to be."""

    sample: Sample
    wanted: int
    votes: dict[int, Vote] = field(default_factory=dict)
    verdict: Verdict | None = None
    error: str | None = None


def seed_of(config: Mapping[str, Any], sample: Sample, vote: int, ask: Ask) -> int:
    """Return the seed of a vote. It depends on what is judged, not on the order, so a rerun gives
    the same votes."""
    about = [sample.text, [list(turn) for turn in sample.asked], vote, ask.prefix]
    digest = keys.digest("vote1", [about, dict(config)]).rpartition(":")[2]
    return int(digest[:8], 16) & 0x7FFFFFFF


def total(counts: Iterable[int | None]) -> int | None:
    """Return the sum of token counts; None if there are none or any is unknown."""
    listed = list(counts)
    known = [count for count in listed if count is not None]
    return sum(known) if known and len(known) == len(listed) else None
