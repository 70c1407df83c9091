"""The candidate's end: applies what the tests have changed, and collects what the program does."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_MISSING = object()
_FLUSHED = 1 << 16


class _Written(io.TextIOWrapper):
    """Standard output or error while the tests capture it: kept until the next message."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, "utf-8", "surrogatepass", newline="", write_through=True)

    def taken(self) -> str:
        """Return what was written, and forget it."""
        with suppress(ValueError):
            self.flush()
        if self._bytes.closed or not (found := self._bytes.getvalue()):
            return ""
        self._bytes.seek(0)
        self._bytes.truncate()
        return found.decode("utf-8", "surrogatepass")


class Surroundings:
    """What is around the program's functions. `namespace` returns the program's own names."""

    def __init__(self, namespace: Callable[[], dict[str, Any] | None]) -> None:
        self._namespace, self._started = namespace, False
        self._written: dict[str, _Written] = {}
        self._streams = {"stdout": sys.stdout, "stderr": sys.stderr}
        self._originals: dict[tuple[str, str], Any] = {}
        self._environ = dict(os.environ)
        self._warnings: list[tuple[type, str]] = []
        self._logs: list[tuple[str, int, str]] = []

    def incoming(self, changes: Any) -> None:
        """Apply what the tests have changed."""
        if "features" in changes:
            self._start(frozenset(changes["features"]))
        for name in ("stdout", "stderr"):
            if name in changes:
                self._redirect(name, changes[name])
        for owner, name, value in changes.get("parts", ()):
            self._set(owner, name, _MISSING if value is None else value[0])
        if "argv" in changes:
            sys.argv = list(changes["argv"])
        for name, value in changes.get("environ", {}).items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
            self._environ = dict(os.environ)
        if "cwd" in changes:
            with suppress(OSError):
                os.chdir(changes["cwd"])
        if "random" in changes:
            import random

            random.setstate(changes["random"])
        if "numpy" in changes and "numpy" in sys.modules:
            sys.modules["numpy"].random.set_state(changes["numpy"])

    def _redirect(self, name: str, how: Any) -> None:
        if how is False:
            setattr(sys, name, self._streams[name])
        elif how is True:
            if name not in self._written or self._written[name].closed:
                self._written[name] = _Written()
            setattr(sys, name, self._written[name])
        else:
            setattr(sys, name, how[0])

    def _set(self, owner: str, name: str, value: Any) -> None:
        if not owner:
            namespace = self._namespace()
            if namespace is not None:
                old = self._originals.setdefault((owner, name), namespace.get(name, _MISSING))
                namespace[name] = old if value is _MISSING else value
                if namespace[name] is _MISSING:
                    del namespace[name]
            return
        module, _, path = owner.partition(":")
        with suppress(ImportError, AttributeError, TypeError):
            target: Any = importlib.import_module(module)
            for part in filter(None, path.split(".")):
                target = getattr(target, part)
            kept = vars(target).get(name, _MISSING)
            old = self._originals.setdefault((owner, name), kept)
            if value is not _MISSING:
                setattr(target, name, value)
            elif old is not _MISSING:
                setattr(target, name, old)
            else:
                delattr(target, name)

    def _start(self, features: frozenset[str]) -> None:
        """Collect what the tests look at: warnings, logs."""
        self._started = True
        if {"warns", "recwarn", "warnings", "assertWarns"} & features:
            import warnings

            warnings.simplefilter("always")
            warnings.showwarning = self._warned
        if {"assertLogs", "caplog", "logging"} & features:
            import logging

            logging.getLogger().addHandler(_Handler(self._logs))
            if {"assertLogs", "caplog"} & features:
                logging.getLogger().setLevel(logging.DEBUG)

    def _warned(self, message: Any, category: Any, *_: Any, **__: Any) -> None:
        self._warnings.append((category, str(message)))

    def outgoing(self) -> dict[str, Any] | None:
        """Return what the program wrote, warned and logged since the last message; None for
        nothing."""
        if not self._started:
            return None
        found: dict[str, Any] = {}
        for name, stream in self._written.items():
            if text := stream.taken():
                found[name] = text
        if self._warnings:
            found["warnings"] = [[kind, text] for kind, text in self._warnings]
            self._warnings.clear()
        if self._logs:
            found["logs"] = [list(each) for each in self._logs]
            self._logs.clear()
        if os.environ != self._environ:
            now = dict(os.environ)
            gone = {name: None for name in self._environ if name not in now}
            found["environ"] = {
                **gone,
                **{n: v for n, v in now.items() if self._environ.get(n) != v},
            }
            self._environ = now
        return found or None


def _Handler(kept: list[tuple[str, int, str]]) -> Any:  # noqa: N802
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append((record.name, record.levelno, record.getMessage()))

    return Handler(0)
