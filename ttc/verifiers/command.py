"""cmd: a command of the user's own says by its exit code whether a sample is correct."""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any

from ttc.answers import visible
from ttc.records import Sample, Verdict

_SECONDS = 30.0
_MOST_OUTPUT, _LONGEST_DETAIL = 64 << 10, 500
_TICK = 0.05  # seconds; how long a command is waited for that has ended but left a child behind
_NOT_RUN = {126: "cannot be executed", 127: "is not there"}


class Command:
    """The exit code of a command: 0 is correct, anything else is wrong. `cmd:python check.py`.

    It is started without a shell for each sample, several at a time. The text without its
    thinking comes on stdin, or where the command says {file} in a file of that name; TTC_PROBLEM,
    TTC_INDEX and TTC_REFERENCE (JSON) are in the environment. The last line it prints is the
    verdict's detail. `cmd:timeout=60 COMMAND` gives it other than 30 seconds; one that takes
    longer is killed with all it started, and the sample is undecided. Verdicts are kept under the
    command's words: after a change in what they run, `--recheck`.
    """

    name = "cmd"
    version = "1"
    takes = "text"

    def __init__(self, command: str) -> None:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise ValueError(f"cmd: {error} in {command!r}") from None
        self._seconds = _SECONDS
        if words and (limit := re.fullmatch(r"timeout=([0-9]+(?:\.[0-9]+)?)", words[0])):
            self._seconds, words = float(limit[1]), words[1:]
        if not words:
            raise ValueError("cmd needs a command, as in cmd:python check.py")
        if os.name != "posix":
            raise ValueError("cmd needs the process groups of Linux or macOS; here use WSL2")
        if shutil.which(words[0]) is None:
            raise ValueError(f"cmd: no command {words[0]!r} is found; give its path, or install it")
        self._words = words

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in force."""
        return {"command": self._words, "timeout": self._seconds}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict a sample, in order; as many are read ahead as there are processors."""
        count = os.cpu_count() or 1
        runs = _Runs(self._words, self._seconds)
        waiting: deque[Future[Verdict]] = deque()
        with ThreadPoolExecutor(count) as threads:
            try:
                for sample in samples:
                    waiting.append(threads.submit(runs.run, sample))
                    if len(waiting) >= count:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
                runs.stop()


class _Runs:
    """The commands under way. After `stop` there are none, and no new ones start."""

    def __init__(self, words: list[str], seconds: float) -> None:
        self._words, self._seconds = words, seconds
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def stop(self) -> None:
        """Kill all commands, with all they started."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _kill(process)

    def run(self, sample: Sample) -> Verdict:
        """Run the command on one sample and return the verdict."""
        text = visible(sample.text).encode("utf-8", "replace")
        in_file = any("{file}" in word for word in self._words)
        # A file is stdin as well: a command that does not read it to the end closes no pipe on us.
        with tempfile.NamedTemporaryFile(prefix="ttc-") as file:
            file.write(text)
            file.flush()
            file.seek(0)
            words = [word.replace("{file}", file.name) for word in self._words]
            try:
                process = self._start(words, None if in_file else file, sample)
            except (OSError, ValueError) as error:
                return Verdict(status="error", detail=f"{words[0]} cannot be started: {error}")
            return self._judged(process)

    def _start(
        self, words: list[str], stdin: IO[bytes] | None, sample: Sample
    ) -> subprocess.Popen[bytes]:
        told = {
            "TTC_PROBLEM": sample.problem,
            "TTC_INDEX": str(sample.index),
            "TTC_REFERENCE": json.dumps(dict(sample.reference)),
        }
        with self._lock:
            if self._stopped:
                raise OSError("the run has ended")
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **told},
                start_new_session=True,
            )
            self._running.add(process)
        return process

    def _judged(self, process: subprocess.Popen[bytes]) -> Verdict:
        deadline = time.monotonic() + self._seconds
        try:
            said = _output(process, deadline)
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
        detail = _last_line(said)
        if late:
            return Verdict(status="timeout", detail=f"not done within {self._seconds:g} s")
        if process.returncode in _NOT_RUN:
            fault = f"exit code {process.returncode}: the command {_NOT_RUN[process.returncode]}"
            return Verdict(status="error", detail=f"{shlex.join(self._words)}: {fault}")
        correct = process.returncode == 0
        return Verdict(correct=correct, score=float(correct), detail=detail)


def _output(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """Return the end of what a command prints, until it is done or the deadline has come."""
    assert process.stdout is not None
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            ended = process.poll() is not None
            if selector.select(min(_TICK, left)):
                more = os.read(process.stdout.fileno(), 1 << 16)
                said = (said + more)[-_MOST_OUTPUT:]
                if not more:
                    break
            elif ended:
                break  # what it left behind holds its stdout open
    return said


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip()[:_LONGEST_DETAIL] if lines else ""
