"""What a judge asks a model, and its votes on a sample so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from ttc.records import Message, Sample, Verdict, Vote


@dataclass(frozen=True, slots=True)
class Ask:
    """One vote to ask for: the chat, a beginning of the reply, and strings to be weighed.

    With `choices` the model only tells how likely each is to come next. `own` is the place of
    the sample where several are shown.
    """

    messages: tuple[Message, ...]
    prefix: str = ""
    own: str = ""
    choices: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()


@dataclass(slots=True)
class Ballot:
    """A sample under judgement: the votes cast so far, by position, and the errors met."""

    sample: Sample
    wanted: int
    votes: dict[int, Vote] = field(default_factory=dict)
    verdict: Verdict | None = None
    error: str | None = None


def whole(name: str, text: str) -> int:
    """Return an option that is a number from 1; ValueError for anything else."""
    if not (text.isdecimal() and int(text) >= 1):
        raise ValueError(f"{name} must be a whole number from 1, not {text!r}")
    return int(text)
