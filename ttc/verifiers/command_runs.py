"""Running a user's command on samples, several at a time, each with all its children."""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from typing import Any

from ttc.answers.extract import visible
from ttc.records import Sample, Verdict
from ttc.verifiers.sandbox.command import CommandSandbox

_MOST_OUTPUT, _LONGEST_DETAIL = 64 << 10, 500
_TICK = 0.05  # seconds to wait for output of a command that ended but left a child running
_FILE = re.compile(r"\{file((?:\.\w+)?)\}")
_NOT_RUN = {126: "cannot be executed", 127: "is not there"}


class Runs:
    """The running commands. After `stop`, none are running and none are started."""

    def __init__(
        self,
        words: list[str],
        seconds: float,
        environment: dict[str, str],
        box: CommandSandbox | None,
        by_reference: bool,
    ) -> None:
        self._words, self._seconds = words, seconds
        self._environment, self._box = environment, box
        self._by_reference = by_reference
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def stop(self) -> None:
        """Kill all commands with all their children."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _kill(process)

    def run(self, sample: Sample) -> Verdict:
        """Run the command on one sample and return the verdict."""
        text = visible(sample.text).encode("utf-8", "replace")
        ending = next((found[1] for found in map(_FILE.search, self._words) if found), None)
        # stdin is a file too, so that a command may stop reading it without breaking a pipe.
        with tempfile.NamedTemporaryFile(prefix="ttc-", suffix=ending or "") as file:
            file.write(text)
            file.flush()
            file.seek(0)
            words = [_FILE.sub(lambda _: file.name, word) for word in self._words]
            try:
                process = self._start(words, file, ending is not None, sample)
            except (OSError, ValueError) as error:
                return Verdict(status="error", detail=f"{words[0]} cannot be started: {error}")
            return self._judged(process)

    def _start(
        self, words: list[str], file: Any, in_file: bool, sample: Sample
    ) -> subprocess.Popen[bytes]:
        variables = {
            "TTC_PROBLEM": sample.problem,
            "TTC_INDEX": str(sample.index),
        }
        if self._by_reference:
            variables["TTC_REFERENCE"] = json.dumps(dict(sample.reference))
        with self._lock, contextlib.ExitStack() as stack:
            if self._stopped:
                raise OSError("the run has ended")
            inherited: tuple[int, ...] = ()
            if self._box is not None:
                words, given = self._box.around(words, file.name)
                inherited = () if given is None else (stack.enter_context(given).fileno(),)
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL if in_file else file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**self._environment, **variables},
                pass_fds=inherited,
                start_new_session=True,
            )
            self._running.add(process)
        return process

    def _judged(self, process: subprocess.Popen[bytes]) -> Verdict:
        deadline = time.monotonic() + self._seconds
        try:
            output = _output(process, deadline)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        finally:
            late = process.poll() is None
            with self._lock:
                _kill(process)
                self._running.discard(process)
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        detail = _last_line(output)
        if late:
            return Verdict(status="timeout", detail=f"not done within {self._seconds:g} s")
        if process.returncode in _NOT_RUN:
            fault = f"exit code {process.returncode}: the command {_NOT_RUN[process.returncode]}"
            return Verdict(status="error", detail=f"{shlex.join(self._words)}: {fault}")
        correct = process.returncode == 0
        return Verdict(correct=correct, score=float(correct), detail=detail)


def _output(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """Return the end of a command's output, once it is done or the deadline has passed."""
    assert process.stdout is not None
    output = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            ended = process.poll() is not None
            if selector.select(min(_TICK, left)):
                more = os.read(process.stdout.fileno(), 1 << 16)
                output = (output + more)[-_MOST_OUTPUT:]
                if not more:
                    break
            elif ended:
                break  # a child that it left running keeps its stdout open
    return output


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip()[:_LONGEST_DETAIL] if lines else ""
