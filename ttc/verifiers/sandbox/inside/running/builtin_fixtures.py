"""The fixtures that pytest has without a definition in the tests."""

from __future__ import annotations

import io
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ttc.verifiers.sandbox.inside.running.monkeypatch import MonkeyPatch


class Captured(NamedTuple):
    """What was written since the last call of `readouterr`."""

    out: str
    err: str


class _Capture:
    """`capsys` and `capfd`: standard output and error, as the program and the tests write them."""

    def __init__(self) -> None:
        self._old = sys.stdout, sys.stderr
        self._own = io.StringIO(), io.StringIO()
        sys.stdout, sys.stderr = self._own

    def readouterr(self) -> Captured:
        """Return what was written, and forget it."""
        found = Captured(*(each.getvalue() for each in self._own))
        for each in self._own:
            each.seek(0)
            each.truncate()
        return found

    @contextmanager
    def disabled(self) -> Iterator[None]:
        """Do not capture what the body of the `with` writes."""
        own = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self._old
        try:
            yield
        finally:
            sys.stdout, sys.stderr = own

    def close(self) -> None:
        sys.stdout, sys.stderr = self._old


class _Log(logging.Handler):
    """`caplog`: the records of all loggers."""

    def __init__(self) -> None:
        super().__init__(0)
        self.records: list[logging.LogRecord] = []
        self._levels: list[tuple[logging.Logger, int]] = []
        root = logging.getLogger()
        root.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.records.append(record)

    @property
    def messages(self) -> list[str]:
        """Return the messages."""
        return [each.getMessage() for each in self.records]

    @property
    def text(self) -> str:
        """Return level, logger and message of each record, one a line."""
        return "".join(f"{e.levelname} {e.name}: {e.getMessage()}\n" for e in self.records)

    @property
    def record_tuples(self) -> list[tuple[str, int, str]]:
        """Return logger, level and message of each record."""
        return [(each.name, each.levelno, each.getMessage()) for each in self.records]

    def clear(self) -> None:
        """Forget the records."""
        self.records.clear()

    def set_level(self, level: int | str, logger: str | None = None) -> None:
        """Set the level of a logger until the end of the test."""
        chosen = logging.getLogger(logger)
        self._levels.append((chosen, chosen.level))
        chosen.setLevel(level)

    @contextmanager
    def at_level(self, level: int | str, logger: str | None = None) -> Iterator[None]:
        """Set the level of a logger for the body of the `with`."""
        chosen = logging.getLogger(logger)
        old = chosen.level
        chosen.setLevel(level)
        try:
            yield
        finally:
            chosen.setLevel(old)

    def close(self) -> None:
        for logger, level in reversed(self._levels):
            logger.setLevel(level)
        logging.getLogger().removeHandler(self)
        super().close()


class LocalPath(str):
    """`tmpdir`: a folder as a text with the methods of py.path that tests use."""

    def join(self, *parts: Any) -> LocalPath:
        """Return the path of a file in the folder."""
        return LocalPath(os.path.join(self, *map(str, parts)))

    __truediv__ = join

    @property
    def strpath(self) -> str:
        """Return the path as a plain text."""
        return str(self)

    def mkdir(self, *parts: Any) -> LocalPath:
        """Make a folder."""
        made = self.join(*parts)
        os.mkdir(made)
        return made

    def write(self, text: Any, mode: str = "w") -> None:
        """Write a file."""
        with open(self, mode) as file:
            file.write(text)

    def read(self, mode: str = "r") -> Any:
        """Read a file."""
        with open(self, mode) as file:
            return file.read()

    def check(self) -> bool:
        """Return whether it exists."""
        return os.path.exists(self)

    exists = check

    def listdir(self) -> list[LocalPath]:
        """Return what is in the folder."""
        return [self.join(name) for name in sorted(os.listdir(self))]


class _PathFactory:
    """`tmp_path_factory`."""

    def mktemp(self, name: str = "test", numbered: bool = True) -> Path:
        """Make a new folder."""
        return _folder(name)

    def getbasetemp(self) -> Path:
        """Return the folder that new ones are made in."""
        return Path(tempfile.gettempdir())


def _folder(name: str = "test") -> Path:
    """Make a new folder where both the tests and the program may write."""
    try:
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=os.getcwd()))
    except OSError:
        return Path(tempfile.mkdtemp(prefix=f"{name}-"))


def _capture() -> Iterator[_Capture]:
    made = _Capture()
    yield made
    made.close()


def _log() -> Iterator[_Log]:
    made = _Log()
    yield made
    made.close()


def _monkeypatch() -> Iterator[MonkeyPatch]:
    made = MonkeyPatch()
    yield made
    made.undo()


def _recwarn() -> Iterator[Any]:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        yield seen


def _mocker() -> Iterator[Any]:
    from ttc.verifiers.sandbox.inside.running.mocker import Mocker

    made = Mocker()
    yield made
    made.stopall()


BUILTIN: dict[str, Any] = {
    "tmp_path": lambda: iter([_folder()]),
    "tmpdir": lambda: iter([LocalPath(_folder())]),
    "tmp_path_factory": lambda: iter([_PathFactory()]),
    "capsys": _capture,
    "capfd": _capture,
    "caplog": _log,
    "monkeypatch": _monkeypatch,
    "recwarn": _recwarn,
    "mocker": _mocker,
}
