"""vLLM's environment: fast, private and silent.

What vLLM and its libraries print while a model is loaded (several screens) is discarded, and so are
their dumps when a step fails: a failure is raised as an exception. Errors of workers in other
processes are shown. `VLLM_LOGGING_LEVEL=INFO` shows everything, on stderr.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator

_LEVEL = "VLLM_LOGGING_LEVEL"
_STILL = ("ERROR", "CRITICAL")
_ENVIRONMENT = {
    # Run the engine's loop in this process, so that it steps only while `wait` runs.
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
}
_DEFAULTS = {
    # Send no usage statistics.
    "VLLM_NO_USAGE_STATS": "1",
    # OpenMP's threads spin for seconds at each barrier unless this is set before they are loaded.
    # Beside any other busy process on two cores, a step took five times as long.
    "GOMP_SPINCOUNT": "1000",
}


def heard() -> bool:
    """Return whether the user wants vLLM's log."""
    return os.environ.get(_LEVEL, "ERROR").upper() not in _STILL


def prepare(*, spreads: bool) -> None:
    """Set the variables that vLLM and PyTorch read when they are imported; `spreads`: other
    processes compute."""
    os.environ.update(_ENVIRONMENT)
    for name, value in {**_DEFAULTS, _LEVEL: _STILL[0 if spreads else 1]}.items():
        os.environ.setdefault(name, value)


@contextlib.contextmanager
def muffled(*, drop: bool) -> Iterator[None]:
    """Keep stdout for data: redirect what is printed to stderr, or with `drop` discard it."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        nowhere = stack.enter_context(tempfile.TemporaryFile()) if drop else None
        target = nowhere.fileno() if nowhere else 2
        for descriptor in (1, 2) if drop else (1,):
            stack.enter_context(_pointed(descriptor, target))
        yield


@contextlib.contextmanager
def _pointed(descriptor: int, target: int) -> Iterator[None]:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    kept = os.dup(descriptor)
    os.dup2(target, descriptor)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os.dup2(kept, descriptor)
        os.close(kept)
