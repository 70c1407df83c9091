"""What to draw: a recipe (all but the problems), and the plan that it and n make of a pool.

`n` is no part of a recipe: a plan lists the draws below n that the store does not have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ttc import keys
from ttc.backends import ModelInfo
from ttc.records import Problem, SamplingParams
from ttc.store import Store, pools, samples
from ttc.store.pools import Enrolled, Pool


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to draw: all but the problems. `key` is what keys a draw, `pool` what makes a pool."""

    backend: str
    model: ModelInfo
    params: SamplingParams = SamplingParams()
    seed: int = 0
    system: str | None = None
    template: str | None = None
    raw: bool = False

    @property
    def key(self) -> dict[str, Any]:
        """What changes the distribution of a draw, apart from the rendered prompt."""
        engine = self.model.backend or self.backend
        return keys.identity(engine, self.model.fingerprint, self.params, self.seed)

    @property
    def pool(self) -> dict[str, Any]:
        """What all samples of a pool have in common, the rendering of prompts included."""
        around = {"system": self.system, "template": self.template, "raw": self.raw}
        return {**self.key, **around}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to draw: the pool, its problems as enrolled, and the draws that are missing."""

    pool: Pool
    recipe: Recipe
    enrolled: Sequence[Enrolled]
    n: int
    missing: Sequence[tuple[Enrolled, int]]

    @property
    def kept(self) -> int:
        """How many of the draws asked for are in the store already."""
        return len(self.enrolled) * self.n - len(self.missing)


def default_pool(data: str, model: str) -> str:
    """Return the name of a pool that was given none."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{data}-{model}").strip("-").lower()


def make_plan(store: Store, name: str, recipe: Recipe, problems: Sequence[Problem], n: int) -> Plan:
    """Find or make the pool, enrol the rendered problems, and list the draws it lacks below n."""

    def work(connection: Any) -> tuple[Pool, list[Enrolled]]:
        pool = pools.ensure(connection, name, recipe.model.name, recipe.pool)
        return pool, pools.enrol(connection, pool, problems, recipe.key)

    pool, enrolled = store.write(work)
    return refreshed(store, Plan(pool, recipe, enrolled, n, ()))


def refreshed(store: Store, plan: Plan) -> Plan:
    """Return the plan with what is missing now: another run may have drawn since."""
    return replace(plan, missing=missing_draws(store, plan.enrolled, plan.n))


def missing_draws(store: Store, enrolled: Sequence[Enrolled], n: int) -> list[tuple[Enrolled, int]]:
    """Return the draws below n that are not in the store, problem by problem, each once."""
    missing: list[tuple[Enrolled, int]] = []
    for each in {each.request_id: each for each in enrolled}.values():
        if samples.count_below(store.reader, each.key, n) < n:
            there = samples.drawn(store.reader, each.request_id)
            missing += [(each, index) for index in range(n) if index not in there]
    return missing


def already_drawn(store: Store, recipe: Recipe, problems: Sequence[Problem], n: int) -> int:
    """Return how many of the draws below n of these rendered problems the store has."""
    return sum(
        samples.count_below(store.reader, keys.sample_key(recipe.key, keys.prompt_id(problem)), n)
        for problem in problems
    )
