"""Solves the MiniZinc model of a completion with the `minizinc` on PATH, in bubblewrap.

A model can neither start programs nor write files, but it can use up time and memory. So it runs
with limits and without a network, and sees only the system's folders.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from ttc.verifiers.code.extraction import fenced
from ttc.verifiers.sandbox import interpreter, tiers
from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.servers import JobResult

_LANGUAGES = ("minizinc", "mzn")
_OUTPUT = re.compile(r"(?:^|;)\s*output\b", re.M)
_LIMITED = 'ulimit -t {cpu}; ulimit -v {memory}; ulimit -f {file}; TMPDIR={work} exec "$@"'
_PATIENCE = 10  # times the CPU limit, in seconds of the wall


def model_of(text: str) -> str | None:
    """Return the last fenced MiniZinc model of a completion, or None."""
    models = fenced(text, _LANGUAGES)
    return models[-1] if models else None


def solve(model: str, limits: Limits) -> JobResult:
    """Solve one model; it prints its own `output` item, or else its variables as JSON.

    If MiniZinc or bubblewrap is missing, the result is `infra_error`, and its detail names it.
    """
    program, around = shutil.which("minizinc"), tiers.bubblewrap()
    if program is None or around is None:
        missing = "MiniZinc (minizinc on PATH)" if program is None else "bubblewrap"
        return JobResult(
            "script", stopped="infra_error", detail=f"a MiniZinc model needs {missing}"
        )
    home = str(Path(program).resolve().parent.parent)
    bounds = {
        "work": tiers.WORK,
        "cpu": int(limits.cpu) + 1,
        "memory": limits.memory >> 10,
        "file": limits.output >> 9,
    }
    command = [*tiers.around("bwrap", [*interpreter.system(), home]), "/usr/bin/sh", "-c"]
    command += [_LIMITED.format(**bounds), "sh", program, "--solver", "gecode"]
    if not _OUTPUT.search(model):
        command += ["--output-mode", "json"]
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as printed:
        given.write(model.encode("utf-8", "replace"))
        given.seek(0)
        process = subprocess.Popen(
            [*command, "-"],
            stdin=given,
            stdout=printed,
            stderr=subprocess.STDOUT,
            env=tiers.ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
        code, spent = _ended(process, _PATIENCE * limits.cpu)
        printed.seek(0)
        output = printed.read(limits.output).decode("utf-8", "replace")
    stopped = None
    if spent >= limits.cpu and code != 0:
        stopped = "timeout"  # the solver process hit its limit, which MiniZinc reports as an error
    elif code == -signal.SIGKILL:
        stopped = "infra_timeout"
    return JobResult(
        "script", runs=(JobResult("script", stopped=stopped, exits=(code,), output=output),)
    )


def _ended(process: subprocess.Popen[bytes], patience: float) -> tuple[int, float]:
    """Return the exit code of a process, and the processor seconds that it and its children used.

    It is killed after `patience` seconds of wall time, and if this process is interrupted.
    """
    timer = threading.Timer(patience, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        timer.cancel()
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, usage.ru_utime + usage.ru_stime
