"""A module `pytest` for tests: what they use of it, the same whether pytest is installed or not."""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from collections.abc import Callable
from types import ModuleType, TracebackType
from typing import Any, NoReturn

from ttc.verifiers.sandbox.inside.running.marks import Fixture, Mark, MarkGenerator, ParameterSet
from ttc.verifiers.sandbox.inside.running.monkeypatch import MonkeyPatch
from ttc.verifiers.sandbox.inside.running.pytest_approx import approx

__all__ = ["Failed", "Skipped", "module"]


class Failed(BaseException):
    """A test that failed by `pytest.fail`, or since nothing was raised."""


class Skipped(BaseException):
    """A test that is skipped. `module_level`: so are all that follow."""

    def __init__(self, reason: str = "", *, module_level: bool = False) -> None:
        super().__init__(reason)
        self.module_level = module_level


class XFailed(BaseException):
    """A test that fails as it is expected to."""


class ExceptionInfo:
    """What `pytest.raises` gives: `value` is the exception once it is raised."""

    value: BaseException

    @property
    def type(self) -> type[BaseException]:
        """Return the class of the exception."""
        return type(self.value)

    @property
    def typename(self) -> str:
        """Return the name of its class."""
        return type(self.value).__name__

    @property
    def tb(self) -> TracebackType | None:
        """Return its traceback."""
        return self.value.__traceback__

    def exconly(self, tryshort: bool = False) -> str:
        """Return class and message in one line."""
        return f"{self.typename}: {self.value}"

    def errisinstance(self, kind: Any) -> bool:
        """Return whether the exception is an instance of a class."""
        return isinstance(self.value, kind)

    def match(self, pattern: str | re.Pattern[str]) -> bool:
        """Fail unless the pattern is found in the message."""
        if not re.search(pattern, str(self.value)):
            raise AssertionError(f"Regex pattern did not match: {pattern!r}; {str(self.value)!r}")
        return True


class raises:  # noqa: N801
    """Fail unless the body of the `with` raises an exception of these classes."""

    def __new__(cls, kind: Any = BaseException, *args: Any, **options: Any) -> Any:
        """Call `args[0]` with the other arguments at once if there is one."""
        made = super().__new__(cls)
        if not args:
            return made
        made.__init__(kind)  # type: ignore[misc]
        with made as caught:
            args[0](*args[1:], **options)
        return caught

    def __init__(
        self,
        kind: Any = BaseException,
        *,
        match: Any = None,
        check: Any = None,
        message: Any = None,
    ) -> None:
        self._kind, self._match, self._check = kind, match, check
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not all(isinstance(each, type) for each in kinds):
            raise TypeError(f"expected exception must be a BaseException type, not {kind!r}")

    def __enter__(self) -> ExceptionInfo:
        self._info = ExceptionInfo()
        return self._info

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if error is None:
            raise Failed(f"DID NOT RAISE {_named(self._kind)}")
        if not isinstance(error, self._kind):
            return False
        self._info.value = error
        if self._match is not None:
            self._info.match(self._match)
        if self._check is not None and not self._check(error):
            raise AssertionError("the raised exception did not pass the check")
        return True


def _named(kind: Any) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(getattr(each, "__name__", str(each)) for each in kinds)


class warns(warnings.catch_warnings):  # noqa: N801
    """Fail unless the body of the `with` gives a warning of these classes."""

    def __new__(cls, kind: Any = Warning, *args: Any, **options: Any) -> Any:
        """Call `args[0]` with the other arguments at once if there is one."""
        made = super().__new__(cls)
        if not args:
            return made
        made.__init__(kind)  # type: ignore[misc]
        with made:
            return args[0](*args[1:], **options)

    def __init__(self, kind: Any = Warning, *, match: Any = None) -> None:
        super().__init__(record=True)
        self._wanted, self._match = kind, match

    def __enter__(self) -> Any:
        self.seen: Any = super().__enter__()
        warnings.simplefilter("always")
        return self.seen

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        if error[0] is not None:
            return
        found = [each for each in self.seen if issubclass(each.category, self._wanted)]
        if not found:
            raise Failed(f"DID NOT WARN {_named(self._wanted)}")
        if self._match is not None and not any(
            re.search(self._match, str(each.message)) for each in found
        ):
            raise Failed(f"DID NOT WARN with a message like {self._match!r}")


def _skip(reason: str = "", *, allow_module_level: bool = False, msg: str = "") -> NoReturn:
    raise Skipped(reason or msg, module_level=allow_module_level)


def _fail(reason: str = "", pytrace: bool = True, msg: str = "") -> NoReturn:
    raise Failed(reason or msg)


def _xfail(reason: str = "") -> NoReturn:
    raise XFailed(reason)


def _importorskip(name: str, minversion: Any = None, reason: Any = None, **_: Any) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Skipped(f"could not import {name!r}", module_level=True) from None


def _param(*values: Any, marks: Any = (), id: Any = None) -> ParameterSet:  # noqa: A002
    return ParameterSet(values, marks if isinstance(marks, (list, tuple)) else [marks])


def _fixture(function: Any = None, **options: Any) -> Any:
    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__ttc_fixture__ = Fixture(function, **options)  # type: ignore[attr-defined]
        return function

    return mark if function is None else mark(function)


def _main(*_: Any, **__: Any) -> int:
    return 0


def module() -> ModuleType:
    """Return the module; attributes that it lacks come from pytest if that is installed."""
    made = ModuleType("pytest", "What tests use of pytest.")
    for function, kind in ((_skip, Skipped), (_fail, Failed), (_xfail, XFailed)):
        function.Exception = kind  # type: ignore[attr-defined]
    vars(made).update(
        approx=approx, raises=raises, warns=warns, mark=MarkGenerator(), param=_param,
        fixture=_fixture, yield_fixture=_fixture, skip=_skip, fail=_fail, xfail=_xfail,
        importorskip=_importorskip, main=_main, MonkeyPatch=MonkeyPatch, Mark=Mark,
        ExceptionInfo=ExceptionInfo, __version__="8.0.0",
        deprecated_call=lambda **options: warns((DeprecationWarning, FutureWarning), **options),
        register_assert_rewrite=lambda *names: None, set_trace=lambda *args, **options: None,
        __getattr__=_from_pytest, __path__=[],
    )  # fmt: skip
    return made


def _from_pytest(name: str) -> Any:
    ours = sys.modules.pop("pytest", None)
    try:
        return getattr(importlib.import_module("pytest"), name)
    except ImportError:
        raise AttributeError(f"module 'pytest' has no attribute {name!r}") from None
    finally:
        if ours is not None:
            sys.modules["pytest"] = ours
