"""pairwise: a model compares the answers to a question two by two."""

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
    """The share of comparisons with other draws of its problem that an answer wins.

    Each of `rounds` opponents (chosen by a seed, all of them if there are no more) is met twice,
    once in each place, since judges favour a place (Zheng et al. 2023): two that contradict each
    other are a half, and so is a tie. A comparison that cannot be read is left out.
    """

    name = "pairwise"
    together = True
    defaults: ClassVar[Mapping[str, str]] = {"rounds": "4"}
    recalls = False  # a position is an opponent, and other draws may have come since

    def __init__(self, **given: object) -> None:
        super().__init__(given)
        self._opponents: dict[int, list[Sample]] = {}

    def count(self, read: OptionReader) -> int:
        """Read `rounds`, the number of opponents; votes are counted by `votes_of`. OptionError."""
        read.refuse("n", "the number of opponents is rounds, not n")
        self._rounds = read.whole("rounds", 4)
        return 1

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict a sample, in order; those of a problem that come together meet."""
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
        """Two for each opponent."""
        return 2 * len(self._opponents[id(sample)])

    def ask(self, sample: Sample, vote: int) -> Ask:
        """Ask which of two is better; odd votes have the sample in the second place."""
        own, other = visible(sample.text), visible(self._opponents[id(sample)][vote // 2].text)
        first, second = (other, own) if vote % 2 else (own, other)
        prefix = "B" if vote % 2 else "A"
        return Ask(self.filled(sample, a=first, b=second), own=prefix)

    def value(self, ask: Ask, done: Completion) -> float | None:
        """Read who won: 1 for the sample, 0 for its opponent, a half for neither."""
        word = last_line(done.text, _LABEL)
        if word is None or word.casefold() not in ("a", "b", "tie"):
            return None
        return 0.5 if word.casefold() == "tie" else float(word.casefold() == ask.own.casefold())
