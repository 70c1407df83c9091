"""Rates of sources: from files, and from what is known of the models that drew pools."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc

from ttc.backends import ModelInfo
from ttc.curves.costs import Rates, expected_cost
from ttc.curves.rates import convert_rates, rates_of, read_rates
from ttc.curves.sweep import SweepOptions, sweep
from ttc.errors import UsageError
from ttc.outcomes import Source
from ttc.records import Outcome, Problem
from ttc.samples.plan import Recipe, make_plan
from ttc.store import Store, models, pools
from ttc.store.merge.stores import merge

KNOWN = {
    "parameters": 134515008,
    "layers": 30,
    "heads": 9,
    "kv_heads": 3,
    "head_size": 64,
    "embedding": 576,
    "read_from": "its GGUF",
}
EIGHT_B = Rates(parameters=8.19e9, layers=36, heads=32, kv_heads=8, head_dim=128)


def source(name: str = "pool", known: dict[str, Any] | None = None, **fields: Any) -> Source:
    plain: dict[str, Any] = {"prompt_tokens": 20, "seconds": 1.0, **fields}
    draws = [
        Outcome(i, correct=i % 2 == 0, answer=str(i % 2), completion_tokens=10 + i, **plain)
        for i in range(4)
    ]
    return Source(name, {"p": draws}, known=known or {})


def costs(*sources: Source, **options: Any) -> dict[str, list[float | None]]:
    """The costs of each source on the axis that is asked for, and nothing else."""
    found = sweep(SweepOptions(rules=("mean",), ks=(1, 4), ci=None, **options), sources)
    axis = found.options.axis
    return {curve.source: [point.cost[axis] for point in curve.points] for curve in found.curves}


# --- the conventions of eFLOPs


def eflops(rates: Rates, lengths: list[int], prompt: int, convention: str) -> float:
    draws = [Outcome(i, completion_tokens=g, prompt_tokens=prompt) for i, g in enumerate(lengths)]
    (cost,) = expected_cost(draws, [len(draws)], None, replace(rates, eflops=convention))
    return cost["eflops"] or 0.0


@pytest.mark.parametrize("convention", ["race", "kinetics"])
@pytest.mark.parametrize(("trials", "expected"), [(4, 1.1387e16), (8, 2.2608e16)])
def test_equal_lengths_cost_the_published_numbers(
    trials: int, expected: float, convention: str
) -> None:
    found = eflops(EIGHT_B, [8000] * trials, 250, convention)
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("parameters", "layers", "heads", "expected", "ratio"),
    [
        (0.752e9, 28, 16, 3.534e16, 716),
        (8.19e9, 36, 32, 4.607e16, 84.8),
        (14.77e9, 40, 40, 5.165e16, 52.4),
        (32.76e9, 64, 64, 8.366e16, 38.0),
    ],
)
def test_one_long_trial_costs_the_published_numbers(
    parameters: float, layers: int, heads: int, expected: float, ratio: float
) -> None:
    shape = Rates(parameters=parameters, layers=layers, heads=heads, kv_heads=8, head_dim=128)
    found = eflops(shape, [32768], 250, "race")
    assert found == pytest.approx(expected, rel=3e-4)
    weights = 2 * parameters * 32768
    assert (found - weights) / weights == pytest.approx(ratio, rel=2e-3)


def test_unequal_lengths_read_the_prompt_to_the_last_end_or_for_the_mean() -> None:
    lengths, prompt = [500, 1500, 4000], 32000
    apart = eflops(EIGHT_B, lengths, prompt, "race") - eflops(EIGHT_B, lengths, prompt, "kinetics")
    # 4·L·H_kv·d bytes a step, for 4,000 steps or 2,000.
    assert apart == pytest.approx(562.5 * 4 * prompt * 8 * 128 * 36 * 2000)


# --- what is known, and what is given


def test_what_is_known_of_a_model_needs_no_file() -> None:
    known, given = source(known=KNOWN), source()
    rates = Rates(parameters=134515008, layers=30, heads=9, kv_heads=3, head_dim=64)
    for cost in ("flops", "eflops"):
        assert costs(known, cost=cost) == costs(given, cost=cost, rates=rates)
    assert costs(known, cost="flops", rates=Rates(parameters=0.0)) != costs(known, cost="flops")


def test_a_mixture_of_experts_counts_what_a_token_uses() -> None:
    mixed = source(known=KNOWN | {"active": 1000})
    assert rates_of({}, mixed).parameters == 1000
    (line,) = sweep(SweepOptions(rules=("mean",), cost="flops"), [mixed]).warnings[:1]
    assert line.startswith("rates of pool from its GGUF: 1,000 parameters a token, 30 layers")


def test_a_line_says_where_rates_come_from() -> None:
    line = (
        "rates of pool from its GGUF: 134,515,008 parameters, 30 layers, 9 heads, 3 kv heads, "
        "head dimension 64"
    )
    options = SweepOptions(rules=("mean",), cost="flops")
    assert line in sweep(options, [source(known=KNOWN)]).warnings
    given = replace(options, rates=EIGHT_B)
    assert not any("rates of" in each for each in sweep(given, [source(known=KNOWN)]).warnings)
    tokens = sweep(replace(options, cost="tokens"), [source(known=KNOWN)])
    assert not any("rates of" in each for each in tokens.warnings)


def test_files_are_for_all_sources_or_for_one(tmp_path: Path) -> None:
    shared, one = tmp_path / "all.toml", tmp_path / "one.toml"
    shared.write_text("usd_prompt = 1.0\nusd_completion = 2.0\nintensity = 100\n")
    one.write_text("usd_completion = 3.0\n")
    found = read_rates([str(shared), f"a={one}"])
    assert found[""] == Rates(usd_prompt=1.0, usd_completion=2.0, intensity=100)
    assert found["a"] == Rates(usd_prompt=1.0, usd_completion=3.0, intensity=100)
    assert convert_rates({"": shared, "a": {"usd_completion": 3.0}}) == found
    assert convert_rates(shared)[""] == convert_rates({"": found[""]})[""] == found[""]
    assert convert_rates({"usd_prompt": 4}) == {"": Rates(usd_prompt=4)}
    assert convert_rates(None) == read_rates([]) == {"": Rates()}
    a, b = source("a"), source("b")
    dollars = costs(a, b, cost="usd", rates=found)
    assert dollars["b"] == [(20 + 2 * 11.5) / 1e6, (20 + 2 * 46) / 1e6]
    assert dollars["a"] == pytest.approx([(20 + 3 * 11.5) / 1e6, (20 + 3 * 46) / 1e6])


def test_models_share_an_axis_and_a_frontier() -> None:
    small, large = source("small", known=KNOWN), source("large")
    options = SweepOptions(
        rules=("mean",), cost="flops", pareto=True, rates={"": Rates(), "large": EIGHT_B}
    )
    found = sweep(options, [small, large])
    assert found.frontier is not None
    assert [curve.source for curve, _ in found.frontier] == ["small"]


def test_only_some_sources_without_rates_are_named_once() -> None:
    found = sweep(SweepOptions(cost="flops"), [source("a", known=KNOWN), source("b")])
    (line,) = [line for line in found.warnings if "unknown" in line]
    assert line == (
        "b: FLOPs unknown: needs the rates parameters, layers, heads, head_dim of b; "
        "--rates b=FILE gives them"
    )
    assert {c.source for c in found.curves if c.points[0].cost["flops"] is None} == {"b"}


@pytest.mark.parametrize(
    ("cost", "fields", "reason"),
    [
        ("usd", {}, "--cost usd: needs the rates usd_prompt, usd_completion of pool"),
        ("flops", {}, "needs the rates parameters, layers, heads, head_dim of pool"),
        ("eflops", {}, "needs the rates parameters, layers, heads, kv_heads, head_dim of pool"),
        ("total", {"prompt_tokens": None}, "needs prompt_tokens, which 4 of 4 draws lack"),
        ("seconds", {"seconds": None}, "needs seconds, which 4 of 4 draws lack"),
    ],
)
def test_a_cost_that_is_unknown_for_every_curve_is_an_error(
    cost: str, fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UsageError) as found:
        sweep(SweepOptions(rules=("mean",), cost=cost), [source(**fields)])
    assert reason in str(found.value)
    assert "--" not in found.value.python


def test_rules_that_stop_by_themselves_have_no_operations() -> None:
    with pytest.raises(UsageError, match="not known for rules that stop by themselves"):
        sweep(SweepOptions(rules=("ac",), cost="flops"), [source(known=KNOWN)])


def test_rates_of_no_source_are_an_error() -> None:
    rates = {"": Rates(), "mine": EIGHT_B}
    with pytest.raises(UsageError, match="--rates mine: no source has this name; there are a, b"):
        sweep(SweepOptions(rates=rates), [source("a"), source("b")])


@pytest.mark.parametrize("cost", ["usd", "flops", "eflops"])
def test_the_remedy_works_when_it_is_copied(ttc: Ttc, own_home: Path, cost: str) -> None:
    line = '{"problem": "p", "correct": true, "completion_tokens": 9, "prompt_tokens": 5}\n'
    (own_home / "file.jsonl").write_text(line)
    command = ("sweep", "file.jsonl", "-s", "mean", "--cost", cost)
    refused = ttc(*command)
    assert refused.code == 2
    made = refused.err.partition("for instance with ")[2].partition(", and add")[0]
    subprocess.run(["sh", "-c", made], cwd=own_home, check=True)
    ran = ttc(*command, "--rates", "rates.toml", "--json")
    assert ran.code == 0
    (curve,) = ran.document["curves"]
    assert curve["points"][0]["cost"][cost] > 0
    assert ttc(*command, "--rates", "file.jsonl=rates.toml", "--json").out == ran.out


# --- what a store keeps of models


def recipe(**about: Any) -> Recipe:
    return Recipe("told", ModelInfo("m", "sha256:1", **about))


PROBLEM = Problem("p", prompt="1 + 1", reference={"answer": "2"})


def kept(store: Store) -> dict[str, Any]:
    pool = pools.find(store.reader, "pool")
    assert pool is not None
    return models.known(store.reader, pool)


def test_a_run_that_draws_nothing_adds_what_is_known_of_the_model(tmp_path: Path) -> None:
    geometry = {"layers": 30, "heads": 9}
    with Store.writing(tmp_path / "s.db") as store:
        make_plan(store, "pool", recipe(), [PROBLEM], 0)
        assert kept(store) == {}
        make_plan(store, "pool", recipe(parameters=7, geometry=geometry), [PROBLEM], 0)
        assert kept(store) == {"parameters": 7, **geometry, "read_from": "its backend"}
        make_plan(store, "pool", recipe(), [PROBLEM], 0)  # knows less: nothing is lost
        assert kept(store)["layers"] == 30
        odd = {"layers": True, "heads": -1, "kv_heads": "3", "other": 3}
        make_plan(store, "pool", recipe(parameters=8, geometry=odd), [PROBLEM], 0)
        assert kept(store) == {"parameters": 8, "read_from": "its backend"}


def test_a_merge_carries_what_is_known_of_models(tmp_path: Path) -> None:
    with Store.writing(tmp_path / "a.db") as store:
        make_plan(store, "pool", recipe(parameters=7), [PROBLEM], 0)
    with Store.writing(tmp_path / "b.db") as target, Store.reading(tmp_path / "a.db") as store:
        assert merge(store.reader, target.write).new["models"] == 1
        assert kept(target)["parameters"] == 7
        assert merge(store.reader, target.write).there["models"] == 1
