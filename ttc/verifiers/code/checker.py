"""Checker programs: a record's own Python program decides whether an output is right.

A checker runs in the sandbox, in a process of its own that has nothing of the candidate's but the
output. It is one of these:

- A function `check(input, output, expected)` (names in any order; `checker`, `is_correct`, `judge`
  or `evaluate` are known too) that gets three strings. True or 1 is right, as is a tuple that
  begins with either; anything else is wrong, as is an AssertionError.
- A program that is run with the paths of three files as arguments: input, output, expected output
  (testlib). Exit code 0 (DOMjudge: 42) is right; 1, 2, 4, 5, 7 and 8 (43) are wrong; 3 says that
  the checker itself failed. The field `generated_checker` (of open-r1's Codeforces) gets input,
  expected output, output, and prints 1, or 0 for wrong.

A checker that fails or does not end decides nothing, unless it accepts the expected output: then
the output is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ttc.verifiers.sandbox.servers import JobResult, SandboxJob

RIGHT, WRONG, FAILED = 0, 43, 44

_RUN = """
import json, os, sys, io, contextlib

_SOURCE, _SWAPPED = %(source)r, %(swapped)r
_NAMES = ("check", "checker", "is_correct", "judge", "evaluate", "check_solution", "verify")
_WHICH = {"input": 0, "inp": 0, "stdin": 0, "input_data": 0, "input_str": 0, "test_input": 0,
          "output": 1, "actual": 1, "out": 1, "participant": 1, "solution": 1, "stdout": 1,
          "output_str": 1, "actual_output": 1, "user_output": 1, "contestant_output": 1,
          "expected": 2, "expected_output": 2, "answer": 2, "reference": 2, "correct": 2,
          "expected_str": 2, "jury": 2, "reference_output": 2, "correct_output": 2}

def _paths(texts):
    # In files that are only in memory, since not every sandbox has a folder to write to.
    import builtins
    data = {f"{name}.txt": text.encode("utf-8", "surrogateescape")
            for name, text in zip(("input", "output", "answer"), texts)}
    opens = builtins.open
    def open_(file, mode="r", *args, **kwargs):
        held = data.get(os.path.basename(os.fspath(file)) if not isinstance(file, int) else file)
        if held is None or not set(mode) <= set("rbt"):
            return opens(file, mode, *args, **kwargs)
        stream = io.BytesIO(held)
        return stream if "b" in mode else io.TextIOWrapper(stream, "utf-8", "replace")
    builtins.open = io.open = open_
    return list(data)

def _right(value):
    if isinstance(value, (tuple, list)) and value:
        value = value[0]
    if type(value).__name__ == "bool_":
        value = bool(value)
    return isinstance(value, (bool, int, float)) and value == 1

def _call(function, texts):
    import inspect
    parameters = [each for each in inspect.signature(function).parameters.values()
                  if each.default is each.empty and each.kind in (0, 1)]
    names = [each.name.lower() for each in parameters]
    at = [_WHICH.get(name) for name in names]
    if None in at or len(set(at)) != len(at):
        at = list(range(3))[:len(names)]
    return _right(function(*(texts[each] for each in at)))

def _run(texts):
    sys.argv = ["checker"]
    space = {"__name__": "checker"}
    code = compile(_SOURCE, "<checker>", "exec", dont_inherit=True)
    import ast
    defined = {n.name for n in ast.parse(_SOURCE).body if isinstance(n, ast.FunctionDef)}
    name = next((each for each in _NAMES if each in defined), None)
    if name is not None and "argv" not in _SOURCE:
        exec(code, space)
        return _call(space[name], texts)
    paths = _paths(texts)
    sys.argv += [paths[0], *reversed(paths[1:])] if _SWAPPED else paths
    space["__name__"] = "__main__"
    printed, code_ = io.StringIO(), 0
    with contextlib.redirect_stdout(printed):
        try:
            exec(code, space)
        except SystemExit as error:
            code_ = error.code if isinstance(error.code, int) else int(error.code is not None)
    if code_ in (0, 42):
        told = printed.getvalue().strip().rpartition("\\n")[2].strip().lower()
        if _SWAPPED or told in ("0", "0.0", "false"):
            return told in ("1", "1.0", "1.00", "100", "true", "ok", "accepted", "yes")
        return True
    if code_ in (1, 2, 4, 5, 7, 8, 43):
        return False
    raise RuntimeError(f"exit code {code_}")

_input, _output, _expected = json.load(sys.stdin)
sys.stdin = io.StringIO(_input)
try:
    with contextlib.redirect_stdout(io.StringIO()):
        _verdict = _run((_input, _output, _expected))
except AssertionError:
    _verdict = False
except BaseException as error:
    print(f"{type(error).__name__}: {error}"[:400], file=sys.stderr)
    sys.stderr.flush()
    os._exit(%(failed)d)
os._exit(%(right)d if _verdict else %(wrong)d)
"""


def job(source: str, rows: Sequence[tuple[str, str, str]], *, swapped: bool = False) -> SandboxJob:
    """Return the job that asks a checker about inputs, outputs and expected outputs, one run for
    each until one is not right. `swapped`: the contract is that of `generated_checker`."""
    parts = {"source": source, "swapped": swapped}
    parts |= {"right": RIGHT, "wrong": WRONG, "failed": FAILED}
    return SandboxJob("script", _RUN % parts, stdin=tuple(json.dumps(row) for row in rows))


def is_python(source: str) -> bool:
    """Return whether a checker may be run; those in C++ are not."""
    return "#include" not in source


def is_swapped(reference: Mapping[str, Any]) -> bool:
    """Return whether the checker is one that gets the expected output before the output."""
    return not reference.get("checker") and bool(reference.get("generated_checker"))


def decided(ran: JobResult) -> bool | None:
    """Return the decision of one run; None if the checker failed or was stopped."""
    if ran.stopped is not None or ran.exits[0] not in (RIGHT, WRONG):
        return None
    return ran.exits[0] == RIGHT
