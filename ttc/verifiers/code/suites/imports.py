"""What the tests of a reference import."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from ttc.verifiers.code.suites.installed import exists
from ttc.verifiers.sandbox.inside.running.sites import nodes_of

_IMPORTS = re.compile(r"^[ \t]*((?:from|import)\b.*)", re.M)
_WORDS = re.compile(r"(?<!as )\b(?!(?:from|import|as)\b)[\w.]+")
_IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def imports_others(code: str, entry: str | None) -> bool:
    """Return whether code imports anything that is not installed, or the function under test."""
    for line in _IMPORTS.findall(code):
        words = _WORDS.findall(line)
        modules = words[:1] if line.startswith("from") else words
        if "from ." in line or entry in words:
            return True
        if not all(exists(each.partition(".")[0]) for each in modules):
            return True
    return False


def imports_of(trees: Iterable[ast.Module]) -> dict[str, tuple[str, ...]]:
    """Return the names and attributes used of each imported module, without imports whose failure
    the code handles."""
    found: dict[str, dict[str, None]] = {}
    for tree in trees:
        guarded = {
            id(node) for each in nodes_of(tree) if _may_fail(each) for node in nodes_of(each)
        }
        aliases: dict[str, str] = {}
        for node in nodes_of(tree):
            if id(node) in guarded:
                continue
            if isinstance(node, ast.ImportFrom) and node.module != "__future__":
                name = "." * node.level + (node.module or "")
                found.setdefault(name, {}).update(dict.fromkeys(a.name for a in node.names))
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    found.setdefault(alias.name, {})
                    aliases[alias.asname or alias.name] = alias.name
        for node in nodes_of(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module = aliases.get(node.value.id)
                found.get(module or "", {})[node.attr] = None
    return {module: tuple(names) for module, names in found.items()}


def _may_fail(node: ast.AST) -> bool:
    """Return whether a statement handles that an import in it fails."""
    if not isinstance(node, ast.Try):
        return False
    caught = {each.id for handler in node.handlers if handler.type is not None
              for each in nodes_of(handler.type) if isinstance(each, ast.Name)}  # fmt: skip
    return bool(caught & _IMPORT_ERRORS) or any(h.type is None for h in node.handlers)
