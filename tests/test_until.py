"""Draws until X, against curves and populations that are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import lgamma
from pathlib import Path
from random import Random

import numpy as np
import pytest
from conftest import Ttc
from hypothesis import given, settings
from hypothesis import strategies as st

import ttc as library
from ttc.curves.curve import curves_of
from ttc.curves.inquiries.beta_posterior import BetaPosterior, law_p_value, log_gamma
from ttc.curves.inquiries.draws_beyond import MOST, Until
from ttc.curves.inquiries.draws_until import Settings, Target, parse, until
from ttc.curves.scaling_laws import beta_coverage, counts_of, fit_beta, predict
from ttc.curves.table import tabulate
from ttc.errors import UsageError
from ttc.records import Outcome
from ttc.selectors.spec import build


def pool(chances: Sequence[float], n: int, seed: int = 0) -> dict[str, list[Outcome]]:
    """The draws of problems with these chances; a right draw has the answer 1."""
    random = Random(seed)
    found = {}
    for at, chance in enumerate(chances):
        right = [random.random() < chance for _ in range(n)]
        found[f"p{at:03}"] = [
            Outcome(i, answer="1" if each else str(2 + i % 2), correct=each)
            for i, each in enumerate(right)
        ]
    return found


def betas(alpha: float, beta: float, problems: int, seed: int) -> list[float]:
    random = Random(seed)
    return [random.betavariate(alpha, beta) for _ in range(problems)]


def asked(problems: dict[str, list[Outcome]], target: str, **more: object) -> Until:
    wanted = parse(target)
    rules = {wanted.rule: build(wanted.rule)}
    (found,) = until(problems, rules, [wanted], Settings(**more), source="pool")  # type: ignore[arg-type]
    return found


@settings(max_examples=6, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=5),
    st.sampled_from(["coverage", "majority", "pass^k"]),
    st.floats(0.05, 1),
    st.integers(2, 12),
)
def test_within_the_draws_it_is_the_first_point_of_the_exact_curve(
    chances: list[float], rule: str, target: float, n: int
) -> None:
    problems = pool(chances, n)
    ks = range(1, n + 1)
    (curve,) = curves_of(tabulate(problems, {rule: build(rule)}, ks, source="pool"))
    first = next((p.k for p in curve.points if (p.value or 0) >= target - 1e-9), None)
    found = asked(problems, f"{rule}={target}")
    assert found.drawn == n
    if first is None:
        assert found.k is None or (rule == "coverage" and found.k > n)
    else:
        assert (found.k, found.more, found.total, found.estimator) == (first, 0, 0, "exact")
    if found.k is not None:
        for low, high in ((found.low, found.high), (found.low_draws, found.high_draws)):
            assert (low or 1) <= found.k <= (high or MOST)


def test_beyond_the_draws_it_is_where_the_prediction_reaches_the_target() -> None:
    problems = pool(betas(0.5, 1.5, 60, 2), 12, 2)
    found = asked(problems, "coverage=0.9")
    assert found.k is not None
    assert found.estimator == "beta-binomial"
    counts = counts_of(problems)
    values = [predict(counts, k, ci=None)[0].value for k in (found.k - 1, found.k)]
    assert values[0] < 0.9 <= values[1]
    assert found.more == found.k - 12
    assert found.total == 60 * (found.k - 12)
    assert found.low is not None
    assert found.high is not None
    assert 12 < found.low < found.k < found.high
    assert asked(problems, "coverage=0.9") == found
    point = asked(problems, "coverage=0.9", ci=None)
    assert (point.k, point.low, point.high) == (found.k, None, None)


def test_unequal_draws_are_counted_one_by_one() -> None:
    problems = pool(betas(0.5, 1.5, 40, 2), 12, 2)
    problems["p000"] = problems["p000"][:8]
    found = asked(problems, "coverage=0.9")
    assert found.k is not None
    assert found.drawn == 8
    assert found.total == 39 * (found.k - 12) + found.k - 8


def test_what_cannot_be_known_is_no_number() -> None:
    for chances, rule, why in (
        ([0.0] * 8, "coverage", "no draw is correct"),
        ([0.0], "coverage", "no draw is correct"),
        ([0.3] * 8, "majority", "only coverage has a law"),
    ):
        found = asked(pool(chances, 4, 2), f"{rule}=0.999999")
        assert (found.k, found.more, found.total, found.high) == (None, None, None, None)
        assert why in (found.note or "")
    hopeless = asked(pool([0.9] * 10 + [0.001] * 10, 8, 3), "coverage=1")
    assert (hopeless.k, hopeless.high) == (None, None)
    assert "not reached" in (hopeless.note or "")


def test_a_law_that_the_counts_reject_gives_no_interval() -> None:
    found = asked(pool([0.02] * 60 + [0.7] * 60, 32, 4), "coverage=0.95")
    assert found.p is not None
    assert found.p < 0.001
    assert found.high is None
    assert found.low == 33
    assert "does not describe" in (found.note or "")


def test_the_p_value_of_a_true_law_is_rarely_small() -> None:
    values = []
    for seed in range(20):
        counts = counts_of(pool(betas(0.6, 1.4, 40, seed), 12, seed))
        fitted = fit_beta(counts)
        assert fitted is not None
        values.append(law_p_value(counts, *fitted))
    assert sum(value < 0.05 for value in values) <= 3


def test_the_posterior_holds_the_law_and_tightens() -> None:
    widths = []
    for problems in (12, 200):
        counts = counts_of(pool(betas(0.6, 1.4, problems, 9), 16, 9))
        posterior = BetaPosterior.of(counts)
        mean = float((posterior.alpha / (posterior.alpha + posterior.beta)).mean())
        assert mean == pytest.approx(0.3, abs=0.12)
        likely = [k for k in range(1, 400, 3) if 0.025 <= posterior.reaches(k, 0.7) <= 0.975]
        widths.append(len(likely))
    assert widths[1] < widths[0] / 2


def test_log_gamma() -> None:
    points = [1e-6, 0.03, 0.5, 1.0, 2.0, 7.7, 150.0, 1e9]
    found = log_gamma(np.asarray(points))
    assert found.tolist() == pytest.approx([lgamma(x) for x in points], rel=1e-11, abs=1e-11)


def test_the_posterior_against_a_sum_over_a_fine_grid() -> None:
    counts = [(4, 1), (4, 0), (6, 5), (4, 2)]
    posterior = BetaPosterior.of(counts)
    logits, sizes = np.linspace(-9, 9, 361), np.linspace(-7, 9, 321)
    mean, size = np.meshgrid(1 / (1 + np.exp(-logits)), np.exp(sizes), indexing="ij")
    alpha, beta = mean * size, (1 - mean) * size
    density = mean * (1 - mean) / np.sqrt(size)
    for n, c in counts:
        for j in range(c):
            density = density * (alpha + j)
        for j in range(n - c):
            density = density * (beta + j)
        for j in range(n):
            density = density / (size + j)
    density /= density.sum()
    for k, target in ((1, 0.4), (8, 0.9), (64, 0.99)):
        covered = np.vectorize(lambda a, b, k=k: beta_coverage(a, b, k))(alpha, beta)
        exact = float(density[covered >= target].sum())
        assert posterior.reaches(k, target) == pytest.approx(exact, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "beta", "target"), [(0.5, 1.5, 0.9), (1, 4, 0.9), (2, 2, 0.99)])
@pytest.mark.parametrize("problems", [12, 50])
def test_the_interval_covers_the_true_number(
    alpha: float, beta: float, target: float, problems: int
) -> None:
    truth = next(k for k in range(1, 10**5) if beta_coverage(alpha, beta, k) >= target)
    held = held_draws = 0
    for seed in range(60):
        chances = betas(alpha, beta, problems, seed)
        missed = np.log1p(-np.asarray(chances))
        these = 1
        while 1 - np.exp(these * missed).mean() < target:
            these += 1
        found = asked(pool(chances, 16, seed), f"coverage={target}", seed=seed)
        held += (found.low or 1) <= truth <= (found.high or MOST)
        held_draws += (found.low_draws or 1) <= these <= (found.high_draws or MOST)
    assert held >= 54
    assert held_draws >= 54


@pytest.mark.parametrize(
    ("text", "why"),
    [("coverage", "write RULE=X"), ("coverage=0", "above 0"), ("coverage=1.5", "at most 1"),
     ("coverage=nan", "write RULE=X"), ("coverage=1e999", "at most 1"), ("=0.5", "write RULE=X")],
)  # fmt: skip
def test_targets_that_are_none(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse(text)


def test_targets() -> None:
    assert parse("coverage=0.9") == Target("coverage", 0.9)
    assert parse(" keep=8:by=score>majority = .5") == Target("keep=8:by=score>majority", 0.5)
    assert parse("majority:ties=strict=5e-1") == Target("majority:ties=strict", 0.5)


def test_until_on_the_command_line(ttc: Ttc, own_home: Path) -> None:
    problems = pool(betas(0.5, 1.5, 30, 2), 12, 2)
    lines = [
        {"problem": name, "index": each.index, "answer": each.answer, "correct": each.correct}
        for name, draws in problems.items()
        for each in draws
    ]
    Path("pool.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    goals = ("--until", "coverage=0.9", "--until", "coverage=0.3", "--until", "majority=0.9")
    ran = ttc("sweep", "pool.jsonl", "-s", "coverage", "-k", "1", *goals)
    assert ran.code == 0, ran.err
    assert "pool.jsonl: coverage ≥ 0.9 at k = " in ran.out
    assert "by beta-binomial" in ran.out
    assert "taken as hard, not as impossible" in ran.out
    assert "exactly: within the 12 draws of each problem" in ran.out
    assert "majority ≥ 0.9: not known" in ran.out
    found = ttc("sweep", "pool.jsonl", *goals, "--json").document["until"]["pool.jsonl"]
    assert [each["rule"] for each in found] == ["coverage", "coverage", "majority"]
    swept = library.sweep("pool.jsonl", until=["coverage=0.9", "coverage=0.3", "majority=0.9"])
    assert [each.as_dict() for each in swept.untils["pool.jsonl"]] == found
    assert "beta-binomial" in ttc("sweep", "pool.jsonl", *goals, "--md", "-").out
    wrong = ttc("sweep", "pool.jsonl", "--until", "coverage")
    assert (wrong.code, "--until coverage: write RULE=X" in wrong.err) == (2, True)
    with pytest.raises(UsageError, match="until='coverage'"):
        library.sweep("pool.jsonl", until="coverage")
