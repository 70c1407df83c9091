"""Parses a model's text as Python, in a process with limits: it can slow or crash the parser."""

from __future__ import annotations

import ast
import atexit
import signal
import threading
from functools import cache
from typing import Any

from ttc.verifiers.workers.pool import CallLimits, Workers

_LIMITS = CallLimits(5.0, 1 << 30)
_LOCK = threading.Lock()


class Parsed:
    """The result of parsing. `fault` is the line of the error (from 1; 0 if unknown), None if there
    is none; `literal` is whether the program only prints literals."""

    def __init__(self, fault: int | None, literal: bool) -> None:
        self.fault, self.literal = fault, literal


def parse(code: str) -> Parsed:
    """Parse a text as Python. If it exceeds the limits, it has a fault on an unknown line."""
    if not hasattr(signal, "setitimer"):
        return Parsed(*examine(code))
    with _LOCK:
        (reply,) = _workers().map([code])
    return Parsed(*reply.value) if reply.status == "ok" else Parsed(0, literal=False)


def examine(code: str) -> list[Any]:
    """Parse in this process and return the fields of a `Parsed`. The workers call this."""
    try:
        tree = ast.parse(code)
        return [None, _literal(tree)]
    except SyntaxError as error:
        return [error.lineno or 0, False]
    except (ValueError, RecursionError, MemoryError):
        return [0, False]


@cache
def _workers() -> Workers:
    """Return the process that parses; it is ended at exit."""
    workers = Workers("ttc.verifiers.code.parsing:examine", _LIMITS, count=1)
    atexit.register(workers.close)
    return workers


def _literal(tree: ast.AST) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, (ast.BinOp, ast.AugAssign, ast.Compare, ast.comprehension)):
            return False
        printing = (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("print", "int", "float", "str", "round")
        )
        if isinstance(node, ast.Call) and not printing:
            return False
    return True
