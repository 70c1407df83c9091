"""What every strategy must do: subclass StrategyContract and give it a fixture `strategy`.

    import pytest
    from ttc.testing import StrategyContract

    class TestMine(StrategyContract):
        @pytest.fixture
        def strategy(self):
            return Mine(n="4")

Each test solves problems of SynthWorld (`ttc.testing.synthworld`), a model of a reasoner with steps
and a scorer, in a store of its own. An option should keep the strategy small: the tests run it
about a hundred times.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from ttc.backends import Backend
from ttc.errors import BackendError
from ttc.records import Message, Problem, SamplingParams
from ttc.samples.plan import Recipe
from ttc.store import Store, traces
from ttc.strategies import Strategy, Task
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.driver import Driver, RunResult
from ttc.strategies.driver.engine import ModelEngine
from ttc.strategies.guard import GuardedStrategy
from ttc.testing.contracts.engines import Breaking, Failing
from ttc.testing.synthworld import Scorer, World, open_world

BUDGETS = (
    Budget(tokens=0),
    Budget(tokens=50),
    Budget(tokens=450),
    Budget(tokens=1000),
    Budget(calls=0),
    Budget(calls=1),
    Budget(calls=3),
    Budget(scores=1),
    Budget(seconds=0),
)


class StrategyContract:
    """The contract of `ttc.strategies`.

    `problems` are solved in each test, with `params`. Override `backend` for a strategy that reads
    texts of a form of its own, and `scorer` for other scores.
    """

    problems = 3
    params = SamplingParams(max_tokens=400, temperature=1.0, top_p=1.0)

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """A store that is empty."""
        with Store.writing(tmp_path / "contract.db") as store:
            yield store

    # What it says of itself.

    def test_it_says_what_it_is(self, strategy: Strategy) -> None:
        assert isinstance(strategy.name, str)
        assert strategy.name
        assert isinstance(strategy.scores, bool)
        assert all(isinstance(need, str) for need in strategy.needs)
        config = json.loads(json.dumps(dict(strategy.config), allow_nan=False))
        assert config == dict(strategy.config), "config holds JSON values"
        assert strategy.needs <= self.backend().capabilities, "override `backend` with one that can"

    def test_an_unknown_option_is_refused(self, strategy: Strategy) -> None:
        with pytest.raises((ValueError, TypeError), match="no_such_option"):
            type(strategy)(no_such_option="1")  # type: ignore[call-arg]

    # A run.

    def test_it_decides(self, strategy: Strategy, store: Store) -> None:
        decided = [self.solve(strategy, store, number) for number in range(self.problems)]
        assert any(run.decision.node or run.decision.answer for run in decided), "it never answers"
        for run in decided:
            drawn = {(node.key, node.index) for node in run.nodes}
            answers = [run.decision.node, *(node for node, _ in run.decision.finals)]
            for answer in filter(None, answers):
                parts = {(each.key, each.index) for each in answer.path if each.model != "given"}
                assert parts <= drawn, "an answer is made of this run's draws"
            assert all(math.isfinite(weight) for _, weight in run.decision.finals)
            assert "\n" not in run.decision.note

    def test_a_run_is_reproducible(self, strategy: Strategy, store: Store, tmp_path: Path) -> None:
        """By the task's seed alone: no clock, no random number of its own, nothing kept."""
        first = [self.told(self.solve(strategy, store, number)) for number in range(self.problems)]
        with Store.writing(tmp_path / "again.db") as other:
            again = [
                self.told(self.solve(strategy, other, number))
                for number in reversed(range(self.problems))
            ]
        assert again[::-1] == first

    def test_problems_side_by_side_do_not_mix(
        self, strategy: Strategy, store: Store, tmp_path: Path
    ) -> None:
        alone = [self.told(self.solve(strategy, store, number)) for number in range(self.problems)]
        with Store.writing(tmp_path / "together.db") as other:
            driver, made = self.driver(other), self.guarded(strategy)
            tasks = [(made, self.task(number)) for number in range(self.problems)]
            together = [self.told(run) for run in driver.run(tasks, width=self.problems)]
        assert [each[0] for each in together] == [each[0] for each in alone]

    # The store.

    def test_a_replay_asks_nothing(self, strategy: Strategy, store: Store) -> None:
        first = self.solve(strategy, store)
        again = self.solve(strategy, store, backend=Breaking(self.backend(), 0))
        assert self.told(again) == self.told(first)
        assert again.usage.new == 0

    def test_a_run_that_was_cut_goes_on(
        self, strategy: Strategy, store: Store, tmp_path: Path
    ) -> None:
        whole = self.solve(strategy, store)
        for waits in {1, 2, max(whole.usage.calls // 2, 1), max(whole.usage.calls - 1, 1)}:
            with Store.writing(tmp_path / f"cut{waits}.db") as cut:
                try:
                    self.solve(strategy, cut, backend=Breaking(self.backend(), waits))
                except BackendError:
                    resumed = self.solve(strategy, cut)
                    assert self.told(resumed)[0] == self.told(whole)[0]

    def test_the_tree_is_stored(self, strategy: Strategy, store: Store) -> None:
        run = self.solve(strategy, store)
        places = {(node.key, node.index): at for at, node in enumerate(run.nodes)}
        assert len(places) == len(run.nodes)
        for node in run.nodes:
            for before in node.path[:-1]:
                if before.model != "given":
                    assert places[before.key, before.index] < places[node.key, node.index]
            if node.finish in ("stop", "length"):
                kept = traces.find(store.reader, node.key, node.index)
                assert kept is not None, "a draw is not in the store"

    # Limits and faults.

    @pytest.mark.parametrize("budget", BUDGETS, ids=str)
    def test_a_budget_is_kept(self, strategy: Strategy, store: Store, budget: Budget) -> None:
        for number in range(self.problems):
            run = self.solve(strategy, store, number, budget=budget)
            assert run.usage.charged <= budget.tokens
            assert run.usage.calls <= budget.calls
            assert run.usage.scores <= budget.scores

    @pytest.mark.parametrize("every", [1, 2, 5])
    def test_draws_that_fail_are_no_end(self, strategy: Strategy, store: Store, every: int) -> None:
        """Every one, every other, every fifth draw fails for good."""
        for number in range(self.problems):
            run = self.solve(strategy, store, number, backend=Failing(self.backend(), every))
            if every == 1 and run.decision.node is not None:
                assert all(node.model == "given" for node in run.decision.node.path)

    def test_a_scorer_without_a_score_is_no_end(self, strategy: Strategy, store: Store) -> None:
        if not strategy.scores:
            pytest.skip("it needs no scorer")

        class Silent(Scorer):
            def score(self, problem: Any, nodes: Any, scope: str) -> Any:
                found = super().score(problem, nodes, scope)
                return [replace(each, value=None) for each in found]

        self.solve(strategy, store, scorer=Silent(World()))

    def test_stopping_it_cancels_its_draws(self, strategy: Strategy, store: Store) -> None:
        backend = Breaking(self.backend(), 2, KeyError("stopped"))
        with pytest.raises(KeyError):
            self._solve_all(strategy, store, backend)
        assert backend.idle(), "draws are left under way"

    def _solve_all(self, strategy: Strategy, store: Store, backend: Backend) -> None:
        for number in range(50):
            self.solve(strategy, store, number, backend=backend)

    # How it is run.

    def backend(self) -> Backend:
        """Return a new model."""
        return open_world(World())

    def scorer(self) -> Any:
        """Return the scorer."""
        return Scorer(World())

    def task(self, number: int = 0) -> Task:
        """Return the task of a problem; its seed is its number."""
        asked = (Message("user", f"task {number}: how many?"),)
        return Task(Problem(f"p{number}", asked), self.params, seed=number)

    def guarded(self, strategy: Strategy) -> Strategy:
        """Return a strategy in the guard that checks its requests and its decision."""
        made: Any = GuardedStrategy(strategy.name, strategy)
        return made  # type: ignore[no-any-return]

    def driver(self, store: Store, **options: Any) -> Driver:
        """Return a driver over the model, and over another as its draft."""
        backend = options.pop("backend", None) or self.backend()
        models = {"main": backend, "draft": open_world(World(stays=0.6), name="small")}
        engines = {
            name: ModelEngine(each, Recipe("synth", each.model, self.params))
            for name, each in models.items()
        }
        return Driver(store, engines, scorer=options.pop("scorer", self.scorer()), **options)

    def solve(self, strategy: Strategy, store: Store, number: int = 0, **options: Any) -> RunResult:
        """Solve a problem."""
        return self.driver(store, **options).solve(self.guarded(strategy), self.task(number))

    def told(self, run: RunResult) -> tuple[Any, Mapping[str, Any]]:
        """Return what a run came to, and what it cost, whoever drew it and however long it took."""
        decision = run.decision
        finals = [(node.trace, weight) for node, weight in decision.finals]
        usage = {k: v for k, v in asdict(run.usage).items() if k not in ("new", "seconds")}
        node = decision.node
        answer = node and (node.trace, node.key, node.index)
        return (answer, decision.answer, finals, decision.note), usage
