"""Output of data: JSON lines to stdout or a file, one document for --json."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ttc import jsonl, paths
from ttc.errors import StoreError, UsageError
from ttc.messages.visible import json_for_stdout

BEHIND = 10_000  # lines that may be queued before the thread that makes them waits
TOGETHER = 200  # lines that are written at once, if so many are queued
PAUSE = 0.01  # seconds between two looks at the length of the queue
GRACE = 1.0  # seconds that a reader has for the rest if a run was interrupted


def piped() -> bool:
    """Return whether stdout is something other than a terminal."""
    return not sys.stdout.isatty()


def to_terminal(target: str | None) -> bool:
    """Return whether lines for a target (`-`: stdout) are printed on a terminal."""
    return target == "-" and not piped()


def document(value: dict[str, Any]) -> None:
    """Print one JSON document; every number in it is finite."""
    print(json_for_stdout(json.dumps(value, indent=2, allow_nan=False)))


class Lines:
    """JSON lines to stdout (`-`), to a file, or nowhere (None), written by a thread of their own.

    A slow or stopped reader must delay neither the commits of the store nor Ctrl-C, so `write` only
    queues. The main thread alone waits once the queue is long; drawing checks `behind` first. A
    file gets its name, complete, when it is closed in good order; until then the lines are in a
    file beside it. An error of writing is kept for `check`, and `on_failure` is called once.
    """

    def __init__(self, target: str | None, on_failure: Callable[[], None] = lambda: None) -> None:
        self._target = target
        self._on_failure = on_failure
        self._failure: Exception | None = None
        self._part: Path | None = None
        self._put = self._open(target)
        self._queue: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ttc-lines", daemon=True)
        self._thread.start()

    def _open(self, target: str | None) -> Callable[[bytes], object]:
        if target is None:
            return len
        if target == "-":
            sys.stdout.flush()
            return _raw_stdout()
        target = self._target = paths.expanded(target, "-o")
        path = Path(target)
        # A device or a named pipe is written as it is.
        self._part = path if path.exists() and not path.is_file() else Path(f"{target}.part")
        try:
            self._file = self._part.open("wb")
        except OSError as error:
            raise UsageError(f"-o {target}: {error.strerror}") from None
        return self._file.write

    @property
    def wanted(self) -> bool:
        """Whether lines are written at all."""
        return self._target is not None

    @property
    def behind(self) -> bool:
        """Whether so many lines are queued that no more should be made."""
        return self._queue.qsize() > BEHIND

    def write(self, record: dict[str, Any]) -> None:
        """Queue one record."""
        if not self.wanted:
            return
        if threading.current_thread() is threading.main_thread():
            while self.behind and self._failure is None:
                time.sleep(PAUSE)
        self._queue.put(record)

    def _run(self) -> None:
        batch: list[dict[str, Any] | None] = []
        while not batch or batch[-1] is not None:
            batch = [self._queue.get()]
            with contextlib.suppress(queue.Empty):
                while batch[-1] is not None and len(batch) < TOGETHER:
                    batch.append(self._queue.get_nowait())
            if self._failure is None:
                self._write([record for record in batch if record is not None])

    def _write(self, records: list[dict[str, Any]]) -> None:
        whole: list[bytes] = []
        failure: Exception | None = None
        try:
            for record in records:
                line = jsonl.dump(record)
                if self._target == "-":
                    line = json_for_stdout(line)
                whole.append(line.encode() + b"\n")
        except Exception as error:  # noqa: BLE001 - a thread that dies would be waited for
            place = f"{record.get('problem')}, draw {record.get('index')}"
            why = f"{place} cannot be written ({type(error).__name__}: {error})"
            failure = StoreError(f"{self._where}: {why}; the samples are in the store")
        try:
            self._put(b"".join(whole))
        except Exception as error:  # noqa: BLE001
            failure = error
        if failure is not None:
            self._fail(failure)

    def _fail(self, error: Exception) -> None:
        self._failure = error
        self._on_failure()

    @property
    def _where(self) -> str:
        return "standard output" if self._target == "-" else str(self._target)

    def check(self) -> None:
        """Raise the error of writing, if there was one: BrokenPipeError if the reader is gone, else
        StoreError."""
        if isinstance(self._failure, (BrokenPipeError, StoreError)):
            raise self._failure
        if self._failure is not None:
            why = getattr(self._failure, "strerror", None) or self._failure
            raise StoreError(f"{self._where}: {why}; the samples are in the store")

    def close(self, keep: bool = True) -> None:
        """Finish, put the file in place if `keep`, and raise the error of writing as `check` does.

        Without `keep`, wait for the reader no longer than GRACE.
        """
        try:
            self._queue.put(None)
            self._thread.join(None if keep else GRACE)
            if self._part is not None:
                self._close_file(keep and self._failure is None)
        except BaseException:
            # The interruption may come from `on_failure`, whose cause is the error to raise.
            self.check()
            raise
        self.check()

    def _close_file(self, keep: bool) -> None:
        assert self._part is not None
        try:
            self._file.close()
        except OSError as error:
            self._failure, keep = self._failure or error, False
        if self._part != Path(str(self._target)):
            if keep:
                paths.put_in_place(self._part, Path(str(self._target)))
            else:
                with contextlib.suppress(OSError):
                    self._part.unlink()


def _raw_stdout() -> Callable[[bytes], object]:
    """Return a function that writes to stdout without a lock, for a thread that may hang in it."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        stream = sys.stdout
        return lambda data: stream.write(data.decode())

    def put(data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    return put
