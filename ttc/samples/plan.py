"""What to draw: a recipe (all but the problems), and a plan (the draws that a pool lacks below n).

`n` is no part of a recipe: a plan lists the draws below n that the store does not have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ttc import keys
from ttc.backends import ModelInfo, Request
from ttc.messages.counts import some
from ttc.problems import FewShot, render
from ttc.records import Problem, SamplingParams
from ttc.store import Store, models, names, samples, tags, token_logprobs
from ttc.store.names import Naming, PoolName
from ttc.store.pools import Pool, PoolProblem

LOOKED_INTO = 20  # problems, one sample each


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to draw: everything but the problems. `key` identifies draws, `pool` a pool.

    `logprobs` is in neither: how many of the likeliest tokens of each place are kept.
    """

    backend: str
    model: ModelInfo
    params: SamplingParams = SamplingParams()
    seed: int = 0
    system: str | None = None
    template: str | None = None
    raw: bool = False
    logprobs: int = 0
    few_shot: FewShot | None = None
    choices_template: str | None = None

    def rendered(self, problem: Problem) -> Problem:
        """Return a problem as the model is asked it. UsageError for too few examples."""
        examples = () if self.few_shot is None else self.few_shot.of(problem)
        return render(problem, self.system, self.template, self.raw, examples)

    @property
    def key(self) -> dict[str, Any]:
        """The fields that change the distribution of a draw, apart from the rendered prompt."""
        engine = self.model.backend or self.backend
        fingerprint, unset = self.model.fingerprint, self.model.unset
        key = keys.identity(engine, fingerprint, self.params, self.seed, unset)
        clock = None if self.raw else self.model.clock
        return key if clock is None else {**key, "clock": clock}

    @property
    def pool(self) -> dict[str, Any]:
        """The fields that all samples of a pool share, the rendering of prompts included."""
        around = {"system": self.system, "template": self.template, "raw": self.raw}
        # Pools from before there were these options keep their identity.
        shown = {} if self.few_shot is None else {"few_shot": self.few_shot.identity}
        if self.choices_template is not None:
            shown["choices_template"] = self.choices_template
        return {**self.key, **around, **shown}


@dataclass(frozen=True, slots=True)
class Plan:
    """The pool, its enrolled problems, the draws per problem, and those that are missing."""

    pool: Pool
    recipe: Recipe
    enrolled: Sequence[PoolProblem]
    n: int
    missing: Sequence[tuple[PoolProblem, int]]

    @property
    def kept(self) -> int:
        """The number of requested draws that are already in the store."""
        return len(self.enrolled) * self.n - len(self.missing)


def draw_id(each: PoolProblem, index: int) -> str:
    """Return the id of the request of one draw. It is the same in every store and every run."""
    return f"{each.key}/{index}"


def request_of(
    recipe: Recipe, each: PoolProblem, index: int, seed: int | None, alternatives: int = 0
) -> Request:
    """Return the request of one draw."""
    return Request(
        id=draw_id(each, index),
        messages=each.problem.messages,
        prompt=each.problem.prompt,
        params=recipe.params,
        seed=seed,
        draw=index,
        alternatives=alternatives,
        logprobs=recipe.logprobs,
    )


def default_pool(data: str, model: str) -> str:
    """Return the name of a pool for which the user gave none."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{data}-{model}").strip("-").lower()[: names.MOST]


def worth_drawing(recipe: Recipe, n: int) -> int:
    """Return how many of n draws of a prompt are worth drawing: 1 if all have the same text."""
    return 1 if recipe.params.greedy else n


def one_draw_note(recipe: Recipe, n: int) -> str | None:
    """Return a note on why 1 draw is made instead of n; None if n are made."""
    if worth_drawing(recipe, n) == n:
        return None
    return (
        f"with {recipe.params.greedy} all draws of a problem are the same text: drawing 1 instead "
        f"of {n}; for different draws, use a temperature above 0 (-t 0.8) and no top_k 1 or min_p 1"
    )


def make_plan(
    store: Store, name: PoolName | str, recipe: Recipe, problems: Sequence[Problem], n: int
) -> Plan:
    """Find or make the pool, enrol the rendered problems, and list the draws it lacks below n, of
    those that are worth drawing.

    A plain string counts as a name that ttc made. UsageError if a name that the user gave belongs
    to a pool with other settings.
    """
    n = worth_drawing(recipe, n)
    pool, enrolled = store.write(lambda c: _enrol(c, name, recipe, problems))
    return refreshed(store, Plan(pool, recipe, enrolled, n, ()))


def queue_plan(
    store: Store, name: PoolName | str, recipe: Recipe, problem: Problem, n: int
) -> Future[Plan]:
    """Queue what `make_plan` writes for one problem; the plan does not list what is missing."""

    def work(connection: Any) -> Plan:
        pool, enrolled = _enrol(connection, name, recipe, [problem])
        return Plan(pool, recipe, enrolled, worth_drawing(recipe, n), ())

    return store.submit(work)


def _enrol(
    connection: Any, name: PoolName | str, recipe: Recipe, problems: Sequence[Problem]
) -> tuple[Pool, list[PoolProblem]]:
    wanted = name if isinstance(name, PoolName) else PoolName(name)
    pool = names.ensure(connection, wanted, recipe.model.name, recipe.pool)
    model = recipe.model
    numbers = {"parameters": model.parameters, **model.geometry}
    models.keep(connection, model.fingerprint, model.read_from, numbers)
    return pool, tags.enrol(connection, pool, problems, recipe.key)


def retagged(plan: Plan) -> list[str]:
    """Return what this run did to the tags of problems that the pool had before, a line each."""
    added, changed = Counter[str](), Counter[str]()
    first: dict[str, str] = {}
    for each in plan.enrolled:
        for name, value in each.problem.tags.items() if each.before is not None else ():
            if name not in (before := each.before or {}):
                added[name] += 1
            elif before[name] != value:
                changed[name] += 1
                first.setdefault(name, f"{each.problem.id}: {before[name]!r} → {value!r}")
    pool = plan.pool.name
    lines = [f"{pool}: {name} added to {some(count, 'problem')}" for name, count in added.items()]
    return lines + [
        f"{pool}: {name} changed for {some(count, 'problem')}, the new values hold ({first[name]})"
        for name, count in changed.items()
    ]


def notes_on(store: Store, plan: Plan) -> list[str]:
    """Return what there is to say about samples that the pool had before, a line each."""
    return [*retagged(plan), *without_tokens(store, plan)]


def without_tokens(store: Store, plan: Plan) -> list[str]:
    """Return a line if --logprobs asks for what kept samples were drawn without, else nothing.

    How many tokens a place has is looked up in one sample of each of the first problems.
    """
    wanted = plan.recipe.logprobs
    if not wanted or not plan.kept:
        return []
    requests = dict.fromkeys(each.request_id for each in plan.enrolled)
    lacking = token_logprobs.lacking(store.reader, requests, plan.n)
    if lacking:
        return [
            f"--logprobs: {lacking} of {plan.kept} kept samples were drawn without it and have "
            "none; another --seed draws others"
        ]
    first = islice(requests, LOOKED_INTO)
    widths = (token_logprobs.width(store.reader, request, plan.n) for request in first)
    fewest = min((each for each in widths if each is not None), default=wanted)
    if fewest >= wanted:
        return []
    return [
        f"--logprobs {wanted}: kept samples have {fewest} tokens at each place; another --seed "
        "draws others"
    ]


def check_name(database: Path, wanted: PoolName, model: str, identity: Mapping[str, Any]) -> None:
    """Raise UsageError if a name that the user gave belongs to a pool with other settings.

    It reads the store only, so it can run before a model is asked.
    """
    if database.exists():
        with Store.reading(database) as store:
            names.resolve(store.reader, wanted, model, identity)
    elif wanted.naming is not Naming.MADE:
        names.check_new(wanted.name, wanted.other.split()[0])


def refreshed(store: Store, plan: Plan) -> Plan:
    """Return the plan with what is missing now: another run may have drawn since."""
    return replace(plan, missing=missing_draws(store, plan.enrolled, plan.n))


def missing_draws(
    store: Store, enrolled: Sequence[PoolProblem], n: int
) -> list[tuple[PoolProblem, int]]:
    """Return the draws below n that are not in the store, problem by problem, each once."""
    missing: list[tuple[PoolProblem, int]] = []
    for each in {each.request_id: each for each in enrolled}.values():
        if samples.count_below(store.reader, each.key, n) < n:
            there = samples.drawn(store.reader, each.request_id)
            missing += [(each, index) for index in range(n) if index not in there]
    return missing


def already_drawn(store: Store, recipe: Recipe, problems: Sequence[Problem], n: int) -> list[int]:
    """Return how many of the draws below n of each of these rendered problems the store has."""
    return [
        samples.count_below(store.reader, keys.sample_key(recipe.key, keys.prompt_id(problem)), n)
        for problem in problems
    ]
