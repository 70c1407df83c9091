"""What takes long: curves and comparisons, by what `ttc sweep` calls.

    python -m ttc.view.computing < job.json > answer.json

Large ones are computed in a process of their own, so that the page answers meanwhile: sweeping may
fork, which a process with threads must not, and it ends with the page.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ttc import outcomes
from ttc.curves.options import SweepOptions
from ttc.curves.sweep import sweep
from ttc.errors import TtcError, UsageError
from ttc.outcomes import Source
from ttc.outcomes.wanted import Wanted

HERE = 20_000  # draws that are computed in this process
_children: set[subprocess.Popen[bytes]] = set()


def job_of(
    database: Path, read: Mapping[str, int | None], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a job as JSON: a sweep of pools with their verifiers (row ids; None for pools without
    verdicts). `options` are those of SweepOptions."""
    return {
        "database": str(database.resolve()),
        "pools": [*read],
        "rows": [*read.values()],
        "options": dict(options),
    }


def compute(job: Mapping[str, Any], draws: int) -> dict[str, Any]:
    """Return the document of a job (`job_of`) about so many draws. UsageError as `ttc sweep`."""
    return run(job) if draws <= HERE else _in_child(job)


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a job, computed in this process."""
    options = SweepOptions(**{name: _tuples(value) for name, value in job["options"].items()})
    sources = [
        _source(job, pool, row, options)
        for pool, row in zip(job["pools"], job["rows"], strict=True)
    ]
    return sweep(options, sources).as_dict()


def _source(job: Mapping[str, Any], pool: str, row: int | None, options: SweepOptions) -> Source:
    wanted = Wanted.by(options.selectors().values(), beside=job["pools"], options=options)
    return outcomes.read_pool(Path(job["database"]), pool, replace(wanted, row=row))


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _in_child(job: Mapping[str, Any]) -> dict[str, Any]:
    child = subprocess.Popen(
        [sys.executable, "-m", "ttc.view.computing"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # With -m Python imports from the working folder first, where the user's files may have
        # the names of modules.
        cwd=Path(__file__).resolve().parents[2],
        start_new_session=True,
    )
    _children.add(child)
    try:
        out, _ = child.communicate(json.dumps(job).encode())
    except BaseException:
        _end(child)
        raise
    finally:
        _children.discard(child)
    try:
        answer: dict[str, Any] = json.loads(out)
    except ValueError:
        raise UsageError(
            f"the computation ended without a result (exit code {child.returncode}); memory may be "
            "short: ttc sweep computes the same"
        ) from None
    if "error" in answer:
        raise UsageError(answer["error"])
    return dict(answer["document"])


def stop() -> None:
    """End the computations that are under way, with the processes that they started."""
    for child in list(_children):
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        if sys.platform != "win32":
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()


def main() -> None:
    """Read a job from stdin, write its document to stdout."""
    job = json.loads(sys.stdin.buffer.read())
    try:
        answer: dict[str, Any] = {"document": run(job)}
    except TtcError as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer, allow_nan=False))


if __name__ == "__main__":
    main()
