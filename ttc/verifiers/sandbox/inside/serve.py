"""The fork server: a confined process, or a pair of them, for each job; one job at a time.

It reads jobs as JSON lines on descriptor 0 and answers on 1. The tests of a job come by another
pipe, which only the judge's process reads: the candidate, forked from here, would otherwise find
them in its memory.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ttc.verifiers.sandbox.inside import candidate, children
from ttc.verifiers.sandbox.inside.children import TESTS_FD
from ttc.verifiers.sandbox.inside.confine import Confinement, cut
from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.inside.watch import Watch

_MOST_FDS = 1024
# What programs import most; a fork has it already.
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


class Server:
    """Forks processes for jobs. `settings` come from `ttc.verifiers.sandbox.tiers`."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._work: str | None = settings["work"]
        self._confined: bool = settings["confined"]
        writable = [self._work] if self._work else []
        self._confinement = Confinement(settings["readable"], writable, hides=settings["hides"])
        self._own = Limits(**settings["limits"])

    def hello(self) -> dict[str, Any]:
        """Return what the other side should know first."""
        layers = self._confinement.layers if self._confined else ["none"]
        layers = [*layers, *cut(self._own)]
        return {"ready": True, "layers": layers, "python": sys.version.split()[0]}

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Run one job and return what came of it, its processes dead and reaped."""
        for module in job.get("preload", ()):
            with suppress(Exception):
                importlib.import_module(module)
        limits = Limits(**{**vars(self._own), **job.get("limits", {})})
        kind, program = job["kind"], job["program"]
        if kind == "script":
            return {"id": job["id"], "runs": self._scripts(program, job["stdin"], limits)}
        out, into = os.pipe()
        watch = Watch(limits, out)
        if kind == "calls":
            theirs, ours = socket.socketpair()
            keep = theirs.fileno()
            self._fork(watch, limits, (None, into, keep), lambda: children.calls(program))
            theirs.close()
            verdict, told = os.pipe()
            judge = lambda: children.judge(ours.fileno(), told)  # noqa: E731
            self._fork(watch, limits, (None, None, None), judge, keep=(ours.fileno(), told))
            ours.close()
        else:
            verdict, told = os.pipe()
            whole = lambda: children.whole(program, told)  # noqa: E731
            self._fork(watch, limits, (None, into, None), whole, keep=(told,))
        os.close(into)
        os.close(told)
        watch.verdict = verdict
        return {"id": job["id"], **self._watched(watch)}

    def _scripts(self, program: str, inputs: list[str], limits: Limits) -> list[dict[str, Any]]:
        """Run a program on each input, until it does not end well on one."""
        runs: list[dict[str, Any]] = []
        for text in inputs:
            out, into = os.pipe()
            watch, stdin = Watch(limits, out), children.file_of(text)
            self._fork(watch, limits, (stdin, into, None), lambda: children.script(program))
            os.close(stdin)
            os.close(into)
            runs.append(self._watched(watch))
            if runs[-1]["stopped"] or runs[-1]["exits"][0] != 0:
                break
        return runs

    def _watched(self, watch: Watch) -> dict[str, Any]:
        try:
            watch.until_done()
        finally:
            watch.end()
            self._clean()
        return watch.result()

    def _fork(
        self,
        watch: Watch,
        limits: Limits,
        standard: tuple[int | None, int | None, int | None],
        act: Callable[[], None],
        keep: tuple[int, ...] = (),
    ) -> None:
        """Start a confined process; `standard` are its stdin, stdout and socket, None for none."""
        pid = os.fork()
        if pid:
            watch.pids.append(pid)
            return
        try:
            os.setsid()
            children.arrange(
                standard, {*keep, *((TESTS_FD,) if keep else ()), self._confinement.fd}
            )
            os.chdir(self._work or "/")
            if self._confined:
                self._confinement.confine(limits)
            act()
            sys.stdout.flush()
        except SystemExit as error:
            with suppress(BaseException):
                sys.stdout.flush()
            os._exit(error.code if isinstance(error.code, int) else int(error.code is not None))
        except BaseException as error:  # noqa: BLE001
            with suppress(BaseException):
                sys.stdout.flush()
            told = candidate.told(error)
            with suppress(BaseException):
                os.write(2, f"{told['raised']}: {told['message']}\n".encode())
            os._exit(1)
        os._exit(0)

    def _clean(self) -> None:
        if os.getpid() == 1:
            with suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        if self._work:
            for name in os.listdir(self._work):
                path = os.path.join(self._work, name)
                shutil.rmtree(path, ignore_errors=True)
                with suppress(OSError):
                    os.unlink(path)


def main(settings: dict[str, Any]) -> None:
    """Serve jobs until descriptor 0 is closed."""
    os.dup2(settings["tests"], TESTS_FD)
    if settings["tests"] != TESTS_FD:
        os.close(settings["tests"])
    for module in _COMMON:
        with suppress(ImportError):
            importlib.import_module(module)
    sys.path.extend(settings["path"])
    server = Server(settings)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    os.write(1, json.dumps(server.hello()).encode("ascii") + b"\n")
    with os.fdopen(0, "rb", closefd=False) as jobs:
        for line in jobs:
            answer = server.run(json.loads(line))
            _write(json.dumps(answer).encode("ascii") + b"\n")


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]
