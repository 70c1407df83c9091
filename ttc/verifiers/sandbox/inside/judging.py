"""The judge's process: runs the tests and calls the candidate, which is in another process.

Only this process writes the verdict, to a pipe that the candidate's process never has.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from ttc.verifiers.sandbox.inside.objects.errors import told
from ttc.verifiers.sandbox.inside.objects.peer import GoneError
from ttc.verifiers.sandbox.inside.objects.trust import CandidateError
from ttc.verifiers.sandbox.inside.remote import Remote

__all__ = ["GoneError", "Remote", "judge", "report", "run"]
_LONGEST = 500


def run(tests: Mapping[str, Any], program: Remote) -> None:
    """Run `setup`, then `tests` with `names` bound to the program's functions, then `check(entry)`
    if there is an `entry`. Raises the exception of a failed test."""
    namespace: dict[str, Any] = {"__name__": "tests"}
    exec(compile(tests["setup"], "<setup>", "exec", dont_inherit=True), namespace)
    for name in tests["names"]:
        namespace[name] = program.named(name)
    exec(compile(tests["tests"], "<tests>", "exec", dont_inherit=True), namespace)
    if tests["entry"] is not None:
        namespace["check"](namespace[tests["entry"]])


def judge(tests: Mapping[str, Any], connect: Callable[[], Remote]) -> dict[str, Any]:
    """Return the verdict: `why` is pass, fail, raised, gone or broken_tests; `compared` tells whose
    comparisons decided (`Remote.compared`)."""
    program: Remote | None = None
    try:
        program = connect()
        run(tests, program)
        why, detail = "pass", ""
    except GoneError as error:
        why, detail = "gone", str(error)
    except BaseException as error:  # noqa: BLE001
        own = program is None or error is program.raised
        why, detail = _failed(error, own=own), _line(error)
        if why == "fail" and isinstance(error, AssertionError):
            detail = detail.removeprefix("AssertionError").removeprefix(": ")
    if program is not None and program.gone is not None:  # whatever the tests made of it
        why, detail = "gone", program.gone
    compared = [] if program is None else sorted(program.compared)
    return {"why": why, "detail": detail[:_LONGEST], "nonce": tests["nonce"], "compared": compared}


def _failed(error: BaseException, *, own: bool) -> str:
    if own:
        return "raised"
    broken = isinstance(error, SyntaxError) and error.filename in ("<setup>", "<tests>")
    return "broken_tests" if broken else "fail"


def _line(error: BaseException) -> str:
    known = told(error)
    if isinstance(error, CandidateError):
        return known["message"].replace("\n", " ")
    return f"{known['raised']}: {known['message']}".replace("\n", " ").removesuffix(": ")


def report(descriptor: int, verdict: dict[str, Any]) -> None:
    """Write the verdict as one line, in one write."""
    os.write(descriptor, json.dumps(verdict).encode("ascii") + b"\n")
