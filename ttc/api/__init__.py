"""The library for Python: the stages of the command line as functions, over the same store.

    sample, sample_each   problems → a pool of samples
    verify, verify_each   samples → verdicts; verify_all judges several pools
    sweep, compare, gate  verdicts → curves, paired differences, decisions
    solve, solve_each     questions → answers
    import_logs           logs of other tools → a pool of samples
    pool, pools           what the store holds
    diff                  two pools, problem by problem

Each calls what the command of its name calls, so that settings, defaults and numbers are the
same. Arguments have the names of the options.
"""

from ttc.api.answering import SolveArguments, solve, solve_each
from ttc.api.calling import SamplingArguments
from ttc.api.drawing import DrawingArguments, sample, sample_each
from ttc.api.exchanging import import_logs
from ttc.api.exporting import ExportArguments
from ttc.api.judging import VerifyArguments, verify, verify_all, verify_each
from ttc.api.looking import diff
from ttc.api.lookup import pool, pools
from ttc.api.results import Sweep
from ttc.api.stored_pool import Pool
from ttc.api.sweeping import Gates, SweepArguments, compare, gate, sweep

__all__ = [
    "DrawingArguments",
    "ExportArguments",
    "Gates",
    "Pool",
    "SamplingArguments",
    "SolveArguments",
    "Sweep",
    "SweepArguments",
    "VerifyArguments",
    "compare",
    "diff",
    "gate",
    "import_logs",
    "pool",
    "pools",
    "sample",
    "sample_each",
    "solve",
    "solve_each",
    "sweep",
    "verify",
    "verify_all",
    "verify_each",
]
