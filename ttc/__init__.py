"""ttc: test-time compute. Draw samples once, keep them all, ask offline what any budget gives.

    import ttc

    pool = ttc.sample("problems.jsonl", n=16, pool="demo")
    pool.verify("numeric")
    curves = pool.sweep("coverage", "majority")
    print(curves["majority", 8].value)
    print(ttc.solve("How many primes are there below 100?").answer)

The functions do what the commands of their names do, over the same store and settings. Names are
imported on first use, so that `import ttc` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ttc.api import Gates as Gates
    from ttc.api import Pool as Pool
    from ttc.api import Sweep as Sweep
    from ttc.api import compare as compare
    from ttc.api import diff as diff
    from ttc.api import gate as gate
    from ttc.api import import_logs as import_logs
    from ttc.api import pool as pool
    from ttc.api import pools as pools
    from ttc.api import sample as sample
    from ttc.api import sample_each as sample_each
    from ttc.api import solve as solve
    from ttc.api import solve_each as solve_each
    from ttc.api import sweep as sweep
    from ttc.api import verify as verify
    from ttc.api import verify_all as verify_all
    from ttc.api import verify_each as verify_each
    from ttc.curves.compare import Comparison as Comparison
    from ttc.errors import BackendError as BackendError
    from ttc.errors import GateError as GateError
    from ttc.errors import SandboxError as SandboxError
    from ttc.errors import StoreError as StoreError
    from ttc.errors import TtcError as TtcError
    from ttc.errors import UsageError as UsageError
    from ttc.records import Curve as Curve
    from ttc.records import Message as Message
    from ttc.records import Outcome as Outcome
    from ttc.records import Point as Point
    from ttc.records import Problem as Problem
    from ttc.records import Sample as Sample
    from ttc.records import SamplingParams as SamplingParams
    from ttc.records import Verdict as Verdict
    from ttc.solving.solve import Solution as Solution
    from ttc.verdicts import Summary as Summary

    __version__: str

# The module that each name is imported from.
_HOMES = {
    **dict.fromkeys(("sample", "sample_each", "verify", "verify_each"), "ttc.api"),
    **dict.fromkeys(("sweep", "compare", "gate", "solve", "solve_each"), "ttc.api"),
    **dict.fromkeys(("pool", "pools", "Pool", "Sweep", "Gates", "import_logs"), "ttc.api"),
    **dict.fromkeys(("diff", "verify_all"), "ttc.api"),
    **dict.fromkeys(("Problem", "Message", "Sample", "SamplingParams", "Verdict"), "ttc.records"),
    **dict.fromkeys(("Outcome", "Curve", "Point"), "ttc.records"),
    "Comparison": "ttc.curves.compare",
    "Solution": "ttc.solving.solve",
    "Summary": "ttc.verdicts",
    **dict.fromkeys(("TtcError", "UsageError", "BackendError", "SandboxError"), "ttc.errors"),
    **dict.fromkeys(("StoreError", "GateError"), "ttc.errors"),
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    if name not in _HOMES:
        raise AttributeError(f"module 'ttc' has no attribute {name!r}")
    # Kept, so that the next look finds it at once.
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("ttc-cli")
    except PackageNotFoundError:
        return "unknown"
