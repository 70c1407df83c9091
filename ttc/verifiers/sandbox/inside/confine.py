"""Confines a process permanently: limits, no privileges, Landlock, seccomp (Linux).

Each layer is inherited and cannot be removed. The fork server creates one `Confinement`; a child
calls its `confine` before it runs any code of the program.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Sequence
from functools import cache

from ttc.verifiers.sandbox.inside import filters, trapped
from ttc.verifiers.sandbox.inside.limits import HIDDEN, Limits

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER = 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ABI = 1  # the flag that requests Landlock's version
_PATH_BENEATH = 1
_CAPABILITY_VERSION_3 = 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91}

# Landlock's rights (linux/landlock.h), by the version that introduced them.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_ALL_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL_RIGHTS_SINCE_5 = (1 << 16) - 1
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_ONLY = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | 1 << 15
_NETWORK, _SCOPES = 0b11, 0b11  # bind and connect TCP; abstract sockets and signals

NEWEST_ABI = 1 << 30  # of Landlock; tests lower it
OPEN_FILES = 64
THREADS = 256  # only in a user namespace of its own; elsewhere all processes of the user count
_SIGNALS = 256  # pending signals and timers are counted per user, so programs compete for them


class Confinement:
    """The layers that this machine offers, prepared for the children.

    `readable` and `writable` are the paths that stay accessible; `layers` names the active layers.
    With `hides`, sizes and times of unreadable files are hidden too, if `trapped` supports the
    processor. OSError if an available layer fails: nothing continues unconfined.
    """

    def __init__(
        self, readable: Sequence[str], writable: Sequence[str], *, hides: bool = False
    ) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._machine = platform.machine()
        self._ruleset: int | None = None
        self._hides = False
        self.layers: list[str] = ["rlimits"]
        if not sys.platform.startswith("linux"):
            return
        version = min(self._libc.syscall(_CREATE_RULESET, None, 0, _ABI), NEWEST_ABI)
        if version > 0:
            self._ruleset = self._rules(version, readable, writable)
            self.layers.append(f"landlock {version}")
        if self._machine in filters.ARCHITECTURES:
            self.layers.append("seccomp")
            # Done here, so that every fork inherits it.
            _own_namespace()
            self._hides = hides and trapped.install(self._libc, self._machine)
            filters.template(self._machine, hides=self._hides)
            if self._hides:
                self.layers.append(HIDDEN)

    @property
    def fd(self) -> int | None:
        """The descriptor that a child must keep until it is confined."""
        return self._ruleset

    def allow_writing(self, path: str) -> None:
        """Allow a path that was mounted since, for processes that are not confined yet."""
        if self._ruleset is not None:
            self._allow(self._ruleset, path, self._every)

    def _rules(self, version: int, readable: Sequence[str], writable: Sequence[str]) -> int:
        every = self._every = _ALL_RIGHTS.get(version, _ALL_RIGHTS_SINCE_5)
        network = _NETWORK if version >= 4 else 0
        scopes = _SCOPES if version >= 6 else 0
        size = 24 if version >= 6 else 16 if version >= 4 else 8
        attributes = struct.pack("<QQQ", every, network, scopes)
        ruleset = self._call(_CREATE_RULESET, attributes, size, 0)
        for rights, paths in ((_READ, readable), (every, writable)):
            for path in paths:
                self._allow(ruleset, path, rights & every)
        return ruleset

    def _allow(self, ruleset: int, path: str, rights: int) -> None:
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return  # a missing path needs no rule
        try:
            if not os.path.isdir(path):
                rights &= _FILE_ONLY
            rule = struct.pack("<Qi", rights, descriptor)
            self._call(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        finally:
            os.close(descriptor)

    def confine(self, limits: Limits) -> None:
        """Apply all layers to this process; OSError if one fails."""
        self.limit(limits)
        self.lock()

    def end_with(self, parent: int) -> None:
        """Make the kernel kill this process when its parent ends (Linux)."""
        if sys.platform.startswith("linux"):
            self._control(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it has ended already
                os.kill(os.getpid(), signal.SIGKILL)

    def limit(self, limits: Limits) -> None:
        """Apply only the resource limits to this process; OSError if one fails."""
        for which, bound in _bounds(limits).items():
            least = _least(bound, resource.getrlimit(which)[1])
            resource.setrlimit(which, (least, least))
        whole = int(limits.cpu) + 2  # the server measures exactly; this is only a backstop
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (_least(whole, hard), _least(whole + 1, hard)))

    def lock(self) -> None:
        """Apply all layers but the resource limits; OSError if one fails."""
        if not sys.platform.startswith("linux"):
            return
        self._control(_PR_SET_DUMPABLE, 0)
        self._control(_PR_SET_NO_NEW_PRIVS, 1)
        if self._ruleset is not None:
            self._call(_RESTRICT_SELF, self._ruleset, 0)
            os.close(self._ruleset)
        if number := _CAPSET.get(self._machine):
            header = struct.pack("<Ii", _CAPABILITY_VERSION_3, 0)
            self._call(number, header, bytes(24))
        if self._machine in filters.ARCHITECTURES:
            self._filter()

    def _filter(self) -> None:
        made = filters.program(self._machine, os.getpid(), hides=self._hides)
        code = ctypes.create_string_buffer(made)
        count = (len(code) - 1) // 8
        described = struct.pack("@HP", count, ctypes.addressof(code))
        self._control(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, described)

    def _control(self, option: int, *arguments: int | bytes) -> None:
        padded = [*arguments, 0, 0, 0, 0][:4]
        wide = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in padded]
        if self._libc.prctl(option, *wide) != 0:
            raise OSError(ctypes.get_errno(), f"prctl {option}")

    def _call(self, number: int, *arguments: int | bytes) -> int:
        wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
        result = int(self._libc.syscall(ctypes.c_long(number), *wide))
        if result < 0:
            raise OSError(ctypes.get_errno(), f"system call {number}")
        return result


def _bounds(limits: Limits) -> dict[int, int]:
    """Return the resource limits of a program's process, without its processor time."""
    bounds = {
        resource.RLIMIT_FSIZE: limits.file,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    if sys.platform.startswith("linux"):
        bounds[resource.RLIMIT_AS] = limits.memory
        bounds[resource.RLIMIT_MEMLOCK] = 0
        bounds[resource.RLIMIT_SIGPENDING] = _SIGNALS
        if _own_namespace():
            bounds[resource.RLIMIT_NPROC] = THREADS
    return bounds


def _least(bound: int, hard: int) -> int:
    """Return a bound, or the existing hard limit if that is lower."""
    return bound if hard == resource.RLIM_INFINITY else min(bound, hard)


@cache
def _own_namespace() -> bool:
    """Return whether this process is in a user namespace other than the initial one."""
    try:
        with open("/proc/self/uid_map") as mapped:
            return mapped.read().split() != ["0", "0", "4294967295"]
    except OSError:
        return False


def cut(limits: Limits) -> list[str]:
    """Return the limits of a program that the caller's hard limits (ulimit) lower."""
    told = {
        resource.RLIMIT_FSIZE: ("file", limits.file, "bytes"),
        resource.RLIMIT_CPU: ("cpu", int(limits.cpu) + 1, "s"),
        resource.RLIMIT_NOFILE: ("open files", OPEN_FILES, ""),
    }
    if sys.platform.startswith("linux"):
        told[resource.RLIMIT_AS] = ("memory", limits.memory, "bytes")
    hard = {which: resource.getrlimit(which)[1] for which in told}
    return [
        f"{name} {hard[which]} {unit} by ulimit".replace("  ", " ")
        for which, (name, wanted, unit) in told.items()
        if _least(wanted, hard[which]) < wanted
    ]
