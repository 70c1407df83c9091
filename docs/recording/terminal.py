"""A shell in a pseudo-terminal, whose output is kept with its time; waits are cut."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from pathlib import Path

READY = "\x1b]133;A\x07"  # printed by the prompt, seen by no reader
# What ttc says once where kernels of llama.cpp do not work: of this machine, not of the path.
OF_THIS_MACHINE = re.compile(r"llama\.cpp crashes \([^\n]*\n")
LONGEST_WAIT = 1.0
PATIENCE = 900.0


class Terminal:
    """Bash with a prompt of `$ `. `events` are (seconds, text), as in an asciicast."""

    def __init__(self, folder: Path, env: Mapping[str, str], columns: int, lines: int) -> None:
        self.events: list[tuple[float, str]] = []
        self._at, self._last = 0.0, time.monotonic()
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        prompt = {"PS1": rf"\[{READY}\]$ ", "PS2": "> ", "BASH_SILENCE_DEPRECATION_WARNING": "1"}
        self._shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            cwd=folder,
            env={**env, **prompt},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._read_until(READY)

    def run(self, command: str, until: Path | None = None) -> None:
        """Type a command and wait for the next prompt, or until a file is there."""
        for letter in command + "\n":
            os.write(self._ours, letter.encode())
            self._read(0.03)
            time.sleep(0.03)
        if until is None:
            self._read_until(READY)
            return
        while not (until.exists() and until.read_text().endswith("\n")):
            self._read(0.1)
        self._read(1.0)

    def end(self) -> None:
        """Interrupt what runs, and leave the shell."""
        os.write(self._ours, b"\x03")
        time.sleep(1)
        os.write(self._ours, b"exit\n")
        self._shell.wait(30)
        os.close(self._ours)

    def _read_until(self, mark: str) -> None:
        began, text = time.monotonic(), ""
        while mark not in text:
            text += self._read(1.0)
            if time.monotonic() - began > PATIENCE:
                raise TimeoutError(text)

    def _read(self, seconds: float) -> str:
        """Read what comes within some seconds; return its new part."""
        if not select.select([self._ours], [], [], seconds)[0]:
            return ""
        text = os.read(self._ours, 65536).decode("utf-8", "replace")
        now = time.monotonic()
        self._at += min(now - self._last, LONGEST_WAIT)
        self._last = now
        self.events.append((round(self._at, 3), OF_THIS_MACHINE.sub("", text.replace(READY, ""))))
        return text
