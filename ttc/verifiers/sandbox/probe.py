"""Choosing a tier by attack: one counts only if everything that is tried in it fails."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from ttc.errors import SandboxError
from ttc.verifiers.sandbox import tiers
from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.pool import Pool
from ttc.verifiers.sandbox.servers import Job, Server, ServerError

# Returns the names of the attacks that worked. Nothing in it harms where one does.
ATTACK = """
import os, socket

def attack(folder, port, victim):
    def write():
        with open(os.path.join(folder, "written"), "w") as file:
            file.write("x")
    def read():
        with open(os.path.join(folder, "secret")) as file:
            file.read()
    def home():
        os.listdir(os.path.expanduser("~root"))
    def connect():
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    def fork():
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    def start():
        os.posix_spawn("/bin/true", ["true"], {})
    def signal():
        os.kill(victim, 0)
    def environment():
        with open("/proc/%d/environ" % victim, "rb") as file:
            file.read()
    def parent():
        with open("/proc/%d/environ" % os.getppid(), "rb") as file:
            file.read()
    worked = []
    for act in (write, read, home, connect, fork, start, signal, environment, parent):
        try:
            act()
            worked.append(act.__name__)
        except (OSError, ValueError, AttributeError):
            pass
    return worked
"""


class Chosen(NamedTuple):
    """A tier that holds, and its layers."""

    tier: str
    layers: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.tier} ({', '.join(self.layers)})"


def choose(wanted: str) -> Chosen:
    """Return the tier asked for, or for `auto` the best, once its probe has held.

    SandboxError (exit code 5) names each probe that did not hold, and the remedy.
    """
    if sys.platform == "win32":
        raise SandboxError(f"no sandbox holds here; {tiers.remedy()}")
    if wanted == "none":
        return Chosen("none", ("rlimits only",))
    failed = []
    for tier in tiers.AUTOMATIC if wanted == "auto" else (wanted,):
        try:
            return Chosen(tier, probe(tier))
        except ServerError as error:
            failed.append(f"{tier}: {error}")
    raise SandboxError(f"no sandbox holds here ({'; '.join(failed)}); {tiers.remedy()}")


def probe(tier: str) -> tuple[str, ...]:
    """Return the layers of a tier after attacking it; ServerError names what got through."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ttc-probe-")))
        (folder / "secret").write_text("secret")
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listener.getsockname()[1]
        server = Server(tier, Limits())
        stack.callback(server.close)
        if tier == "landlock" and not (
            {"seccomp"} < {layer.split()[0] for layer in server.layers}
            and any(layer.startswith("landlock") for layer in server.layers)
        ):
            raise ServerError(f"only {', '.join(server.layers)} here")
        pool = stack.enter_context(Pool(lambda: tier, Limits(), 1))
        tests = {
            "setup": "",
            "names": ["attack"],
            "tests": f"worked = attack({str(folder)!r}, {port}, {os.getpid()})\n"
            "assert not worked, ', '.join(worked)",
            "entry": None,
        }
        (ran,) = pool.run([Job("calls", ATTACK, tests)])
        if (folder / "written").exists():
            raise ServerError("a file outside could be written")
        if ran.why != "pass":
            raise ServerError(f"the probe got through: {ran.detail or ran.stopped or ran.why}")
        return server.layers
