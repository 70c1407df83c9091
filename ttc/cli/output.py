"""Where data goes: JSON lines to stdout or a file, one document for --json."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from ttc import jsonl
from ttc.errors import StoreError, UsageError


def piped() -> bool:
    """Whether stdout is something other than a terminal."""
    return not sys.stdout.isatty()


def document(value: dict[str, Any]) -> None:
    """Print one JSON document; every number in it is finite."""
    print(json.dumps(value, indent=2, allow_nan=False))


class Lines:
    """JSON lines to stdout (`-`), to a file, or nowhere (None).

    A file appears whole, under its name, when it is closed in good order; until then the lines
    are beside it. `write` never raises: it may be called from another thread, so a failure is
    kept for `close`, and `on_failure` is called once.
    """

    def __init__(self, target: str | None, on_failure: Callable[[], None] = lambda: None) -> None:
        self._target = target
        self._on_failure = on_failure
        self._failure: OSError | ValueError | None = None
        self._stream: TextIO | None = None
        if target == "-":
            self._stream = sys.stdout
        elif target is not None:
            self._part = Path(f"{target}.part")
            if Path(target).exists() and not Path(target).is_file():
                # A device or a pipe is written as it is.
                self._part = Path(target)
            try:
                self._stream = self._part.open("w", encoding="utf-8")
            except OSError as error:
                raise UsageError(f"-o {target}: {error.strerror}") from None

    def write(self, record: dict[str, Any]) -> None:
        """Write one record at once."""
        if self._stream is None or self._failure is not None:
            return
        try:
            self._stream.write(jsonl.dump(record) + "\n")
            if self._target == "-":
                self._stream.flush()
        except (OSError, ValueError) as error:
            self._failure = error
            self._on_failure()

    def check(self) -> None:
        """Raise what writing ran into: BrokenPipeError if nobody reads, StoreError if full."""
        if isinstance(self._failure, BrokenPipeError):
            raise self._failure
        if isinstance(self._failure, OSError):
            where = "standard output" if self._target == "-" else self._target
            raise StoreError(f"{where}: {self._failure.strerror}; the samples are in the store")
        if self._failure is not None:
            raise self._failure

    def close(self, keep: bool = True) -> None:
        """Finish: put the file in its place if `keep`, and raise what writing ran into."""
        if self._stream is not None and self._target != "-":
            try:
                self._stream.close()
            except OSError as error:
                self._failure = self._failure or error
            if self._part != Path(str(self._target)):
                if keep and self._failure is None:
                    os.replace(self._part, str(self._target))
                else:
                    with contextlib.suppress(OSError):
                        self._part.unlink()
        self.check()
