"""Strategies over worlds that are known: what their tests share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from ttc.backends import Backend, Completion, ModelInfo, Request
from ttc.backends.simulated import SimulatedBackend
from ttc.errors import BackendError
from ttc.records import Message, Problem, SamplingParams
from ttc.samples.plan import Recipe
from ttc.selectors import Selector
from ttc.selectors.spec import build
from ttc.solving.rule_strategy import RuleStrategy
from ttc.store import Store
from ttc.strategies import Node, Task
from ttc.strategies.adaptive import Adaptive, Prune
from ttc.strategies.astar import AStar
from ttc.strategies.beam import DVTS, Beam, EarlyRejection
from ttc.strategies.budget_forcing import BudgetForcing
from ttc.strategies.deepconf import DeepConf
from ttc.strategies.driver.driver import Driver
from ttc.strategies.driver.engine import ModelEngine
from ttc.strategies.driver.scoring import Score
from ttc.strategies.mcts import MCTS
from ttc.strategies.particles import Particles
from ttc.strategies.rebase import ETS, Rebase
from ttc.strategies.refine import PostEdit, Review, Revisions, SelfRefine
from ttc.strategies.rollover import Rollover
from ttc.strategies.specreason import SpecReason
from ttc.testing.synthworld import CAPABILITIES, Scorer, World, open_world

PARAMS = SamplingParams(max_tokens=400, temperature=1.0, top_p=1.0)
WORLD = World()
SMALL = World(stays=0.6)


def engine(backend: Backend, params: SamplingParams = PARAMS) -> ModelEngine:
    return ModelEngine(backend, Recipe("synth", backend.model, params))


def task(number: int = 0, params: SamplingParams = PARAMS, **more: Any) -> Task:
    asked = (Message("user", f"task {number}: how many?"),)
    return Task(Problem(f"p{number}", asked, **more), params, seed=number)


def driver(store: Store, *, scorer: Any = None, params: Any = PARAMS, **options: Any) -> Driver:
    """A driver over SynthWorld with the oracle, or another scorer."""
    engines = {
        "main": engine(open_world(WORLD), params),
        "draft": engine(open_world(SMALL, name="small"), params),
    }
    return Driver(store, engines, scorer=scorer or Scorer(WORLD), **options)


def over(store: Store, backend: Backend, scorer: Any = None, **options: Any) -> Driver:
    """A driver over another backend."""
    params = options.pop("params", PARAMS)
    return Driver(store, {"main": engine(backend, params)}, scorer=scorer, **options)


def scripted(
    tell: Callable[[Request], Completion], capabilities: frozenset[str] = CAPABILITIES
) -> SimulatedBackend:
    """A backend that answers as a function says."""
    return SimulatedBackend(ModelInfo("told", "told"), tell, capabilities=capabilities)


def said(text: str, tokens: int | None = None, finish: Any = "stop", **more: Any) -> Completion:
    count = len(text.split()) if tokens is None else tokens
    return Completion("", text, finish, completion_tokens=count, prompt_tokens=1, **more)


@cache
def rule(spec: str) -> Selector:
    return build(spec)


def by_name(spec: str, n: int = 16) -> RuleStrategy:
    return RuleStrategy(rule(spec), n)


def right(node: Node | None) -> bool:
    return node is not None and node.trace.endswith("answer=1")


def named(nodes: Sequence[Node]) -> list[tuple[str, int]]:
    """Which draws these are."""
    return [(node.key, node.index) for node in nodes]


class Table:
    """A scorer that looks a trace up, and remembers in which order and scope it was asked."""

    name = "table"
    config: Mapping[str, object] = {}

    def __init__(self, score_of: Callable[[str], float]) -> None:
        self._score_of = score_of
        self.asked: list[tuple[str, str]] = []

    def score(self, problem: Problem, nodes: Sequence[Node], scope: str) -> list[Score]:
        self.asked += [(scope, node.trace) for node in nodes]
        return [Score(self._score_of(node.trace)) for node in nodes]


class Breaking:
    """A backend that works for so many waits, and then raises; with 0, nothing may be asked."""

    def __init__(self, backend: SimulatedBackend, waits: int, error: BaseException) -> None:
        self._backend = backend
        self._left = waits
        self._error = error
        self.model = backend.model
        self.capabilities = backend.capabilities

    def submit(self, request: Request) -> None:
        if not self._left:
            raise AssertionError(f"{request.id} is asked for")
        self._backend.submit(request)

    def wait(self) -> Completion:
        if self._left == 1:
            raise self._error
        self._left -= 1
        return self._backend.wait()

    def cancel(self, request_id: str) -> None:
        self._backend.cancel(request_id)

    def close(self) -> None:
        self._backend.close()


def breaking(backend: Backend, waits: int, error: BaseException | None = None) -> Backend:
    assert isinstance(backend, SimulatedBackend)
    # One wait more is left than may succeed, which raises.
    return Breaking(backend, waits and waits + 1, error or BackendError("it broke"))


def within(found: float, expected: float, error: float, errors: float = 3.0) -> bool:
    return abs(found - expected) <= errors * error


def binomial_error(p: float, count: int) -> float:
    return math.sqrt(p * (1 - p) / count)


# All of them, small; what they are called in the tests.
SMALL_ONES: dict[str, Callable[[], Any]] = {
    "a-star": lambda: AStar(expansions="6", children="3"),
    "adaptive": lambda: Adaptive(n="6", gamma="0.9"),
    "beam": lambda: Beam(n="8", m="4"),
    "lookahead": lambda: Beam(n="4", m="2", lookahead="1"),
    "budget-forcing": lambda: BudgetForcing(budget="60", waits="2"),
    "deepconf": lambda: DeepConf(n="8", warmup="4", window="8", chunk="16", keep="50"),
    "dvts": lambda: DVTS(n="8", m="4"),
    "early-rejection": lambda: EarlyRejection(n="8", m="4", tau="8"),
    "ets": lambda: ETS(width="6"),
    "mcts": lambda: MCTS(rollouts="6"),
    "particles": lambda: Particles(n="6"),
    "gibbs": lambda: Particles(n="6", iterations="2", final="draw"),
    "prune": lambda: Prune(n="6", tokens="16"),
    "rebase": lambda: Rebase(width="6"),
    "rollover": lambda: Rollover(quota="3"),
    "specreason": lambda: SpecReason(threshold="5.5"),
    "self-refine": lambda: SelfRefine(rounds="2"),
    "revisions": lambda: Revisions(),
    "post-edit": lambda: PostEdit(),
    "review": lambda: Review(n="3", rounds="2"),
    "vote": lambda: RuleStrategy(None, 6),
    "majority": lambda: by_name("majority", 6),
    "best-of-n": lambda: by_name("best-of-n", 6),
    "first-finish": lambda: by_name("first-finish", 6),
    "short-3": lambda: by_name("short-3", 6),
    "esc": lambda: by_name("esc:w=2", 6),
    "ac": lambda: by_name("ac", 6),
}
