"""`ttc sample --budget`: amounts, limits that are never passed, prices, and resuming."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from conftest import Ttc

import ttc as library
from ttc.backends import Completion, ModelInfo, Request
from ttc.backends.simulated import SimulatedBackend
from ttc.budgets.amounts import read_count, read_money, read_time
from ttc.budgets.prices import Price
from ttc.errors import UsageError
from ttc.records import Message, Problem, SamplingParams
from ttc.samples.drawing import Drawing
from ttc.samples.plan import Recipe, make_plan
from ttc.samples.spending import Spending, limits_of, prompt_bound
from ttc.store import Store
from ttc.strategies.driver.budget import Budget

SCRIPTED = ("-m", "scripted:tokens=10-60", "--max-tokens", "100")
PRICED = '[models.s]\nmodel = "scripted:tokens=10-60"\nprice = %s\n'


@pytest.mark.parametrize(
    ("reader", "written", "amount"),
    [
        (read_count, "4000", 4000),
        (read_count, "4_000", 4000),
        (read_count, "1.1k", 1100),
        (read_count, "2M", 2_000_000),
        (read_count, "2 M", 2_000_000),
        (read_count, "1e3", 1000),
        (read_count, "1B", 10**9),
        (read_count, 7, 7),
        (read_count, 7.0, 7),
        (read_count, "10m", None),  # of a million or of minutes?
        (read_count, "1.5", None),
        (read_count, "0", None),
        (read_count, "-1", None),
        (read_count, "nan", None),
        (read_count, "inf", None),
        (read_count, "1e999", None),
        (read_count, "", None),
        (read_count, True, None),
        (read_count, None, None),
        (read_money, "2.50", 2.5),
        (read_money, "$5", 5),
        (read_money, ".5", 0.5),
        (read_money, "1k", 1000),
        (read_money, 0.25, 0.25),
        (read_money, "5 EUR", None),
        (read_time, "90", 90),
        (read_time, "1.5h", 5400),
        (read_time, "10m", 600),
        (read_time, "1d", 86400),
        (read_time, 0.5, 0.5),
        (read_time, "10M", None),
        (read_time, "soon", None),
    ],
)
def test_amounts_as_people_write_them(reader: Any, written: Any, amount: float | None) -> None:
    if amount is None:
        with pytest.raises(ValueError, match=r"amount|above 0|whole"):
            reader(written)
    else:
        assert reader(written) == amount


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ("tokens=2M, usd=5,seconds=10m", {"tokens": 2e6, "usd": 5, "seconds": 600}),
        ({"tokens": "2M", "usd": 5}, {"tokens": 2e6, "usd": 5}),
        (None, {}),
        ("", {}),
    ],
)
def test_limits(given: Any, limits: dict[str, float]) -> None:
    assert limits_of(given) == limits


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("foo=1", "write one of tokens, prompt, usd, calls, samples, seconds, as in tokens=2M"),
        ("tokens", "tokens takes a number above 0, as in 4000, 1.5k or 2M"),
        ("tokens=10m", "(a million is M)"),
        ("tokens=1,tokens=2", "tokens is given twice"),
        ("usd=x", "as in 2.50"),
        ("seconds=0", "90s, 30m or 2h"),
        (5, "write limits, as in tokens=2M"),
    ],
)
def test_wrong_limits_are_named(given: Any, told: str) -> None:
    with pytest.raises(UsageError) as error:
        limits_of(given)
    assert told in str(error.value)
    assert str(error.value).startswith("--budget ")


def test_solve_reads_the_same_amounts() -> None:
    assert Budget.parse("tokens=1.5k,seconds=2m").limits == {"tokens": 1500, "seconds": 120}


class Lengths:
    """A script whose draws have given lengths; some fail, are not counted, or do both."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.generated = self.prompts = self.asked = 0

    def __call__(self, request: Request) -> Completion:
        tokens = self._rng.randint(1, 20)
        self.asked += 1
        self.generated += tokens
        self.prompts += 3
        if self._rng.random() < 0.1:
            return Completion("", "", "error", completion_tokens=tokens, prompt_tokens=3, error="x")
        counted = None if self._rng.random() < 0.1 else tokens
        return Completion("", "x", "stop", completion_tokens=counted, prompt_tokens=3)


@pytest.mark.parametrize("seed", range(12))
def test_no_limit_is_ever_passed(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    script, price = Lengths(seed), Price(1000.0, 2000.0)
    backend = SimulatedBackend(ModelInfo("m", "m1"), script, slots=rng.choice([1, 4, None]))
    recipe = Recipe("scripted", backend.model, SamplingParams(max_tokens=20))
    problems = [Problem(f"p{i}", (Message("user", "?" * i),)) for i in range(3)]
    name = rng.choice(["tokens", "prompt", "usd", "calls", "samples"])
    limit = {"tokens": 333, "prompt": 1700, "usd": 3, "calls": 17, "samples": 17}[name]
    account = Spending({name: limit}, 20, price)
    with Store.writing(tmp_path / "s.db") as store:
        plan = make_plan(store, "p", recipe, problems, 200)
        drawing = Drawing(store, backend, plan, lambda sample: None)
        for _ in drawing.run(None, account):
            assert account.spent[name] <= limit * (1 + 1e-9)
    tally = drawing.tally
    assert tally.stopped.startswith("the budget")
    usd = price.usd(script.prompts, script.generated)
    real = {"tokens": script.generated, "prompt": script.prompts, "usd": usd}
    real |= {"calls": script.asked, "samples": tally.drawn}
    assert real[name] <= limit
    # What is left is less than one draw may take; where all is counted, nothing else is left.
    most = account.most(plan.enrolled[0])
    assert account.spent[name] + most[name] > limit or account.short_of(plan.enrolled[-1])


def test_a_prompt_has_no_more_tokens_than_bytes() -> None:
    assert prompt_bound(Problem("p", (Message("user", "é" * 10),))) >= 24
    assert prompt_bound(Problem("p", prompt="ab")) >= 2


def test_a_run_stops_before_the_limit_and_resumes(ttc: Ttc, sums: Path) -> None:
    options = (*SCRIPTED, "-n", "8", "--pool", "p")
    ran = ttc("sample", sums, *options, "--budget", "tokens=0.5k", "--json")
    assert ran.code == 4
    account = ran.document["budget"]
    assert account["limits"] == {"tokens": 500}
    assert 400 < account["spent"]["tokens"] <= 500
    assert ran.document["tokens"] == account["spent"]["tokens"]
    assert "one more draw may take 100 tokens" in ran.stderr
    assert "draws to go; to resume: ttc sample" in ran.stderr
    again = ttc("sample", sums, *options, "--json")
    assert again.code == 0
    assert again.document["kept"] == ran.document["drawn"]
    assert again.document["kept"] + again.document["drawn"] == 48


def test_enough_is_no_stop(ttc: Ttc, sums: Path) -> None:
    ran = ttc("sample", sums, *SCRIPTED, "-n", "2", "--budget", "tokens=100k,samples=12")
    assert ran.code == 0
    assert "spent" in ran.stderr and "12 of 12 samples" in ran.stderr  # noqa: PT018


def test_time_is_one_of_the_limits(ttc: Ttc, sums: Path) -> None:
    slow = ("-m", "scripted:tokens=60,slots=1,tick=0.005", "-n", "8")
    ran = ttc("sample", sums, *slow, "--budget", "seconds=0.5")
    assert ran.code == 4
    assert "time is up" in ran.stderr
    twice = ttc("sample", sums, *slow, "--budget", "seconds=1", "--max-time", "1")
    assert twice.code == 2
    assert "are the same limit; give one of them" in twice.stderr


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        ("tokens=99", "not enough for one draw, which may take 100; raise it, or lower --max-tok"),
        ("usd=5", "no price of scripted is known; name it by an alias that has one"),
        ("prompt=5", "not enough for one draw"),
    ],
)
def test_a_budget_that_cannot_work_is_refused(ttc: Ttc, sums: Path, budget: str, told: str) -> None:
    ran = ttc("sample", sums, *SCRIPTED, "-n", "2", "--budget", budget)
    assert ran.code == 2
    assert told in ran.stderr


def test_money_by_the_price_of_the_alias(
    ttc: Ttc, sums: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ttc.toml").write_text(PRICED % "{ usd_prompt = 1.0, usd_completion = 2.0 }")
    options = ("-m", "s", "--max-tokens", "100", "-n", "20", "--pool", "p", "-o", "out.jsonl")
    dry = ttc("sample", sums, *options, "--budget", "usd=0.002,tokens=1M,seconds=9", "--dry-run")
    assert "budget of 0.002 USD: may not suffice, the draws take up to" in dry.stdout
    assert "budget of 1,000,000 tokens: suffices, the draws take at most 12,000" in dry.stdout
    assert "budget of 9 seconds: whether it suffices is unknown" in dry.stdout
    ran = ttc("sample", sums, *options, "--budget", "usd=0.002", "--json")
    assert ran.code == 4
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    spent = sum(line["prompt_tokens"] + 2 * line["completion_tokens"] for line in lines) / 1e6
    assert ran.document["budget"]["spent"]["usd"] == pytest.approx(spent)
    assert 0.001 < spent <= 0.002
    dry = ttc("sample", sums, *options, "--budget", "usd=0.002", "--dry-run", "--json")
    told = dry.document["budget"]["usd"]
    assert (told["suffices"], told["limit"]) == (False, 0.002)
    assert 0 < told["draws_at_least"] < dry.document["draws"]


@pytest.mark.parametrize(
    ("price", "told"),
    [
        ("5", "price must be a table, as in price = {"),
        ("{ usd_prompt = 1 }", "price lacks usd_completion"),
        ("{ usd_prompt = 1, usd_completion = -1 }", "price.usd_completion must be a number from 0"),
        ("{ prompt = 1 }", "price has no 'prompt'; there are usd_prompt, usd_completion, batch"),
    ],
)
def test_a_wrong_price_is_named(
    ttc: Ttc, sums: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, price: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ttc.toml").write_text(PRICED % price)
    ran = ttc("sample", sums, "-m", "s", "-n", "2")
    assert ran.code == 2
    assert f"[models.s]: {told}" in ran.stderr


def test_from_python(sums: Path, tmp_path: Path) -> None:
    pool = library.sample(
        sums, 8, model="scripted:tokens=10-60", max_tokens=100, pool="p",
        budget={"tokens": "0.5k"}, database=tmp_path / "s.db", progress=False,
    )  # fmt: skip
    tokens = [line["completion_tokens"] for line in pool.records()]
    assert 400 < sum(tokens) <= 500
    with pytest.raises(UsageError, match="budget='tokens=9': not enough for one draw"):
        library.sample(sums, 9, model="scripted:tokens=10-60", max_tokens=100, pool="p",
                       budget="tokens=9", database=tmp_path / "s.db")  # fmt: skip
