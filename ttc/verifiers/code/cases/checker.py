"""Checker programs: a record's own Python program decides whether an output is right.

A checker runs in the sandbox, in a process of its own that has nothing of the candidate's but the
output (`run_checker`). It is one of these:

- A function `check(input, output, expected)` that gets three strings; its parameters may have
  these or similar names in any order, or others in this order. True or 1 is right, as is a tuple
  that begins with either; False, another number or an AssertionError is wrong. A function that
  only asserts and returns nothing is right if it ends; other results are no decision.
- A program that uses `sys.argv`, run with the paths of three files: input, output, expected output
  (as with testlib). Exit code 0 (DOMjudge: 42) is right, unless the last line printed begins with
  0, False, Wrong or the like; 1, 2, 4, 5, 7 and 8 (43) are wrong; 3 and others say that the checker
  failed. In the field `generated_checker` (of open-r1's Codeforces) it gets input, expected output,
  output, and prints 1, or 0 for wrong.

A checker that fails or does not end decides nothing, unless it accepts the expected output: then
the output is wrong.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ttc.verifiers.code.cases import run_checker
from ttc.verifiers.sandbox.servers import JobResult, SandboxJob


@cache
def _program() -> str:
    return f"{inspect.getsource(run_checker)}\n\nmain()\n"


def job(source: str, rows: Sequence[tuple[str, str, str]], *, swapped: bool = False) -> SandboxJob:
    """Return the job that asks a checker about inputs, outputs and expected outputs, one run for
    each until one is not right. `swapped`: the contract is that of `generated_checker`."""
    given = {"source": source, "swapped": swapped}
    names = ("input", "output", "expected")
    stdin = (json.dumps(given | dict(zip(names, row, strict=True))) for row in rows)
    return SandboxJob("script", _program(), stdin=tuple(stdin))


def is_python(source: str) -> bool:
    """Return whether a checker may be run; those in C++ are not."""
    return "#include" not in source


def is_swapped(reference: Mapping[str, Any]) -> bool:
    """Return whether the checker is one that gets the expected output before the output."""
    return not reference.get("checker") and bool(reference.get("generated_checker"))


def decided(ran: JobResult) -> bool | None:
    """Return the decision of one run; None if the checker failed or was stopped."""
    if ran.stopped is not None or ran.exits[0] not in (run_checker.RIGHT, run_checker.WRONG):
        return None
    return ran.exits[0] == run_checker.RIGHT
