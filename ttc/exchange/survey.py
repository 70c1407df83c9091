"""The first reading of a log: everything that can be wrong is found before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ttc import scores
from ttc.errors import UsageError
from ttc.exchange.chains import Chains
from ttc.exchange.sources import Log
from ttc.formats import Draw
from ttc.formats.logs.opening import NoDrawsError, checked_text
from ttc.messages.progress import Stage

_WHOLE = ("index", "seed", "prompt_tokens", "completion_tokens", "think_tokens")


@dataclass(slots=True)
class Survey:
    """What a log holds: draws, attempts, versions of the tool, fields that nothing reads, and which
    verifiers score with 0 and 1 alone (`binary`: False where there are other numbers). `firsts` are
    the first draws of each model and setting of its parameters."""

    draws: int = 0
    attempts: int = 0
    problems: set[str] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)
    unused: Counter[str] = field(default_factory=Counter)
    binary: dict[str, bool] = field(default_factory=dict)
    chains: Chains = field(default_factory=Chains)
    firsts: list[Draw] = field(default_factory=list)

    def add(self, draw: Draw) -> None:
        """Count one draw."""
        _check(draw)
        self.unused.update(draw.unused)
        self.problems.add(draw.problem.id)
        if not any(_alike(draw, first) for first in self.firsts):
            self.firsts.append(draw)
        if draw.version:
            self.versions.add(draw.version)
        if is_attempt(draw):
            self.attempts += 1
            return
        self.draws += 1
        if draw.id is None and not draw.fixed:
            self.chains.add(draw.problem.id, draw.sample.text)
        for opinion in draw.opinions:
            score = opinion.verdict.score
            if score is not None:
                plain = score in (0.0, 1.0)
                self.binary[opinion.verifier] = self.binary.get(opinion.verifier, True) and plain


def _check(draw: Draw) -> None:
    """Raise UsageError for a draw that the store cannot hold."""
    sample, problem = draw.sample, draw.problem
    if not problem.id:
        raise UsageError(f"{draw.place}: it names no problem")
    if sample.index < 0:
        raise UsageError(f"{draw.place}: a draw has an index from 0, not {sample.index}")
    for name in _WHOLE:
        scores.check_size(name, getattr(sample, name), draw.place, whole=True)
    texts = [problem.id, sample.text, sample.model or "", problem.prompt or ""]
    texts += [turn.content for turn in problem.messages]
    texts += [opinion.verifier for opinion in draw.opinions]
    for text in texts:
        checked_text(text, draw.place, "a text")


def _alike(draw: Draw, other: Draw) -> bool:
    """Return whether two draws are of one model with one setting of its parameters."""
    one, two = draw.sample, other.sample
    return one.model == two.model and (one.params is two.params or one.params == two.params)


def is_attempt(draw: Draw) -> bool:
    """Return whether a draw failed or was cancelled, so that it is no sample."""
    return draw.sample.finish_reason in ("error", "cancelled")


def read(log: Log, options: Mapping[str, str]) -> Iterator[Draw]:
    """Yield the draws of a log. Places have the name that the user gave, also in UsageError."""
    path = str(log.path)
    try:
        for draw in log.format.draws(log.path, options):
            changed: dict[str, Any] = {}
            if path != log.shown:
                changed["place"] = draw.place.replace(path, log.shown)
            if log.model is not None and draw.sample.model is None:
                changed["sample"] = replace(draw.sample, model=log.model)
            yield replace(draw, **changed) if changed else draw
    except UsageError as error:
        if path == log.shown:
            raise
        raise type(error)(str(error).replace(path, log.shown)) from None


def of_all(
    logs: Sequence[Log], options: Mapping[str, str], stage: Stage
) -> tuple[list[tuple[Log, Survey]], list[str]]:
    """Read logs through; return each with what it holds, and why others of a folder have no draws.

    `stage` counts the draws that are read. UsageError for bad input.
    """
    surveys: list[tuple[Log, Survey]] = []
    without = []
    for log in logs:
        found = Survey()
        try:
            for draw in read(log, options):
                found.add(draw)
                stage.done += 1
        except NoDrawsError as error:
            if not log.in_folder:
                raise
            without.append(str(error))
            continue
        surveys.append((log, found))
    return surveys, without
