"""What names and modules of tests stand for: the program, the standard library, or nothing."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from ttc.verifiers.code.extraction import defines
from ttc.verifiers.code.suites.installed import exists
from ttc.verifiers.code.suites.shape import Shape

# Names of modules that stand for the program wherever no module of that name is installed.
_USUAL = {
    "solution", "solutions", "main", "program", "candidate", "submission", "answer", "code",
    "your_module", "your_code", "your_solution", "your_script", "your_program", "your_file",
    "my_module", "my_code", "my_solution", "mymodule", "module", "module_name", "module_under_test",
    "script", "implementation", "task", "student", "student_code", "target", "generated",
    "generated_code", "completion", "source", "app", "__main__", "answer_module", "problem",
    "solution_module", "yourmodule", "code_under_test", "function", "functions", "impl",
}  # fmt: skip
_FROM = {
    "typing": "Any Callable Dict Iterable Iterator List Mapping NamedTuple Optional Sequence Set "
    "Tuple Union",
    "collections": "ChainMap Counter OrderedDict defaultdict deque namedtuple",
    "unittest.mock": "MagicMock Mock patch mock_open",
    "io": "BytesIO StringIO",
    "functools": "lru_cache partial reduce",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "pathlib": "Path",
    "datetime": "date timedelta",
    "unittest": "TestCase",
    "contextlib": "redirect_stdout",
}
_LIBRARY = {name: f"{module}:{name}" for module, names in _FROM.items() for name in names.split()}
_ALIASES = {"np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot", "pytest": "pytest",
            "mock": "unittest.mock", "dt": "datetime"}  # fmt: skip


class UnusableTestsError(ValueError):
    """Tests that cannot be used. `status` is `bad_reference`, `no_reference` or `no_tests`."""

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def library_of(shape: Shape) -> dict[str, str]:
    """Return the modules and classes of libraries that tests use without importing them, by name:
    a program that imports them shares them with its tests where these are put behind it.

    Where nothing else can be the program, such a name is the program's.
    """
    modules, classes = {}, {}
    for name in shape.names:
        if name in shape.attributes and (path := _module(name, shape.used_of(name))):
            modules[name] = path
        elif name in _LIBRARY and _has(_LIBRARY[name], shape.made.get(name, ())):
            classes[name] = _LIBRARY[name]
    others = [name for name in shape.names if name not in modules and name not in classes]
    return {**modules, **classes} if others or shape.imports else modules


def _has(path: str, used: tuple[str, ...]) -> bool:
    """Return whether instances of a library's class have these attributes."""
    module, _, name = path.partition(":")
    kind = getattr(importlib.import_module(module), name)
    return all(hasattr(kind, each) for each in used) if isinstance(kind, type) else True


def _module(name: str, used: tuple[str, ...]) -> str | None:
    """Return the module that a name stands for, if it has the attributes that are used."""
    if name in _ALIASES:
        return _ALIASES[name] if exists(_ALIASES[name]) else None
    if name not in sys.stdlib_module_names:
        return None
    try:
        module = importlib.import_module(name)
    except ImportError:
        return None
    return name if all(hasattr(module, each) for each in used) else None


@dataclass(frozen=True)
class Modules:
    """The modules that tests import and that may be the program, with the names they use of each.

    `certain` are the program for their name or the function under test. `others` is the program
    only if it is one module, of which a program defines all names, and the tests use no other
    names of a program: a program must not stand in for a library that is missing.
    """

    certain: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lonely: bool = False

    @property
    def possible(self) -> bool:
        """Return whether there are any."""
        return bool(self.certain or self.others)

    @property
    def names(self) -> list[str]:
        """Return the names that are used of all of them."""
        both = (*self.certain.values(), *self.others.values())
        return list(dict.fromkeys(name for names in both for name in names if name != "*"))

    def for_program(self, program: str, canonical: str) -> dict[str, tuple[str, ...]]:
        """Return those that are the program. UnusableTestsError if another one is missing."""
        found = dict(self.certain)
        for module, names in self.others.items():
            own = (defines(program, [name]) or defines(canonical, [name]) for name in names)
            if not (self.lonely and names and all(own)):
                detail = f"the reference's tests import {module}, which is not installed"
                raise UnusableTestsError("bad_reference", detail)
            found[module] = names
        return found


def split_modules(
    imports: Mapping[str, tuple[str, ...]], root: str | None, *, alone: bool
) -> Modules:
    """Return the imported modules that are not installed. `alone`: the tests use no other names
    that a program could define."""
    certain, others = {}, {}
    for module, names in imports.items():
        top = module.partition(".")[0]
        if top and exists(top) and not _lacks(module, names, root):
            continue
        usual = not top or top in _USUAL or module.rpartition(".")[2] in _USUAL
        if usual or root in names or "*" in names:
            certain[module] = names
        else:
            others[module] = names
    return Modules(certain, others, lonely=alone and len(others) == 1 and not certain)


def _lacks(module: str, names: tuple[str, ...], root: str | None) -> bool:
    """Return whether a module of the standard library is not meant, as in `from code import f`."""
    if root not in names or module not in sys.stdlib_module_names:
        return False
    try:
        return not hasattr(importlib.import_module(module), str(root))
    except ImportError:
        return True
