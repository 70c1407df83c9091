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
from ttc.verifiers.sandbox.inside.remote import Remote
from ttc.verifiers.sandbox.inside.running.counting import Counter
from ttc.verifiers.sandbox.inside.running.faults import BadReferenceError
from ttc.verifiers.sandbox.inside.running.tests import SETUP, TESTS, Run, is_program_s
from ttc.verifiers.sandbox.inside.trust.peer import CandidateError

__all__ = ["GoneError", "Remote", "judge", "report"]
_LONGEST = 500
# What tests say of a program, and what one that fills its folder can cause.
_OWN_FAULTS = (AssertionError, SystemExit, OSError)


def judge(tests: Mapping[str, Any], connect: Callable[[], Remote]) -> dict[str, Any]:
    """Return the verdict: `why` is pass, fail, raised, gone or bad_reference; `assertions` and
    `tests` are how many ran; `compared` tells whose comparisons decided (`Remote.compared`)."""
    program: Remote | None = None
    run: Run | None = None
    try:
        run = Run(tests)
        program = connect()
        run.run(program)
        why, detail = "pass", ""
        if program.swallowed:
            why, detail = "fail", "the program swallowed an assertion that failed"
    except GoneError as error:
        why, detail = "gone", str(error)
    except BadReferenceError as error:
        why, detail = "bad_reference", str(error)
    except BaseException as error:  # noqa: BLE001
        own = run is not None and (program is None or is_program_s(error, program))
        why, detail = _failed(error, tests, own=own), _line(error)
        # What raises before the program has a part in it would raise with any program.
        early = run is not None and program is not None and not program.used
        if why == "fail" and early and not isinstance(error, _OWN_FAULTS):
            why = "bad_reference"
        if why == "fail" and isinstance(error, AssertionError):
            detail = detail.removeprefix("AssertionError").removeprefix(": ")
    if program is not None and program.gone is not None:  # whatever the tests made of it
        why, detail = "gone", program.gone
    counter = Counter() if run is None else run.counter
    return {
        "why": why,
        "detail": detail[:_LONGEST],
        "nonce": tests["nonce"],
        "compared": [] if program is None else sorted(program.compared),
        "assertions": counter.assertions,
        "tests": counter.tests,
    }


def _failed(error: BaseException, tests: Mapping[str, Any], *, own: bool) -> str:
    if own:
        name = getattr(error, "name", None) if isinstance(error, NameError) else None
        return "bad_reference" if name in tests.get("foreign", ()) else "raised"
    broken = isinstance(error, SyntaxError) and error.filename in (SETUP, TESTS)
    return "bad_reference" if broken or isinstance(error, ImportError) else "fail"


def _line(error: BaseException) -> str:
    known = told(error)
    if isinstance(error, CandidateError):
        return known["message"].replace("\n", " ")
    return f"{known['raised']}: {known['message']}".replace("\n", " ").removesuffix(": ")


def report(descriptor: int, verdict: dict[str, Any]) -> None:
    """Write the verdict as one line, in one write."""
    os.write(descriptor, json.dumps(verdict).encode("ascii") + b"\n")
