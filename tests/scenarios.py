"""Random runs of the driver: strategies that ask at random, engines that fail, budgets that end.

Each run is made of one seed, so it can be run again, and is told as plain JSON values: every call
that reached the engine, in order, and everything that came of it.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from worlds import engine, scripted

from ttc.backends import Completion, Request
from ttc.backends.simulated import SimulatedBackend
from ttc.errors import TtcError
from ttc.records import Message, Problem, SamplingParams
from ttc.store import Store
from ttc.strategies import (
    Cancel,
    Choose,
    Decision,
    Evaluate,
    Generate,
    Loglikelihood,
    Node,
    StrategyRun,
    Task,
)
from ttc.strategies import Request as Asked
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.driver import Driver, RunResult
from ttc.strategies.driver.scoring import Score
from ttc.testing.synthworld import CAPABILITIES

COUNTS = (
    *("tokens", "new", "prompt", "calls", "scores", "scorer", "rounds", "kv"),
    *("uncounted", "uncounted_new", "assumed", "uncounted_scores", "uncounted_prompts"),
)
PARAMS = SamplingParams(max_tokens=30, temperature=1.0, top_p=1.0)


def number(*parts: object) -> int:
    """A number that depends on nothing but these."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=6).digest(), "big")


class Erratic:
    """Asks at random: draws, questions, scores, cancellations, the same request twice."""

    name, needs, scores = "erratic", frozenset[str](), True
    config: Mapping[str, object] = {}

    def run(self, task: Task) -> StrategyRun[Decision]:
        rng = random.Random(f"{task.seed}/{task.problem.id}")
        open_draws: list[Generate] = []
        others = 0
        drawn: list[Node] = []
        for _ in range(rng.randint(1, 6)):
            asked = self._asked(rng, drawn, open_draws)
            others += sum(isinstance(each, (Choose, Loglikelihood, Evaluate)) for each in asked)
            open_draws += [each for each in asked if isinstance(each, Generate)]
            while open_draws or others:
                for reply in (yield asked):
                    if not isinstance(reply.request, Generate):
                        others -= 1
                        continue
                    open_draws.remove(reply.request)
                    if reply.node is not None:
                        drawn.append(reply.node)
                        task.offer(reply.node, reply.node.tokens)
                asked = []
                if rng.random() < 0.3 and open_draws:
                    asked = [Cancel(rng.choice(open_draws))]
                elif rng.random() < 0.2:
                    break  # the next round begins before this one has ended
        return Decision(drawn[-1] if drawn else None, tuple((node, 1.0) for node in drawn), "over")

    @staticmethod
    def _asked(
        rng: random.Random, drawn: Sequence[Node], open_draws: Sequence[Generate]
    ) -> list[Asked]:
        asked: list[Asked] = []
        for _ in range(rng.randint(1, 5)):
            at = rng.choice([None, *drawn])
            kind = rng.random()
            if kind < 0.65:
                asked.append(Generate(at, rng.choice([None, 5, 20])))
            elif kind < 0.75:
                asked += [Generate(at)] * 2  # one object, two draws
            elif kind < 0.82:
                asked.append(Choose(("Yes", "No"), at))
            elif kind < 0.87:
                asked.append(Loglikelihood(rng.choice(["a", "b"]), at))
            elif kind < 0.93 and drawn:
                asked.append(Evaluate(rng.choice(drawn), rng.choice(["step", "outcome"])))
            elif open_draws:
                asked.append(Cancel(rng.choice(open_draws)))
        return asked or [Generate()]


class Constant:
    """A scorer whose score depends on the text alone."""

    name = "constant"
    config: Mapping[str, object] = {}

    def score(self, problem: Problem, nodes: Sequence[Node], scope: str) -> list[Score]:
        return [Score(number(node.trace) % 100 / 100, 2) for node in nodes]


@dataclass
class Recording:
    """A backend that keeps what it is asked, and breaks off after so many waits."""

    inner: SimulatedBackend
    waits: float = math.inf
    calls: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.model, self.capabilities = self.inner.model, self.inner.capabilities
        self._order: dict[str, int] = {}

    def submit(self, request: Request) -> None:
        self._order[request.id] = len(self._order)
        key = request.id.partition("/")[2]  # before it, the number of the run in this process
        about = [request.prefix, request.seed, request.draw, request.params.max_tokens]
        self.calls.append(["submit", key, *about, list(request.choices), request.score])
        self.inner.submit(request)

    def wait(self) -> Completion:
        if self.waits <= 0:
            raise KeyboardInterrupt
        self.waits -= 1
        done = self.inner.wait()
        self.calls.append(["came", self._order[done.request_id], done.finish_reason])
        return done

    def cancel(self, request_id: str) -> None:
        self.calls.append(["cancel", self._order[request_id]])
        self.inner.cancel(request_id)

    def close(self) -> None:
        self.inner.close()


def backend(seed: int, slots: int | None, fails: int) -> SimulatedBackend:
    """An engine of which `fails` of a hundred attempts fail, and some do not count tokens."""
    tries: dict[tuple[object, ...], int] = {}

    def tell(request: Request) -> Completion:
        if request.choices:
            return Completion("", "", "stop", 3, 0, 0, chances={"Yes": 0.5, "No": 0.25})
        if request.score is not None:
            return Completion("", "", "stop", 3, 1, 1, logprob=-float(len(request.prefix)))
        which = (request.id.partition("/")[2], request.prefix)
        tries[which] = tries.get(which, 0) + 1
        chance = number(seed, request.prefix, request.seed, request.params.max_tokens)
        tokens: int | None = 1 + chance % min(request.params.max_tokens, 25)
        prompt = None if chance % 11 == 0 else 4 + len(request.prefix)
        if number(seed, chance, tries[which]) % 100 < fails:
            return Completion("", "so", "error", prompt, 0, tokens, error="it failed")
        if chance % 7 == 0:
            tokens = None
        text = f"w{chance % 1000} "
        return Completion("", text, "stop" if chance % 3 else "length", prompt, 2, tokens, -1.0)

    made = scripted(tell, CAPABILITIES | {"score"})
    made.slots = slots
    return made


def told(run: RunResult) -> dict[str, Any]:
    """What a run came to, as JSON values, without times."""
    places = {id(node): at for at, node in enumerate(run.nodes)}
    counts = asdict(run.usage)
    usage = {name: counts[name] for name in COUNTS}
    nodes = [[n.key[-8:], n.index, n.text, n.tokens, n.finish, n.counted] for n in run.nodes]
    chosen = run.decision.node
    return {
        "chosen": None if chosen is None else places[id(chosen)],
        "finals": [[places[id(node)], weight] for node, weight in run.decision.finals],
        "exhausted": run.exhausted,
        "usage": usage,
        "nodes": nodes,
        "scores": sorted([places[name], score] for name, score in run.scores.items()),
        "errors": list(run.errors),
    }


def rows(store: Store) -> list[Any]:
    """All samples and attempts, in the order in which they were stored."""
    found = []
    for table in ("samples", "attempts"):
        sql = f"SELECT substr(key, -8), draw, text, completion_tokens FROM {table} "
        sql += f"JOIN requests ON requests.id = request_id ORDER BY {table}.id"
        found.append([list(row) for row in store.reader.execute(sql)])
    return found


def played(seed: int, folder: Path) -> list[dict[str, Any]]:
    """Play one scenario: two runs over one store, the first of which may be interrupted."""
    rng = random.Random(seed)
    slots, fails = rng.choice([1, 2, 3, None]), rng.choice([0, 0, 20, 60])
    story = []
    with Store.writing(folder / f"{seed}.db") as store:
        # Without this, whether a task finds the draws of one beside it is a matter of time.
        at_once: Any = store
        at_once.submit = store.write
        for part in range(2):
            waits = rng.choice([2, 6, 15]) if part == 0 and rng.random() < 0.4 else math.inf
            budget = Budget(
                tokens=rng.choice([math.inf, math.inf, 60, 150]),
                prompt=rng.choice([math.inf, math.inf, math.inf, 40]),
                calls=rng.choice([math.inf, math.inf, 3, 8]),
                scores=rng.choice([math.inf, 2]),
            )
            recording = Recording(backend(seed, slots, fails), waits)
            made: Any = recording
            solver = Driver(store, {"main": engine(made, PARAMS)}, scorer=Constant(), budget=budget)
            numbers = rng.choice([[0], [0], [0, 1, 2], [1, 1, 0, 2]])
            tasks = [
                Task(Problem(f"p{at}", (Message("user", f"task {at}"),)), PARAMS, seed=seed)
                for at in numbers
            ]
            width, results, ended = rng.choice([1, 2, 4]), [], "by itself"
            try:
                for run in solver.run([(Erratic(), each) for each in tasks], width):
                    results.append(told(run))
            except (KeyboardInterrupt, TtcError) as error:
                ended = type(error).__name__
            store.write(lambda connection: None)
            story.append(
                {
                    "budget": asdict(budget),
                    "ended": ended,
                    "calls": recording.calls,
                    "results": results,
                    "rows": rows(store),
                }
            )
    return story


def digest(story: list[dict[str, Any]]) -> str:
    """A short name of a story."""
    return hashlib.sha256(json.dumps(story).encode()).hexdigest()[:8]
