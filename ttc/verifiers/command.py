"""cmd: the exit code of the user's own command decides whether a sample is correct."""

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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import takewhile
from typing import Any

from ttc.answers.extract import visible
from ttc.errors import UsageError
from ttc.options import OptionReader, pairs
from ttc.records import Sample, Verdict
from ttc.verifiers.sandbox.command import CommandSandbox

_SECONDS = 30.0
_MOST_OUTPUT, _LONGEST_DETAIL = 64 << 10, 500
_TICK = 0.05  # seconds to wait for output of a command that ended but left a child running
_OPTION = re.compile(r"[a-z_]+=.*", re.S)
_FILE = re.compile(r"\{file((?:\.\w+)?)\}")
KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
_NOT_RUN = {126: "cannot be executed", 127: "is not there"}


class Command:
    """The exit code of a command: 0 is correct, any other is wrong (`cmd:python check.py`).

    It is started without a shell, once per sample, several at a time. It gets the text without its
    thinking on stdin, or in a file if it contains {file} or {file.py}. Its last line of output is
    the verdict's detail. Use `--recheck` after changing the program it runs.

    Options precede it: `cmd:timeout=60 env=CI sandboxed=yes pytest {file.py}`. If it takes longer
    than `timeout` (30 seconds), it is killed with all its children, and the sample is undecided.
    The environment has TTC_PROBLEM, TTC_INDEX, TTC_REFERENCE (JSON) and the caller's KEPT; `env`
    (names separated by commas) and `--env NAME` pass more. This is not a sandbox: a model's code
    can do everything that you can, unless `sandboxed=yes` runs it in bubblewrap.
    """

    name = "cmd"
    version = "2"  # 2: a clean environment
    takes = "text"

    def __init__(self, command: str) -> None:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise ValueError(f"cmd: {error} in {command!r}") from None
        words = self._read_options(words)
        if not words:
            raise ValueError("cmd needs a command, as in cmd:python check.py")
        if os.name != "posix":
            raise ValueError("cmd needs process groups (Linux or macOS); on Windows use WSL2")
        if (program := shutil.which(words[0])) is None:
            raise ValueError(f"cmd: no command {words[0]!r}; give its path, or install it")
        self._words, self._program = words, os.path.abspath(program)

    def _read_options(self, words: Sequence[str]) -> list[str]:
        """Read the options before a command; return the command's words. OptionError if invalid."""
        options = [*takewhile(_OPTION.fullmatch, words)]
        command = [*words[len(options) :]]
        given = pairs(options, "cmd:key=value key=value COMMAND")
        read = OptionReader(self.name, given)
        self._seconds = float(read.number("timeout", _SECONDS, least=0))
        self._sandboxed = read.switch("sandboxed", False)
        self._names: list[str] = []
        if env := read.text("env", ""):
            self.pass_environment(env.split(","))
        read.end()
        return command

    def pass_environment(self, names: Iterable[str]) -> None:
        """Pass more variables to the command, by name; UsageError for one that is not set."""
        for name in names:
            if "=" in name or not name:
                raise UsageError(f"env takes the name of a variable, not {name!r}")
            if name not in os.environ:
                raise UsageError(f"env: {name} is not set here; export it first")
            self._names.append(name)

    def use_sandbox(self, tier: str) -> None:
        """Set the value of `--sandbox`; UsageError for a tier other than bubblewrap."""
        if tier not in ("auto", "bwrap", "none"):
            raise UsageError(f"--sandbox {tier} cannot run a command; only bwrap can")
        self._sandboxed = tier != "none"

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in effect."""
        more = {"env": sorted(set(self._names)), "sandboxed": self._sandboxed}
        given = {name: value for name, value in more.items() if value}
        return {"command": self._words, "timeout": self._seconds, **given}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order; reads ahead one sample per processor.
        SandboxError if sandboxed=yes is given and bubblewrap does not work here."""
        count = os.cpu_count() or 1
        box = CommandSandbox(self._program, self._words) if self._sandboxed else None
        runs = _Runs(self._words, self._seconds, environment(self._names), box)
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
                if box is not None:
                    box.close()


def environment(names: Iterable[str]) -> dict[str, str]:
    """Return the caller's variables that are passed to a command."""
    return {name: os.environ[name] for name in (*KEPT, *names) if name in os.environ}


class _Runs:
    """The running commands. After `stop`, none are running and none are started."""

    def __init__(
        self,
        words: list[str],
        seconds: float,
        environment: dict[str, str],
        box: CommandSandbox | None,
    ) -> None:
        self._words, self._seconds = words, seconds
        self._environment, self._box = environment, box
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
            "TTC_REFERENCE": json.dumps(dict(sample.reference)),
        }
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
