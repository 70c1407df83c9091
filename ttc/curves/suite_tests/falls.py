"""What fell below a baseline on a fixed suite, of which only the draws vary: problems and means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import fsum

import numpy as np

from ttc.curves.compare import Terms
from ttc.curves.holm import Floats, Hypothesis, adjusted
from ttc.curves.suite_tests import count_tests, drops
from ttc.curves.suite_tests.count_tests import Counts
from ttc.curves.suite_tests.draw_scores import of_counts
from ttc.curves.suite_tests.draw_tests import Shuffled, Term, permuted, problem_test, shuffled
from ttc.curves.table import Problems
from ttc.selectors import Selector

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: the values of terms by problem, and the draws if they are known.

    `held` are the rules that can be computed from these draws.
    """

    terms: Terms
    problems: Problems = field(default_factory=dict)
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ProblemFall:
    """A problem that fell: its correct draws, and the p-value, alone and for the whole family.

    `term` is the rule and budget that fell, with its values; None if the success rate did.
    """

    problem: str
    baseline: Counts
    now: Counts
    term: str | None
    baseline_value: float
    value: float
    p: float
    adjusted: float = 1.0


@dataclass(frozen=True, slots=True)
class MeanFall:
    """A rule at a budget whose mean fell, over the problems that both sides have."""

    term: str
    baseline: float
    value: float
    problems: int
    p: float
    adjusted: float


@dataclass(frozen=True, slots=True)
class Falls:
    """What fell, worst first.

    `family` are the tests: those of problems and last that of the means. `quiet` are problems of
    which fewer draws are correct than before, by no more than chance explains.
    """

    problems: tuple[ProblemFall, ...]
    means: tuple[MeanFall, ...]
    quiet: tuple[ProblemFall, ...]
    family: tuple[Hypothesis, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of two sides: which rules fell by more than `margin`, at a false alarm in
    `alpha` of all runs. `draw` is the convention of the values, `seed` that of permutations."""

    new: Side
    old: Side
    rules: Mapping[str, Selector]
    margin: float = 0.0
    alpha: float = 0.025
    seed: int = 0
    draw: str = "without"

    @property
    def problems(self) -> list[str]:
        """The problems of which both sides have draws."""
        return sorted(self.new.problems.keys() & self.old.problems.keys())

    @property
    def terms(self) -> list[Term]:
        """The rules and budgets of both sides."""
        return [term for term in self.new.terms if term in self.old.terms]

    @property
    def graded(self) -> bool:
        """Whether draws are worth their scores, so that no term is of counts."""
        pools = (*self.new.problems.values(), *self.old.problems.values())
        return any(draw.value is not None for draws in pools for draw in draws[:1])

    @property
    def counted(self) -> list[Term]:
        """The terms that depend only on how many draws are correct."""
        terms = () if self.graded else self.terms
        return [term for term in terms if of_counts(self.rules[term[0]])]

    @property
    def others(self) -> list[Term]:
        """The other terms, as far as both sides have the draws for them."""
        held, counted = self.new.held & self.old.held, self.counted
        return [term for term in self.terms if term[0] in held and term not in counted]

    def counts(self, problem: str) -> tuple[Counts, Counts]:
        """Return the correct draws of a problem, before and now."""
        pools = (side.problems[problem] for side in (self.old, self.new))
        old, new = (Counts(sum(bool(draw.correct) for draw in pool), len(pool)) for pool in pools)
        return old, new

    def change(self, term: Term, problems: Sequence[str]) -> float:
        """Return how much the mean of a term rose over those of `problems` that have it."""
        old, new = self.old.terms[term], self.new.terms[term]
        both = [problem for problem in problems if problem in old and problem in new]
        return fsum(new[p] - old[p] for p in both) / max(len(both), 1)


def falls(asked: Question) -> Falls:
    """Return what fell on the problems that both sides have.

    One family, corrected by Holm (`holm.adjusted`): for each problem a test of its correct draws if
    a term is of counts (`count_tests`) and a permutation of its draws for the other terms
    (`draw_tests`), and for the means one test that weighs as much as all those together. Without
    a margin it permutes draws, too. With a margin, and for rules whose draws one side lacks, the
    means are tested over problems (`drops.SignTest`): that counts differences among problems as
    noise as well, and so errs on the safe side here.
    """
    by_term, shuffles = _means(asked)
    tests = [*_count_tests(asked), *_other_tests(asked, shuffles)]
    p = min(by_term.values(), default=1.0)
    # A test that is 1 whatever happens, as on a problem that is always right, weighs nothing.
    telling = sum(not test.constant for _, test in tests)
    family = [*(test for _, test in tests), Hypothesis(p, weight=max(telling, 1.0))]
    *corrected, for_means = adjusted(family)
    found = [replace(fall, adjusted=each) for (fall, _), each in zip(tests, corrected, strict=True)]
    fallen: dict[str, ProblemFall] = {}
    for fall in sorted(found, key=lambda each: (each.adjusted, each.p, each.problem)):
        if fall.adjusted <= asked.alpha:
            fallen.setdefault(fall.problem, fall)
    quiet = [
        fall
        for fall in sorted(found, key=lambda each: (each.p, each.problem))
        if fall.term is None
        and fall.problem not in fallen
        and fall.value < fall.baseline_value - asked.margin - ROUNDING
    ]
    means = [
        _mean_fall(asked, term, of_term, min(1.0, for_means * of_term / p))
        for term, of_term in by_term.items()
    ]
    means.sort(key=lambda each: (each.adjusted, round(each.value - each.baseline, 9)))
    fell = tuple(each for each in means if each.adjusted <= asked.alpha)
    return Falls(tuple(fallen.values()), fell, tuple(quiet), tuple(family))


def _count_tests(asked: Question) -> list[tuple[ProblemFall, Hypothesis]]:
    if not asked.counted:
        return []
    found, known = [], {}
    if asked.margin:
        lowest = count_tests.allowed(asked.margin, asked.rules, asked.counted)
    for problem in asked.problems:
        pair = old, new = asked.counts(problem)
        if pair not in known:
            known[pair] = (
                Hypothesis(count_tests.beyond(old, new, lowest))
                if asked.margin
                else count_tests.fisher(old, new)
            )
        test = known[pair]
        found.append((ProblemFall(problem, old, new, None, old.rate, new.rate, test.p), test))
    return found


def _other_tests(
    asked: Question, shuffles: Sequence[tuple[Shuffled, Floats]]
) -> list[tuple[ProblemFall, Hypothesis]]:
    found, others = [], asked.others
    for at, (draws, first) in enumerate(shuffles):
        problem = draws.problem
        change = np.array([asked.change(term, [problem]) for term in others])
        fell = change < -asked.margin - ROUNDING
        beyond = np.where(fell, 1 - asked.margin / np.where(fell, -change, 1.0), 0.0)
        test = problem_test(draws, beyond, first, (abs(asked.seed), at))
        rule, k = others[int(change.argmin())]
        before, after = (side.terms[rule, k].get(problem, 0.0) for side in (asked.old, asked.new))
        old, new = asked.counts(problem)
        found.append((ProblemFall(problem, old, new, f"{rule}@{k}", before, after, test.p), test))
    return found


def _means(asked: Question) -> tuple[dict[Term, float], list[tuple[Shuffled, Floats]]]:
    """Return the p-value of each term's mean, which hold together, and each problem's draws of the
    terms that are not of counts with the statistics of their first permutations."""
    others = asked.others
    terms = others + ([] if asked.margin else asked.counted)
    drawn = {rule: asked.rules[rule] for rule, _ in terms}
    problems = [
        shuffled(each, asked.old.problems[each], asked.new.problems[each], drawn, terms)
        for each in (asked.problems if terms else ())
    ]
    change = [0.0 if asked.margin else asked.change(term, asked.problems) for term in terms]
    fell = np.array(change) < -ROUNDING
    p_values, first = permuted(problems, fell.astype(float), abs(asked.seed), len(others))
    by_term = {} if asked.margin else dict(zip(terms, p_values.tolist(), strict=True))
    if rest := [term for term in asked.terms if term not in by_term]:
        signs = _sign_test(asked, rest)
        # Two tests of means share the weight of one.
        shares = 2 if by_term else 1
        by_term = {
            term: min(1.0, shares * p)
            for term, p in (by_term | dict(zip(rest, signs, strict=True))).items()
        }
    inner = [replace(each, scores=each.scores[:, : len(others)]) for each in problems]
    return by_term, list(zip(inner, first, strict=True)) if others else []


def _sign_test(asked: Question, terms: Sequence[Term]) -> list[float]:
    rules = {rule: asked.rules[rule] for rule, _ in terms}
    ks = sorted({k for _, k in terms})
    new, old = asked.new, asked.old
    equal = None
    if new.problems and old.problems and set(rules) <= new.held & old.held:
        equal = drops.matched(new.problems, old.problems, rules, ks, asked.draw)
    test = drops.SignTest(drops.differences(*(equal or (new.terms, old.terms)), terms), asked.seed)
    return [float(p) for p in test.p_values(asked.margin)]


def _mean_fall(asked: Question, term: Term, p: float, corrected: float) -> MeanFall:
    old, new = asked.old.terms[term], asked.new.terms[term]
    shared = sorted(old.keys() & new.keys())
    before, after = (
        fsum(side[each] for each in shared) / max(len(shared), 1) for side in (old, new)
    )
    return MeanFall(f"{term[0]}@{term[1]}", before, after, len(shared), p, corrected)
