"""The fork server: one confined process or a pair of them for each job; one job at a time.

A job's processes share a folder of their own (`folder`), their current directory and TMPDIR.

The kind of job comes over a socket on descriptor 0. Program, tests and standard input come as
descriptors that only the process that needs them reads. Output of the processes is forwarded
without being parsed, from memory that forks do not inherit. So a forked process finds in its memory
nothing of other jobs, and nothing of its own job that it must not have.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import site
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ttc.verifiers.sandbox.inside import candidate, children, warming
from ttc.verifiers.sandbox.inside.children import CHANNEL, Standard
from ttc.verifiers.sandbox.inside.confine import Confinement, cut
from ttc.verifiers.sandbox.inside.descendants import Descendants
from ttc.verifiers.sandbox.inside.ears import Ears
from ttc.verifiers.sandbox.inside.folder import folder
from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.inside.watch import Watch

# The modules that programs import most; forks inherit them.
_COMMON: tuple[str, ...] = (
    "collections",
    "copy",
    "datetime",
    "decimal",
    "functools",
    "fractions",
    "hashlib",
)
_COMMON += ("heapq", "bisect", "itertools", "math", "operator", "random", "re", "statistics")
_COMMON += ("string", "typing")

Act = Callable[[], None]


class Server:
    """Forks processes for jobs. `settings` come from `ttc.verifiers.sandbox.tiers`."""

    def __init__(self, settings: dict[str, Any], channel: socket.socket) -> None:
        self._channel = channel
        self._confined: bool = settings["confined"]
        self._limits = Limits(**settings["limits"])
        self._work = folder(settings["work"], settings["work_size"], settings["mounts"])
        readable, writable = settings["readable"], [self._work.path]
        self._confinement = Confinement(readable, writable, hides=settings["hides"])
        self._ears = Ears(self._limits)
        self._pid = os.getpid()
        self._left = False
        self._descendants = Descendants()

    def hello(self) -> dict[str, Any]:
        """Return the first message to the client."""
        layers = self._confinement.layers if self._confined else ["none"]
        layers = [*layers, self._work.layer, *cut(self._limits)]
        return {"ready": True, "layers": layers, "python": sys.version.split()[0]}

    def serve(self) -> Act | None:
        """Take a job, run it and send the answer. In a forked process of the job, return its work
        instead."""
        asked, given, _, _ = socket.recv_fds(self._channel, 1 << 16, 4)
        if not asked:
            return lambda: os._exit(0)
        order = json.loads(asked)
        for module in order["preload"]:
            with suppress(Exception):
                importlib.import_module(module)
        watch = Watch(self._limits, alone=order["alone"], exceeded=self._work.exceeded)
        if (act := self._start(order["kind"], given, watch)) is not None:
            return act
        for descriptor in given:
            os.close(descriptor)
        try:
            watch.until_done()
        finally:
            watch.end()
            self._clean()
        self._answer(watch.result())
        return None

    def _start(self, kind: str, given: list[int], watch: Watch) -> Act | None:
        """Start the processes of a job; in each of these, return its work."""
        if kind == "script":
            return self._script(watch, *given)
        return self._calls(watch, *given)

    def _script(self, watch: Watch, program: int, stdin: int) -> Act | None:
        out, err = watch.listen(self._ears.out), watch.listen(self._ears.err)
        if watch.fork():
            run = lambda: children.script(program)  # noqa: E731
            return self._entering((stdin, out, err, None), {program}, run)
        return None

    def _calls(self, watch: Watch, program: int, tests: int) -> Act | None:
        out, told = watch.listen(self._ears.noise), watch.listen(self._ears.said, verdict=True)
        theirs, ours = (end.detach() for end in socket.socketpair())
        # The judge first, so that a program that uses up all processes cannot prevent it.
        if watch.fork(program=False):
            limit = self._limits.cpu
            judge = lambda: children.judge(tests, told, limit)  # noqa: E731
            return self._entering((None, None, None, ours), {tests, told}, judge)
        if watch.fork():
            run = lambda: children.calls(program)  # noqa: E731
            return self._entering((None, out, out, theirs), {program}, run)
        os.close(theirs)
        os.close(ours)
        return None

    def _entering(self, standard: Standard, keep: set[int], act: Act) -> Act:
        """Return the work of a new process: confine itself, act, and end."""
        rules = self._confinement.fd if self._confined else None
        server = self._pid

        def enter() -> None:
            try:
                os.setsid()
                children.arrange(standard, keep if rules is None else {*keep, rules})
                if standard[1] is not None:  # the program's process; the judge must outlive it
                    children.first_to_go()
                self._confinement.end_with(server)
                os.chdir(self._work.path)
                os.environ["TMPDIR"] = self._work.path
                if self._confined:
                    self._confinement.confine(self._limits)
                else:
                    self._confinement.limit(self._limits)
                act()
                children.flush()
            except SystemExit as error:
                with suppress(BaseException):
                    children.flush()
                os._exit(error.code if isinstance(error.code, int) else int(error.code is not None))
            except BaseException as error:  # noqa: BLE001
                with suppress(BaseException):
                    children.flush()
                told = candidate.told(error)
                with suppress(BaseException):
                    os.write(2, f"{told['raised']}: {told['message']}\n".encode())
                os._exit(1)
            os._exit(0)

        return enter

    def _clean(self) -> None:
        """Remove all processes and files of a job; note whether something is left."""
        if os.getpid() == 1:
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        self._left |= not self._descendants.end()
        try:
            if self._work.renew():
                self._confinement.allow_writing(self._work.path)
        except OSError:
            self._left = True

    def _answer(self, result: dict[str, Any]) -> None:
        """Send the result of a job, and wipe its output from memory."""
        heard = self._ears.told()
        sizes = [len(each) for each in heard]
        line = json.dumps({**result, "left": self._left, "sizes": sizes})
        self._channel.sendall(line.encode("ascii") + b"\n")
        for each in heard:
            self._channel.sendall(each)
        self._ears.forget()


def main(settings: dict[str, Any]) -> None:
    """Serve jobs until descriptor 0 is closed."""
    # So that later descriptors are above those of a child (`children.arrange`).
    os.dup2(os.open(os.devnull, os.O_RDWR), CHANNEL)
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)  # programs and tests may print numbers of any length
    for module in _COMMON:
        with suppress(ImportError):
            importlib.import_module(module)
    sys.path.extend(settings["path"])
    site.setquit()  # programs may call `exit()`
    channel = socket.socket(fileno=0)
    server = Server(settings, channel)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warming.warm()
    gc.collect()
    gc.freeze()
    channel.sendall(json.dumps(server.hello()).encode("ascii") + b"\n")
    act = None
    while act is None:
        act = server.serve()
    act()
