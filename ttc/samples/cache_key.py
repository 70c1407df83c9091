"""The key under which a CI server caches the store between runs."""

from __future__ import annotations

from ttc import keys
from ttc.samples.job import Prepared


def cache_key(ready: Prepared, confidence: int = 0) -> str:
    """Return a digest of all that a job draws and stores: settings, model, problems, n.

    Two runs with one key want the same samples, of the same problems with the same references and
    tags. The name of the pool is not in it, so every commit may have a pool of its own.
    """
    recipe = ready.recipe
    problems = [
        [each.id, keys.prompt_id(each), keys.reference_id(each.reference), dict(each.tags)]
        for each in ready.problems
    ]
    content = {
        "pool": recipe.pool,
        "logprobs": recipe.logprobs,
        "confidence": confidence,
        "n": ready.n,
        "problems": problems,
    }
    return keys.digest("cache1", content).replace(":", "-")
