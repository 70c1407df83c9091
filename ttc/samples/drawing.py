"""Problem × Backend → Sample, through the store: draws what is missing up to n, keeps every draw.

The same call again finds its samples in the store and asks nothing of the model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from ttc import keys
from ttc.answers import thinking
from ttc.backends import Backend, Completion, Stepped, Wide
from ttc.backends.asking.json_schema import is_json
from ttc.backends.counts import uncounted
from ttc.errors import BackendError
from ttc.records import Sample
from ttc.samples.plan import Plan, draw_id, request_of
from ttc.samples.spending import Spending
from ttc.samples.tally import Tally
from ttc.store import Store, samples
from ttc.store.pools import PoolProblem
from ttc.store.sql import storable

# Requests a backend holds at once: enough for any batch, and a bound on memory. One that draws in
# many places may ask for more.
WINDOW = 2048
# Draws that may wait for the store before no more are asked for, and seconds between two looks at
# whether it, or who reads what is drawn, has come nearer.
UNKEPT = 5000
PAUSE = 0.02
# Shorter draws are alike by nature: a letter, a number.
TELLING = 16


class Drawing:
    """One run of a plan: requests go out, completions come in, and each is kept.

    `on_sample` is called from the writer's thread once a sample is committed; it must not raise.
    With `alternatives` each draw has the confidence of its tokens, from so many of the likeliest.
    While `behind()` is true, because the reader of the samples lags, no more draws are requested.
    """

    def __init__(
        self,
        store: Store,
        backend: Backend,
        plan: Plan,
        on_sample: Callable[[Sample], None],
        *,
        alternatives: int = 0,
        behind: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._backend = backend
        self._plan = plan
        self._on_sample = on_sample
        self._alternatives = alternatives
        self._params = keys.shown_params(plan.recipe.key)
        self._under_way: dict[str, tuple[PoolProblem, int]] = {}
        # A prompt that several problems share is drawn once, and reported for each.
        self._sharing: dict[int, list[PoolProblem]] = {}
        for each in plan.enrolled:
            self._sharing.setdefault(each.request_id, []).append(each)
        self._seeded = "seed" in backend.capabilities
        self._room: Callable[[], int] = backend.room if isinstance(backend, Wide) else int
        self._behind, self._said = behind, set[int]()
        # Each is counted by one thread: ours, and the writer's.
        self._handed = self._committed = 0
        self.tally = Tally()

    def run(
        self, deadline: float | None = None, spending: Spending | None = None
    ) -> Iterator[Tally]:
        """Draw until nothing is missing, the deadline (monotonic seconds) has passed, or another
        draw might pass a limit of `spending`.

        Yields the tally after each completion. What is under way at the deadline is cancelled
        and kept as such. A backend that fails once there are draws ends the run as `broken`;
        BackendError if it never gave any.
        """
        self.tally.spending = spending
        todo = iter(self._plan.missing)
        draw = next(todo, None)
        more = draw is not None
        while True:
            if deadline is not None and time.monotonic() >= deadline and not self.tally.stopped:
                self.tally.stopped, more = "time is up", False
                self.cancel_all()
            try:
                room = max(WINDOW, self._room())
                while draw and more and len(self._under_way) < room and not self._waits():
                    if not self._reserved(*draw):
                        # The draws under way may take less than is reserved for them.
                        more = bool(self._under_way)
                        break
                    self.submit(*draw)
                    draw = next(todo, None)
                more = more and draw is not None
                if self._under_way:
                    self._receive_by(deadline)
                elif more:
                    time.sleep(PAUSE)
                else:
                    break
            except BackendError as error:
                if not self.tally.drawn:
                    raise
                self.tally.broken = str(error)
                break
            yield self.tally
        self.settle()

    def _waits(self) -> bool:
        """Return whether the store, or the reader of the samples, has to catch up first."""
        return self._handed - self._committed > UNKEPT or self._behind()

    def _reserved(self, each: PoolProblem, index: int) -> bool:
        """Reserve what a draw may take of the budget; return False if it has not as much left."""
        spending = self.tally.spending
        if spending is None or spending.reserve(each, draw_id(each, index)):
            return True
        if not self._under_way:
            self.tally.stopped = spending.reason(each)
        return False

    def submit(self, each: PoolProblem, index: int) -> None:
        """Ask for one draw."""
        seed = self._seed(each, index)
        request = request_of(self._plan.recipe, each, index, seed, self._alternatives)
        self._under_way[request.id] = (each, index)
        self._backend.submit(request)

    def _seed(self, each: PoolProblem, index: int) -> int | None:
        """Return a draw's seed, made of its key and index alone; None if the engine takes none."""
        return keys.draw_seed(each.key, index) if self._seeded else None

    def cancel_all(self) -> None:
        """Cancel every draw under way; each still comes back."""
        for request_id in list(self._under_way):
            self._backend.cancel(request_id)

    @property
    def under_way(self) -> int:
        """How many draws have not come back."""
        return len(self._under_way)

    def _receive_by(self, deadline: float | None) -> None:
        """Receive the next completion, or none if there is none by the deadline."""
        if deadline is not None and not self.tally.stopped and isinstance(self._backend, Stepped):
            # What takes hours must not keep a run from ending in time.
            while time.monotonic() < deadline:
                if (done := self._backend.step()) is not None:
                    self._take(done)
                    return
            return
        self.receive()

    def receive(self) -> tuple[PoolProblem, int, Completion]:
        """Wait for the next completion and hand it to the writer."""
        return self._take(self._backend.wait())

    def _take(self, done: Completion) -> tuple[PoolProblem, int, Completion]:
        each, index = self._under_way.pop(done.request_id)
        tally = self.tally
        if tally.spending is not None:
            tally.spending.charge(each, done.request_id, done)
        tally.tokens += done.completion_tokens or 0
        tally.uncounted += uncounted(done)
        if done.finish_reason in ("stop", "length"):
            tally.drawn += 1
            tally.truncated += done.finish_reason == "length"
            self._keep(each, index, done)
            self._count_copy(each, done)
            self._count_effects(done)
        else:
            if done.finish_reason == "error":
                tally.errors.append(f"{each.problem.id} draw {index}: {done.error}")
            else:
                tally.cancelled += 1
            self._store.submit(lambda c: samples.insert_attempt(c, each.request_id, index, done))
        return each, index, done

    def _count_effects(self, done: Completion) -> None:
        """Count what shows that the parameters had no effect."""
        params, tally = self._plan.recipe.params, self.tally
        if params.thinking is not None:
            # Some servers report the tokens of a thought, and keep it to themselves.
            tally.thinking += bool(done.think_tokens) or thinking.read(done.text).thought
        if params.thinking_budget is not None and done.think_tokens is not None:
            tally.overlong += done.think_tokens > params.thinking_budget
        if params.schema is not None and done.finish_reason == "stop" and done.stop is None:
            tally.unlike += not is_json(thinking.said(done.text))

    def _count_copy(self, each: PoolProblem, done: Completion) -> None:
        tokens = done.completion_tokens
        length = len(done.text.split()) if tokens is None else tokens
        if self._plan.recipe.params.greedy or length < TELLING:
            return
        said = hash((each.request_id, done.text))
        self.tally.copies += said in self._said
        self._said.add(said)

    def _keep(self, each: PoolProblem, index: int, done: Completion) -> None:
        seed = self._seed(each, index)
        future = self._store.submit(lambda c: samples.insert(c, each.request_id, index, seed, done))
        self._handed += 1

        def tell(committed: Future[Any]) -> None:
            self._committed += 1
            if committed.exception() is not None:
                return
            try:
                for one in self._sharing[each.request_id]:
                    self._on_sample(self._as_sample(one, index, done))
            except BaseException as error:  # noqa: BLE001 (a future would log it, and go on)
                self._store.lose(error)

        future.add_done_callback(tell)

    def _as_sample(self, each: PoolProblem, index: int, done: Completion) -> Sample:
        """Return a finished completion as a sample, as the store will give it back."""
        return Sample(
            problem=each.problem.id,
            index=index,
            text=storable(done.text),
            finish_reason=done.finish_reason,
            prompt_tokens=done.prompt_tokens,
            completion_tokens=done.completion_tokens,
            logprob=done.logprob,
            confidences=samples.single(done.confidences),
            seconds=samples.elapsed(done.started, done.ended),
            seed=self._seed(each, index),
            stop=done.stop,
            pool=self._plan.pool.name,
            model=self._plan.recipe.model.name,
            params=self._params,
            reference=each.problem.reference,
            key=each.key,
            prompt_id=each.prompt_id,
            tags=each.problem.tags,
            think_tokens=done.think_tokens,
        )

    def settle(self) -> None:
        """Return once all completions are committed. Raise what failed there or in `on_sample`."""
        self._store.write(lambda connection: None)
