"""Strategies on llama.cpp: that they work end to end. What the model says is of no matter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ttc.backends import Backend
from ttc.records import Message, Problem, SamplingParams
from ttc.samples.plan import Recipe
from ttc.solving.method import build
from ttc.store import Store
from ttc.strategies import Task
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.driver import Driver, RunResult
from ttc.strategies.driver.engine import ModelEngine
from ttc.strategies.driver.scoring import LikelihoodScorer
from ttc_llamacpp import open_llamacpp

PARAMS = SamplingParams(max_tokens=48)
ASKED = Problem("p", (Message("user", "How many minutes are 3 hours and 20 minutes?"),))
SHORT = "step_tokens=16"
METHODS = [
    f"beam:n=4,m=2,{SHORT}",
    f"beam:n=2,m=2,lookahead=1,{SHORT}",
    f"dvts:n=4,m=2,{SHORT}",
    f"early-rejection:n=4,m=2,tau=4,{SHORT}",
    f"particles:n=3,{SHORT}",
    f"rebase:width=4,{SHORT}",
    f"ets:width=4,{SHORT}",
    f"a-star:children=2,expansions=4,{SHORT}",
    f"mcts:rollouts=3,children=2,{SHORT}",
    f"rollover:quota=2,{SHORT}",
    f"specreason:threshold=3,{SHORT}",
    "deepconf:n=4,warmup=2,window=8,chunk=16",
    "budget-forcing:budget=32,waits=1",
    "adaptive:n=3,gamma=1",
    "prune:n=4,tokens=8,keep=0.5",
    "self-refine:rounds=1",
    "revisions:chains=2,rounds=1",
    "review:n=2,rounds=2",
    "post-edit",
]


@pytest.fixture(scope="module")
def engine(shallow: str) -> Iterator[Backend]:
    backend = open_llamacpp(shallow, {"slots": 8, "threads": 1})
    yield backend
    backend.close()


def solve(store: Store, backend: Backend, method: str, budget: Budget) -> RunResult:
    strategy, _ = build(method, None)
    assert strategy is not None
    main = ModelEngine(backend, Recipe("llamacpp", backend.model, PARAMS))
    driver = Driver(store, {"main": main, "draft": main}, scorer=LikelihoodScorer(), budget=budget)
    return driver.solve(strategy, Task(ASKED, PARAMS))


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.partition(":")[0])
def test_it_answers_within_its_budget_and_repeats_for_nothing(
    engine: Backend, tmp_path: Path, method: str
) -> None:
    budget = Budget(tokens=1500)
    with Store.writing(tmp_path / "s.db") as store:
        run = solve(store, engine, method, budget)
        again = solve(store, engine, method, budget)
    assert not run.errors
    assert run.decision.node is not None
    assert run.decision.node.trace
    assert 0 < run.usage.new == run.usage.tokens <= 1500
    assert again.usage.new == 0
    assert again.usage.tokens == run.usage.tokens
    assert again.decision.node is not None
    assert again.decision.node.trace == run.decision.node.trace
