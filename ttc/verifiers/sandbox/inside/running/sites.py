"""Which nodes of the tests' syntax tree assert something."""

from __future__ import annotations

import ast
from collections.abc import Collection

_NEVER = {"fail", "exit", "_exit"}
_RAISES = {"raises", "warns", "deprecated_call"}


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """Return a node and all below it, faster than `ast.walk`."""
    found = [tree]
    for node in found:
        for name in node._fields:
            value = getattr(node, name, None)
            if type(value) is list:
                found += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                found.append(value)
    return found


def name_of(node: ast.AST) -> str:
    """Return the last name of a called function: `assert_equal` of `np.testing.assert_equal`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_assertion(call: ast.Call, names: Collection[str]) -> bool:
    """Return whether a call asserts by its name. `names` belong to the program, and do not."""
    name = name_of(call.func)
    if isinstance(call.func, ast.Name) and name in names:
        return False
    return name.lstrip("_").lower().startswith("assert") or name in _RAISES


def is_never(statement: ast.stmt) -> bool:
    """Return whether a statement is a failure when it is reached: `raise`, `assert False`,
    `self.fail()`, `sys.exit(1)`."""
    if isinstance(statement, ast.Raise):
        return True
    if isinstance(statement, ast.Assert):
        return isinstance(statement.test, ast.Constant) and not statement.test.value
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return name_of(statement.value.func) in _NEVER
    return False


def must_not_reach(node: ast.AST) -> bool:
    """Return whether a branch of an `if` is a failure when it is reached."""
    if not isinstance(node, ast.If):
        return False
    return any(body and is_never(body[-1]) for body in (node.body, node.orelse))


def expects_raise(node: ast.AST) -> bool:
    """Return whether a `try` fails if its body does not raise."""
    if not isinstance(node, ast.Try) or not node.handlers:
        return False
    return any(is_never(each) for each in (*node.body, *node.orelse))


class Sites:
    """The assertions in a tree, where `names` belong to the program."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = frozenset(names)

    def is_site(self, node: ast.AST) -> bool:
        """Return whether a node itself asserts something."""
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            return is_assertion(node, self.names)
        return must_not_reach(node) or expects_raise(node)

    def inside(self, node: ast.AST, helpers: Collection[str] = ()) -> bool:
        """Return whether a tree asserts something, or calls one of the helpers that do."""
        for each in nodes_of(node):
            if self.is_site(each):
                return True
            if helpers and isinstance(each, ast.Call) and name_of(each.func) in helpers:
                return True
        return False
