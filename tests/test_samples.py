"""Drawing: top-up, keys, attempts, deadlines; over the scripted backend, whose truth is known."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ttc.backends import Backend, Completion, Request
from ttc.backends.simulated import SimulatedBackend
from ttc.errors import BackendError, StoreError
from ttc.plugins import load
from ttc.records import Message, Problem, Sample, SamplingParams
from ttc.samples import pool_lock
from ttc.samples.drawing import Drawing
from ttc.samples.plan import Plan, Recipe, make_plan, refreshed
from ttc.samples.replay import Recording
from ttc.store import Store, runs, samples

PROBLEMS = [Problem(f"p{i}", (Message("user", f"{i} + 1?"),)) for i in range(3)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.writing(tmp_path / "s.db") as opened:
        yield opened


def scripted(options: str = "") -> Backend:
    backend: Backend = load("backends", "scripted")(options, {})
    return backend


def draw(store: Store, n: int, backend: Backend | None = None, **kwargs: object) -> Plan:
    backend = backend or scripted()
    recipe = Recipe("scripted", backend.model, **kwargs)  # type: ignore[arg-type]
    plan = make_plan(store, "demo", recipe, PROBLEMS, n)
    told: list[Sample] = []
    drawing = Drawing(store, backend, plan, told.append)
    for _ in drawing.run():
        pass
    assert drawing.tally.drawn == len(told)
    return plan


def kept(store: Store, plan: Plan) -> dict[tuple[str, int], Sample]:
    found = (sample for _, sample in samples.of_pool(store.reader, plan.pool))
    return {(sample.problem, sample.index): sample for sample in found}


def test_more_draws_pay_for_the_difference(store: Store) -> None:
    first = draw(store, 4)
    assert (len(first.missing), first.kept) == (12, 0)
    before = kept(store, first)
    second = draw(store, 10)
    assert (len(second.missing), second.kept) == (18, 12)
    after = kept(store, second)
    assert {key: after[key] for key in before} == before
    assert draw(store, 10).missing == []


def test_drawing_in_two_goes_is_drawing_in_one(tmp_path: Path) -> None:
    def at_once_or_not(path: Path, *goes: int) -> dict[tuple[str, int], Sample]:
        with Store.writing(path) as store:
            plans = [draw(store, n) for n in goes]
            return kept(store, plans[-1])

    whole = at_once_or_not(tmp_path / "a.db", 9)
    parts = at_once_or_not(tmp_path / "b.db", 2, 5, 9)

    def timeless(found: dict[tuple[str, int], Sample]) -> dict[tuple[str, int], Sample]:
        return {key: replace(sample, seconds=None) for key, sample in found.items()}

    assert timeless(parts) == timeless(whole)


def test_another_temperature_is_another_pool(store: Store) -> None:
    first = draw(store, 2)
    other = draw(store, 2, params=SamplingParams(temperature=0.1))
    assert (first.pool.name, other.pool.name) == ("demo", "demo.2")
    assert other.kept == 0


def test_problems_that_ask_the_same_are_drawn_once_and_told_twice(store: Store) -> None:
    backend = scripted()
    twins = [PROBLEMS[0], replace(PROBLEMS[0], id="twin", reference={"answer": "1"})]
    plan = make_plan(store, "demo", Recipe("scripted", backend.model), twins, 3)
    assert len(plan.missing) == 3
    told: list[Sample] = []
    for _ in Drawing(store, backend, plan, told.append).run():
        pass
    assert sorted((s.problem, s.index) for s in told) == sorted(
        (name, i) for name in ("p0", "twin") for i in range(3)
    )
    assert {s.reference.get("answer") for s in told} == {None, "1"}


def test_what_is_told_is_what_is_kept(store: Store) -> None:
    backend = scripted()
    plan = make_plan(store, "demo", Recipe("scripted", backend.model), PROBLEMS, 5)
    told: list[Sample] = []
    for _ in Drawing(store, backend, plan, told.append).run():
        pass
    assert {(s.problem, s.index): s for s in told} == kept(store, plan)


def test_failed_draws_are_attempts_and_a_rerun_fills_the_gaps(store: Store) -> None:
    backend = scripted("fail=0.5")
    plan = make_plan(store, "demo", Recipe("scripted", backend.model), PROBLEMS, 20)
    drawing = Drawing(store, backend, plan, lambda sample: None)
    for _ in drawing.run():
        pass
    failed = len(drawing.tally.errors)
    assert 0 < failed < 60
    assert drawing.tally.drawn == 60 - failed
    with pytest.raises(BackendError, match="scripted failure"):
        drawing.tally.raise_errors()
    assert len(draw(store, 20).missing) == failed


class Failing:
    """A scripted backend that fails for good after some completions."""

    def __init__(self, after: int) -> None:
        self._inner = scripted()
        self._left = after

    def wait(self) -> Completion:
        self._left -= 1
        if self._left < 0:
            raise BackendError("the engine is gone")
        return self._inner.wait()

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


def test_a_backend_that_fails_in_the_middle_leaves_a_partial_run(store: Store) -> None:
    recipe = Recipe("scripted", scripted().model)
    plan = make_plan(store, "demo", recipe, PROBLEMS, 4)
    drawing = Drawing(store, Failing(5), plan, lambda sample: None)  # type: ignore[arg-type]
    assert len(list(drawing.run())) == 5
    assert drawing.tally.broken == "the engine is gone"
    with pytest.raises(BackendError, match="the engine is gone"):
        drawing.tally.raise_errors()
    assert len(kept(store, plan)) == 5
    # One that never gave anything is an error at once.
    drawing = Drawing(store, Failing(0), refreshed(store, plan), id)  # type: ignore[arg-type]
    with pytest.raises(BackendError, match="the engine is gone"):
        list(drawing.run())
    assert len(draw(store, 4).missing) == 7


def test_a_wait_can_be_taken_in_steps(store: Store) -> None:
    backend = SimulatedBackend(
        scripted().model,
        lambda request: Completion("", "x", "stop", completion_tokens=5),
        tick=0.03,
    )
    backend.submit(Request("r", prompt="x"))
    steps = 0
    while (done := backend.step()) is None:
        steps += 1
    assert (steps, done.request_id) == (4, "r")
    with pytest.raises(LookupError):
        backend.step()


def test_a_deadline_cancels_what_is_under_way_and_keeps_its_cost(store: Store) -> None:
    backend = scripted("tick=0.002,tokens=5-400,slots=4")
    plan = make_plan(store, "demo", Recipe("scripted", backend.model), PROBLEMS, 20)
    drawing = Drawing(store, backend, plan, lambda sample: None)
    for _ in drawing.run(deadline=time.monotonic() + 0.3):
        pass
    tally = drawing.tally
    assert tally.stopped
    assert tally.cancelled > 0
    assert tally.drawn + tally.cancelled == 60
    assert len(kept(store, plan)) == tally.drawn


def test_seeds_and_keys_are_in_the_sample(store: Store) -> None:
    found = kept(store, draw(store, 3))
    seeds = [found["p0", i].seed for i in range(3)]
    assert len(set(seeds)) == 3
    assert {found["p0", i].key for i in range(3)} == {found["p0", 0].key}
    assert found["p0", 0].prompt_id != found["p1", 0].prompt_id


def test_two_runs_do_not_draw_into_one_pool(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = draw(store, 1)
    store.write(lambda c: runs.begin(c, plan.pool.id, "ttc sample other"))
    store.write(lambda c: c.execute("UPDATE runs SET pid = 1, process = ?", (runs.process_tag(1),)))
    monkeypatch.setattr(pool_lock, "PATIENCE", 0.3)
    more = refreshed(store, replace(plan, n=2))
    with (
        pytest.raises(StoreError, match=r"pid 1 is drawing into this pool \(ttc sample other\)"),
        pool_lock.claimed(store, more, "ttc sample"),
    ):
        pytest.fail("the pool was not free")
    # What needs no draw waits for nobody.
    with pool_lock.claimed(store, refreshed(store, plan), "ttc sample") as current:
        assert not current.missing


def test_a_run_whose_process_is_gone_does_not_hold_the_pool(store: Store) -> None:
    plan = draw(store, 1)
    store.write(lambda c: runs.begin(c, plan.pool.id, "ttc sample killed"))
    store.write(lambda c: c.execute("UPDATE runs SET process = 'start 0'"))
    (line,) = store.recover()
    assert "was cut off" in line
    assert store.recover() == []
    more = refreshed(store, replace(plan, n=2))
    with pool_lock.claimed(store, more, "ttc sample") as current:
        assert current == more
        assert runs.live(store.reader, plan.pool.id) is None  # this very process does not count


# --- the simulated engine, and replay on it


def request(name: str, **fields: object) -> Request:
    return Request(name, (Message("user", "?"),), **fields)  # type: ignore[arg-type]


def simulated(lengths: dict[str, int], slots: int | None = None) -> SimulatedBackend:
    def script(asked: Request) -> Completion:
        tokens = lengths[asked.id]
        return Completion("", "x" * tokens, "stop", completion_tokens=tokens)

    return SimulatedBackend(scripted().model, script, slots=slots)


def test_draws_end_in_the_order_of_their_tokens() -> None:
    backend = simulated({"a": 9, "b": 3, "c": 5})
    for name in "abc":
        backend.submit(request(name))
    assert [backend.wait().request_id for _ in range(3)] == ["b", "c", "a"]
    with pytest.raises(LookupError):
        backend.wait()


def test_with_few_slots_a_draw_waits_for_its_place() -> None:
    backend = simulated({"a": 9, "b": 3, "c": 5, "d": 1}, slots=2)
    for name in "abcd":
        backend.submit(request(name))
    assert [backend.wait().request_id for _ in range(4)] == ["b", "c", "a", "d"]


def test_cancelled_draws_report_what_they_had() -> None:
    backend = simulated({"a": 10, "b": 4, "c": 7})
    for name in "abc":
        backend.submit(request(name))
    assert backend.wait().request_id == "b"
    backend.cancel("a")
    backend.cancel("a")
    backend.cancel("unknown")
    cut = backend.wait()
    assert (cut.request_id, cut.finish_reason, cut.completion_tokens) == ("a", "cancelled", 4)
    assert cut.text == "xxxx"
    assert backend.wait().request_id == "c"


def test_replay_serves_draw_by_draw_and_no_more(store: Store) -> None:
    plan = draw(store, 3)
    found = kept(store, plan)
    recording = Recording(found.values(), "demo")
    asked = Request("r", PROBLEMS[1].messages, draw=2)
    assert recording.serve(asked).text == found["p1", 2].text
    with pytest.raises(BackendError, match=r"3 draws .* were recorded"):
        recording.serve(replace(asked, draw=3))
    with pytest.raises(BackendError, match="not recorded"):
        recording.serve(request("r"))
    in_order = [recording.serve(replace(asked, draw=None)).text for _ in range(3)]
    assert in_order == [found["p1", i].text for i in range(3)]


def test_a_scripted_draw_depends_on_prompt_and_seed_alone() -> None:
    first = [scripted()._script(request("a", seed=s)) for s in range(5)]  # type: ignore[attr-defined]
    again = [scripted()._script(request("b", seed=s)) for s in range(5)]  # type: ignore[attr-defined]
    assert first == again
    assert len({done.text for done in first}) == 5


class Seedless(SimulatedBackend):
    """An engine without seeds."""

    seeds: tuple[int | None, ...] = ()

    def submit(self, request: Request) -> None:
        self.seeds += (request.seed,)
        super().submit(request)


def test_a_draw_without_a_seed_is_recorded_as_such(store: Store) -> None:
    def script(request: Request) -> Completion:
        return Completion("", f"draw {request.draw}", "stop", 3, 0, 4)

    backend = Seedless(scripted().model, script, capabilities=frozenset({"cancel"}))
    plan = draw(store, 2, backend)
    assert set(backend.seeds) == {None}
    assert {sample.seed for sample in kept(store, plan).values()} == {None}


@pytest.mark.parametrize(("tokens", "temperature", "copies"), [(20, 0.8, 9), (20, 0, 0), (3, 1, 0)])
def test_long_draws_that_repeat_another_are_counted(
    store: Store, tokens: int, temperature: float, copies: int
) -> None:
    """Greedy draws are alike by right, and short ones by nature."""

    def script(request: Request) -> Completion:
        return Completion("", "the same words", "stop", 3, 0, tokens)

    backend = SimulatedBackend(scripted().model, script)
    params = SamplingParams(temperature=temperature)
    plan = make_plan(store, "alike", Recipe("s", backend.model, params), PROBLEMS, 4)
    drawing = Drawing(store, backend, plan, lambda sample: None)
    for _ in drawing.run():
        pass
    assert drawing.tally.copies == copies


def test_nothing_more_is_asked_for_while_the_reader_is_behind(store: Store) -> None:
    backend, behind, told = scripted(), [True], list[Sample]()
    plan = make_plan(store, "demo", Recipe("scripted", backend.model), PROBLEMS, 4)
    drawing = Drawing(store, backend, plan, told.append, behind=lambda: behind[0])
    running = drawing.run()
    assert [next(running).drawn for _ in range(3)] == [0, 0, 0]
    assert drawing.under_way == 0
    behind[0] = False
    assert [tally.drawn for tally in running][-1] == 12
    assert len(told) == 12
