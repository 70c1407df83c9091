"""Who else uses a pipe that is our standard input, where /proc tells: a program that writes into it
beside those that started this one, or a shell that reads its commands from it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from ttc.cli.processes import PROC, parents

_SHELLS = ("ash", "bash", "dash", "fish", "ksh", "mksh", "sh", "zsh")
_ACCESS = 0o3  # of the flags of an open file
_READ_ONLY = 0o0


def has_writer(descriptor: int) -> bool:
    """Return whether another process than this one and its parents can write into a pipe.

    A shell starts the processes of a pipeline beside each other and closes its own ends. A pipe
    into which only a parent can write is one that it gave to all it starts. False where /proc does
    not tell.
    """
    try:
        pipe = os.readlink(PROC / "self" / "fd" / str(descriptor))
    except OSError:
        return False
    ours = {os.getpid(), *parents()}
    folders = (path for path in PROC.iterdir() if path.name.isdigit())
    return any(int(path.name) not in ours and _writes(path, pipe) for path in folders)


def is_script(descriptor: int) -> bool:
    """Return whether standard input holds the commands of a shell that started this process.

    So do `curl … | sh`, a cell of a notebook under %%bash, and the runners of some CI systems: what
    is left in the pipe is the rest of the script. A subshell has the arguments of its parent, and
    what is piped into it is no script. False where /proc does not tell.
    """
    try:
        pipe = os.readlink(PROC / "self" / "fd" / str(descriptor))
    except OSError:
        return False
    sharing = None
    above = list(parents())
    for at, process in enumerate(above):
        with contextlib.suppress(OSError):
            if os.readlink(PROC / str(process) / "fd" / "0") == pipe:
                sharing = at
                continue
        break
    if sharing is None:
        return False
    arguments = _arguments(above[sharing])
    started_by = _arguments(above[sharing + 1]) if sharing + 1 < len(above) else []
    return arguments != started_by and _reads_commands(arguments)


def _arguments(process: int) -> list[str]:
    """Return the command line of a process; empty if nobody may know."""
    try:
        data = (PROC / str(process) / "cmdline").read_bytes()
    except OSError:
        return []
    return data.decode("utf-8", "replace").rstrip("\0").split("\0")


def _reads_commands(arguments: Sequence[str]) -> bool:
    """Return whether a command line is that of a shell that reads its commands from stdin."""
    name, *options = arguments or [""]
    if os.path.basename(name).lstrip("-") not in _SHELLS:
        return False
    plain = [each for each in options if not each.startswith(("-", "+"))]
    letters = "".join(each[1:] for each in options if re.fullmatch("-[A-Za-z]+", each))
    return "c" not in letters and (not plain or "s" in letters)


def _writes(process: Path, pipe: str) -> bool:
    """Return whether a process has the pipe open for writing; False if nobody may know."""
    with contextlib.suppress(OSError, ValueError):
        for each in (process / "fd").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                if os.readlink(each) != pipe:
                    continue
                about = (process / "fdinfo" / each.name).read_text(encoding="ascii")
                flags = int(about.partition("flags:")[2].split()[0], 8)
                if flags & _ACCESS != _READ_ONLY:
                    return True
    return False
