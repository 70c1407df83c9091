"""What `ttc solve` does once its options are parsed."""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain

from ttc import interchange, jsonl, problems
from ttc.answers import thinking
from ttc.backends import Backend, counts
from ttc.backends.thinking_switch import without_effect
from ttc.cli.run import solve_method
from ttc.cli.run.solve_method import How
from ttc.cli.session import Sampling, Session, again, open_model, recipe, stdout_kept_clean
from ttc.cli.signals import stoppable
from ttc.errors import BackendError, Exit, Stopped, UsageError
from ttc.messages.visible import for_stdout
from ttc.problems import Reading
from ttc.records import Problem
from ttc.report.trees import picture
from ttc.samples.plan import Plan, Recipe, default_pool, make_plan, told_same
from ttc.solving import save
from ttc.solving.method import build
from ttc.solving.solve import Method, Solution, solve_each
from ttc.store import Store
from ttc.store.names import PoolName
from ttc.strategies.driver.engine import ModelEngine

DEFAULT_N = 8
SIDE_BY_SIDE = 4  # problems of a file
ONE_BY_ONE = ("budget-forcing", "self-refine", "post-edit")  # never draw the same twice


@dataclass(frozen=True, slots=True)
class SolveOptions:
    """What was asked for. `jobs` problems are solved side by side (None: by where they come from);
    `keep` names the pool that answers are kept in as samples."""

    prompt: str | None
    each: bool
    model: str | None
    how: How
    mapping: str
    jobs: int | None
    show: bool
    keep: str | None
    as_json: bool
    new_pool: bool = False

    @property
    def pool(self) -> PoolName | None:
        """The name of the pool that answers are kept in, if they are."""
        if self.keep is None:
            return None
        return PoolName(self.keep, other="--keep OTHER").given(self.keep, new=self.new_pool)


@dataclass(frozen=True, slots=True)
class Means:
    """What every problem is solved with."""

    store: Store
    backend: Backend
    recipe: Recipe
    method: Method
    n: int


def _asked(order: SolveOptions) -> Iterator[Problem]:
    """Yield what is asked. With an argument, standard input is never touched."""
    if order.each:
        yield from _asked_each(order)
        return
    text = order.prompt
    if text is None and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError('no question; ttc solve "…", or pipe it in (ttc solve --help)')
    if text in (None, "-"):
        text = "\n".join(line for _, line in jsonl.text_lines("-"))
    if not text or not text.strip():
        raise UsageError("the question is empty")
    yield problems.question(text)


def _asked_each(order: SolveOptions) -> Iterator[Problem]:
    source = order.prompt or "-"
    reading = Reading(jsonl.parse_mapping(order.mapping, problems.MAPPABLE))
    for place, line in jsonl.text_lines(source):
        if line.startswith("{"):
            yield problems.one(jsonl.Line(place, jsonl.parse(line, place)), reading)
        else:
            yield problems.question(line)


def solve(session: Session, order: SolveOptions, flags: Sampling) -> int:
    """Solve what is asked, one problem after another, and return the exit code."""
    how = order.how
    parts = (None, None) if how.method is None else build(how.method, how.n)
    asked = _asked(order)
    first = next(asked, None)
    if first is None:
        raise UsageError("no problems in the input")
    solved = unsolved = 0
    pool: str | None = None
    with stdout_kept_clean(), stoppable() as wake, ExitStack() as stack:
        choice, backend = open_model(session, order.model)
        stack.callback(backend.close)
        made = recipe(session, choice, backend, flags)
        n = int(session.config.get("n", how.n, DEFAULT_N))
        method = solve_method.prepare(session, how, flags, backend, stack, parts)
        _tell_same(session, made, n, method)
        if order.pool is not None:
            save.check_name(session.database, order.pool, made, method)
        with Store.writing(session.database, on_failure=wake) as store:
            means = Means(store, backend, made, method, n)
            try:
                for solution, problem, name in _solutions(means, chain([first], asked), order):
                    pool = _kept(session, order, means, problem, solution)
                    _tell(session, order, problem, solution, name)
                    _tell_effect(session, made, solution)
                    solved += solution.answer is not None
                    unsolved += solution.answer is None
            except Stopped as stopped:
                if not stopped.nobody_reads:
                    session.say(f"interrupted; what is finished is kept; to resume: {again()}")
                raise
    if order.each and unsolved:
        session.say(f"{unsolved} of {solved + unsolved} problems without an answer")
    if pool is not None:
        session.say(f"kept in the pool {pool}; ttc verify {pool} -V NAME")
    return Exit.GATE if unsolved else Exit.DONE


def _tell_same(session: Session, made: Recipe, n: int, method: Method) -> None:
    """Tell what a setting does that makes all draws of a prompt the same."""
    if method.strategy is None:
        line = told_same(made, n)
    elif made.params.greedy and method.strategy.name not in ONE_BY_ONE:
        line = (
            f"with {made.params.greedy} all draws of a prompt are the same text, so {method.name} "
            "draws copies of one trace; use a temperature above 0 (-t 0.8)"
        )
    else:
        line = None
    if line is not None:
        session.say(line)


def _solutions(
    means: Means, asked: Iterator[Problem], order: SolveOptions
) -> Iterator[tuple[Solution, Problem, str]]:
    """Yield what came of each problem, the problem as it was asked, and its pool."""
    made = means.recipe
    begun: deque[Plan] = deque()

    def plans() -> Iterator[Plan]:
        for problem in asked:
            rendered = problems.render(problem, made.system, made.template, made.raw)
            name = default_pool("solve", made.model.name)
            begun.append(make_plan(means.store, name, made, [rendered], means.n))
            yield begun[-1]

    # Whoever writes into a pipe line by line wants each answer before the next question.
    streamed = not order.each or order.prompt in (None, "-")
    width = order.jobs or (1 if streamed else SIDE_BY_SIDE)
    engine = ModelEngine(means.backend, made)
    for solution in solve_each(means.store, engine, plans(), means.method, width):
        plan = begun.popleft()
        yield solution, plan.enrolled[0].problem, plan.pool.name


def _kept(
    session: Session, order: SolveOptions, means: Means, problem: Problem, solution: Solution
) -> str | None:
    if not solution.drawn and solution.run.exhausted:
        most = means.recipe.params.max_tokens
        raise UsageError(
            f"--budget {order.how.budget}: not enough for one draw, which may take {most} tokens; "
            "raise it, or lower --max-tokens"
        )
    if not solution.drawn:
        raise BackendError(f"every draw failed: {solution.firmness}")
    if order.pool is None:
        return None
    return save.keep(means.store, order.pool, means.recipe, problem, means.method, solution)


def _tell(
    session: Session, order: SolveOptions, problem: Problem, solution: Solution, pool: str
) -> None:
    label = f"{problem.id}: " if order.each else ""
    usage = solution.run.usage
    spent = counts.amount(usage.new, usage.uncounted_new, "new tokens")
    spent = "tokens unknown" if solution.tokens is None and not usage.new else spent
    session.say(f"{label}{solution.rule}: {solution.firmness}; {spent}")
    if order.show:
        for line in picture(solution.run.nodes, solution.run.scores, solution.node):
            session.say(line)
    if order.as_json:
        record = _record(problem, solution, pool)
        print(jsonl.dump(record) if order.each else json.dumps(record, indent=2), flush=True)
    elif solution.answer is not None:
        print(for_stdout(solution.answer), flush=True)
    elif order.each:
        print(flush=True)


def _tell_effect(session: Session, made: Recipe, solution: Solution) -> None:
    """Tell if reasoning was to be turned on or off, and nothing of that is seen."""
    wanted = made.params.thinking
    if wanted is None:
        return
    begun = [node for node in solution.run.nodes if node.parent is None and node.model == "main"]
    thinks = sum(thinking.read(node.text).thought for node in begun)
    if line := without_effect(wanted, thinks, len(begun)):
        session.say(line)


def _record(problem: Problem, solution: Solution, pool: str) -> dict[str, object]:
    node, usage = solution.node, solution.run.usage
    return {
        "schema": interchange.SCHEMA,
        "problem": problem.id,
        "answer": solution.answer,
        "text": node.trace if node is not None else None,
        "rule": solution.rule,
        "firmness": solution.firmness,
        "votes": solution.votes,
        "draws": solution.drawn,
        "cancelled": solution.cancelled,
        "cut_while_thinking": solution.unanswered.cut,
        "reasoning_only": solution.unanswered.thought,
        "empty": solution.unanswered.empty,
        **counts.as_fields("tokens", usage.new, usage.uncounted_new),
        **counts.as_fields("tokens_paid", usage.tokens, usage.uncounted),
        "rounds": usage.rounds,
        "scores": usage.scores,
        **counts.as_fields("scorer_tokens", usage.scorer, usage.uncounted_scores),
        "exhausted": solution.run.exhausted,
        "pool": pool if node is not None else None,
        "index": node.index if node is not None else None,
    }
