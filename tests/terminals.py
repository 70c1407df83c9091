"""A terminal in tests: a command runs in a pseudo-terminal, and its screen can be read."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

if sys.platform == "win32":  # pragma: no cover
    pytest.skip("no pseudo-terminals here", allow_module_level=True)

import fcntl
import pty
import termios

pyte = pytest.importorskip("pyte", reason="pyte is not here: pip install -e '.[dev]'")

TTC = [sys.executable, "-m", "ttc.cli.main"]
LONG = 60.0  # seconds until a test gives up


class Terminal:
    """A command in a terminal of its own, used in a with statement.

    `stdout` and `stderr` may be files instead of the terminal. `raw` is all that was written to the
    terminal, and `frames` are the screens after each piece of it.
    """

    def __init__(
        self,
        *args: object,
        columns: int = 80,
        lines: int = 24,
        env: Mapping[str, str] | None = None,
        stdout: Any = None,
        stderr: Any = None,
        program: list[str] | None = None,
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self.frames: list[tuple[float, list[str]]] = []
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        variables = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "CI")}
        variables |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(env or {})}
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [*(program or TTC), *map(str, args)],
            stdin=theirs,
            stdout=theirs if stdout is None else stdout,
            stderr=theirs if stderr is None else stderr,
            env=variables,
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)

    @property
    def screen(self) -> list[str]:
        """The lines on the screen, without empty ones."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    @property
    def text(self) -> str:
        """All that stands on the screen."""
        return "\n".join(self.screen)

    def _read(self, seconds: float) -> bool:
        """Take in what is written within so many seconds; return False once the command ended."""
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if not ready:
            return self._process.poll() is None
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # Linux, once all have closed the terminal
            return False
        if not data:
            return False
        self.raw += data
        self._stream.feed(data)
        self.frames.append((time.monotonic() - self._began, self.screen))
        return True

    def until(self, found: Callable[[str], object], seconds: float = LONG) -> str:
        """Wait until the screen is as wanted, and return its text."""
        end = time.monotonic() + seconds
        while not found(self.text):
            more = self._read(0.1)
            if not more and not found(self.text):
                pytest.fail(f"it ended, and the screen is:\n{self.text}")
            if time.monotonic() > end:
                pytest.fail(f"after {seconds} s the screen is:\n{self.text}")
        return self.text

    def wait(self, seconds: float = LONG) -> int:
        """Wait for the end of the command and return its exit code."""
        end = time.monotonic() + seconds
        while self._read(0.1):
            if time.monotonic() > end:
                pytest.fail(f"after {seconds} s it runs still; the screen is:\n{self.text}")
        return self._process.wait(timeout=seconds)

    def interrupt(self) -> None:
        """Send what Ctrl-C sends."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGINT)


def scripted_data(folder: Path, problems: int = 6) -> Path:
    """Write problems and return their file."""
    path = folder / "sums.jsonl"
    rows = (
        f'{{"id": "s{i}", "question": "{i} + 1?", "answer": "{i + 1}"}}' for i in range(problems)
    )
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
