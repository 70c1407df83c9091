"""Runs a user's command in bubblewrap (`cmd:sandboxed=yes`)."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from ttc.errors import SandboxError
from ttc.verifiers.sandbox import interpreter, tiers
from ttc.verifiers.sandbox.inside import filters
from ttc.verifiers.sandbox.probe import probe
from ttc.verifiers.sandbox.servers import ServerError

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_MORE = ("/bin", "/sbin")
_ROOM = 64 << 20  # bytes of /tmp


class CommandSandbox:
    """Bubblewrap around a command; SandboxError (exit code 5) if its self-test fails.

    The command can read the system, this Python with its packages, its own program with its virtual
    environment, and the files that its arguments name, but no other files of the caller. It writes
    to its own /tmp and has no network.
    """

    def __init__(self, program: str, words: Sequence[str]) -> None:
        try:
            probe("bwrap")
        except ServerError as error:
            raise SandboxError(
                f"cmd: sandboxed=yes needs bubblewrap, which failed its self-test: {error}; "
                f"{tiers.remedy_of('bwrap')}, or leave out sandboxed=yes"
            ) from None
        self._program = program
        named = (path for word in words for path in _named(word))
        started = [program, *_interpreter_of(program)]
        own = [path for each in started for path in (each, *_environment_of(Path(each)))]
        self._readable = [*tiers.readable_paths(), *filter(os.path.exists, (*_MORE, *own, *named))]
        self._filter = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the runs
        if platform.machine() in filters.ARCHITECTURES:
            self._filter.write(filters.commands(platform.machine()))

    def close(self) -> None:
        """Close the file of its seccomp filter."""
        self._filter.close()

    def around(self, words: Sequence[str], file: str) -> tuple[list[str], IO[bytes] | None]:
        """Return the command line that runs a command in bubblewrap, and the file with its seccomp
        filter, which bubblewrap must inherit."""
        path = f"{os.path.dirname(self._program)}:{_SYSTEM_PATH}"
        first = ["--size", str(_ROOM), "--tmpfs", "/tmp"]
        more = ["--ro-bind", file, file]
        for name, value in (("PATH", path), ("HOME", "/tmp"), ("TMPDIR", "/tmp")):
            more += ["--setenv", name, value]
        here = os.getcwd()
        more += ["--dir", here, "--chdir", here]
        given: IO[bytes] | None = None
        if self._filter.tell():
            # Each command reads the filter from the start, so it needs its own descriptor.
            given = open(f"/proc/self/fd/{self._filter.fileno()}", "rb")  # noqa: SIM115
            more += ["--seccomp", str(given.fileno())]
        self._filter.flush()
        return [*tiers.command(self._readable, more, first), self._program, *words[1:]], given


def _named(word: str) -> Iterator[str]:
    """Yield the existing paths that an argument or the text after its equals sign names."""
    for text in (word, word.partition("=")[2]):
        # A word like ".." must not make a parent of the working folder readable.
        path = os.path.abspath(text) if text else "/"
        if os.path.exists(path) and not interpreter.within(os.getcwd(), [path]):
            yield path


def _interpreter_of(program: str) -> Iterator[str]:
    """Yield the interpreter in the first line of a script."""
    with suppress(OSError), open(program, "rb") as script:
        if script.read(2) == b"#!" and (words := script.readline(4096).split()):
            yield os.fsdecode(words[0])


def _environment_of(program: Path) -> Iterator[str]:
    """Yield the parts of the virtual environment that a program is installed in, and the files of
    the Python that the program is or that the environment uses."""
    folder, python = program.parent.parent, program
    if (folder / "pyvenv.cfg").is_file():
        yield from (str(folder / name) for name in ("bin", "lib", "pyvenv.cfg"))
        python = folder / "bin" / "python"
    while python.is_symlink():
        python = python.parent / os.readlink(python)
        yield os.path.normpath(python)
    if python.name.startswith("python"):
        prefix = python.resolve().parent.parent
        yield from (str(path) for path in prefix.glob("lib/python3*"))
        yield from interpreter.libraries(prefix)
