"""Counts the assertions that run: rewrites the tests' syntax tree before it is compiled."""

from __future__ import annotations

import ast
from collections.abc import Collection
from types import CodeType
from typing import Any, TypeVar

from ttc.verifiers.sandbox.inside.running.sites import Sites, expects_raise, must_not_reach

COUNT, COUNTED = "__ttc_count__", "__ttc_counted__"
Value = TypeVar("Value")


class Counter:
    """How many assertions have held so far, and how many tests have run."""

    def __init__(self) -> None:
        self.assertions = 0
        self.tests = 0

    def count(self) -> None:
        """Count an assertion that held."""
        self.assertions += 1

    def counted(self, value: Value) -> Value:
        """Count the call of an assertion that has returned, and return its value."""
        self.assertions += 1
        return value

    def install(self, namespace: dict[str, Any]) -> None:
        """Give the rewritten code the functions that it calls."""
        namespace[COUNT], namespace[COUNTED] = self.count, self.counted


class _Rewriting(ast.NodeTransformer):
    """Inserts a count behind each assertion. `tainted` variables hold values of the program; a
    `raise` that depends on one is an assertion."""

    def __init__(self, names: Collection[str], tainted: Collection[str]) -> None:
        self._sites = Sites(names)
        self._tainted = frozenset(tainted)

    def visit_Assert(self, node: ast.Assert) -> Any:
        self.generic_visit(node)
        return [node, _counting(node)]

    def visit_Call(self, node: ast.Call) -> Any:
        found = self._sites.is_site(node)
        self.generic_visit(node)
        if not found:
            return node
        function = ast.copy_location(ast.Name(COUNTED, ast.Load()), node)
        return ast.copy_location(ast.Call(function, [node], []), node)

    def visit_If(self, node: ast.If) -> Any:
        found = must_not_reach(node) and self._depends(node.test)
        self.generic_visit(node)
        return [node, _counting(node)] if found else node

    def visit_Try(self, node: ast.Try) -> Any:
        found = expects_raise(node)
        self.generic_visit(node)
        if found and self._depends(node):
            for handler in node.handlers:
                handler.body.insert(0, _counting(handler))
        return node

    def _depends(self, node: ast.AST) -> bool:
        return any(isinstance(e, ast.Name) and e.id in self._tainted for e in ast.walk(node))


def _counting(node: ast.stmt | ast.excepthandler) -> ast.stmt:
    call = ast.Call(ast.Name(COUNT, ast.Load()), [], [])
    return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), node))


def compiled(
    source: str, name: str, names: Collection[str], tainted: Collection[str], *, awaits: bool
) -> CodeType:
    """Compile tests so that they count their assertions. `awaits`: module-level code may await."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if awaits else 0
    tree = compile(source, name, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
    tree = _Rewriting(names, tainted).visit(tree)
    code: CodeType = compile(tree, name, "exec", flags, dont_inherit=True)
    return code
