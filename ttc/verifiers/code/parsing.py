"""Parses a model's text as Python, in a process with limits: it can slow or crash the parser."""

from __future__ import annotations

import ast
import atexit
import builtins
import re
import signal
import threading
import warnings
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

from ttc.verifiers.workers.pool import CallLimits, Workers

_LIMITS = CallLimits(5.0, 1 << 30)
_LOCK = threading.Lock()
# A text that cannot slow or crash the compiler: short, without deep brackets or indentation.
_SHORT, _DEPTH, _INDENT = 8192, 10, 80
_BRACKETS = re.compile(r"[()\[\]{}]")
_COMPILED = "<text of a model>"
# Its warnings are about the model's text.
warnings.filterwarnings("ignore", module=re.escape(_COMPILED))
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Statement(NamedTuple):
    """A statement at the top of a module: its lines (from 1), the names that it binds, and whether
    it is a definition or an import, so that nothing happens when it runs."""

    first: int
    last: int
    names: list[str]
    inert: bool


class Parsed:
    """The result of parsing.

    `fault` is the line of the error (from 1; 0 if unknown), None if there is none; `literal` is
    whether the program only prints literals. Of a program without a fault: `statements` at its
    top; `free`, the names that it uses but does not bind; `acts`, whether its top level prints or
    calls something of its own; `reads` and `writes`, whether it mentions standard input and
    output; `stubs`, its functions and classes without a body.
    """

    def __init__(self, fault: int | None, literal: bool, facts: dict[str, Any] | None = None):
        facts = facts or {}
        self.fault, self.literal = fault, literal
        self.statements = [Statement(*each) for each in facts.get("statements", ())]
        self.free: frozenset[str] = frozenset(facts.get("free", ()))
        self.stubs: frozenset[str] = frozenset(facts.get("stubs", ()))
        self.acts: bool = facts.get("acts", False)
        self.reads: bool = facts.get("reads", False)
        self.writes: bool = facts.get("writes", False)

    @property
    def defined(self) -> frozenset[str]:
        """The names that the top level binds."""
        return frozenset(name for each in self.statements for name in each.names)


def valid(code: str) -> bool:
    """Return whether a text is a program in Python."""
    return _compiles(code) or parse(code).fault is None


def _compiles(code: str) -> bool:
    """Return whether a harmless text is a program: this process compiles it, which is some ten
    times as fast as to ask another for all that `Parsed` has."""
    if len(code) > _SHORT or "\n" + " " * _INDENT in code:
        return False
    depth = 0
    for bracket in _BRACKETS.findall(code):
        depth += 1 if bracket in "([{" else -1
        if depth > _DEPTH:
            return False
    try:
        compile(code, _COMPILED, "exec", dont_inherit=True)
        return True
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False


@lru_cache(64)
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
        for node in _outside_definitions(*tree.body):
            if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom, ast.Await)):
                return [node.lineno, False, None]
        return [None, _literal(tree), _facts(tree)]
    except SyntaxError as error:
        return [error.lineno or 0, False, None]
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return [0, False, None]


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


def _facts(tree: ast.Module) -> dict[str, Any]:
    used, bound = names_in(tree)
    free = used - bound - set(dir(builtins))
    mentions = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    mentions |= used
    own = {node.name for node in tree.body if isinstance(node, _DEFINITIONS)}
    return {
        "statements": [_statement(node) for node in tree.body],
        "free": sorted(free),
        "stubs": [n.name for n in tree.body if isinstance(n, _DEFINITIONS) and _is_stub(n)],
        "acts": any(_acts(node, own | free) for node in tree.body),
        "reads": bool(mentions & {"input", "stdin", "raw_input", "fileinput"}) or _opens(tree),
        "writes": bool(mentions & {"print", "stdout"}) or _opens(tree, 1),
    }


def names_in(tree: ast.AST) -> tuple[set[str], set[str]]:
    """Return the names that code loads, and those that it binds anywhere."""
    used: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, _DEFINITIONS):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            bound.add(node.name)
    return used, bound


def _statement(node: ast.stmt) -> tuple[int, int, list[str], bool]:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    inert = isinstance(node, (*_DEFINITIONS, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign))
    if isinstance(node, _DEFINITIONS):
        names = {node.name}
    else:
        names = set().union(*(_bound_by(each) for each in _outside_definitions(node)))
    return first, node.end_lineno or node.lineno, sorted(names), inert


def _bound_by(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return {node.id}
    if isinstance(node, ast.alias):
        return {(node.asname or node.name).partition(".")[0]}
    return {node.name} if isinstance(node, _DEFINITIONS) else set()


def _outside_definitions(*nodes: ast.AST) -> Iterator[ast.AST]:
    """Yield nodes and those in them, but not what is inside functions and classes."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*_DEFINITIONS, ast.Lambda)):
            waiting += ast.iter_child_nodes(node)


def _acts(node: ast.stmt, own: set[str]) -> bool:
    if isinstance(node, (*_DEFINITIONS, ast.Import, ast.ImportFrom)):
        return False
    parts = list(_outside_definitions(node))
    calls = any(isinstance(each, ast.Call) for each in parts)
    return any(
        (isinstance(each, ast.Name) and each.id in own and calls)
        or (isinstance(each, ast.Name) and each.id == "print")
        or (isinstance(each, ast.Attribute) and each.attr in ("stdout", "write"))
        for each in parts
    )


def _is_stub(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Return whether a definition only has a docstring, `pass`, `...` or a NotImplementedError; of
    a class, whether it has methods and all are stubs."""
    rest = [
        each
        for each in node.body
        if not isinstance(each, ast.Pass)
        and not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
    ]
    if isinstance(node, ast.ClassDef):
        return bool(rest) and all(isinstance(n, _DEFINITIONS) and _is_stub(n) for n in rest)
    return all(isinstance(each, ast.Raise) and "NotImplemented" in ast.dump(each) for each in rest)


def _opens(tree: ast.AST, descriptor: int = 0) -> bool:
    """Return whether a number is opened, read or written as a descriptor."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", getattr(node.func, "attr", None))
            first = node.args[0]
            given = isinstance(first, ast.Constant) and first.value in (
                descriptor,
                f"/dev/std{'out' if descriptor else 'in'}",
            )
            if given and name in ("open", "write" if descriptor else "read", "fdopen"):
                return True
    return False
