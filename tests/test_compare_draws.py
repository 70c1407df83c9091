"""Comparisons of a sweep: other draws of a fixed suite, the family, and what a reader is told."""

from __future__ import annotations

import json
from itertools import combinations
from math import comb, nan
from pathlib import Path
from random import Random

import numpy as np
import pytest
from conftest import Ttc
from hypothesis import given
from hypothesis import strategies as st

from ttc.curves.compare import Comparison, between_pools, between_rules, paired, terms_of
from ttc.curves.comparing.draw_noise import of_difference, of_table
from ttc.curves.comparing.family import caveats, corrected, name_of
from ttc.curves.comparing.paired_tests import Noise, over_draws
from ttc.curves.sweep import SweepOptions, sweep
from ttc.curves.table import Table, tabulate
from ttc.errors import UsageError
from ttc.outcomes import Source
from ttc.records import Outcome
from ttc.selectors import Selector
from ttc.selectors.adaptive_consistency import AdaptiveConsistency
from ttc.selectors.coverage import Coverage, Mean, PassAll

RULES: dict[str, Selector] = {"mean": Mean(), "coverage": Coverage()}


def table(rates: list[float], n: int, seed: int, source: str = "x") -> Table:
    random = Random(seed)
    problems = {
        f"p{i}": [Outcome(d, correct=random.random() < rate) for d in range(n)]
        for i, rate in enumerate(rates)
    }
    return tabulate(problems, RULES, [1, 2, n], source=source)


# --- other draws of these problems


def test_a_budget_without_noise_leaves_the_others_theirs() -> None:
    """Of the first draw alone nothing is known; of the first eight something is."""
    problems = {f"p{i}": [Outcome(d, correct=d % 3 == i) for d in range(8)] for i in range(3)}
    noise = of_table(tabulate(problems, RULES, [1, 8], source="x", draw="prefix"))
    assert noise["mean", 1] == {}
    assert noise["mean", 8].keys() == problems.keys()


@given(
    st.lists(st.integers(-8, 8), min_size=1, max_size=12),
    st.floats(0, 0.3),
    st.sampled_from([80.0, 90.0, 95.0, 99.0]),
)
def test_the_interval_over_draws_inverts_its_test(
    eighths: list[int], variance: float, level: float
) -> None:
    noise = [Noise(variance, 1 / 8)] * len(eighths)
    found = over_draws([x / 8 for x in eighths], noise, k=1, level=level, reach=1.0)
    assert found.p is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.high
    assert (found.low > 0 or found.high < 0) == (found.p <= 1 - level / 100)


def test_draws_that_are_all_right_have_the_score_interval() -> None:
    """Without variance D ± z²τ, for τ = 1/(P·n): Wilson's z²/(N + z²) up to terms in 1/N."""
    found = over_draws([0.0] * 6, [Noise(0.0, 1 / 8)] * 6, k=1, level=95, reach=1.0)
    assert found.high == pytest.approx(1.96**2 / 48, abs=1e-4)
    assert (found.low, found.p, found.detectable) == (pytest.approx(-(found.high or 0)), 1.0, None)


def test_the_noise_of_a_difference_is_that_of_leaving_draws_out() -> None:
    made = table([0.5, 0.2, 0.9], 6, 3)
    noise = of_difference(made, RULES, "mean")
    assert noise.keys() == {("coverage", 1), ("coverage", 2), ("coverage", 6)}
    for problem, pool in zip(made.problems, made.pools, strict=True):
        right = [bool(draw.correct) for draw in pool]
        left = []
        for gone in range(6):
            rest = right[:gone] + right[gone + 1 :]
            solved = sum(any(pair) for pair in combinations(rest, 2)) / comb(5, 2)
            left.append(solved - sum(rest) / 5)
        variance = 5 / 6 * sum((x - sum(left) / 6) ** 2 for x in left)
        assert noise["coverage", 2][problem] == pytest.approx((variance, 2 / 6))
        assert noise["coverage", 1][problem].variance == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("n", "k"), [(4, 1), (8, 1), (8, 4), (8, 8)])
def test_false_alarms_and_coverage_over_draws(n: int, k: int) -> None:
    """Two sets of draws of one fixed suite, from one truth and from two."""
    random, trials, problems = np.random.default_rng(n * k), 400, 12
    values = np.array([Coverage().expected(_draws(c, n), [k])[0] for c in range(n + 1)])
    of_counts = [of_table(_counts(c, n, k), {"coverage": Coverage()}) for c in range(n + 1)]
    noise = [each["coverage", k]["p"] for each in of_counts]
    rates = random.beta(1.2, 0.8, problems)
    for ratio in (1.0, 0.8):
        truth = float(np.mean((1 - ratio * rates) ** k - (1 - rates) ** k))
        covered = alarms = 0
        for _ in range(trials):
            first, second = (random.binomial(n, p) for p in (rates, ratio * rates))
            both = [
                Noise(noise[a].variance + noise[b].variance, k / n)
                for a, b in zip(first, second, strict=True)
            ]
            differences = [float(d) for d in values[first] - values[second]]
            found = over_draws(differences, both, k=k, level=95, reach=1.0)
            covered += (found.low or 0) <= truth <= (found.high or 0)
            alarms += (found.p or 0) <= 0.05
        assert covered / trials >= 0.93
        if ratio == 1:
            assert alarms / trials <= 0.07


def _draws(right: int, n: int) -> list[Outcome]:
    return [Outcome(d, correct=d < right) for d in range(n)]


def _counts(right: int, n: int, k: int) -> Table:
    return tabulate({"p": _draws(right, n)}, {"coverage": Coverage()}, [k], source="x")


def test_pools_and_rules_are_compared_over_draws() -> None:
    new, old = table([0.3] * 20, 8, 1, "new"), table([0.7] * 20, 8, 2, "old")
    noise = (of_table(new, RULES), of_table(old, RULES))
    names = ("new", "old")
    found = between_pools(terms_of(new), terms_of(old), names, noise=noise)
    assert {each.population for each in found} == {"draws"}
    assert all(each.least_p is None for each in found)
    first = found[0]
    assert (first.source, first.against_source, first.rule, first.k) == ("new", "old", "mean", 1)
    assert first.p is not None
    assert first.p < 1e-4
    rules = between_rules(old, rules=RULES)
    assert [(each.rule, each.against_rule, each.k) for each in rules] == [
        ("coverage", "mean", k) for k in (1, 2, 8)
    ]
    assert rules[0].detectable is None  # one value, one rule: they cannot differ
    assert rules[1].low is not None
    assert 0 < rules[1].low < rules[1].difference


def test_unknown_noise_is_no_number() -> None:
    rules: dict[str, Selector] = {"pass^k": PassAll(), "ac": AdaptiveConsistency()}
    draws = [Outcome(d, answer=str(d % 2), correct=d % 2 == 0) for d in range(6)]
    source = Source("x", {"a": draws, "b": draws})
    made = tabulate(source.problems, rules, [2], source="x")
    (found,) = between_rules(made, rules=rules)
    assert (found.p, found.low, found.high, found.p_holm) == (None, None, None, None)
    (line,) = caveats([found], 95)
    assert line.startswith("ac@2: how far its values move with the draws is unknown")


# --- the family


@given(st.lists(st.sampled_from([0.0001, 0.004, 0.01, 0.02, 0.04, 0.3, 1.0]), min_size=1))
def test_holm_is_the_closed_test_of_bonferroni(ps: list[float]) -> None:
    """p is the largest over all subsets that it is in, of their size times their smallest p."""
    ps = ps[:7]
    fixed = [each.p_holm for each in corrected([_comparison(p) for p in ps])]
    subsets = [
        chosen for size in range(1, len(ps) + 1) for chosen in combinations(range(len(ps)), size)
    ]
    for at in range(len(ps)):
        closed = max(
            min(1.0, len(chosen) * min(ps[i] for i in chosen)) for chosen in subsets if at in chosen
        )
        assert fixed[at] == pytest.approx(closed)


def _comparison(
    p: float | None, k: int = 1, rule: str = "mean", source: str = "new", problems: int = 9
) -> Comparison:
    return Comparison(
        f"{rule}@{k} ({source})",
        f"{rule}@{k} (old)",
        *(0.5, 0.4, 0.1, 0.0, 0.2),
        p,
        problems,
        source=source,
        rule=rule,
        k=k,
        against_source="old",
        against_rule=rule,
        least_p=None if p is None else 2.0 ** (1 - problems),
    )


def test_the_family_is_named() -> None:
    found = [
        _comparison(0.01, k, rule, source)
        for source in ("a", "b")
        for rule in ("mean", "coverage", "majority")
        for k in (1, 8)
    ]
    assert name_of(found) == "12 comparisons: 2 pools × 3 rules × 2 budgets"
    assert name_of(found[:-1]) == "11 comparisons"
    assert name_of(found[:6]) == "6 comparisons: 3 rules × 2 budgets"
    assert name_of(found[:1]) == "1 comparison"
    assert name_of([*found[:6], _comparison(None)]) == "6 comparisons: 3 rules × 2 budgets"


def test_too_few_problems_are_told() -> None:
    (line,) = caveats([_comparison(0.0625, problems=5)], 95)
    assert line.startswith("5 problems: p cannot be below 0.0625, so no difference can be sig")
    assert "at 5 %; compare at least 6 problems" in line
    (line,) = caveats([_comparison(0.04, k=k, problems=6) for k in (1, 2)], 95)
    assert "corrected for 2 comparisons not below 0.0625" in line
    assert "compare at least 7 problems" in line
    assert caveats([_comparison(0.04, problems=6)], 95) == []
    assert caveats([_comparison(0.0625, problems=5)], 90) == []


# --- bad input


def sources() -> list[Source]:
    random = Random(4)

    def made(name: str, first: int, problems: int, rate: float) -> Source:
        return Source(
            name,
            {
                f"p{i}": [Outcome(d, correct=random.random() < rate) for d in range(4)]
                for i in range(first, first + problems)
            },
        )

    return [made("old", 0, 9, 0.4), made("new", 2, 13, 0.6)]


def test_pools_that_overlap_partly_are_counted_and_named() -> None:
    options = SweepOptions(rules=("mean",), ks=(1,), compare=True)
    result = sweep(options, sources())
    (found,) = result.comparisons
    assert (found.problems, found.lost) == (7, 8)
    (line,) = [line for line in result.warnings if "that both have" in line]
    assert line == (
        "6 of 13 problems of new are not in old (p10, p11, p12, p13 and 2 more) and 2 of 9 "
        "problems of old are not in new (p0, p1): compared over the 7 that both have"
    )
    assert not [x for x in sweep(options, sources()[:1]).warnings if "that both have" in x]


@pytest.mark.parametrize("bad", [nan, float("inf"), -float("inf")])
def test_values_that_are_not_finite_are_named(bad: float) -> None:
    with pytest.raises(UsageError, match=r"mean@1: the value of problem b is .*, which is not"):
        paired({"a": 1.0, "b": bad}, {"a": 1.0, "b": 0.0}, names=("mean@1", "mean@1 (old)"))


def test_a_single_problem_has_the_whole_range() -> None:
    source = Source("one", {"a": [Outcome(d, correct=d < 2) for d in range(4)]})
    result = sweep(SweepOptions(rules=("mean", "coverage"), ks=(2,), compare=True), [source])
    (found,) = result.comparisons
    assert (found.low, found.high, found.p, found.detectable) == (-1.0, 1.0, 1.0, None)
    assert any(line.startswith("1 problem: p cannot be below 1,") for line in result.warnings)


# --- the command line


@pytest.fixture
def pools(ttc: Ttc, own_home: Path) -> Ttc:
    for source in sources():
        lines = [
            {"problem": problem, "index": draw.index, "correct": draw.correct}
            for problem, draws in source.problems.items()
            for draw in draws
        ]
        (own_home / source.name).write_text("".join(json.dumps(x) + "\n" for x in lines))
    return ttc


@pytest.mark.parametrize("question", [None, "problems", "draws"])
def test_comparisons_fit_a_terminal_and_name_their_question(
    pools: Ttc, question: str | None
) -> None:
    asked = [] if question is None else ["--population", question]
    ran = pools("sweep", "old", "new", "-s", "mean,coverage", "-k", "1,4", "--compare", *asked)
    lines = ran.out.splitlines()
    told = lines[lines.index("new − old, paired by problem") :]
    assert told[1].split() == ["rule@k", "difference", "[interval]", "p", "Holm", "MDE", "problems"]
    assert [line.split()[0] for line in told[2:6]] == [
        "mean@1",
        "mean@4",
        "coverage@1",
        "coverage@4",
    ]
    assert all(line.endswith(" 7") for line in told[2:6])
    named = {"draws": "these problems, other draws: p by"}.get(
        question or "", "problems like these"
    )
    assert told[6].startswith(named)
    assert told[7] == "Holm: p corrected for 4 comparisons: 2 rules × 2 budgets"
    assert max(map(len, told[1:6])) <= 80
    ran = pools("sweep", "old", "new", "-s", "mean", "-k", "1", "--compare", *asked, "--json")
    (found,) = json.loads(ran.out)["comparisons"]
    assert found["population"] == (question or "problems")
    assert found["p_holm"] == found["p"]
    assert found["low"] < found["difference"] < found["high"]
    ran = pools("sweep", "old", "new", "-s", "mean", "-k", "1", "--compare", *asked, "--md", "-")
    assert "| rule@k | difference [interval] | p | Holm | MDE | problems |" in ran.out
