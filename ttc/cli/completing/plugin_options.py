"""Options of a plugin and the values that some of them take, read from its source.

An option is a parameter of the constructor, a field of a dataclass, or a name that is read with
`OptionReader`: `read.whole("n", 16)`. Base classes and functions that get the reader are followed
into the modules that they are imported from. What cannot be read so is not offered.
"""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path


class Options(dict[str, tuple[str, ...]]):
    """The values of each option, () where they are not a fixed few."""

    def __init__(self) -> None:
        super().__init__()
        # What stands before the options, as M in keep=M:by=KEY.
        self.arguments: set[str] = set()


_READERS = frozenset({"read", "reader"})
# Its other methods take the name of an option first.
_NO_READS = frozenset({"accept", "end", "error", "has", "refuse"})
_DEEPEST = 6


def options_of(target: str) -> Options:
    """Return the options of the member at `module:attribute`, with the values of those that have a
    fixed few."""
    module, _, name = target.partition(":")
    found = Options()
    _read_class(module, name.partition(".")[0], found, _DEEPEST)
    for each in found.arguments:
        found.pop(each, None)
    return found


def _source(module: str) -> ast.Module | None:
    """Return the parsed source of a module, which is not imported."""
    inside = Path(*module.split("."))
    for place in sys.path:
        for path in (Path(place, inside.with_suffix(".py")), Path(place, inside, "__init__.py")):
            with contextlib.suppress(OSError, ValueError, SyntaxError):
                return ast.parse(path.read_text(encoding="utf-8"))
    return None


class _Module:
    """The names of a module: classes, functions, constants and imports."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name = name
        self.classes = {n.name: n for n in tree.body if isinstance(n, ast.ClassDef)}
        self.functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
        self.constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        self.imports = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }


_modules: dict[str, _Module | None] = {}


def _module(name: str) -> _Module | None:
    if name not in _modules:
        tree = _source(name)
        _modules[name] = None if tree is None else _Module(name, tree)
    return _modules[name]


def _read_class(
    module: str, name: str, found: Options, deepest: int, done: frozenset[str] = frozenset()
) -> None:
    """Take the options that a class reads, or a function; methods in `done` are replaced."""
    about = _module(module)
    if about is None or deepest < 0:
        return
    if name in about.classes:
        _read_body(about, about.classes[name], found, deepest, done)
    elif name in about.imports:
        _read_class(*about.imports[name], found, deepest - 1, done)
    elif name in about.functions:
        _read_function(about, about.functions[name], found, deepest)


def _read_body(
    about: _Module, node: ast.ClassDef, found: Options, deepest: int, done: frozenset[str]
) -> None:
    if any("dataclass" in ast.unparse(each) for each in node.decorator_list):
        found.update(dict.fromkeys(_fields(node), ()))
    found.update(dict.fromkeys(_table(node, "numbers"), ()))
    if argument := _constant(node, "argument"):
        found.arguments.add(argument)
    hidden = {"self", "then", "given", "options", "text", "read"}
    replaced = set(done)
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and inner.name not in done:
            if inner.name == "__init__":
                first = inner.args.args[1:2] if _constant(node, "takes") == "text" else []
                _take_parameters(inner, hidden | {each.arg for each in first}, found)
            _read_function(about, inner, found, deepest)
            if not _hands_on(inner):
                replaced.add(inner.name)
    for base in node.bases:
        if isinstance(base, ast.Name):
            _read_class(about.name, base.id, found, deepest - 1, frozenset(replaced))


def _fields(node: ast.ClassDef) -> Iterator[str]:
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            public = not each.target.id.startswith("_")
            if public and "ClassVar" not in ast.unparse(each.annotation):
                yield each.target.id


def _constant(node: ast.ClassDef, name: str) -> str | None:
    for each in node.body:
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant):
            named = [target.id for target in each.targets if isinstance(target, ast.Name)]
            if name in named:
                return str(each.value.value)
    return None


def _table(node: ast.AST, name: str | None = None) -> Iterator[str]:
    """Yield the keys of the tables that are written out inside a node, or of one of them."""
    for each in ast.walk(node):
        if isinstance(each, (ast.Assign, ast.AnnAssign)) and isinstance(each.value, ast.Dict):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            if name is None or any(isinstance(t, ast.Name) and t.id == name for t in targets):
                yield from filter(None, (_text(key) for key in each.value.keys if key))


def _hands_on(node: ast.FunctionDef) -> bool:
    """Return whether a method gives its options to that of the base class."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and ast.unparse(each.func) == f"super().{node.name}":
            named = [arg.id for arg in each.args if isinstance(arg, ast.Name)]
            if _READERS & {*named} or "given" in named or any(k.arg is None for k in each.keywords):
                return True
    return False


def _take_parameters(node: ast.FunctionDef, hidden: set[str], found: Options) -> None:
    parameters = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    for each in parameters:
        if each.arg not in hidden and not each.arg.startswith("_"):
            found.setdefault(each.arg, ())


def _read_function(about: _Module, node: ast.FunctionDef, found: Options, deepest: int) -> None:
    """Take the options that a function reads, and those read by functions that get its reader."""
    for each in ast.walk(node):
        if not isinstance(each, ast.Call):
            continue
        if (method := _method(each)) is not None:
            _take_read(about, node, each, method, found)
        elif _gets_reader(each):
            # A helper may get the name as well: `whole(read, "rounds", 3)`.
            if len(each.args) > 1 and (name := _text(each.args[1])):
                found.setdefault(name, ())
            _read_other(about, each.func, found, deepest)


def _method(call: ast.Call) -> str | None:
    """Return the method of a reader that is called, None if it is another call."""
    of = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(of, ast.Name) and of.id in _READERS and isinstance(call.func, ast.Attribute):
        return call.func.attr
    return None


def _take_read(
    about: _Module, node: ast.FunctionDef, call: ast.Call, method: str, found: Options
) -> None:
    """Take the option that one call of a reader reads, with its values if they are written out."""
    if method == "accept":
        found.update({name: () for name in map(_text, call.args) if name and name not in found})
    if method in _NO_READS or not call.args:
        return
    name = _text(call.args[0])
    if name is None:  # in a loop over a table
        found.update({key: () for key in _table(node) if key not in found})
    else:
        choices = _choices(about, call) if method == "choice" else ()
        found[name] = ("yes", "no") if method == "switch" else choices or found.get(name, ())


def _gets_reader(call: ast.Call) -> bool:
    return any(isinstance(each, ast.Name) and each.id in _READERS for each in call.args)


def _read_other(about: _Module, called: ast.expr, found: Options, deepest: int) -> None:
    """Read a function `f(read)`, or a method `Class.m(read)`, here or where it is imported from."""
    method = called.attr if isinstance(called, ast.Attribute) else None
    owner = called.value if isinstance(called, ast.Attribute) else called
    if deepest < 0 or not isinstance(owner, ast.Name):
        return
    name, where = owner.id, about
    if name in about.imports:
        module, name = about.imports[name]
        if (other := _module(module)) is None:
            return
        where = other
    body = [where.functions[name]] if name in where.functions else []
    if name in where.classes:
        method = method or "__init__"
        body = [each for each in where.classes[name].body if isinstance(each, ast.FunctionDef)]
        body = [each for each in body if each.name == method]
    for each in body:
        _read_function(where, each, found, deepest - 1)


def _choices(about: _Module, call: ast.Call) -> tuple[str, ...]:
    """Return the values of `read.choice(name, VALUES, default)` if they are written out."""
    if len(call.args) < 2:
        return ()
    values = call.args[1]
    if isinstance(values, ast.Name):
        values = about.constants.get(values.id, values)
    if isinstance(values, (ast.Tuple, ast.List)):
        return tuple(filter(None, map(_text, values.elts)))
    return ()


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
