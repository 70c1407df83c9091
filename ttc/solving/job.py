"""From questions and options to answers: what `ttc solve` and `ttc.solve` both do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from ttc.backends import Backend, resolve
from ttc.backends.pulse import pulse_of
from ttc.errors import BackendError, UsageError
from ttc.messages.progress import SILENT, Progress
from ttc.records import Problem
from ttc.samples.empty_pools import none_empty
from ttc.samples.plan import Plan, Recipe, default_pool, make_plan, one_draw_note
from ttc.samples.recipe import make_recipe, whole
from ttc.session import Session
from ttc.solving import save
from ttc.solving.acceptance import is_oracle, refuse_oracle
from ttc.solving.options import DEFAULT_N, parts_of
from ttc.solving.options import SolveOptions as SolveOptions
from ttc.solving.solve import Method, Solution, solve_each
from ttc.solving.tools import open_method
from ttc.store import Store
from ttc.strategies.driver.engine import ModelEngine

ONE_BY_ONE = ("budget-forcing", "self-refine", "post-edit")  # never draw the same twice


class Solved(NamedTuple):
    """A problem, its solution, the pool that its draws are in, and the pool that the answer is
    kept in (None: nowhere). `oracle`: the verifier accepted by the reference, or may have."""

    problem: Problem
    solution: Solution
    pool: str
    kept: str | None
    oracle: bool = False


@dataclass(frozen=True, slots=True)
class Means:
    """What all problems are solved with: store, model, method, and the draws of a problem where a
    rule picks. `made` are the row ids of the pools that were drawn into."""

    store: Store
    backend: Backend
    recipe: Recipe
    method: Method
    n: int
    made: list[int]
    progress: Progress = SILENT


@contextmanager
def opened(
    session: Session, options: SolveOptions, on_failure: Callable[[], None] | None = None
) -> Iterator[Means]:
    """Open model, method and store; close all at the end. UsageError for options that do not fit
    together, BackendError if a model cannot be opened."""
    parts = parts_of(options)
    n = whole("n", session.config.get("n", options.n, DEFAULT_N), 1)
    with ExitStack() as stack:
        choice, backend = resolve.open_model(session, options.model, options.sampling.extra)
        stack.callback(backend.close)
        recipe = make_recipe(session, choice, backend, options.sampling)
        method = open_method(session, options, backend, stack, parts)
        if recipe.few_shot is not None:
            session.say(recipe.few_shot.told())
        if line := same_draws(recipe, n, method):
            session.say(line)
        if options.pool is not None:
            save.check_name(session.database, options.pool, recipe, method)
        made: list[int] = []
        stack.enter_context(none_empty(session.database, made, failed=True))
        store = stack.enter_context(Store.writing(session.database, on_failure=on_failure))
        yield Means(store, backend, recipe, method, n, made, session.progress)


def solve(
    means: Means, options: SolveOptions, asked: Iterable[Problem]
) -> Generator[Solved, None, None]:
    """Yield the solution of each problem, in order; answers are kept before they are yielded.

    UsageError if the budget is too small for a single draw, or the verifier would accept by the
    reference; BackendError if every draw of a problem failed.
    """
    recipe, progress = means.recipe, means.progress
    begun: deque[tuple[Plan, Problem]] = deque()

    def plans() -> Iterator[Plan]:
        for problem in asked:
            if not options.oracle:
                refuse_oracle(means.method.verifier, problem)
            rendered = recipe.rendered(problem)
            name = default_pool("solve", recipe.model.name)
            plan = make_plan(means.store, name, recipe, [rendered], means.n)
            means.made.append(plan.pool.id)
            begun.append((plan, plan.enrolled[0].problem))
            yield plan

    engine, method = ModelEngine(means.backend, recipe), means.method
    total = means.n * len(asked) if method.strategy is None and isinstance(asked, Sized) else None
    shown = progress.stage(method.name, "draws", total, tokens=0, pulse=pulse_of(means.backend))
    with shown as stage:
        for solution in solve_each(means.store, engine, plans(), method, options.jobs, stage):
            plan, problem = begun.popleft()
            kept = _kept(means, options, problem, solution)
            oracle = is_oracle(method.verifier, problem)
            with progress.paused():
                yield Solved(problem, solution, plan.pool.name, kept, oracle)


def _kept(means: Means, options: SolveOptions, problem: Problem, solution: Solution) -> str | None:
    """Keep the answer if that is wanted; return the pool's name."""
    refuse_empty(solution, options, means.recipe)
    if options.pool is None:
        return None
    return save.keep(means.store, options.pool, means.recipe, problem, means.method, solution)


def refuse_empty(solution: Solution, options: SolveOptions, recipe: Recipe) -> None:
    """Raise UsageError if the budget was too small for a single draw, BackendError if every draw
    failed."""
    if not solution.drawn and solution.run.exhausted:
        most = recipe.params.max_tokens
        raise UsageError(
            f"--budget {options.budget}: not enough for one draw, which may take {most} tokens; "
            "raise it, or lower --max-tokens"
        )
    if not solution.drawn:
        raise BackendError(f"every draw failed: {solution.firmness}")


def same_draws(recipe: Recipe, n: int, method: Method) -> str | None:
    """Return a note on a setting that makes all draws of a prompt the same, if there is one."""
    if method.strategy is None:
        return one_draw_note(recipe, n)
    if recipe.params.greedy and method.strategy.name not in ONE_BY_ONE:
        return (
            f"with {recipe.params.greedy} all draws of a prompt are the same text, so "
            f"{method.name} draws copies of one trace; use a temperature above 0 (-t 0.8)"
        )
    return None
