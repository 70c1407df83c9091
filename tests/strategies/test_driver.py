"""The driver: replay and resumption from a real store, budgets, errors, cost, and what it hides."""

from __future__ import annotations

import json
import math
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import (
    PARAMS,
    SMALL,
    SMALL_ONES,
    WORLD,
    breaking,
    by_name,
    driver,
    engine,
    named,
    over,
    said,
    scripted,
    task,
)

from ttc.backends import Completion, Request
from ttc.backends.simulated import SimulatedBackend
from ttc.errors import BackendError, UsageError
from ttc.records import Sample, Verdict
from ttc.solving.rule_strategy import RuleStrategy
from ttc.store import Store
from ttc.strategies import Decision, Generate, Loglikelihood, StrategyRun, Task, nodes, together
from ttc.strategies.beam import Beam
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.driver import Driver, RunResult
from ttc.strategies.driver.scoring import AGGREGATES, VerifierScorer, aggregate
from ttc.strategies.mcts import MCTS
from ttc.strategies.specreason import SpecReason
from ttc.testing.synthworld import CAPABILITIES, Scorer, open_world


def decided(run: RunResult) -> Any:
    """What a run came to, whoever drew it and however long it took."""
    decision = run.decision
    finals = [(node.trace, weight) for node, weight in decision.finals]
    usage = {k: v for k, v in asdict(run.usage).items() if k not in ("new", "seconds")}
    node = decision.node
    return node and (node.trace, node.key, node.index), finals, decision.note, usage


def silent(store: Store, **options: Any) -> Driver:
    """A driver over SynthWorld of which nothing may be asked."""
    engines = {
        "main": engine(breaking(open_world(WORLD), 0)),
        "draft": engine(breaking(open_world(SMALL, name="small"), 0)),
    }
    return Driver(store, engines, scorer=Scorer(WORLD), **options)


@pytest.mark.parametrize("name", SMALL_ONES)
def test_a_replay_decides_the_same_at_the_same_cost_and_asks_nothing(
    name: str, store: Store
) -> None:
    first = driver(store).solve(SMALL_ONES[name](), task(3))
    again = silent(store).solve(SMALL_ONES[name](), task(3))
    assert decided(again) == decided(first)
    assert first.usage.new == first.usage.tokens > 0
    assert again.usage.new == 0


@pytest.mark.parametrize("waits", [1, 5, 14])
@pytest.mark.parametrize("error", [BackendError("gone"), KeyboardInterrupt()])
@pytest.mark.parametrize("name", ["beam", "particles", "mcts", "a-star", "ets", "prune", "esc"])
def test_a_run_that_was_cut_goes_on_where_it_stopped(
    name: str, error: BaseException, waits: int, store: Store, tmp_path: Path
) -> None:
    whole = driver(store).solve(SMALL_ONES[name](), task(3))
    waits = min(waits, whole.usage.calls - 1)
    path = tmp_path / "cut.db"
    with Store.writing(path) as cut:
        engines = {"main": engine(breaking(open_world(WORLD), waits, error))}
        with pytest.raises(type(error)):
            Driver(cut, engines, scorer=Scorer(WORLD)).solve(SMALL_ONES[name](), task(3))
    with Store.writing(path) as cut:
        resumed = driver(cut).solve(SMALL_ONES[name](), task(3))
    assert decided(resumed)[:3] == decided(whole)[:3]
    assert 0 < resumed.usage.new < whole.usage.new


def test_what_was_under_way_when_a_run_failed_does_not_come_to_the_next(store: Store) -> None:
    class Failing(Beam):
        def ended(self, node: Any, task: Any) -> bool:
            raise RuntimeError("a strategy fails")

    class Racing:
        name, needs, scores, config = "racing", frozenset[str](), False, dict[str, object]()

        def run(self, task: Task) -> StrategyRun[Decision]:
            yield [Generate() for _ in range(5)]  # goes on at the first
            raise RuntimeError("a strategy fails")

    backend = open_world(WORLD)
    both = over(store, backend, Scorer(WORLD))
    for failing in (Racing(), Failing(n="4", m="2")):
        with pytest.raises(RuntimeError, match="a strategy fails"):
            both.solve(failing, task(1))
    assert both.solve(Beam(n="4", m="2"), task(2)).decision.node is not None
    with pytest.raises(LookupError):
        backend.wait()


budgets = st.builds(
    Budget,
    tokens=st.sampled_from([math.inf, 50, 400, 450, 700, 1500, 3000]),
    calls=st.sampled_from([math.inf, 1, 3, 7, 20]),
    scores=st.sampled_from([math.inf, 1, 3, 7, 20]),
)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(name=st.sampled_from(sorted(SMALL_ONES)), budget=budgets)
def test_a_budget_is_never_exceeded_and_does_not_depend_on_the_store(
    name: str, budget: Budget
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with Store.writing(Path(folder) / "cold.db") as store:
            given_task = task(4)
            found = driver(store, budget=budget).solve(SMALL_ONES[name](), given_task)
            assert decided(silent(store, budget=budget).solve(SMALL_ONES[name](), task(4))) == (
                decided(found)
            )
        with Store.writing(Path(folder) / "warm.db") as store:
            unlimited = driver(store).solve(SMALL_ONES[name](), task(4))
            warm = driver(store, budget=budget).solve(SMALL_ONES[name](), task(4))
    for usage in (found.usage, warm.usage):
        assert usage.tokens <= budget.tokens
        assert usage.calls <= budget.calls
        assert usage.scores <= budget.scores
    # A race is run by as many as the budget covers at a time, and of its losers the store has
    # only what they came to.
    race = name in ("first-finish", "short-3")
    assert race or decided(warm) == decided(found)
    if not found.exhausted:
        assert race or decided(found) == decided(unlimited)
    elif name in ("vote", "majority", "best-of-n", "first-finish", "short-3", "esc", "ac"):
        # A rule picks among what came.
        assert found.decision.node is None or found.decision.node in found.nodes
    elif found.decision.node is not None:
        best = max(weight for _, weight in given_task.offered)
        assert (found.decision.node, best) in given_task.offered
    else:
        assert not given_task.offered


@pytest.mark.parametrize("name", ["mcts", "beam", "adaptive", "review", "revisions"])
def test_an_exhausted_run_answers_with_the_best_that_was_offered(name: str, store: Store) -> None:
    whole = driver(store).solve(SMALL_ONES[name](), task(2))
    limited = task(2)
    budget = Budget(tokens=whole.usage.tokens - 1)
    # The last draws are held back, since their limit does not fit.
    found = driver(store, budget=budget).solve(SMALL_ONES[name](), limited)
    assert found.exhausted
    assert "the budget ended it" in found.decision.note
    if name == "beam":  # all of its traces end together
        assert found.decision.node is None
        return
    assert limited.offered
    assert found.decision.node is max(limited.offered, key=lambda pair: pair[1])[0]


def test_the_clock_ends_a_run(store: Store) -> None:
    slow = open_world(WORLD)
    assert isinstance(slow, SimulatedBackend)
    slow._tick = 0.001
    run = over(store, slow, Scorer(WORLD), budget=Budget(seconds=0.2)).solve(MCTS(), task())
    assert run.exhausted
    assert run.usage.calls < 32


@pytest.mark.parametrize("lacking", ["prefix", "stop-kept", "choose"])
def test_what_a_backend_lacks_is_told_before_the_first_token(lacking: str, store: Store) -> None:
    backend = scripted(lambda request: pytest.fail("it was asked"), CAPABILITIES - {lacking})
    engines = {"main": engine(backend), "draft": engine(open_world(SMALL))}
    with pytest.raises(UsageError, match=f"specreason needs {lacking}, which told does not have"):
        Driver(store, engines).solve(SpecReason(), task())


def test_a_draft_model_must_be_able_to_draft(store: Store) -> None:
    def never(request: Request) -> Completion:
        raise AssertionError("it was asked")

    unable = {"main": engine(scripted(never)), "draft": engine(scripted(never, frozenset()))}
    with pytest.raises(UsageError, match="specreason needs prefix, stop-kept, which told does not"):
        Driver(store, unable).solve(SpecReason(), task())
    with pytest.raises(UsageError, match="needs a second model: --draft"):
        over(store, scripted(never)).solve(SpecReason(), task())


def test_a_search_without_a_scorer_is_refused(store: Store) -> None:
    with pytest.raises(UsageError, match="beam needs a scorer: --scorer NAME"):
        over(store, open_world(WORLD)).solve(Beam(), task())


def failing(times: int) -> SimulatedBackend:
    """A backend of which each draw fails so many times before it comes."""
    tries: Counter[int | None] = Counter()

    def tell(request: Request) -> Completion:
        tries[request.draw] += 1
        if tries[request.draw] <= times and request.draw != 2:
            return said("", 0, "error", error="a slot was lost")
        return said(f"the answer is {request.draw}")

    return scripted(tell)


def test_a_draw_that_fails_is_asked_for_again(store: Store) -> None:
    run = over(store, failing(2)).solve(RuleStrategy(None, 4), task())
    assert run.errors == ()
    assert sorted(node.index for node in run.nodes) == [0, 1, 2, 3]


def test_what_failed_attempts_took_is_counted_and_bounded(store: Store) -> None:
    tries: Counter[int | None] = Counter()

    def tell(request: Request) -> Completion:
        tries[request.draw] += 1
        if tries[request.draw] < 3:
            return said("so far", 30, "error", error="a slot was lost")
        return said("the answer is 4", 50)

    params = replace(PARAMS, max_tokens=100)
    options = {"params": params, "budget": Budget(tokens=250)}
    run = over(store, scripted(tell), **options).solve(RuleStrategy(None, 4), task(0, params))
    assert run.exhausted
    came = [node for node in run.nodes if node.finish != "cancelled"]
    assert run.usage.calls == len(came)
    failed = sum(tries.values()) - len(came)
    assert failed >= 2
    assert run.usage.tokens == 30 * failed + 50 * len(came) <= 250


def test_the_stop_string_of_the_sampling_is_in_no_answer(store: Store) -> None:
    def tell(request: Request) -> Completion:
        assert request.params.stop == ("DONE", "\n\n")
        assert request.keep_stop
        if request.prefix:
            return said("the answer is 4DONE", 4, stop="DONE")
        return said("a step\n\n", 2, stop="\n\n")

    params = replace(PARAMS, stop=("DONE",))
    solver = over(store, scripted(tell), Scorer(WORLD), params=params)
    for _ in range(2):  # drawn, and from the store
        run = solver.solve(Beam(n="2", m="1"), task(0, params))
        assert run.decision.node is not None
        assert run.decision.node.trace == "a step\n\nthe answer is 4"
        assert len(run.nodes) == 4


def test_a_draw_that_always_fails_is_told(store: Store) -> None:
    run = over(store, failing(3)).solve(RuleStrategy(None, 4), task())
    assert run.errors == ("a slot was lost",) * 3
    assert [node.index for node in run.nodes] == [2]
    assert run.decision.node is run.nodes[0]
    resumed = over(store, failing(0)).solve(RuleStrategy(None, 4), task())
    assert sorted(node.index for node in resumed.nodes) == [0, 1, 2, 3]


def test_what_cancelled_draws_came_to_is_counted(store: Store, tmp_path: Path) -> None:
    race = driver(store).solve(by_name("first-finish"), task(5))
    all_of_them = driver(store).solve(by_name("majority"), task(5))
    shortest = min(node.tokens for node in all_of_them.nodes)
    # Side by side at one token a tick, all have what the first one took.
    assert race.usage.tokens == 16 * shortest
    ties = sum(node.tokens == shortest for node in all_of_them.nodes)
    cancelled = [node for node in race.nodes if node.finish == "cancelled"]
    assert sum(node.tokens for node in cancelled) == (16 - ties) * shortest
    assert race.usage.calls == 16
    # And so they have where the store has the draws whole, of another run.
    with Store.writing(tmp_path / "whole.db") as other:
        driver(other).solve(by_name("majority"), task(5))
        again = silent(other).solve(by_name("first-finish"), task(5))
    assert decided(again) == decided(race)


def test_draws_that_never_began_cost_nothing(store: Store) -> None:
    one_slot = open_world(WORLD)
    run = over(store, one_slot, budget=Budget(calls=3)).solve(by_name("majority"), task())
    assert run.exhausted
    assert run.usage.calls == 3
    assert run.usage.tokens == sum(node.tokens for node in run.nodes)


@pytest.mark.parametrize("how", AGGREGATES)
def test_step_scores_are_put_together(how: str, store: Store) -> None:
    scorer = Scorer(WORLD, sigma=1.0)
    run = driver(store, scorer=scorer, aggregation=how).solve(Beam(n="4", m="2"), task(1))
    for node, weight in run.decision.finals:
        steps = [scorer.of(each.trace) for each in node.path]
        by_hand = {
            "last": steps[-1],
            "min": min(steps),
            "prod": math.exp(sum(map(math.log, steps))),
            "mean": sum(steps) / len(steps),
        }
        assert weight == pytest.approx(by_hand[how])
        assert [run.scores[id(each)] for each in node.path] == steps


def test_aggregation_by_hand() -> None:
    found = {how: aggregate([0.5, 0.2, 0.8], how) for how in AGGREGATES}
    assert found == pytest.approx({"last": 0.8, "min": 0.2, "prod": 0.08, "mean": 0.5})


def rows(store: Store, sql: str) -> list[sqlite3.Row]:
    return list(store.reader.execute(sql))


@pytest.mark.parametrize("name", ["beam", "early-rejection", "mcts", "particles", "prune"])
def test_parents_lead_to_the_text_before(name: str, store: Store) -> None:
    driver(store).solve(SMALL_ONES[name](), task(1))
    found = {
        row[0]: row[1:]
        for row in rows(
            store,
            "SELECT samples.id, parent_id, text, identity FROM samples "
            "JOIN requests ON requests.id = request_id",
        )
    }

    def text_to(sample: int | None) -> str:
        return "" if sample is None else text_to(found[sample][0]) + found[sample][1]

    for parent, _, identity in found.values():
        assert text_to(parent) == json.loads(identity).get("prefix", "")
    assert sum(parent is not None for parent, _, _ in found.values()) >= 2


def test_two_traces_with_the_same_text_go_on_differently(store: Store) -> None:
    seeds: list[int | None] = []

    def tell(request: Request) -> Completion:
        seeds.append(request.seed)
        if request.prefix.count("\n\n") == 2:
            return said(f"the answer is {request.seed}")
        return said("the same\n\n", 2, stop="\n\n")

    run = over(store, scripted(tell), Scorer(WORLD)).solve(Beam(n="4", m="1"), task())
    assert len(set(named(run.nodes))) == len(run.nodes) == 12
    assert len(set(seeds)) == 12
    assert len({node.trace for node, _ in run.decision.finals}) == 4


class Curious:
    """Judges by nothing, and keeps what it is shown."""

    name, version = "curious", "1"

    def __init__(self) -> None:
        self.seen: list[Sample] = []
        self.config: dict[str, object] = {}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        for sample in samples:
            self.seen.append(sample)
            yield Verdict(score=0.5, tokens=3)


def test_neither_strategy_nor_scorer_sees_a_reference(store: Store) -> None:
    shown: list[Any] = []

    class Peeping(Beam):
        def run(self, task: Task) -> StrategyRun[Decision]:
            shown.append(task.problem)
            return (yield from super().run(task))

    curious = Curious()
    asked = task(1, reference={"answer": "1"})
    run = driver(store, scorer=VerifierScorer(curious)).solve(Peeping(n="4", m="2"), asked)
    assert run.decision.node is not None
    assert [dict(problem.reference) for problem in shown] == [{}]
    assert curious.seen
    assert all(sample.reference == {} for sample in curious.seen)
    assert all(sample.asked == asked.problem.messages for sample in curious.seen)
    assert run.usage.scorer == 3 * run.usage.scores
    # The same texts are not judged again.
    count = len(curious.seen)
    driver(store, scorer=VerifierScorer(curious)).solve(Peeping(n="4", m="2"), asked)
    assert len(curious.seen) == count


def test_a_whole_answer_is_the_draw_of_a_pool(store: Store) -> None:
    """A draw of a strategy has the key of `ttc sample`, whichever came first."""
    from ttc import keys

    run = driver(store).solve(by_name("majority", 2), task(1))
    recipe = engine(open_world(WORLD)).recipe
    prompt = keys.prompt_id(task(1).problem)
    assert {node.key for node in run.nodes} == {keys.sample_key(recipe.key, prompt)}


def test_together_returns_a_reply_for_each_request(store: Store) -> None:
    """Also if one request stands twice in a list, and if another one is still under way."""

    class Overlapping:
        name, needs, scores, config = "overlapping", frozenset[str](), False, dict[str, object]()

        def run(self, task: Task) -> StrategyRun[Decision]:
            twice = Generate(max_tokens=30)
            yield [Generate(max_tokens=5), Generate(max_tokens=20)]  # goes on at the first reply
            drawn = list(nodes((yield from together([twice, Generate(max_tokens=9), twice]))))
            return Decision(drawn[0], tuple((node, 1.0) for node in drawn))

    run = driver(store).solve(Overlapping(), task())
    assert [node.tokens for node, _ in run.decision.finals] == [30, 9, 30]
    assert [node.index for node, _ in run.decision.finals] == [0, 0, 1]


def test_a_model_that_is_not_there_is_named(store: Store) -> None:
    class Asking:
        name, needs, scores, config = "asking", frozenset[str](), False, dict[str, object]()

        def run(self, task: Task) -> StrategyRun[Decision]:
            drawn = list(nodes((yield from together([Generate(model="judge")]))))
            return Decision(drawn[0])

    with pytest.raises(UsageError, match="no model is called 'judge' here"):
        driver(store).solve(Asking(), task())


def test_rounds_and_what_they_hold(store: Store) -> None:
    run = driver(store).solve(Beam(n="4", m="2"), task(1))
    assert run.usage.rounds == WORLD.depth
    # Beginnings of the traces of a round count once each, and what is drawn behind them.
    live = 0
    for depth in range(1, WORLD.depth + 1):
        drawn = [node for node in run.nodes if node.depth == depth]
        above = {id(node): node for each in drawn for node in each.path}
        live += sum(node.tokens for node in above.values())
    assert run.usage.kv == live


@pytest.mark.parametrize("name", ["beam", "mcts", "specreason", "esc", "best-of-n", "short-3"])
def test_tasks_side_by_side_come_in_order_and_as_they_do_alone(
    name: str, store: Store, tmp_path: Path
) -> None:
    numbers = [3, 1, 4, 1, 5, 9]  # one of them twice
    with Store.writing(tmp_path / "alone.db") as alone:
        one_by_one = [driver(alone).solve(SMALL_ONES[name](), task(at)) for at in numbers]
    together_ones = driver(store).run([(SMALL_ONES[name](), task(at)) for at in numbers], width=4)
    for run, expected in zip(together_ones, one_by_one, strict=True):
        assert decided(run)[:2] == decided(expected)[:2]
    assert [
        decided(run)[0]
        for run in silent(store).run(((SMALL_ONES[name](), task(at)) for at in numbers), width=2)
    ] == [decided(run)[0] for run in one_by_one]


def test_an_engine_serves_another_run_after_one_was_interrupted(store: Store) -> None:
    backend = open_world(WORLD)

    interrupted = {"main": engine(breaking(backend, 3, KeyboardInterrupt()))}
    with pytest.raises(KeyboardInterrupt):
        Driver(store, interrupted, scorer=Scorer(WORLD)).solve(Beam(n="8", m="4"), task(1))
    # What was under way is still to come from the engine, under whatever names.
    again = over(store, backend, Scorer(WORLD))
    run = again.solve(Beam(n="8", m="4"), task(1))
    assert run.decision.node is not None
    assert len(set(named(run.nodes))) == len(run.nodes) == 8 * WORLD.depth
    other = again.solve(Beam(n="8", m="4"), task(2))
    assert len(other.nodes) == 8 * WORLD.depth
    with pytest.raises(LookupError):
        backend.wait()


def test_how_likely_a_text_is_may_be_asked(store: Store) -> None:
    """The request of capability `score`; asked again, it is answered from memory."""

    class Weighing:
        name, needs, scores, config = "weighing", frozenset({"score"}), False, dict[str, object]()

        def run(self, task: Task) -> StrategyRun[Decision]:
            replies = yield from together([Loglikelihood(text) for text in ("a sea", "wind")])
            best = max(replies, key=lambda reply: reply.logprob or -math.inf)
            return Decision(None, answer=best.request.text)  # type: ignore[union-attr]

    def weigh(request: Request) -> Completion:
        assert request.score is not None
        return Completion("", "", "stop", 3, 0, 1, logprob=-float(len(request.score)))

    backend = scripted(weigh, frozenset({"score"}))
    run = over(store, backend).solve(Weighing(), task())
    assert run.decision.answer == "wind"
    assert (run.usage.calls, run.usage.tokens, run.usage.prompt) == (0, 0, 6)
    again = over(store, scripted(refuse, frozenset({"score"}))).solve(Weighing(), task())
    assert again.decision.answer == "wind"
    with pytest.raises(UsageError, match="weighing needs score"):
        driver(store).solve(Weighing(), task())


def refuse(request: Request) -> Completion:
    raise AssertionError(f"{request.id} was asked")
