"""The first reading of a log: everything that can be wrong is found before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ttc.errors import UsageError
from ttc.exchange.chains import Chains
from ttc.exchange.sources import Log
from ttc.formats import Draw


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


def _alike(draw: Draw, other: Draw) -> bool:
    """Return whether two draws are of one model with one setting of its parameters."""
    one, two = draw.sample, other.sample
    return one.model == two.model and (one.params is two.params or one.params == two.params)


def is_attempt(draw: Draw) -> bool:
    """Return whether a draw failed or was cancelled, so that it is no sample."""
    return draw.sample.finish_reason in ("error", "cancelled")


def read(log: Log, options: Mapping[str, str]) -> Iterator[Draw]:
    """Yield the draws of a log. UsageError names the place by the name that the user gave."""
    try:
        yield from log.format.draws(log.path, options)
    except UsageError as error:
        if str(log.path) == log.shown:
            raise
        raise UsageError(str(error).replace(str(log.path), log.shown)) from None


def survey(log: Log, options: Mapping[str, str]) -> Survey:
    """Read a log through and return what it holds. UsageError for bad input."""
    found = Survey()
    for draw in read(log, options):
        found.add(draw)
    return found
