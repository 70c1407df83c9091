"""What `ttc solve` does once its options are parsed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from ttc import interchange, jsonl, problems, verdicts
from ttc.backends import Backend
from ttc.cli.session import Sampling, Session, open_model, recipe, stdout_kept_clean
from ttc.cli.signals import stoppable
from ttc.errors import BackendError, Exit, UsageError
from ttc.plans import Recipe, default_pool, make_plan
from ttc.problems import Reading
from ttc.records import Problem
from ttc.selectors import Selector, naming
from ttc.store import Store
from ttc.strategies import parallel
from ttc.strategies.parallel import Solution
from ttc.verifiers import Verifier

DEFAULT_N = 8


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for."""

    prompt: str | None
    each: bool
    model: str | None
    n: int | None
    method: str | None
    verifier: str | None
    mapping: str
    as_json: bool


@dataclass(frozen=True, slots=True)
class Means:
    """What every problem is solved with."""

    store: Store
    backend: Backend
    recipe: Recipe
    selector: Selector | None
    verifier: Verifier | None
    n: int


def _asked(order: Order) -> Iterator[Problem]:
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


def _asked_each(order: Order) -> Iterator[Problem]:
    source = order.prompt or "-"
    reading = Reading(jsonl.parse_mapping(order.mapping, problems.MAPPABLE))
    for place, line in jsonl.text_lines(source):
        if line.startswith("{"):
            yield problems.one(jsonl.Line(place, jsonl.parse(line, place)), reading)
        else:
            yield problems.question(line)


def _selector(method: str | None) -> Selector | None:
    if method is None:
        return None
    selector: Selector = naming.build(method)
    if selector.needs == {"correct"}:
        raise UsageError(
            f"--method {method} is a measure, not a rule that can pick; take majority, "
            "first-finish or mbr"
        )
    return selector


def solve(session: Session, order: Order, flags: Sampling) -> int:
    """Solve what is asked, one problem after another, and return the exit code."""
    selector = _selector(order.method)
    verifier = verdicts.make(order.verifier) if order.verifier is not None else None
    asked = _asked(order)
    first = next(asked, None)
    if first is None:
        raise UsageError("no problems in the input")
    solved = unsolved = 0
    with stdout_kept_clean(), stoppable() as wake:
        choice, backend = open_model(session, order.model)
        made = recipe(session, choice, backend, flags)
        n = int(session.config.get("n", order.n, DEFAULT_N))
        with Store.writing(session.database, on_failure=wake) as store:
            means = Means(store, backend, made, selector, verifier, n)
            try:
                for problem in _chain(first, asked):
                    solution = _solve_one(session, order, means, problem)
                    solved += solution.answer is not None
                    unsolved += solution.answer is None
            finally:
                backend.close()
    if order.each and unsolved:
        session.say(f"{unsolved} of {solved + unsolved} problems without an answer")
    return Exit.GATE if unsolved else Exit.DONE


def _chain(first: Problem, rest: Iterator[Problem]) -> Iterator[Problem]:
    yield first
    yield from rest


def _solve_one(session: Session, order: Order, means: Means, problem: Problem) -> Solution:
    made = means.recipe
    rendered = problems.render(problem, made.system, made.template, made.raw)
    pool = default_pool("solve", made.model.name)
    plan = make_plan(means.store, pool, made, [rendered], means.n)
    solution = parallel.solve(means.store, means.backend, plan, means.selector, means.verifier)
    if not solution.drawn:
        raise BackendError(f"every draw failed: {solution.firmness}")
    _tell(session, order, rendered, solution)
    return solution


def _tell(session: Session, order: Order, problem: Problem, solution: Solution) -> None:
    label = f"{problem.id}: " if order.each else ""
    session.say(f"{label}{solution.rule}: {solution.firmness}; {solution.tokens} new tokens")
    if order.as_json:
        record = {
            "schema": interchange.SCHEMA,
            "problem": problem.id,
            "answer": solution.answer,
            "text": solution.sample.text if solution.sample else None,
            "rule": solution.rule,
            "firmness": solution.firmness,
            "votes": solution.votes,
            "draws": solution.drawn,
            "cancelled": solution.cancelled,
            "tokens": solution.tokens,
            "tokens_paid": solution.paid,
            "pool": solution.sample.pool if solution.sample else None,
            "index": solution.sample.index if solution.sample else None,
        }
        print(jsonl.dump(record) if order.each else json.dumps(record, indent=2), flush=True)
    elif solution.answer is not None:
        print(solution.answer, flush=True)
    elif order.each:
        print(flush=True)
