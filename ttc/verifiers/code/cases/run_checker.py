"""Runs a checker program on one output. Its text is run in the sandbox, as a script.

Standard input is a JSON object with `source`, `swapped`, `input`, `output` and `expected`. The exit
code says what the checker found.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import inspect
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

RIGHT, WRONG, FAILED = 0, 43, 44

_FUNCTIONS = ("check", "checker", "is_correct", "judge", "evaluate", "check_solution", "verify")
# What a parameter gets: the input, the output or the expected output.
_PARAMETERS = (
    {"input", "inp", "stdin", "input_data", "input_str", "input_text", "test_input", "question"},
    {"output", "actual", "out", "stdout", "output_str", "actual_output", "user_output", "printed",
     "participant", "participant_output", "contestant_output", "solution_output", "result", "got"},
    {"expected", "expected_output", "answer", "reference", "reference_output", "correct",
     "correct_output", "expected_str", "jury", "jury_output", "ans", "gold"},
)  # fmt: skip
_ACCEPTED, _REFUSED = (0, 42), (1, 2, 4, 5, 7, 8, 43)
_YES = {"1", "1.0", "true", "ok", "accepted", "ac", "yes", "correct"}
_NO = {"0", "0.0", "false", "wrong", "wa", "no", "fail", "failed", "rejected", "incorrect", "pe"}


def _give_files(texts: Sequence[str]) -> list[str]:
    """Let `open` find texts as files, and return their names. Not every sandbox has a folder."""
    names = ("input.txt", "output.txt", "answer.txt")
    held = {
        name: text.encode("utf-8", "surrogateescape")
        for name, text in zip(names, texts, strict=True)
    }
    on_disk: Any = builtins.open

    def open_(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        name = None if isinstance(file, int) else os.path.basename(os.fspath(file))
        if name not in held or not set(mode) <= set("rbt"):
            return on_disk(file, mode, *args, **kwargs)
        stream = io.BytesIO(held[name])
        return stream if "b" in mode else io.TextIOWrapper(stream, "utf-8", "replace")

    builtins.open = io.open = open_
    if sys.version_info < (3, 11):  # its pathlib keeps the `open` that it found
        import pathlib

        vars(pathlib)["_NormalAccessor"].open = staticmethod(open_)
    return list(names)


def _function(tree: ast.Module) -> ast.FunctionDef:
    """Return the function that checks: one of a known name, or the only one that could."""
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name in _FUNCTIONS:
        if name in found:
            return found[name]
    able = [node for node in found.values() if len(node.args.args) in (2, 3)]
    if len(able) != 1:
        raise TypeError("it has no function check(input, output, expected)")
    return able[0]


def _call(function: Callable[..., Any], node: ast.FunctionDef, texts: Sequence[str]) -> bool:
    names = [
        each.name.lower()
        for each in inspect.signature(function).parameters.values()
        if each.default is each.empty and each.kind.name.startswith("POSITIONAL")
    ]
    known = [next((at for at in range(3) if name in _PARAMETERS[at]), None) for name in names]
    given = [at for at in known if at is not None]
    if len(given) < len(names) or len(set(given)) < len(given):
        given = [1] if len(names) == 1 else list(range(min(len(names), 3)))
    value = function(*(texts[at] for at in given))
    if isinstance(value, (tuple, list)) and value:
        value = value[0]
    if value is None and _only_asserts(node):
        return True
    if type(value).__name__ == "bool_":  # numpy's
        value = bool(value)
    if not isinstance(value, (bool, int, float)):
        raise TypeError(f"{node.name} returned {value!r}")
    return value == 1


def _only_asserts(node: ast.FunctionDef) -> bool:
    """Return whether a function says what is wrong by exceptions alone."""
    parts = list(ast.walk(node))
    returns = any(isinstance(each, ast.Return) and each.value is not None for each in parts)
    return not returns and any(isinstance(each, (ast.Assert, ast.Raise)) for each in parts)


def _accepts(source: str, texts: Sequence[str], *, swapped: bool) -> bool:
    sys.argv = ["checker"]
    space: dict[str, Any] = {"__name__": "checker"}
    code = compile(source, "<checker>", "exec", dont_inherit=True)
    if "argv" not in source:
        node = _function(ast.parse(source))
        exec(code, space)
        return _call(space[node.name], node, texts)
    paths = _give_files(texts)
    sys.argv += [paths[0], paths[2], paths[1]] if swapped else paths
    space["__name__"] = "__main__"
    printed, status = io.StringIO(), 0
    with contextlib.redirect_stdout(printed):
        try:
            exec(code, space)
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else int(error.code is not None)
    if status not in _ACCEPTED:
        if status in _REFUSED:
            return False
        raise RuntimeError(f"exit code {status}")
    last = printed.getvalue().strip().rpartition("\n")[2].lower()
    word = (last.replace(":", " ").replace(",", " ").split() or [""])[0]
    return word in _YES if swapped else word not in _NO


def main() -> None:
    """Run the checker and end this process with its decision."""
    given = json.load(sys.stdin)
    texts = [given[name] for name in ("input", "output", "expected")]
    sys.stdin = io.StringIO(texts[0])
    decision = WRONG
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            if _accepts(given["source"], texts, swapped=given["swapped"]):
                decision = RIGHT
    except AssertionError:
        pass
    except BaseException as error:  # noqa: BLE001
        sys.stderr.write(f"{type(error).__name__}: {error}"[:400])
        sys.stderr.flush()
        decision = FAILED
    os._exit(decision)
