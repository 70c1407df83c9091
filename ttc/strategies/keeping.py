"""Answers of a method kept as samples: a pool of its own, verified and swept like any other."""

from __future__ import annotations

from typing import Any

from ttc.backends import Completion
from ttc.counts import exact
from ttc.plans import Recipe
from ttc.records import Problem
from ttc.store import Store, pools, samples
from ttc.strategies.solving import Method, Solution


def keep(
    store: Store, base: str, recipe: Recipe, problem: Problem, method: Method, solved: Solution
) -> str:
    """Keep a solution as the one draw of its problem in a pool of the method's own, by the name
    `base`, so that it is verified and swept like any other: its tokens are all that the method
    generated, its seconds all it took. Returns the pool's name."""
    strategy = method.strategy
    about: dict[str, Any] = {"name": method.name, "aggregate": method.aggregation}
    if strategy is not None:
        about["options"] = dict(strategy.config)
    if method.scorer is not None:
        about["scorer"] = {"name": method.scorer.name, **method.scorer.config}
    if method.verifier is not None:
        about["verifier"] = {"name": method.verifier.name, **method.verifier.config}
    limits = method.budget.told()
    key = {**recipe.key, "strategy": about, "budget": limits}
    identity = {**recipe.pool, "strategy": about, "budget": limits}
    usage, node = solved.run.usage, solved.node
    done = Completion(
        request_id="",
        text=node.trace if node is not None else "",
        finish_reason="length" if _was_cut(solved) else "stop",
        prompt_tokens=exact(usage.prompt, usage.uncounted_prompts),
        completion_tokens=exact(usage.tokens, usage.uncounted),
        started=0.0,
        ended=usage.seconds,
    )

    def work(connection: Any) -> str:
        model = f"{recipe.model.name}+{method.name}"
        pool = pools.ensure(connection, base, model, identity)
        (each,) = pools.enrol(connection, pool, [problem], key)
        samples.insert(connection, each.request_id, 0, None, done)
        return pool.name

    return store.write(work)


def _was_cut(solved: Solution) -> bool:
    silence = solved.silence
    if solved.node is None:
        return silence.total and silence.cut > 0
    return solved.node.finish == "length"
