"""Keep the answers of a method as samples of a pool of their own, to be verified and swept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ttc.backends import Completion
from ttc.backends.counts import exact
from ttc.records import Problem
from ttc.samples import plan
from ttc.samples.plan import Recipe
from ttc.solving.solve import Method, Solution
from ttc.store import Store, names, samples, tags
from ttc.store.names import PoolName


def described(recipe: Recipe, method: Method) -> dict[str, Any]:
    """Return what the answers of a method depend on besides the recipe, as JSON values."""
    strategy = method.strategy
    about: dict[str, Any] = {"name": method.name, "aggregate": method.aggregation}
    if strategy is not None:
        about["options"] = dict(strategy.config)
    if method.scorer is not None:
        about["scorer"] = {"name": method.scorer.name, **method.scorer.config}
    if method.verifier is not None:
        about["verifier"] = {"name": method.verifier.name, **method.verifier.config}
    return {"strategy": about, "budget": method.budget.limits}


def check_name(database: Path, wanted: PoolName, recipe: Recipe, method: Method) -> None:
    """Raise UsageError if the pool of the given name has other settings."""
    plan.check_name(
        database, wanted, model_of(recipe, method), {**recipe.pool, **described(recipe, method)}
    )


def model_of(recipe: Recipe, method: Method) -> str:
    """Return the model name of the answers: that of the model and that of the method."""
    return f"{recipe.model.name}+{method.name}"


def keep(
    store: Store,
    wanted: PoolName,
    recipe: Recipe,
    problem: Problem,
    method: Method,
    solved: Solution,
) -> str:
    """Store a solution as draw 0 of its problem in the pool of this name; return the pool's name.

    The sample's tokens are all that the method generated, and its seconds are those of the run.
    UsageError if the pool has other settings.
    """
    about = described(recipe, method)
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
        model = model_of(recipe, method)
        pool = names.ensure(connection, wanted, model, {**recipe.pool, **about})
        (each,) = tags.enrol(connection, pool, [problem], {**recipe.key, **about})
        samples.insert(connection, each.request_id, 0, None, done)
        return pool.name

    return store.write(work)


def _was_cut(solved: Solution) -> bool:
    if solved.node is None:
        return solved.unanswered.total and solved.unanswered.cut > 0
    return solved.node.finish == "length"
