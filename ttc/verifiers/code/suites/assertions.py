"""Counts the assertions in the source of tests, where the source alone decides how many run."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable

from ttc.verifiers.sandbox.inside.running.sites import (
    Sites,
    is_assertion,
    must_not_reach,
    nodes_of,
)

_BRANCHES = (ast.If, ast.While, ast.For, ast.AsyncFor, ast.Try, ast.IfExp, ast.Match)
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def direct_asserts(
    setup: ast.Module, tests: ast.Module, called: Collection[str], names: Collection[str]
) -> int | None:
    """Return how many assertions a run that passes has, None if only a run can tell.

    Certain are assertions of the module-level code and of one `check` function that is called
    once, outside of any branch or loop.
    """
    sites = Sites(names)
    if setup.body and sites.inside(setup):
        return None
    total = 0
    for node in tests.body:
        if not isinstance(node, _Function):
            count = _straight([node], sites)
        elif node.name == "check" and "check" not in called and not node.decorator_list:
            others = (each for each in tests.body if each is not node)
            count = None if any(map(_uses_check, others)) else _straight(node.body, sites)
        else:
            count = None if sites.inside(node) else 0
        if count is None:
            return None
        total += count
    return total


def _straight(body: Iterable[ast.stmt], sites: Sites) -> int | None:
    """Return the number of assertions of statements that are run one after the other."""
    total, ended = 0, False
    for node in body:
        if isinstance(node, ast.Assert):
            if ended:
                return None
            total += 1
        elif not sites.inside(node):
            ended |= any(isinstance(each, ast.Return) for each in _own_nodes(node))
        elif ended or not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
            return None
        elif is_assertion(node.value, sites.names):
            total += 1
        else:
            return None
    return total


def _own_nodes(node: ast.AST) -> Iterable[ast.AST]:
    """Yield the nodes of a statement without those of functions in it."""
    if isinstance(node, (*_Function, ast.ClassDef, ast.Lambda)):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _own_nodes(child)


def _uses_check(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "check" for node in nodes_of(tree))


def tainted_names(trees: Iterable[ast.Module], names: Collection[str]) -> set[str]:
    """Return `names` and all variables whose values may come from them."""
    tainted = set(names) | {"self"}
    bindings = [pair for tree in trees for node in nodes_of(tree) for pair in _bindings(node)]
    grown = True
    while grown:
        grown = False
        for targets, value in bindings:
            if not targets <= tainted and mentions(value, tainted):
                tainted |= targets
                grown = True
    return tainted


def _bindings(node: ast.AST) -> Iterable[tuple[set[str], ast.AST]]:
    """Yield the variables that a node assigns, with the expression that they get."""
    if isinstance(node, ast.Assign):
        yield {name for target in node.targets for name in _stored(target)}, node.value
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value:
        yield _stored(node.target), node.value
    elif isinstance(node, ast.If | ast.While):
        yield _assigned(node.body + node.orelse), node.test
    elif isinstance(node, ast.Try):
        parts = [*node.orelse, *(each for handler in node.handlers for each in handler.body)]
        yield _assigned(parts), ast.Module(node.body, [])
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield _stored(node.target), node.iter
        if isinstance(node, ast.For | ast.AsyncFor):
            yield _assigned(node.body), node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield _stored(node.optional_vars), node.context_expr
    elif isinstance(node, _Function):
        for each in nodes_of(node):
            if isinstance(each, ast.Return) and each.value is not None:
                yield {node.name}, each.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        # A container that gets such a value. A helper's arguments are not followed.
        owner = node.func.value
        yield from (({owner.id}, arg) for arg in node.args if isinstance(owner, ast.Name))


def _assigned(body: Iterable[ast.AST]) -> set[str]:
    """Return the variables that statements assign."""
    nodes = (node for statement in body for node in nodes_of(statement))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _stored(target: ast.AST) -> set[str]:
    return {node.id for node in nodes_of(target) if isinstance(node, ast.Name)}


def mentions(node: ast.AST, names: Collection[str]) -> bool:
    """Return whether an expression uses one of the names."""
    return any(isinstance(each, ast.Name) and each.id in names for each in nodes_of(node))


def depends(trees: Iterable[ast.Module], tainted: Collection[str], names: Collection[str]) -> bool:
    """Return whether values of the program may decide how many assertions run."""
    sites = Sites(names)
    helpers = {
        node.name
        for tree in trees
        for node in nodes_of(tree)
        if isinstance(node, _Function) and sites.inside(node)
    }
    for tree in trees:
        for node in nodes_of(tree):
            if isinstance(node, _BRANCHES) and sites.inside(node, helpers):
                if isinstance(node, ast.Try):
                    if node.handlers:
                        return True
                    continue
                deciding = node.iter if isinstance(node, ast.For | ast.AsyncFor) else (
                    node.subject if isinstance(node, ast.Match) else node.test)  # fmt: skip
                if mentions(deciding, tainted) and not must_not_reach(node):
                    return True
            if isinstance(node, ast.Return) and node.value is None and sites.inside(tree):
                return True
    return False


def is_endless(tree: ast.Module) -> bool:
    """Return whether there is a `while True` that nothing inside of it ends."""
    return any(
        isinstance(node, ast.While)
        and isinstance(node.test, ast.Constant)
        and bool(node.test.value)
        and not any(isinstance(each, _LEAVING) for each in nodes_of(node))
        for node in nodes_of(tree)
    )


_LEAVING = (ast.Break, ast.Return, ast.Raise, ast.Yield, ast.YieldFrom, ast.Await)
