"""cmd: the exit code of the user's own command decides whether a sample is correct."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import takewhile
from typing import Any

from ttc.errors import UsageError
from ttc.options import OptionReader, pairs
from ttc.records import Sample, Verdict
from ttc.verifiers.command_runs import Runs
from ttc.verifiers.sandbox.command import CommandSandbox

_SECONDS = 30.0
_OPTION = re.compile(r"[a-z_]+=.*", re.S)
KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")


class Command:
    """The exit code of a command: 0 is correct, any other is wrong (`cmd:python check.py`).

    It is started without a shell, once per sample, several at a time. It gets the text without its
    thinking on stdin, or in a file if it contains {file} or {file.py}. Its last line of output is
    the verdict's detail. Use `--recheck` after changing the program it runs.

    Options precede it: `cmd:timeout=60 env=CI sandboxed=yes pytest {file.py}`. If it takes longer
    than `timeout` (30 seconds), it is killed with all its children, and the sample is undecided.
    The environment has TTC_PROBLEM, TTC_INDEX, TTC_REFERENCE (JSON) and the caller's KEPT; `env`
    (names separated by commas) and `--env NAME` pass more. Whether the command reads the reference
    is not known, so rules that pick by its score are taken for oracles; `reference=no` withholds
    it. This is not a sandbox: a model's code
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
        self._by_reference = read.switch("reference", True)
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
    def reads_reference(self) -> bool | None:
        """None: the command gets the reference, and may read it; False with `reference=no`."""
        return None if self._by_reference else False

    @property
    def config(self) -> Mapping[str, Any]:
        """The options in effect."""
        withheld = "" if self._by_reference else "no"
        more = {
            "env": sorted(set(self._names)),
            "sandboxed": self._sandboxed,
            "reference": withheld,
        }
        given = {name: value for name, value in more.items() if value}
        return {"command": self._words, "timeout": self._seconds, **given}

    def verify(self, samples: Iterable[Sample]) -> Iterator[Verdict]:
        """Yield one verdict per sample, in order; reads ahead one sample per processor.
        SandboxError if sandboxed=yes is given and bubblewrap does not work here."""
        count = os.cpu_count() or 1
        box = CommandSandbox(self._program, self._words) if self._sandboxed else None
        runs = Runs(self._words, self._seconds, environment(self._names), box, self._by_reference)
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
