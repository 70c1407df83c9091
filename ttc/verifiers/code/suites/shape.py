"""Reads what a reference's tests need and define from their source, without running them."""

from __future__ import annotations

import ast
import builtins
import symtable
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from ttc.verifiers.code.suites.assertions import depends, direct_asserts, is_endless, tainted_names
from ttc.verifiers.code.suites.imports import imports_of, imports_others
from ttc.verifiers.sandbox.inside.running.sites import nodes_of

_BUILTINS = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__spec__"}
# Classes of the standard library that tests use without an import, or that a program has itself.
_CLASSES = frozenset({"ChainMap", "Counter", "OrderedDict", "defaultdict", "deque", "Decimal"})
_CLASSES |= {"Fraction", "Path", "date", "timedelta", "BytesIO", "StringIO", "partial"}
_LIBRARIES = sys.stdlib_module_names | {"np", "pd", "plt", "mock", "dt", "pytest"}


@dataclass(frozen=True)
class Shape:
    """What tests need and define.

    `names`: what they use but neither define nor import, in order of use. `called`: functions
    that their module-level code calls itself. `imports`: the names and attributes used of each
    imported module (relative ones begin with a dot), without imports that may fail. `attributes`:
    those of names of which nothing else is used. `asserts`: how many assertions a passing run has,
    if that is certain from the source, else None. `open`: whether the program's values decide how
    many run. `tainted`: variables that may hold such values. `functions`: those of the module, with
    their required parameters. `awaits`: module-level code awaits. `endless`: a loop has no end.
    `made`: the attributes that are used of what calls of a name return.
    """

    names: tuple[str, ...]
    called: tuple[str, ...] = ()
    imports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    asserts: int | None = None
    open: bool = False
    tainted: tuple[str, ...] = ()
    functions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    awaits: bool = False
    endless: bool = False
    made: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def used_of(self, name: str) -> tuple[str, ...]:
        """Return the attributes that are used of a name."""
        return self.attributes.get(name, ())


@lru_cache(256)
def shape_of(setup: str, tests: str, entry: str | None = None) -> Shape:
    """Return the shape of tests; SyntaxError or ValueError if they are not Python.

    `entry` is the name of the function under test, which may look like a builtin's.
    """
    first, second = _parsed(setup, "<setup>"), _parsed(tests, "<tests>")
    try:
        awaits = "await" in setup + tests and (_awaits(first) or _awaits(second))
        names = tuple(dict.fromkeys([*_free_names((setup, tests), (first, second)),
                                     *_before_defined(second)]))  # fmt: skip
        functions, called = tuple(_functions(second)), tuple(_called(second))
        asserts = None if awaits else direct_asserts(first, second, called, names)
        tainted: set[str] = set()
        if asserts is None:
            given = {*names, entry or "", *_parameters(functions)}
            tainted = tainted_names([first, second], given)
        libraries = not _LIBRARIES.isdisjoint(names)
        return Shape(
            names=names,
            called=called,
            imports=imports_of([first, second]) if imports_others(setup + tests, entry) else {},
            attributes=_only_attributes([first, second], names) if libraries else {},
            asserts=asserts,
            open=asserts is None and depends([first, second], tainted, names),
            tainted=tuple(sorted(tainted)),
            functions=functions,
            awaits=awaits,
            made={} if _CLASSES.isdisjoint(names) else _made([first, second], names),
            endless="while" in setup + tests and (is_endless(first) or is_endless(second)),
        )
    except (RecursionError, MemoryError):
        raise ValueError("they are nested too deeply") from None


def _parsed(code: str, name: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code, name)
        except (RecursionError, MemoryError):
            raise ValueError("they are nested too deeply") from None


def _awaits(tree: ast.Module) -> bool:
    """Return whether module-level code awaits, as in a notebook."""
    stack: list[ast.AST] = list(tree.body)
    for node in stack:
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack += ast.iter_child_nodes(node)
    return False


def _free_names(codes: Iterable[str], trees: Iterable[ast.Module]) -> list[str]:
    """Return the global names that code uses but does not define, without builtins."""
    used: dict[str, None] = {}
    own: set[str] = set(_BUILTINS)
    for code in codes:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            top = symtable.symtable(code, "<tests>", "exec")
        for table in _tables(top):
            for symbol in table.get_symbols():
                name = symbol.get_name()
                if table is top or symbol.is_declared_global():
                    if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
                        own.add(name)
                    elif symbol.is_referenced():
                        used[name] = None
                elif symbol.is_global() and symbol.is_referenced():
                    used[name] = None
    found = [name for name in used if name not in own and not name.startswith(".")]
    if len(found) < 2:
        return found
    order = {name: at for at, name in enumerate(_loads(trees))}
    return sorted(found, key=lambda name: order.get(name, len(order)))


def _loads(trees: Iterable[ast.Module]) -> Iterator[str]:
    seen: dict[str, None] = {}
    for tree in reversed(list(trees)):  # what the tests call comes before what their setup calls
        nodes = [node for node in nodes_of(tree) if isinstance(node, ast.Name)]
        for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
            seen[node.id] = None
    yield from seen


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def _before_defined(tree: ast.Module) -> list[str]:
    """Return the names that module-level assignments use before they give them another value, as
    in `stack = stack()`."""
    found = []
    own = set(_BUILTINS)
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets = {each.id for each in node.targets if isinstance(each, ast.Name)} - own
            if targets and not isinstance(node.value, ast.Constant):
                inside = (each for each in nodes_of(node.value) if isinstance(each, ast.Name))
                found += [each.id for each in inside if each.id in targets]
            own |= targets
        elif isinstance(node, ast.Import | ast.ImportFrom):
            own |= {(each.asname or each.name).partition(".")[0] for each in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.add(node.name)
    return found


def _functions(tree: ast.Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name and the required positional parameters of each function of the module."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = [*node.args.posonlyargs, *node.args.args]
            required = given[: len(given) - len(node.args.defaults)]
            yield node.name, tuple(each.arg for each in required)


def _parameters(functions: Iterable[tuple[str, tuple[str, ...]]]) -> set[str]:
    """Return the parameters that may be given the function under test."""
    return {names[0] for _, names in functions if len(names) == 1}


def _called(tree: ast.Module) -> Iterator[str]:
    """Yield the functions that the module-level code itself calls."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.If):
            continue
        for each in nodes_of(node):
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name):
                yield each.func.id


def _only_attributes(
    trees: Iterable[ast.Module], names: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Return the names of which only attributes are used, as of a module, with these."""
    wanted, others = set(names), set[str]()
    found: dict[str, dict[str, None]] = {}
    for tree in trees:
        nodes = nodes_of(tree)
        bases = {id(n.value): n.attr for n in nodes if isinstance(n, ast.Attribute)}
        for node in nodes:
            if isinstance(node, ast.Name) and node.id in wanted:
                if id(node) in bases:
                    found.setdefault(node.id, {})[bases[id(node)]] = None
                else:
                    others.add(node.id)
    return {name: tuple(used) for name, used in found.items() if name not in others}


def _made(trees: Iterable[ast.Module], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the attributes that are used of what calls of these names return."""
    wanted, found = set(names), dict[str, dict[str, None]]()
    for tree in trees:
        nodes = nodes_of(tree)
        variables: dict[str, str] = {}
        for node in nodes:
            if isinstance(node, ast.Assign) and (name := _call_of(node.value)) in wanted:
                variables |= {each.id: name for each in node.targets if isinstance(each, ast.Name)}
        for node in nodes:
            if isinstance(node, ast.Attribute):
                owner = node.value
                made = variables.get(owner.id) if isinstance(owner, ast.Name) else _call_of(owner)
                if made in wanted:
                    found.setdefault(made or "", {})[node.attr] = None
    return {name: tuple(used) for name, used in found.items()}


def _call_of(node: ast.AST) -> str:
    """Return the name that an expression calls, "" if it is no such call."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id
    return ""
