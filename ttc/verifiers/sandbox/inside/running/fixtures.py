"""Gives test functions the fixtures that their parameters name, and ends these after the test."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from types import FunctionType, SimpleNamespace
from typing import Any

from ttc.verifiers.sandbox.inside.running.builtin_fixtures import BUILTIN
from ttc.verifiers.sandbox.inside.running.marks import Fixture, ParameterSet

_NARROW = ("function", None)


def parameters(function: Callable[..., Any], *, own: bool = False) -> list[str]:
    """Return the required parameters of a test or fixture without those that `mock.patch` gives.

    `own`: the first one is the instance.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    names = [
        name
        for name, each in signature.parameters.items()
        if each.kind in kinds and each.default is inspect.Parameter.empty
    ]
    given = [
        each
        for each in getattr(function, "patchings", ())
        if not each.attribute_name and repr(each.new) == "sentinel.DEFAULT"
    ]
    return names[own + len(given) :]


class Fixtures:
    """The fixtures of a module of tests. `extra` gives values of parameters that no fixture has."""

    def __init__(self, namespace: Mapping[str, Any], extra: Callable[[str], Any]) -> None:
        self._of_module = _defined(namespace)
        self._extra = extra
        self._wide: dict[tuple[str, Any], Any] = {}
        self._wide_ends: list[Callable[[], None]] = []
        self._loop: Any = None

    def known(self, instance: Any = None) -> dict[str, Fixture]:
        """Return the fixtures by name that tests of a class, or of no class, can use."""
        of_class = {}
        for kind in reversed(type(instance).__mro__ if instance is not None else ()):
            of_class.update(_defined(vars(kind)))
        return {**self._of_module, **of_class}

    def needed(self, names: list[str], known: Mapping[str, Fixture]) -> list[str]:
        """Return the fixtures that those with these names need, with them and the automatic."""
        found = dict.fromkeys([n for n, each in known.items() if each.autouse] + names)
        for name in list(found):
            stack = [name]
            while stack:
                each = stack.pop()
                found[each] = None
                if each in known:
                    own = parameters(known[each].function)
                    stack += [n for n in own if n not in (*found, "self", "request")]
        return list(found)

    def choices(self, names: list[str], known: Mapping[str, Fixture]) -> Iterator[dict[str, Any]]:
        """Yield a parameter for each fixture that has some, in all combinations."""
        having = [name for name in names if name in known and known[name].params is not None]
        lists = [[_plain(value) for value in known[name].params] for name in having]
        for chosen in product(*lists):
            yield dict(zip(having, chosen, strict=True))

    def finish(self, value: Any) -> Any:
        """Return the result of an async function; other values unchanged."""
        if not inspect.isawaitable(value):
            return value
        if self._loop is None:
            import asyncio

            self._loop = asyncio.new_event_loop()

        async def wait() -> Any:
            return await value

        return self._loop.run_until_complete(wait())

    def close(self) -> None:
        """End the fixtures of classes and modules."""
        _end(self._wide_ends)
        if self._loop is not None:
            self._loop.close()


class Case:
    """One call of a test: makes the fixtures that it needs, once each, and ends them."""

    def __init__(
        self, fixtures: Fixtures, known: Mapping[str, Fixture], chosen: Mapping[str, Any],
        instance: Any, name: str,
    ) -> None:  # fmt: skip
        self._fixtures, self._known, self._chosen = fixtures, known, chosen
        self._instance, self._name = instance, name
        self._values: dict[str, Any] = {}
        self._ends: list[Callable[[], None]] = []

    def value(self, name: str) -> Any:
        """Return the value of a fixture; BadReferenceError (of `extra`) if there is none."""
        if name not in self._values:
            self._values[name] = self._made(name)
        return self._values[name]

    def _made(self, name: str) -> Any:
        fixture = self._known.get(name)
        if fixture is None:
            if name == "request":
                return self._request(None)
            if name in BUILTIN:
                return self._started(BUILTIN[name](), self._ends)
            return self._fixtures._extra(name)
        if fixture.scope in _NARROW:
            return self._called(fixture, name, self._ends)
        key: tuple[str, Any] = (name, repr(self._chosen.get(name)))
        if fixture.scope == "class":
            key = (name, (type(self._instance), repr(self._chosen.get(name))))
        wide = self._fixtures._wide
        if key not in wide:
            wide[key] = self._called(fixture, name, self._fixtures._wide_ends)
        return wide[key]

    def _called(self, fixture: Fixture, name: str, ends: list[Callable[[], None]]) -> Any:
        names = parameters(fixture.function)
        given: dict[str, Any] = {}
        for each in names:
            if each == "self" and self._instance is not None:
                given[each] = self._instance
            elif each == "request":
                given[each] = self._request(self._chosen.get(name), ends)
            elif each != name:
                given[each] = self.value(each)
        return self._started(fixture.function(**given), ends)

    def _started(self, made: Any, ends: list[Callable[[], None]]) -> Any:
        """Return what a fixture gives: the first value of a generator, whose rest is run later."""
        if inspect.isasyncgen(made):
            value = self._fixtures.finish(made.__anext__())
            ends.append(lambda: self._fixtures.finish(_rest(made)))
            return value
        if inspect.isgenerator(made) or type(made).__name__ == "list_iterator":
            value = next(made)
            ends.append(lambda: next(made, None))
            return value
        return self._fixtures.finish(made)

    def _request(self, param: Any, ends: list[Callable[[], None]] | None = None) -> Any:
        own = self._ends if ends is None else ends
        node = SimpleNamespace(name=self._name, nodeid=self._name)
        return SimpleNamespace(
            param=param, node=node, instance=self._instance, cls=type(self._instance),
            addfinalizer=own.append, getfixturevalue=self.value,
            config=SimpleNamespace(getoption=lambda *args: None),
        )  # fmt: skip

    def end(self) -> None:
        """End the fixtures of the test, the last one first."""
        _end(self._ends)


async def _rest(generator: Any) -> None:
    async for _ in generator:
        pass


def _end(ends: list[Callable[[], None]]) -> None:
    while ends:
        ends.pop()()


def _plain(value: Any) -> Any:
    return value.values[0] if isinstance(value, ParameterSet) else value


def _defined(namespace: Mapping[str, Any]) -> dict[str, Fixture]:
    found = {}
    for name, value in list(namespace.items()):
        if type(value) is not FunctionType:  # asking a value of the program would be a call
            continue
        fixture = vars(value).get("__ttc_fixture__")
        if isinstance(fixture, Fixture):
            found[fixture.name or name] = fixture
    return found
