"""pytest's marks and fixtures as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Mark:
    """One mark of a test: `parametrize`, `skip`, `skipif`, `xfail`, `usefixtures`, or another."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Mark a function or class, or return the mark with arguments."""
        bare = len(args) == 1 and not kwargs and (callable(args[0]) or isinstance(args[0], type))
        if not bare:
            return Mark(self.name, args, kwargs)
        target = args[0]
        target.pytestmark = [*vars(target).get("pytestmark", ()), self]
        return target

    def with_args(self, *args: Any, **kwargs: Any) -> Mark:
        """Return the mark with arguments."""
        return Mark(self.name, args, kwargs)


class MarkGenerator:
    """`pytest.mark`: any attribute is a mark."""

    def __getattr__(self, name: str) -> Mark:
        if name.startswith("__"):
            raise AttributeError(name)
        return Mark(name)


@dataclass(frozen=True)
class ParameterSet:
    """`pytest.param`: one case of `parametrize`, with marks of its own."""

    values: tuple[Any, ...]
    marks: Sequence[Mark] = ()


@dataclass
class Fixture:
    """A fixture of the tests."""

    function: Callable[..., Any]
    scope: Any = "function"
    params: Any = None
    autouse: bool = False
    ids: Any = None
    name: str | None = None


def marks_of(*targets: Any) -> list[Mark]:
    """Return the marks of functions, classes (with their bases) and modules."""
    found: list[Mark] = []
    for target in targets:
        for each in reversed(target.__mro__) if isinstance(target, type) else (target,):
            given = vars(each).get("pytestmark", ()) if hasattr(each, "__dict__") else ()
            found += given if isinstance(given, (list, tuple)) else [given]
    return [each for each in found if isinstance(each, Mark)]


def cases(marks: Sequence[Mark]) -> Iterator[tuple[dict[str, Any], list[Mark], set[str]]]:
    """Yield the arguments of each case of stacked `parametrize` marks, with the marks of the case
    and the names of arguments that are given to fixtures."""
    found: list[tuple[dict[str, Any], list[Mark], set[str]]] = [({}, [], set())]
    for mark in (each for each in marks if each.name == "parametrize"):
        given = [*mark.args, *(mark.kwargs.get(n) for n in ("argnames", "argvalues"))]
        names, values = [each for each in given if each is not None][:2]
        if single := isinstance(names, str) and "," not in names:
            names = [names.strip()]
        elif isinstance(names, str):
            names = [each.strip() for each in names.split(",") if each.strip()]
        indirect = mark.kwargs.get("indirect", False)
        through = set(names) if indirect is True else set(indirect or ())
        grown = []
        for value in list(values):
            own: list[Mark] = []
            if isinstance(value, ParameterSet):
                own, value = list(value.marks), value.values
                value = value[0] if single else value
            parts = [value] if single else list(value)
            if len(parts) != len(names):
                raise ValueError(f"parametrize: {len(names)} names, {len(parts)} values")
            new = dict(zip(names, parts, strict=True))
            grown += [({**old, **new}, [*held, *own], past | through) for old, held, past in found]
        found = grown
    yield from found
