"""Rules by the length of thoughts: what they pick and cost, against all subsets."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from itertools import combinations, product
from pathlib import Path

import pytest
from conftest import Ttc

from ttc.curves.costs import Rates, expected_cost
from ttc.records import Outcome
from ttc.selectors import spec
from ttc.selectors.extras import thoughts_of

RATES = Rates(usd_prompt=1.0, usd_completion=2.0, parameters=7, layers=2, heads=2, kv_heads=1,
              head_dim=4)  # fmt: skip


def pool(rng: random.Random, n: int, *, truncated: float) -> list[Outcome]:
    found = []
    for index in range(n):
        think = rng.randint(0, 6)
        cut = rng.random() < truncated
        found.append(
            Outcome(
                index,
                answer=rng.choice("ab"),
                correct=rng.random() < 0.5,
                prompt_tokens=3,
                completion_tokens=think + rng.randint(0, 5),
                think_tokens=think,
                finish_reason="length" if cut else "stop",
            )
        )
    return found


def run(chosen: Sequence[Outcome], m: int) -> tuple[float, float]:
    """Return the tokens and the time of draws that run in parallel until m thoughts have ended."""
    lengths = [float(outcome.completion_tokens or 0) for outcome in chosen]
    order = sorted(
        (i for i, outcome in enumerate(chosen) if not outcome.truncated),
        key=lambda i: (chosen[i].think_tokens, chosen[i].index),
    )
    if m >= len(chosen) or len(order) < m:
        return sum(lengths), max(lengths)
    first = order[:m]
    end = float(chosen[first[-1]].think_tokens or 0)
    others = (i for i in range(len(chosen)) if i not in first)
    return (
        sum(lengths[i] for i in first) + sum(min(lengths[i], end) for i in others),
        max(lengths[i] for i in first),
    )


def means(runs: Iterable[tuple[float, float]]) -> list[float]:
    rows = list(runs)
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_the_cost_is_the_mean_over_all_subsets(seed: int, m: int, replaced: bool) -> None:
    rng = random.Random(f"{seed}/{m}")
    outcomes = pool(rng, 4 if replaced else rng.randint(4, 8), truncated=rng.choice([0, 0.3]))
    ks = [1, 2, 3, 4]
    costs = expected_cost(outcomes, ks, None, RATES, replaced=replaced, thinks=m)
    for k, cost in zip(ks, costs, strict=True):
        chosen = product(outcomes, repeat=k) if replaced else combinations(outcomes, k)
        tokens, latency = means(run(subset, m) for subset in chosen)
        assert cost["tokens"] == pytest.approx(tokens)
        assert cost["latency_tokens"] == pytest.approx(latency)
        assert cost["usd"] == pytest.approx((3 * 1.0 + tokens * 2.0) / 1e6)
        assert cost["seconds"] is None
        assert cost["flops"] is not None


@pytest.mark.parametrize("rule", ["short-2:by=thinking", "short:m=3,by=thinking",
                                  "short-3:by=thinking,ties=shortest",
                                  "keep=2:by=thinking>majority", "keep=50%:by=thinking>majority",
                                  "first-finish:by=thinking"])  # fmt: skip
def test_the_value_is_the_mean_over_all_subsets(rule: str) -> None:
    selector = spec.build(rule)
    outcomes = pool(random.Random(rule), 8, truncated=0.2)
    ks = [1, 2, 3, 5]
    for k, value in zip(ks, selector.expected(outcomes, ks), strict=True):
        worths = []
        for chosen in combinations(outcomes, k):
            picked = selector.pick(chosen)
            worth = sum(chosen[i].worth for i in picked) / len(picked) if picked else 0.0
            worths.append(worth)
        assert value == pytest.approx(sum(worths) / len(worths))


def test_rules_by_thoughts_wait_for_thoughts() -> None:
    short, plain = spec.build("short-3:by=thinking"), spec.build("short-3")
    assert (short.finishes, thoughts_of(short), short.name) == (None, 3, "short-3:by=thinking")
    assert (plain.finishes, thoughts_of(plain), plain.name) == (3, None, "short-3")
    assert spec.build("short:m=3").name == "short-3"
    assert "think_tokens" in short.needs
    # The shorter thought, though the longer draw.
    draws = [
        Outcome(0, "a", True, completion_tokens=9, think_tokens=2, finish_reason="stop"),
        Outcome(1, "b", False, completion_tokens=5, think_tokens=4, finish_reason="stop"),
    ]
    assert spec.build("first-finish:by=thinking").pick(draws) == (0,)
    assert spec.build("first-finish").pick(draws) == (1,)


def line(problem: str, index: int, **fields: object) -> str:
    return json.dumps({"problem": problem, "index": index, "answer": "1", "correct": index % 2 == 0,
                       "finish_reason": "stop", **fields}) + "\n"  # fmt: skip


def test_a_sweep_by_thoughts(tmp_path: Path, ttc: Ttc) -> None:
    counted, lacking = tmp_path / "counted.jsonl", tmp_path / "lacking.jsonl"
    counted.write_text(
        "".join(
            line("p", i, completion_tokens=20 + i, think_tokens=10 - i, prompt_tokens=4)
            for i in range(4)
        )
    )
    lacking.write_text("".join(line("p", i, completion_tokens=20 + i) for i in range(4)))
    rules = "first-finish,first-finish:by=thinking"
    ran = ttc("sweep", counted, "-s", rules, "-k", "2", "--json")
    first, thinking = ran.document["curves"]
    # Of draws 0 to 3 the one with the lower index finishes first, and thinks longest.
    assert first["points"][0]["value"] == pytest.approx((3 + 1) / 6)
    assert thinking["points"][0]["value"] == pytest.approx(2 / 6)
    cost = thinking["points"][0]["cost"]
    # Each pair: the length of the draw with the higher index, and as many tokens as it thought.
    pairs = [(20 + i) + (10 - i) for i in range(4) for _ in range(i)]
    assert cost["tokens"] == pytest.approx(sum(pairs) / len(pairs))
    failed = ttc("sweep", lacking, "-s", "short-2:by=thinking", "-k", "2")
    assert failed.code == 2
    assert "needs think_tokens, which 4 of 4 draws lack; sample with a backend" in failed.stderr
    assert "--map think_tokens=FIELD" in failed.stderr


def test_solve_by_thoughts(tmp_path: Path, ttc: Ttc) -> None:
    model = "scripted:think=3-20,answers=25*1/26*1,tokens=6"
    ran = ttc("solve", "2?", "-m", model, "-n", "6", "--method", "short-1:by=thinking", "--json")
    assert ran.code == 0
