"""The order of the driver's requests: as it was recorded, and lawful in random runs."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenarios import PARAMS as SHORT
from scenarios import backend, digest, played
from worlds import engine

from ttc.backends import Completion
from ttc.errors import BackendError
from ttc.records import Message, Problem
from ttc.store import Store
from ttc.strategies import Decision, Generate, StrategyRun, Task, together
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.driver import Driver

# Recorded with the driver of before its pending requests were in one dict.
RECORDED = """
    d1f5558e 83354ef6 9f0bf8c6 541b8acc 4528497a b7e9bbf1 a57ce4fe f3ee78f2
    81f8d908 eef17f27 6e3e222d e3945381 56beab7b e521df3a 3c9c4328 88c12a36
    8f7bbc5e c6c13366 9e1c84c8 f86ae2ec c7eb45de 57cacc35 aea246e3 e14f6e10
"""


def story(seed: int) -> list[dict[str, Any]]:
    """Play a scenario in a folder and with a cache of its own."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTC_CACHE", str(Path(folder) / "cache"))
        return played(seed, Path(folder))


@pytest.mark.parametrize(("seed", "recorded"), [*enumerate(RECORDED.split())])
def test_the_same_requests_in_the_same_order_as_ever(seed: int, recorded: str) -> None:
    """Calls to the engine, results, usage and stored rows, of draws that fail, are cancelled, are
    requested twice, of questions and scores, of budgets that end and runs that are interrupted."""
    assert digest(story(seed)) == recorded


@given(seed=st.integers(1000, 2**32))
@settings(max_examples=20, deadline=None)
def test_each_request_comes_back_once_and_no_budget_is_exceeded(seed: int) -> None:
    for part in story(seed):
        submitted = sum(call[0] == "submit" for call in part["calls"])
        came = [call[1] for call in part["calls"] if call[0] == "came"]
        assert len(set(came)) == len(came)
        if part["ended"] != "by itself":
            continue
        assert sorted(came) == list(range(submitted))
        for result in part["results"]:
            usage, budget = result["usage"], part["budget"]
            assert usage["tokens"] + usage["assumed"] <= budget["tokens"]
            assert usage["calls"] <= budget["calls"]
            assert usage["scores"] <= budget["scores"]
            draws = [(key, index) for key, index, *_ in result["nodes"]]
            assert len(set(draws)) == len(draws)
            if not result["exhausted"]:
                continue
            assert any(limit != math.inf for limit in budget.values())


@given(seed=st.integers(1000, 2**32))
@settings(max_examples=15, deadline=None)
def test_what_finished_is_stored_once_and_never_asked_for_again(seed: int) -> None:
    first, second = story(seed)
    samples, _ = first["rows"]
    stored = {(key, index) for key, index, *_ in samples}
    assert len(stored) == len(samples)
    assert second["rows"][0][: len(samples)] == samples
    asked = {
        (call[1].rpartition("/")[0][-8:], call[4])
        for call in second["calls"]
        if call[0] == "submit"
    }
    assert not asked & stored


class Failing:
    """An engine that fails while a run that has exceeded its budget waits for its last draws."""

    def __init__(self) -> None:
        self._inner = backend(1, None, 0)
        self.model, self.capabilities = self._inner.model, self._inner.capabilities
        self.submit, self.close = self._inner.submit, self._inner.close
        self._failed = self._cancelled = False

    def cancel(self, request_id: str) -> None:
        self._cancelled = True
        self._inner.cancel(request_id)

    def wait(self) -> Completion:
        if self._cancelled and not self._failed:
            self._failed = True
            raise BackendError("it broke off")
        return self._inner.wait()


def test_draws_that_come_after_their_engine_failed_are_passed_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("ttc.strategies.driver.task_run.time.monotonic", lambda: clock[0])

    class Late:
        name, needs, scores, config = "late", frozenset[str](), False, dict[str, object]()

        def run(self, task: Task) -> StrategyRun[Decision]:
            yield [Generate() for _ in range(4)]
            if task.problem.id == "late":
                clock[0] += 60
            return Decision((yield from together([Generate(max_tokens=3)]))[0].node)

    failing: Any = Failing()
    solver = Driver(store, {"main": engine(failing, SHORT)}, budget=Budget(seconds=50))
    late, other = (Task(Problem(name, (Message("user", name),)), SHORT) for name in ("late", "b"))
    first, second = solver.run([(Late(), late), (Late(), other)], width=2)
    assert first.exhausted
    assert first.errors == ("it broke off",)
    # The second task shares the engine, which still has the draws of the first.
    assert second.exhausted
    assert len(second.nodes) == 4
