"""From questions and options to answers: what `ttc solve` and `ttc.solve` both do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from ttc import verdicts
from ttc.backends import Backend, resolve
from ttc.backends.pulse import pulse_of
from ttc.errors import BackendError, UsageError
from ttc.messages.progress import SILENT, Progress
from ttc.records import Problem
from ttc.samples.asked import of_alias
from ttc.samples.empty_pools import none_empty
from ttc.samples.plan import Plan, Recipe, default_pool, make_plan, one_draw_note
from ttc.samples.recipe import Sampling, make_recipe, whole
from ttc.selectors import Selector
from ttc.session import Session
from ttc.solving import save
from ttc.solving.acceptance import is_oracle, refuse_oracle
from ttc.solving.method import build
from ttc.solving.solve import Method, Solution, solve_each
from ttc.store import Store
from ttc.store.names import PoolName
from ttc.strategies import Strategy
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.engine import ModelEngine
from ttc.strategies.driver.scoring import AGGREGATES, LikelihoodScorer, TraceScorer, VerifierScorer
from ttc.verifiers import Verifier
from ttc.verifiers.extras import Attachable, model_of, reads_reference
from ttc.verifiers.judge_model import JudgeModel

DEFAULT_N = 8
ONE_BY_ONE = ("budget-forcing", "self-refine", "post-edit")  # never draw the same twice


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """How to solve: the options of `ttc solve` that change answers or where they are kept.

    - `model`, `draft`, `verifier`, `scorer`: specs as on the command line (`NAME:key=value,…`)
    - `method`: a strategy or a selection rule with its options; None: `default_rule` of the draws
    - `n`: draws of a problem; None: the strategy's own number, or the setting (8)
    - `aggregate`: how the scores of a trace's steps are combined: last, min, prod or mean
    - `oracle`: a verifier that reads the reference may accept answers to problems that have one
    - `budget`: limits of each problem, as in `tokens=4000,seconds=60`
    - `jobs`: problems that are solved side by side
    - `keep`: the pool that answers are kept in as samples; `new_pool`: take a new name if that pool
      has other settings
    """

    model: str | None = None
    n: int | None = None
    method: str | None = None
    verifier: str | None = None
    scorer: str | None = None
    aggregate: str = "last"
    budget: str | None = None
    draft: str | None = None
    sampling: Sampling = field(default_factory=Sampling)
    jobs: int = 1
    keep: str | None = None
    new_pool: bool = False
    oracle: bool = False

    @property
    def pool(self) -> PoolName | None:
        """The name of the pool that answers are kept in, if they are."""
        if self.keep is None:
            return None
        return PoolName(self.keep, other="--keep OTHER").given(self.keep, new=self.new_pool)


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


def parts_of(options: SolveOptions) -> tuple[Strategy | None, Selector | None]:
    """Return the strategy or the selection rule of the method. UsageError if it is neither."""
    return (None, None) if options.method is None else build(options.method, options.n)


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
        method = _method(session, options, backend, stack, parts)
        if recipe.few_shot is not None:
            session.say(recipe.few_shot.told())
        if line := _same(recipe, n, method):
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
    if not solution.drawn and solution.run.exhausted:
        most = means.recipe.params.max_tokens
        raise UsageError(
            f"--budget {options.budget}: not enough for one draw, which may take {most} tokens; "
            "raise it, or lower --max-tokens"
        )
    if not solution.drawn:
        raise BackendError(f"every draw failed: {solution.firmness}")
    if options.pool is None:
        return None
    return save.keep(means.store, options.pool, means.recipe, problem, means.method, solution)


def _same(recipe: Recipe, n: int, method: Method) -> str | None:
    """Return a note on a setting that makes all draws of a prompt the same, if there is one."""
    if method.strategy is None:
        return one_draw_note(recipe, n)
    if recipe.params.greedy and method.strategy.name not in ONE_BY_ONE:
        return (
            f"with {recipe.params.greedy} all draws of a prompt are the same text, so "
            f"{method.name} draws copies of one trace; use a temperature above 0 (-t 0.8)"
        )
    return None


def _method(
    session: Session,
    options: SolveOptions,
    backend: Backend,
    stack: ExitStack,
    parts: tuple[Strategy | None, Selector | None],
) -> Method:
    """Open what a method needs besides the model, to be closed by `stack`. UsageError."""
    strategy, rule = parts
    if options.aggregate not in AGGREGATES:
        raise UsageError(f"--aggregate must be one of {', '.join(AGGREGATES)}")
    others: dict[str, ModelEngine] = {}
    if options.draft is not None:
        choice, draft = resolve.open_model(session, options.draft, options.sampling.extra)
        stack.callback(draft.close)
        others["draft"] = ModelEngine(draft, make_recipe(session, choice, draft, options.sampling))
    verifier = None
    if options.verifier is not None:
        verifier = _verifier(session, options, options.verifier, backend, stack)
    scores = strategy.scores if strategy is not None else rule is not None and "score" in rule.needs
    scorer = _scorer(session, options, backend, stack) if scores else None
    budget = Budget.parse(options.budget)
    return Method(strategy, rule, verifier, scorer, options.aggregate, budget, others)


def _scorer(
    session: Session, options: SolveOptions, backend: Backend, stack: ExitStack
) -> TraceScorer:
    if options.scorer is not None and options.scorer != LikelihoodScorer.name:
        verifier = _verifier(session, options, options.scorer, backend, stack)
        if reads_reference(verifier):
            raise UsageError(
                f"--scorer {options.scorer}: it scores by the reference, which scorers never see; "
                "name one that does not read it"
            )
        return VerifierScorer(verifier)
    if "logprobs" not in backend.capabilities:
        raise UsageError(
            f"{options.method} needs a scorer, and {backend.model.name} gives no "
            "log-probabilities; name one with --scorer NAME (ttc plugins --verifiers)"
        )
    if options.scorer is None:
        session.say("steps are scored by their likelihood; --scorer names another scorer")
    return LikelihoodScorer()


def _verifier(
    session: Session, options: SolveOptions, spec: str, backend: Backend, stack: ExitStack
) -> Verifier:
    """Make a verifier; one that asks a model asks the one that solves, unless it names another."""
    verifier = verdicts.make(spec)
    if isinstance(verifier, Attachable):
        choice = resolve.resolve(options.model, session.config)
        asked = model_of(verifier)
        if asked is not None:
            choice, backend = resolve.open_model(session, asked)
            stack.callback(backend.close)
        JudgeModel(backend, of_alias(choice.defaults.get("extra", {}), backend)).attach(verifier)
    return verifier
