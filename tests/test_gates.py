"""Gates against a baseline: tests of each problem, their correction, and what they can see."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, product
from math import comb, nan
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttc.curves.baseline import as_baseline, read_baseline, write_baseline
from ttc.curves.baseline_draws import digested, held, saved_fields
from ttc.curves.compare import terms_of
from ttc.curves.holm import Hypothesis, adjusted
from ttc.curves.suite_tests import count_tests
from ttc.curves.suite_tests.count_tests import Counts, fisher
from ttc.curves.suite_tests.detectable import power
from ttc.curves.suite_tests.draw_scores import pooled, scores
from ttc.curves.suite_tests.draw_tests import Shuffled, lowest, problem_test, shuffled
from ttc.curves.suite_tests.drops import SignTest, drops, matched
from ttc.curves.suite_tests.falls import Falls, Question, Side, falls
from ttc.curves.table import tabulate
from ttc.errors import UsageError
from ttc.records import Outcome
from ttc.selectors import Selector, spec
from ttc.selectors.exact.estimates import value_of

Ttc = Callable[..., Any]
RULES = {rule: spec.build(rule) for rule in ("coverage", "majority", "first-finish")}
ALPHA = 0.025
SMALL = st.integers(1, 6)


def tail(old: Counts, new: Counts) -> Fraction:
    """P(Y <= y) for the correct draws among the new ones, given the total, by counting."""
    n, m, total = old.draws, new.draws, old.correct + new.correct
    ways = [comb(m, y) * comb(n, total - y) for y in range(new.correct + 1) if total - y <= n]
    return Fraction(sum(ways), comb(n + m, total))


@given(SMALL, SMALL, st.data())
def test_fisher_counts_the_tables_with_the_same_total(n: int, m: int, data: Any) -> None:
    old = Counts(data.draw(st.integers(0, n)), n)
    new = Counts(data.draw(st.integers(0, m)), m)
    assert fisher(old, new).p == pytest.approx(float(tail(old, new)), abs=1e-12)


def test_fisher_of_the_issue() -> None:
    assert fisher(Counts(8, 8), Counts(0, 8)).p == pytest.approx(1 / comb(16, 8))
    assert fisher(Counts(8, 8), Counts(4, 8)).p == pytest.approx(70 / 1820)
    assert fisher(Counts(8, 8), Counts(8, 8)).constant


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=8))
def test_without_what_is_known_of_their_laws_it_is_holm(values: list[float]) -> None:
    order = sorted(range(len(values)), key=lambda at: values[at])
    expected, so_far = [0.0] * len(values), 0.0
    for passed, at in enumerate(order):
        so_far = max(so_far, (len(values) - passed) * values[at])
        expected[at] = min(1.0, so_far)
    assert adjusted([Hypothesis(p) for p in values]) == pytest.approx(expected)


@pytest.mark.parametrize("rates", [(0.5, 0.5, 0.5), (0.9, 0.5, 0.97), (0.1, 0.6, 0.8)])
def test_the_chance_of_any_false_alarm_is_bounded_exactly(rates: tuple[float, ...]) -> None:
    """All outcomes of three problems with four draws on both sides, by their probabilities."""
    alpha, alarm = 0.1, 0.0
    cells = [
        [
            (Counts(x, 4), Counts(y, 4), law(x, 4, p) * law(y, 4, p))
            for x, y in product(range(5), repeat=2)
        ]
        for p in rates
    ]
    for outcome in product(*cells):
        tests = [fisher(old, new) for old, new, _ in outcome]
        mean = replace(fisher(outcome[0][0], outcome[0][1]), weight=3.0)
        if min(adjusted([*tests, mean])) <= alpha:
            alarm += float(np.prod([chance for *_, chance in outcome]))
    assert alarm <= alpha


def law(x: int, n: int, p: float) -> float:
    return float(comb(n, x) * p**x * (1 - p) ** (n - x))


@pytest.mark.parametrize(("n", "m"), [(4, 4), (3, 6), (8, 8)])
@pytest.mark.parametrize("margin", [0.05, 0.2])
def test_a_fall_beyond_a_margin_has_its_size_at_every_rate(n: int, m: int, margin: float) -> None:
    allowed = count_tests.allowed(margin, RULES, [("coverage", 1)])
    p_values = np.array(
        [
            [count_tests.beyond(Counts(x, n), Counts(y, m), allowed) for y in range(m + 1)]
            for x in range(n + 1)
        ]
    )
    for p in np.linspace(0, 1, 73):
        for q in np.linspace(max(0.0, p - margin), 1, 5):
            chances = np.outer(
                [law(x, n, p) for x in range(n + 1)], [law(y, m, q) for y in range(m + 1)]
            )
            for level in (0.01, 0.025, 0.1):
                assert chances[p_values <= level].sum() <= level
    # It is no wider than it must be: the largest p-value is reached within a few per cent.
    worst = count_tests.beyond(Counts(n, n), Counts(0, m), allowed)
    exact = max(p**n * (1 - max(0.0, p - margin)) ** m for p in np.linspace(0, 1, 4001))
    assert exact <= worst <= 1.05 * exact


def test_a_margin_is_in_the_units_of_the_asked_rules() -> None:
    of_mean = count_tests.allowed(0.1, RULES, [("coverage", 1)])
    of_coverage = count_tests.allowed(0.1, RULES, [("coverage", 4)])
    at = len(of_mean) // 2
    assert of_mean[at] == pytest.approx(0.4, abs=1e-3)
    assert of_coverage[at] == pytest.approx(1 - (1 - (1 - 0.5**4 - 0.1)) ** 0.25, abs=1e-3)
    both = count_tests.allowed(0.1, RULES, [("coverage", 1), ("coverage", 4)])
    assert both == pytest.approx(np.maximum(of_mean, of_coverage))


def some(random: Random, n: int, rate: float = 0.5) -> list[Outcome]:
    draws = []
    for at in range(n):
        right = random.random() < rate
        answer = "0" if right else str(random.randint(1, 2))
        draws.append(
            Outcome(
                at, answer, right, completion_tokens=random.randint(5, 12), score=random.random()
            )
        )
    return draws


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from(["coverage", "majority", "first-finish", "pass^k"]))
def test_a_score_is_the_mean_over_the_subsets_that_hold_a_draw(seed: int, name: str) -> None:
    rule, draws, ks = spec.build(name), some(Random(seed), 7), [1, 2, 3]
    found = scores(rule, draws, ks)
    for column, k in enumerate(ks):
        for at in range(len(draws)):
            values = []
            for chosen in combinations(range(len(draws)), k):
                part = [draws[i] for i in chosen]
                if at in chosen:
                    values.append(value_of(part, rule.pick(part)))
            mean = sum(values) / len(values)
            same = [i for i in range(len(draws)) if np.isclose(found[i], found[at]).all()]
            assert len(same) >= 1
            assert found[at, column] == pytest.approx(k * mean)


def test_slow_rules_are_scored_by_seeded_subsets_alike() -> None:
    draws = some(Random(3), 8)
    rule = spec.build("weighted")
    found = scores(rule, draws, [1, 4])
    assert (found == scores(rule, draws, [1, 4])).all()
    assert found[:, 0] == pytest.approx([float(bool(draw.correct)) for draw in draws])


def test_draws_of_two_pools_are_permuted() -> None:
    """The p-value is the share of all exchanges of draws that give as low a statistic."""
    random = Random(5)
    old, new = some(random, 4, 0.9), some(random, 4, 0.2)
    rules = {"majority": RULES["majority"], "first-finish": RULES["first-finish"]}
    terms = [("majority", 1), ("majority", 3), ("first-finish", 2)]
    both = shuffled("p", old, new, rules, terms)
    table = np.array([both.scores[list(part)].sum(axis=0) for part in combinations(range(8), 4)])
    spread = table.std(axis=0)
    assert both.spread == pytest.approx(spread)
    least = ((table - table.mean(axis=0)) / spread).min(axis=1)
    seen = ((both.scores[4:].sum(axis=0) - table.mean(axis=0)) / spread).min()
    expected = float((least <= seen + 1e-9).mean())
    test = problem_test(both, np.ones(3), np.zeros(1), (0, 0))
    assert test.p == pytest.approx(expected)
    assert test.reach(expected) == pytest.approx(expected)
    assert test.reach(0.9 / comb(8, 4)) == 0.0


def test_draws_of_two_kinds_have_an_exact_law() -> None:
    table = np.array([[1.0, 2.0]] * 5 + [[0.0, 0.5]] * 6)
    problem = Shuffled("p", 5, 6, table)
    every = [problem.sums(np.array([part])) for part in combinations(range(11), 6)]
    stacked = lowest(np.concatenate(every), problem.spread)
    seen = float(lowest(problem.observed, problem.spread))
    test = problem_test(problem, np.ones(2), np.zeros(1), (0, 0))
    assert test.p == pytest.approx(float((stacked <= seen + 1e-9).mean()))


def pool(rates: Sequence[float], n: int, seed: int) -> dict[str, list[Outcome]]:
    random = Random(seed)
    return {f"p{at:02}": some(random, n, rate) for at, rate in enumerate(rates)}


def side(
    problems: Mapping[str, Sequence[Outcome]],
    rules: Mapping[str, Selector] = RULES,
    ks: Sequence[int] = (1, 2, 4, 8),
) -> Side:
    values = terms_of(tabulate(problems, rules, ks, source="x"))
    return Side(values, problems, frozenset(rules))


def asked(
    new: Mapping[str, Sequence[Outcome]],
    old: Mapping[str, Sequence[Outcome]],
    rules: Mapping[str, Selector] = RULES,
    **options: Any,
) -> Falls:
    ks = options.pop("ks", (1, 2, 4, 8))
    return falls(Question(side(new, rules, ks), side(old, rules, ks), rules, **options))


@pytest.mark.parametrize("broken", [1, 2, 3])
def test_broken_problems_are_named_worst_first(broken: int) -> None:
    old = pool([1.0] * 30, 8, 1)
    new = pool([0.0] * broken + [1.0] * (30 - broken), 8, 2)
    new["p00"][0] = replace(new["p00"][0], correct=True, answer="0")
    found = asked(new, old)
    names = [each.problem for each in found.problems]
    assert names == [f"p{at:02}" for at in range(1, broken)] + ["p00"]
    assert all(each.p <= each.adjusted <= ALPHA for each in found.problems)
    assert [str(each.now) for each in found.problems][-1] == "1/8"
    assert found == asked(new, old)


def test_half_a_fall_is_within_chance_and_told_with_its_power() -> None:
    old = pool([1.0] * 30, 8, 1)
    new = {**old, "p07": [replace(draw, correct=draw.index < 4) for draw in old["p07"]]}
    found = asked(new, old, {"coverage": RULES["coverage"]})
    assert found.problems == found.means == ()
    (quiet,) = found.quiet
    assert (quiet.problem, str(quiet.baseline), str(quiet.now)) == ("p07", "8/8", "4/8")
    others = [test for at, test in enumerate(found.family) if at != 7]
    told = power(quiet.baseline, quiet.now, others, ALPHA, None, (quiet.problem, quiet.p))
    # All others are always right: what is left of the level is shared with the mean alone.
    seen = [y for y in range(9) if 2 * fisher(Counts(8, 8), Counts(y, 8)).p <= ALPHA]
    assert told.probability == pytest.approx(sum(law(y, 8, 0.5) for y in seen))
    assert told.draws is not None
    assert told.draws > 8
    enough = Counts(told.draws, told.draws)
    again = power(enough, Counts(told.draws // 2, told.draws), others, ALPHA)
    assert again.probability > 0.75
    assert str(told).startswith("p07 8/8 → 4/8 is within chance (p = 0.0385 before correction)")


def test_a_rule_may_fall_while_no_count_does() -> None:
    """The right draws become the longest ones, so that the first to finish is wrong."""
    old = {
        f"p{at}": [
            Outcome(i, "ab"[i % 2], i % 2 == 0, completion_tokens=10 + 9 * (i % 2))
            for i in range(16)
        ]
        for at in range(4)
    }
    new = dict(old)
    new["p2"] = [replace(draw, completion_tokens=19 - 9 * (draw.index % 2)) for draw in old["p2"]]
    found = asked(new, old)
    assert [(each.problem, each.term) for each in found.problems] == [("p2", "first-finish@8")]
    assert (found.problems[0].baseline, found.problems[0].now) == ((8, 16), (8, 16))


@pytest.mark.parametrize("rate", [0.5, 0.97])
def test_false_alarms_of_both_questions_are_rare(rate: float) -> None:
    """Ten problems, seeded; benchmarks/gates.py has the trials in full."""
    rules, alarms, trials = {"coverage": RULES["coverage"]}, [0, 0], 100
    for trial in range(trials):
        old, new = (side(pool([rate] * 10, 6, 2 * trial + s), rules, (1, 4)) for s in (0, 1))
        found = falls(Question(new, old, rules, seed=trial))
        alarms[0] += bool(found.problems or found.means)
        alarms[1] += bool(drops(new.terms, old.terms, margin=0.0, seed=trial)[0])
    # P(more than 7 of 100) is 0.4 % at the level of 2.5 %.
    assert max(alarms) <= 7


@given(st.lists(st.sampled_from([-0.5, -0.125, 0.0, 0.25]), min_size=1, max_size=7))
def test_signs_are_flipped_for_all_terms_at_once(values: list[float]) -> None:
    columns = [dict(enumerate(values)), dict(enumerate(value**2 for value in values))]
    named = [{f"p{at}": value for at, value in column.items()} for column in columns]
    e = np.array([[column[f"p{at}"] for column in named] for at in range(len(values))])
    norms = np.where((e**2).sum(axis=0) > 0, np.sqrt((e**2).sum(axis=0)), 1)
    flips = np.array(list(product((1, -1), repeat=len(values))))
    least = np.minimum((flips @ (e / norms)).min(axis=1), 0)
    expected = [(least <= seen + 1e-9).mean() for seen in (e / norms).sum(axis=0)]
    expected = [p if (e[:, at] != 0).any() else 1.0 for at, p in enumerate(expected)]
    assert SignTest(named, 0).p_values(0.0) == pytest.approx(expected)


def test_surplus_draws_of_one_side_are_left_out_of_the_test_over_problems() -> None:
    """Sixteen draws find rare failures that four do not: every difference is below 0 by that."""
    rules, ks = {"coverage": RULES["coverage"]}, [1, 2]
    alarms = [0, 0]
    for trial in range(25):
        old, new = pool([0.97] * 60, 4, 2 * trial), pool([0.97] * 60, 16, 2 * trial + 1)
        equal = matched(new, old, rules, ks, "without")
        assert equal is not None
        values = side(new, rules, ks).terms, side(old, rules, ks).terms
        for at, tested in enumerate((equal, None)):
            alarms[at] += bool(drops(*values, margin=0.0, seed=trial, tested=tested)[0])
    assert alarms[0] <= 3 < alarms[1]
    assert matched(old, old, rules, ks, "without") is None


def test_a_baseline_keeps_draws_and_no_text(tmp_path: Path) -> None:
    rules = {name: spec.build(name) for name in ("coverage", "majority", "best-of-n", "mbr")}
    draws = {
        "p": [
            Outcome(0, "a secret", True, score=0.5, text="long", completion_tokens=3),
            Outcome(1, "a secret", False, score=nan, text="long", completion_tokens=4),
            Outcome(2, None, None, score=float("-inf"), text="short", finish_reason="length"),
        ]
    }
    table, path = tabulate(draws, rules, [1, 2], source="x"), tmp_path / "base.json"
    write_baseline(path, as_baseline(table, rules=rules))
    written = path.read_text()
    assert "secret" not in written
    assert "long" not in written
    found = read_baseline(str(path))
    assert found is not None
    assert (
        found.fields
        == saved_fields(rules.values())
        == {"answer", "correct", "finish_reason", "score"}
    )
    assert held(rules, found.fields) == {"coverage", "majority", "best-of-n"}
    ours, theirs = digested(draws)["p"], found.draws["p"]
    assert [draw.answer for draw in ours] == [draw.answer for draw in theirs]
    assert ours[0].answer == ours[1].answer != "a secret"
    assert [str(draw.score) for draw in theirs] == ["0.5", "nan", "-inf"]
    assert [draw.correct for draw in theirs] == [True, False, False]
    of_counts = as_baseline(table, rules={"coverage": rules["coverage"]})
    assert of_counts["draws"] == {"p": {"n": 3, "correct": 1}}


@pytest.mark.parametrize(
    "change",
    [
        {"n": 0, "correct": 0},
        {"n": 2, "correct": 3},
        {"n": 8, "correct": True},
        {"n": 8, "correct": -1},
        {"n": "8", "correct": 1},
        {"n": 8},
    ],
)
def test_a_baseline_with_wrong_counts_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "base.json"
    document = {"schema": 1, "kind": "ttc-baseline", "values": [], "fields": ["correct"]}
    path.write_text(json.dumps({**document, "draws": {"p": change}}))
    with pytest.raises(UsageError, match="not a whole baseline"):
        read_baseline(str(path))


def test_a_baseline_of_numbers_that_are_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "base.json"
    path.write_text(
        '{"schema": 1, "kind": "ttc-baseline", "values": '
        '[{"rule": "mean", "k": 1, "by_problem": {"p": NaN}}]}'
    )
    with pytest.raises(UsageError, match="a value that is not finite"):
        read_baseline(str(path))


def test_draws_are_numbered_afresh_where_they_are_pooled() -> None:
    both = pooled([Outcome(0), Outcome(1)], [Outcome(0), Outcome(3)])
    assert [draw.index for draw in both] == [0, 1, 2, 3]
