"""Draws two samples from a model and judges them, in a temporary store."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ttc import api
from ttc.backends import resolve
from ttc.doctor.checks import Check, DoctorOptions, Step, fail, ok, refused
from ttc.errors import TtcError
from ttc.records import Message, Problem
from ttc.store.database import open_any

_PATIENCE = 300.0  # seconds, to load a model and draw on a slow processor
_DRAWS, _TOKENS = 2, 64
_QUESTION = Problem(
    "doctor", (Message("user", "What is 2 + 3? Answer with a number."),), reference={"answer": "5"}
)


def steps(options: DoctorOptions) -> list[Step]:
    """Return the steps of this group."""
    return [Step("self-test", lambda: _drawn(options), _PATIENCE)]


def _drawn(options: DoctorOptions) -> Iterator[Check]:
    spec = options.model or "smollm2"
    what = f"model {spec.rstrip(':')}"
    if options.model is None and not resolve.bundled_installed():
        yield fail(what, "the bundled model is not installed", resolve.how().partition(": ")[2])
        return
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="ttc-doctor-") as folder:
            path = Path(folder) / "doctor.db"
            pool = api.sample(
                [_QUESTION], _DRAWS, model=spec, pool="doctor", database=path, max_tokens=_TOKENS
            )
            summary = pool.verify("numeric")
            drawn = _speed(path)
    except TtcError as error:
        yield refused(what, error)
        return
    took = time.monotonic() - began
    if summary.samples < _DRAWS or summary.decided < summary.samples:
        counts = ", ".join(f"{count} {status}" for status, count in summary.statuses.items())
        yield fail(what, f"{summary.samples} of {_DRAWS} samples were judged ({counts})")
        return
    judged = f"{summary.correct} correct"
    yield ok(what, f"{_DRAWS} samples drawn ({drawn}) and judged ({judged}) in {took:.1f} s")


def _speed(path: Path) -> str:
    """Return how many tokens were drawn and how fast, as far as both are known."""
    connection, _ = open_any(path)
    with contextlib.closing(connection):
        rows = connection.execute("SELECT completion_tokens, seconds FROM samples").fetchall()
    if any(tokens is None for tokens, _ in rows):
        return "tokens unknown"
    total = f"{sum(tokens for tokens, _ in rows)} tokens"
    # `seconds` starts at the first token.
    rates = [(tokens - 1) / seconds for tokens, seconds in rows if seconds and tokens > 1]
    return f"{total}, {sum(rates) / len(rates):.0f} tokens/s per draw" if rates else total
