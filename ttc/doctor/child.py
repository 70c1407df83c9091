"""Runs the steps of one group in a child process, where a crash or a hang does no harm."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from dataclasses import asdict, replace
from importlib import import_module
from typing import Any, TextIO

from ttc.doctor.checks import Check, DoctorOptions, Step, fail
from ttc.errors import TtcError
from ttc.messages import secrets

# Seconds after which a child ends by itself, even if it hangs and its parent was killed.
LIFETIME = 600


def main() -> None:
    """Run the steps named on the command line. Write a JSON line to stdout when a step begins and
    for each check."""
    if hasattr(signal, "alarm"):
        signal.alarm(LIFETIME)
    request = json.loads(sys.argv[2])
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # output of plugins and native code goes to stderr
    run(out, request["group"], DoctorOptions.from_json(request["options"]), request["begin"])
    out.flush()
    # Do not wait for threads that still wait for a server, or for native code's cleanup.
    os._exit(0)


def run(out: TextIO, group: str, options: DoctorOptions, begin: int) -> None:
    """Run the steps of a group, starting at index `begin`."""

    def send(**line: Any) -> None:
        # This process has registered the secrets; the one that prints has not.
        out.write(json.dumps(secrets.cleaned(line)) + "\n")

    try:
        module = import_module(f"ttc.doctor.{group.replace('-', '_')}")
        steps: list[Step] = module.steps(options)
    except Exception as error:  # noqa: BLE001 (a check that raises is a failed check)
        steps = []
        send(check=asdict(replace(broken(group, error), group=group)), trace=_trace())
    for at, step in enumerate(steps[begin:], begin):
        send(begin=at, what=step.what, limit=step.limit)
        try:
            for check in step.run():
                send(check=asdict(replace(check, group=group)))
        except Exception as error:  # noqa: BLE001 (see above)
            send(check=asdict(replace(broken(step.what, error), group=group)), trace=_trace())
    send(done=True)


def broken(what: str, error: Exception) -> Check:
    """Return the check for a step that raised."""
    if isinstance(error, TtcError):
        detail, _, remedy = str(error).partition("; ")
        return fail(what, detail, remedy)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(last.filename)}:{last.lineno}"
    message = f"{type(error).__name__}: {error}".strip().rstrip(":")
    return fail(what, f"this check failed: {message} ({place})", "ttc doctor -vv shows where")


def _trace() -> str:
    return traceback.format_exc()
