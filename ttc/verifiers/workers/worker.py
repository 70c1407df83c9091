"""The process of a worker: JSON lines in, JSON lines out. `workers.pool` starts it.

It reads untrusted text, so the other side neither executes nor unpickles its replies.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import IO, Any

from ttc.verifiers.sandbox import interpreter
from ttc.verifiers.sandbox.inside.confine import Confinement


def serve(task: str, cpu_seconds: float, memory_bytes: int) -> None:
    """Reply to each line with the result of the function `task` ("module:function").

    A reply is `{"value": …}`, or `{"status": "oom" | "error", "detail": …}`; the first reports
    whether the function could be imported. A call that takes more processor time than
    `cpu_seconds` ends the process by SIGPROF.
    """
    requests, replies = _pipes()
    try:
        work = _imported(task)
    except Exception as error:  # noqa: BLE001 - any error of the import is the reply
        _say(replies, {"status": "error", "detail": f"{type(error).__name__}: {error}"})
        return
    _limit(memory_bytes)
    _say(replies, {"value": None})
    for line in requests:
        # The kernel's processor clock and SIGPROF's default action: this also ends a loop in C,
        # and a busy machine does not change the limit.
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        reply = _done(work, line)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _say(replies, reply)
        if reply.get("status") == "oom":
            return  # after a failed allocation, the state of the process is unreliable


def _imported(task: str) -> Callable[[Any], Any]:
    module, _, name = task.partition(":")
    work: Callable[[Any], Any] = getattr(importlib.import_module(module), name)
    return work


def _done(work: Callable[[Any], Any], line: bytes) -> dict[str, Any]:
    try:
        return {"value": work(json.loads(line))}
    except MemoryError:
        return {"status": "oom", "detail": ""}
    except Exception as error:  # noqa: BLE001 - it is the reply
        return {"status": "error", "detail": f"{type(error).__name__}: {error}"[:500]}


def _pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Duplicate stdin and stdout for this module; output of libraries is discarded."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    return requests, replies


def _say(replies: IO[bytes], reply: dict[str, Any]) -> None:
    replies.write(json.dumps(reply).encode() + b"\n")
    replies.flush()


def _limit(memory_bytes: int) -> None:
    """Set the limits and drop all rights that the calls do not need, after the imports."""
    import resource

    limits = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 16,
    }
    for limit, value in limits.items():
        # macOS refuses RLIMIT_AS; the other limits hold there.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))
    # Libraries may still be read, for late imports; nothing else may.
    readable = [*interpreter.system(), *interpreter.files(), *filter(None, sys.path)]
    Confinement(readable, [os.devnull]).lock()


def main() -> None:
    """Serve as the arguments say, until the pipe ends."""
    task, cpu_seconds, memory_bytes = sys.argv[-3:]
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve(task, float(cpu_seconds), int(memory_bytes))
    os._exit(0)
