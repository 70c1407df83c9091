"""Confining one process for good: limits, no privileges, Landlock, seccomp (Linux).

Each layer is inherited and cannot be taken off. `Confinement` is made once in the fork server;
`confine` is what a child calls before it runs anything that is not ours.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Sequence

from ttc.verifiers.sandbox.inside import filters
from ttc.verifiers.sandbox.inside.limits import Limits

_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 4, 22, 38
_SECCOMP_MODE_FILTER = 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ABI = 1  # the flag that asks for Landlock's version
_PATH_BENEATH = 1
_CAPABILITY_VERSION_3 = 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91}

# Landlock's rights (linux/landlock.h), by the version that brought them.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_ALL_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL_RIGHTS_SINCE_5 = (1 << 16) - 1
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_ONLY = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14 | 1 << 15
_NETWORK, _SCOPES = 0b11, 0b11  # bind and connect TCP; abstract sockets and signals

OPEN_FILES = 64


class Confinement:
    """The layers this machine has, ready to be put on.

    `readable` and `writable` are the paths that stay open; `layers` names what is in force.
    OSError if a layer that was there at the start fails: nothing goes on unconfined.
    """

    def __init__(self, readable: Sequence[str], writable: Sequence[str]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._machine = platform.machine()
        self._ruleset: int | None = None
        self.layers: list[str] = ["rlimits"]
        if not sys.platform.startswith("linux"):
            return
        version = self._libc.syscall(_CREATE_RULESET, None, 0, _ABI)
        if version > 0:
            self._ruleset = self._rules(version, readable, writable)
            self.layers.append(f"landlock {version}")
        if self._machine in filters.ARCHITECTURES:
            self.layers.append("seccomp")
            filters.template(self._machine)  # here, so that every fork has it

    @property
    def fd(self) -> int | None:
        """The descriptor that a child must keep until it is confined."""
        return self._ruleset

    def allow_writing(self, path: str) -> None:
        """Open a path that was mounted since, for processes that are not confined yet."""
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
            return  # what is not there cannot be read either
        try:
            if not os.path.isdir(path):
                rights &= _FILE_ONLY
            rule = struct.pack("<Qi", rights, descriptor)
            self._call(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        finally:
            os.close(descriptor)

    def confine(self, limits: Limits) -> None:
        """Put all layers on this process; OSError if one does not hold."""
        whole = int(limits.cpu) + 2  # the server counts exactly; this only backs it
        bounds = {
            resource.RLIMIT_CPU: (whole, whole + 1),
            resource.RLIMIT_FSIZE: (limits.file, limits.file),
            resource.RLIMIT_NOFILE: (OPEN_FILES, OPEN_FILES),
            resource.RLIMIT_CORE: (0, 0),
        }
        if sys.platform.startswith("linux"):
            bounds[resource.RLIMIT_AS] = (limits.memory, limits.memory)
        for which, bound in bounds.items():
            resource.setrlimit(which, bound)
        self.lock()

    def lock(self) -> None:
        """Put on what is no limit of resources; OSError if a layer does not hold."""
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
        code = ctypes.create_string_buffer(filters.program(self._machine, os.getpid()))
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
