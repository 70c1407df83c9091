"""pairwise: a model compares the answers to a question in pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from random import Random
from typing import ClassVar

from ttc.answers.extract import visible
from ttc.backends import Completion
from ttc.options import OptionReader
from ttc.records import Sample, Verdict
from ttc.verifiers.judges.base import Judge
from ttc.verifiers.judges.prompting import last_line
from ttc.verifiers.judges.requests import Ask

_LABEL = "Better:"


class Pairwise(Judge):
    """The share of pairwise comparisons with other draws of its problem that a draw wins.

    Each draw is compared with `rounds` others (chosen by a fixed seed), twice with each, in both
    orders, since judges favour a position (Zheng et al. 2023). A tie counts as one half, and so do
    two contradictory results. A comparison that cannot be read is left out.
    """

    name = "pairwise"
    together = True
    defaults: ClassVar[Mapping[str, str]] = {"rounds": "4"}
    recalls = False  # a position stands for an opponent, which changes with new draws

    def __init__(self, **given: object) -> None:
        super().__init__(given)
        self._opponents: dict[int, list[Sample]] = {}

    def count(self, read: OptionReader) -> int:
        """Read `rounds`, the number of opponents; `votes_of` returns the number of votes."""
        read.refuse("n", "the number of opponents is rounds, not n")
        self._rounds = read.whole("rounds", 4)
        return 1

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order; consecutive draws of a problem are compared."""
        for _, group in groupby(samples, key=lambda sample: sample.problem):
            draws = list(group)
            seen = [sample for sample in draws if visible(sample.text)]
            self._opponents = {}
            for sample in draws:
                others = [other for other in seen if other is not sample]
                random = Random(f"{sample.problem}/{sample.index}")
                chosen = random.sample(others, min(self._rounds, len(others)))
                self._opponents[id(sample)] = chosen
            yield from super().verify(draws)

    def votes_of(self, sample: Sample) -> int:
        """Return two votes per opponent."""
        return 2 * len(self._opponents[id(sample)])

    def ask(self, sample: Sample, vote: int) -> Ask:
        """Ask which of two answers is better; in odd votes the sample comes second."""
        own, other = visible(sample.text), visible(self._opponents[id(sample)][vote // 2].text)
        first, second = (other, own) if vote % 2 else (own, other)
        prefix = "B" if vote % 2 else "A"
        return Ask(self.filled(sample, a=first, b=second), own=prefix)

    def value(self, ask: Ask, done: Completion) -> float | None:
        """Return 1 if the sample won, 0 if its opponent did, 0.5 for a tie."""
        word = last_line(done.text, _LABEL)
        if word is None or word.casefold() not in ("a", "b", "tie"):
            return None
        return 0.5 if word.casefold() == "tie" else float(word.casefold() == ask.own.casefold())
