"""ttc: test-time compute. Draw samples once, keep them all, ask offline what any budget gives.

    import ttc

    pool = ttc.sample("problems.jsonl", n=16, pool="demo")
    pool.verify("numeric")
    for curve in pool.sweep("coverage", "majority", verifier="numeric"):
        print(curve.selector, [(point.k, point.value) for point in curve.points])
    print(ttc.solve("How many primes are there below 100?").answer)

Names are imported on first use, so that `import ttc` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttc.api import Pool as Pool
    from ttc.api import sample as sample
    from ttc.api import solve as solve
    from ttc.records import Curve as Curve
    from ttc.records import Outcome as Outcome
    from ttc.records import Problem as Problem
    from ttc.records import Sample as Sample
    from ttc.records import SamplingParams as SamplingParams
    from ttc.records import Verdict as Verdict

_HOMES = {
    **dict.fromkeys(("Pool", "sample", "solve"), "ttc.api"),
    **dict.fromkeys(
        ("Curve", "Outcome", "Problem", "Sample", "SamplingParams", "Verdict"), "ttc.records"
    ),
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ttc' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
