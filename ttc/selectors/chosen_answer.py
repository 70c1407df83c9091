"""Rules that choose an answer by counts and scores, and then the best-scored of its draws."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import lcm
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ttc.options import OptionReader
from ttc.records import Outcome
from ttc.selectors.exact.estimates import Estimate, value_of
from ttc.selectors.exact.prefix_plurality import Label
from ttc.selectors.exact.subset_means import Ints, subset_means
from ttc.selectors.exact.subsets import Floats
from ttc.selectors.majority import INVALID, Majority
from ttc.selectors.ranking import highest_first, score_by
from ttc.selectors.weighted import rational

FEW = 64  # distinct scores that may have a common step, as grades do
WHOLE = 10**6  # the largest step and multiple of it that means of scores are exact for
NEAR = 1e-9  # answers whose strengths differ by less are compared exactly


class Scale(NamedTuple):
    """How the scores of n draws are written in Votes: as whole numbers if they are `exact`, whose
    sums are exact in floats; else divided by the largest. `finite` if all scores are; else 0."""

    exact: bool
    finite: bool


class Votes(NamedTuple):
    """Subsets of k draws, a row each, best score first and draws that abstain last.

    All are (subsets, k) but `cast`. Draws with equal scores form a group, which begins at the place
    `start` of its row and ends before `end`. `answer` is −1 for a draw that abstains.
    """

    answer: Ints
    level: Ints  # the rank of the score among all n draws; equal scores are equal
    score: Floats  # by `scale`
    worth: Floats
    start: Ints
    end: Ints
    cast: Ints  # (subsets,): draws that do not abstain
    answers: int  # how many there are among all n draws
    scale: Scale

    def summed(self, numbers: Floats | NDArray[np.bool_]) -> Floats:
        """Return the sums of numbers by subset and answer, (subsets, answers)."""
        size = self.answers + 1
        rows = np.arange(len(self.answer))[:, None] * size + self.answer + 1
        sums = np.bincount(rows.ravel(), numbers.ravel(), len(self.answer) * size)
        return np.asarray(sums.reshape(-1, size)[:, 1:])


class ChosenAnswer(Majority):
    """The base of rules that choose an answer; ties are split.

    The value is the mean worth of the answer's best-scored draws. The mean over k-subsets is exact
    where there are at most 2,000 of them, elsewhere simulated, with its error.
    """

    needs = frozenset({"score", "answer", "correct"})
    conventions = frozenset({"invalid"})

    def parse(self, read: OptionReader) -> None:
        self.ties = "split"
        self.invalid = read.choice("invalid", INVALID, INVALID[0])
        self._scorer = read.text("score", "")
        self.scored_by = frozenset({self._scorer} - {""})
        if self._scorer:
            self.needs = frozenset({"scores", "answer", "correct"})

    def leaders(self, votes: Sequence[tuple[Label, float]]) -> list[Label]:
        """Return the answers that are tied for the choice, compared exactly.

        `votes` are the answers and scores of the draws that do not abstain; there is at least one.
        """
        raise NotImplementedError

    def strengths(self, votes: Votes) -> tuple[Floats, bool]:
        """Return the strength of each answer in each subset, (subsets, answers), and whether it is
        exact; else it is about 1 at most. −inf stands for an answer that cannot be chosen."""
        raise NotImplementedError

    def pick(self, outcomes: Sequence[Outcome]) -> tuple[int, ...]:
        """Return the best-scored draws of the leading answers.

        An index may occur more than once, so that tied answers have equal chances.
        """
        labels = self._labels(outcomes)
        scores = [score_by(self._scorer, outcome) for outcome in outcomes]
        cast = [i for i, label in enumerate(labels) if label is not None]
        if not cast:
            return ()
        best: dict[Label, list[int]] = defaultdict(list)
        for i in sorted(cast, key=lambda i: (highest_first(scores[i]), i)):
            tied = best[labels[i]]
            if not tied or highest_first(scores[tied[0]]) == highest_first(scores[i]):
                tied.append(i)
        leading = [best[label] for label in self.leaders([(labels[i], scores[i]) for i in cast])]
        shares = lcm(*map(len, leading))
        return tuple(i for tied in leading for i in tied * (shares // len(tied)))

    def expected(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[float]:
        return [estimate.value for estimate in self.estimates(outcomes, ks)]

    def estimates(self, outcomes: Sequence[Outcome], ks: Sequence[int]) -> list[Estimate]:
        """Return the mean over k-subsets for each k, with its error where it has one."""
        labels = self._labels(outcomes)
        given = dict.fromkeys(label for label in labels if label is not None)
        places = {label: at for at, label in enumerate(given)}
        n = len(outcomes)
        answer = np.array([-1 if a is None else places[a] for a in labels], dtype=np.int64)
        score = np.array([score_by(self._scorer, outcome) for outcome in outcomes], dtype=float)
        keys = [highest_first(number) for number in score.tolist()]
        ranks = {key: at for at, key in enumerate(sorted(set(keys)))}
        level = np.array([ranks[key] for key in keys], dtype=np.int64)
        level[answer < 0] = n
        scaled, scale = _scaled(np.where(answer < 0, 0.0, score))
        worth = np.array([outcome.worth for outcome in outcomes])

        def values(rows: Ints) -> Floats:
            # Sorting numbers is faster than sorting by a key.
            at = np.sort(level[rows] * n + rows, axis=1) % n
            votes = Votes(
                answer[at],
                level[at],
                scaled[at],
                worth[at],
                *_groups(level[at]),
                (answer[at] >= 0).sum(axis=1),
                len(places),
                scale,
            )
            found, unsure = _chosen(votes, *self.strengths(votes))
            for row in np.flatnonzero(unsure).tolist():
                subset = [outcomes[i] for i in rows[row].tolist()]
                found[row] = value_of(subset, self.pick(subset))
            return found

        return subset_means(n, ks, values)

    def over_prefixes(self, ranked: Sequence[Outcome], m: int) -> list[float] | None:
        return None


def _scaled(score: Floats) -> tuple[Floats, Scale]:
    """Return the scores of n draws as Votes has them, (n,)."""
    if not np.isfinite(score).all():
        return np.zeros_like(score), Scale(exact=False, finite=False)
    distinct = np.unique(score).tolist()
    if len(distinct) <= FEW:
        found = [rational(each) for each in distinct]
        step = lcm(*(each.denominator for each in found))
        if step <= WHOLE and max(abs(each) for each in found) * step <= WHOLE:
            return np.rint(score * step), Scale(exact=True, finite=True)
    return score / (np.abs(score).max() or 1.0), Scale(exact=False, finite=True)


def _groups(level: Ints) -> tuple[Ints, Ints]:
    """Return where the group of equal levels of each place begins and ends, each (subsets, k)."""
    k = level.shape[1]
    first = np.ones(level.shape, dtype=bool)
    first[:, 1:] = level[:, 1:] != level[:, :-1]
    start = np.maximum.accumulate(np.where(first, np.arange(k), 0), axis=1)
    following = np.full(level.shape, k)
    following[:, :-1] = np.where(first[:, 1:], np.arange(1, k), k)
    end = np.minimum.accumulate(following[:, ::-1], axis=1)[:, ::-1]
    return start, end


def _chosen(votes: Votes, strength: Floats, exact: bool) -> tuple[Floats, Any]:
    """Return the value of each subset, and whether its leaders have to be compared exactly."""
    none = votes.cast == 0
    if not votes.answers:
        return np.zeros(len(none)), none & False
    best = strength.max(axis=1, keepdims=True)
    leads = (strength >= best - (0.0 if exact else NEAR)) & (strength > -np.inf)
    top = np.full((len(none), votes.answers + 1), np.iinfo(np.int64).max)
    rows = np.broadcast_to(np.arange(len(none))[:, None], votes.answer.shape)
    # Of several numbers for one place the last is kept, which is the best level of the answer.
    top[rows[:, ::-1], votes.answer[:, ::-1] + 1] = votes.level[:, ::-1]
    is_top = votes.level == np.take_along_axis(top, votes.answer + 1, axis=1)
    count = votes.summed(is_top)
    mean = votes.summed(np.where(is_top, votes.worth, 0.0)) / np.maximum(count, 1)
    leading = leads.sum(axis=1)
    found = np.where(leads, mean, 0.0).sum(axis=1) / np.maximum(leading, 1)
    return np.where(none, 0.0, found), (leading > 1) & (not exact)
