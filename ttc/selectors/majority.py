"""Majority (maj@k, self-consistency): the answer that most of the k draws give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.plurality import majority_at_k
from ttc.selectors.exact.prefix_plurality import MOST_AT_ONCE, Label, votes_split

TIES = ("split", "first", "strict")
INVALID = ("abstain", "class", "wrong")


class Majority:
    """Picks the most frequent answer (self-consistency, Wang et al. 2022).

    `ties`: `split` picks each leading answer with equal probability; `first` takes the one drawn
    first, which over random orders has the same mean; `strict` abstains. `invalid`: draws without
    an answer abstain from the vote (`abstain`), vote for one more answer, which can win (`class`),
    or each vote for a different wrong answer (`wrong`).
    """

    name = "majority"
    conventions = frozenset({"ties", "invalid"})
    needs = frozenset({"answer", "correct"})
    finishes: int | None = None

    def __init__(self, **options: str) -> None:
        read = OptionReader(self.name, options)
        self.parse(read)
        read.end()

    def parse(self, read: OptionReader) -> None:
        """Read the options. OptionError."""
        self.ties = read.choice("ties", TIES, TIES[0])
        self.invalid = read.choice("invalid", INVALID, INVALID[0])

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        labels = self._labels(outcomes)
        votes = Counter(label for label in labels if label is not None)
        most = max(votes.values(), default=0)
        # A Counter lists answers in the order in which they were first drawn.
        leaders = [answer for answer, count in votes.items() if count == most]
        if self.ties == "strict" and len(leaders) > 1:
            return ()
        chosen = set(leaders[:1] if self.ties == "first" else leaders)
        return tuple(i for i, label in enumerate(labels) if label in chosen)

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        return self._mean(outcomes, ks, replaced=False)

    def replaced(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        """Return the mean over k draws with replacement."""
        return self._mean(outcomes, ks, replaced=True)

    def _mean(self, outcomes: Sequence[Outcome], ks: Sequence[int], replaced: bool) -> list[float]:
        classes, abstaining = self.classes(outcomes)
        return majority_at_k(
            classes, abstaining, ks, strict=self.ties == "strict", replaced=replaced
        )

    def classes(self, outcomes: Sequence[Outcome]) -> tuple[list[tuple[int, int]], int]:
        """Return (votes, correct votes) of each answer, and how many draws abstain."""
        labels = self._labels(outcomes)
        votes = Counter(labels)
        right = Counter(a for a, outcome in zip(labels, outcomes, strict=True) if outcome.correct)
        abstaining = votes.pop(None, 0)
        return [(count, right[answer]) for answer, count in votes.items()], abstaining

    def without_each(
        self, outcomes: Sequence[Outcome], ks: Sequence[int]
    ) -> tuple[list[int], list[list[float]]] | None:
        """Return the mean over the k-subsets of all draws but one; answers with as many votes and
        correct votes are alike."""
        if type(self).expected is not Majority.expected:
            return None  # a rule that builds on this one has other means
        classes, abstaining = self.classes(outcomes)
        alike = Counter(classes)
        strict = self.ties == "strict"
        counts, rows = [], []
        for (votes, right), answers in alike.items():
            for removed, draws in ((1, right), (0, votes - right)):
                if draws:
                    others = list(classes)
                    others.remove((votes, right))
                    if votes > 1:
                        others.append((votes - 1, right - removed))
                    counts.append(answers * draws)
                    rows.append(majority_at_k(others, abstaining, ks, strict=strict))
        if abstaining:
            counts.append(abstaining)
            rows.append(majority_at_k(classes, abstaining - 1, ks, strict=strict))
        return counts, rows

    def over_prefixes(self, ranked: Sequence[Outcome], m: int) -> list[float] | None:
        """Return the mean of `pick` over the m-subsets of the first r draws, for r = m..n.

        None where m is too large for that to be faster than `expected` on each prefix.
        """
        if self.ties == "strict" or m > MOST_AT_ONCE:
            return None
        return votes_split(self._labels(ranked), [bool(outcome.correct) for outcome in ranked], m)

    def _labels(self, outcomes: Sequence[Outcome]) -> list[Label]:
        """Return what each draw votes for; None abstains."""
        if self.invalid == "abstain":
            return [outcome.answer for outcome in outcomes]
        each = self.invalid == "wrong"
        return [
            (outcome.index if each else -1) if outcome.answer is None else outcome.answer
            for outcome in outcomes
        ]
