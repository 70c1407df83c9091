"""Runs the steps of one group in a process of its own, where a crash or a hang does no harm."""

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

# A child whose parent was killed ends by itself, even if it hangs.
LIFETIME = 600


def main() -> None:
    """Run the steps that the command line asks for; write a JSON line to standard output when a
    step begins and for each check."""
    if hasattr(signal, "alarm"):
        signal.alarm(LIFETIME)
    request = json.loads(sys.argv[2])
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what plugins and native code print goes to stderr
    run(out, request["group"], DoctorOptions.from_json(request["options"]), request["begin"])
    out.flush()
    # Do not wait for threads that still ask a server, or for the clean-up of native code.
    os._exit(0)


def run(out: TextIO, group: str, options: DoctorOptions, begin: int) -> None:
    """Run the steps of a group from the one at `begin` on."""

    def tell(**line: Any) -> None:
        # Keys are known in this process, and not in the one that prints.
        out.write(json.dumps(secrets.cleaned(line)) + "\n")

    try:
        module = import_module(f"ttc.doctor.{group.replace('-', '_')}")
        steps: list[Step] = module.steps(options)
    except Exception as error:  # noqa: BLE001 (a check that fails is a finding)
        steps = []
        tell(check=asdict(replace(broken(group, error), group=group)), trace=_trace())
    for at, step in enumerate(steps[begin:], begin):
        tell(begin=at, what=step.what, limit=step.limit)
        try:
            for check in step.run():
                tell(check=asdict(replace(check, group=group)))
        except Exception as error:  # noqa: BLE001 (see above)
            tell(check=asdict(replace(broken(step.what, error), group=group)), trace=_trace())
    tell(done=True)


def broken(what: str, error: Exception) -> Check:
    """Return the check that says that a step itself failed."""
    if isinstance(error, TtcError):
        detail, _, remedy = str(error).partition("; ")
        return fail(what, detail, remedy)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(last.filename)}:{last.lineno}"
    said = f"{type(error).__name__}: {error}".strip().rstrip(":")
    return fail(what, f"this check failed: {said} ({place})", "ttc doctor -vv shows where")


def _trace() -> str:
    return traceback.format_exc()
