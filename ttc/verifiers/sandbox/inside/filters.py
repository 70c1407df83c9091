"""A seccomp filter for x86-64 and aarch64, built from the tables in `syscalls`.

Denied calls fail with EPERM, so that a program can report what was refused; calls newer than the
newest in the tables fail with ENOSYS; calls of another architecture end the process.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from ttc.verifiers.sandbox.inside.syscalls import (
    DENIED,
    NEWEST,
    PRETENDED,
    RULED,
    TOLD,
    UNKNOWN,
    UNSUPPORTED,
    Numbers,
)

AUDIT_X86_64, AUDIT_AARCH64 = 0xC000003E, 0xC00000B7
X32 = 0x40000000

_ALLOW, _KILL, _TRAP = 0x7FFF0000, 0x80000000, 0x00030000
_EPERM, _EINVAL, _ENOSYS, _EOPNOTSUPP = (0x00050000 | e for e in (1, 22, 38, 95))
_DONE = 0x00050000  # error number 0: the call returns 0 and does nothing
_LOAD, _AND, _EQUAL, _GREATER, _GREATER_EQUAL = 0x20, 0x54, 0x15, 0x25, 0x35
_ANY_BIT, _JUMP, _RETURN = 0x45, 0x05, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_FARTHEST = 255  # the longest conditional jump, in steps

_CLONE_THREAD = 0x00010000
_CLONE_NAMESPACES = 0x7E020080  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_AF_UNIX, _SOCK_STREAM, _SOCK_FLAGS = 1, 1, 0o2004000  # close on exec, do not block
_O_PATH = 0o10000000
# Allowed: whether it is a terminal and its size, how much can be read, flags of the descriptor.
# Others affect other processes (owners of signals, input of terminals) or file systems.
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# Allowed: copies, flags, locks, the size of a pipe, seals. Others send signals, watch folders or
# take leases.
_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032, 1033, 1034)
# Allowed: names of threads and of memory, and queries. Others filter calls, let the process be
# traced, or share a processor core with another user's process.
_PRCTLS = (3, 15, 16, 21, 23, 39, 0x53564D41)
_NEGATIVE, _THREADS_CLOCK, _OWN_CLOCK = 0x80000000, 4, 0xFFFFFFFA

# A placeholder for the process id; the rest of the filter is the same for all processes.
_PID = 0xA5C3E1F7

Steps = tuple[tuple[int, int, int, int], ...]


class Architecture(NamedTuple):
    """One column of the tables."""

    audit: int
    column: int


ARCHITECTURES = {
    "x86_64": Architecture(AUDIT_X86_64, 0),
    "aarch64": Architecture(AUDIT_AARCH64, 1),
}


def program(machine: str, pid: int, *, hides: bool = False) -> bytes:
    """Return the filter (struct sock_filter[]) for a process; KeyError for an unknown machine.

    Towards other processes it allows nothing; the process may signal and limit itself, start
    threads and create socket pairs. With `hides` it also gets no information about files that it
    may not open, and needs the replacement of `stat` in `trapped`.
    """
    made = template(machine, hides=hides)
    return made.replace(struct.pack("<I", _PID), struct.pack("<I", pid))


@cache
def template(machine: str, *, hides: bool = False) -> bytes:
    """Return the filter with a placeholder for the process id.

    The fork server builds it once; building it in each fork would take half a millisecond.
    """
    return _assembled(machine, _decisions(ARCHITECTURES[machine].column, hides=hides))


def _assembled(machine: str, decisions: dict[int, Steps]) -> bytes:
    known = ARCHITECTURES[machine]
    start = [
        _step(_LOAD, _ARCHITECTURE_AT),
        _step(_EQUAL, known.audit, 1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER_AT),
    ]
    if known.audit == AUDIT_X86_64:
        start += [_step(_GREATER_EQUAL, X32, 0, 1), _step(_RETURN, _KILL)]
    start += [_step(_GREATER, NEWEST, 0, 1), _step(_RETURN, _ENOSYS)]
    code = (*start, *_tree(_runs(decisions)))
    return b"".join(struct.pack("<HBBI", *each) for each in code)


@cache
def commands(machine: str) -> bytes:
    """Return the filter of a user's command in its own namespaces. It may start and signal any
    process there, but may not create namespaces or use the kernel's rarer interfaces."""
    column = ARCHITECTURES[machine].column
    decisions = _decisions(column, hides=False)
    for name in _OWN_AFFAIRS.split():
        number = {**DENIED, **PRETENDED, **UNSUPPORTED, **RULED}[name][column]
        if number is not None:
            del decisions[number]
    clone = RULED["clone"][column]
    assert clone is not None
    decisions[clone] = _unless(0, _CLONE_NAMESPACES, _returned(_ALLOW))
    return _assembled(machine, decisions)


def _decisions(column: int, *, hides: bool) -> dict[int, Steps]:
    """Return the decision for each call that is not simply allowed."""
    found: dict[int, Steps] = {}

    def put(calls: dict[str, Numbers], decided: dict[str, Steps] | Steps) -> None:
        for name, numbers in calls.items():
            if (number := numbers[column]) is not None:
                found[number] = decided[name] if isinstance(decided, dict) else decided

    put(DENIED, _returned(_EPERM))
    put(PRETENDED, _returned(_DONE))
    put(UNSUPPORTED, _returned(_EOPNOTSUPP))
    put(UNKNOWN, _returned(_ENOSYS))
    put(RULED, _RULES)
    if hides:
        put(TOLD, _HIDDEN)
    return found


def _step(operation: int, value: int, true: int = 0, false: int = 0) -> tuple[int, int, int, int]:
    return operation, true, false, value


def _returned(value: int) -> Steps:
    return (_step(_RETURN, value),)


def _only(argument: int, *values: int, then: Steps | None = None, bits: int = ~0) -> Steps:
    """Allow a call, or continue with `then`, if the argument is one of the values; else deny it."""
    mask = () if bits == ~0 else (_step(_AND, bits & 0xFFFFFFFF),)
    tests = (_step(_EQUAL, value, len(values) - at) for at, value in enumerate(values))
    load = _step(_LOAD, _ARGUMENTS_AT + 8 * argument)
    return load, *mask, *tests, _step(_RETURN, _EPERM), *(then or _returned(_ALLOW))


def _unless(argument: int, bit: int, then: Steps) -> Steps:
    """Deny a call whose argument has one of these bits set, else continue with `then`."""
    load = _step(_LOAD, _ARGUMENTS_AT + 8 * argument)
    return load, _step(_ANY_BIT, bit, 0, 1), _step(_RETURN, _EPERM), *then


def _by_pointer(argument: int, *, null: int, other: int) -> Steps:
    """Decide a call by whether an argument of 64 bits is zero."""
    at = _ARGUMENTS_AT + 8 * argument
    low = (_step(_LOAD, at), _step(_EQUAL, 0, 0, 2))
    high = (_step(_LOAD, at + 4), _step(_EQUAL, 0, 1))
    return *low, *high, _step(_RETURN, other), _step(_RETURN, null)


# Processor clocks have negative numbers: the process's own, those of its threads, and those of
# other processes, which are denied.
_CLOCK = (
    _step(_LOAD, _ARGUMENTS_AT),
    _step(_ANY_BIT, _NEGATIVE, 0, 3),
    _step(_ANY_BIT, _THREADS_CLOCK, 2),
    _step(_EQUAL, _OWN_CLOCK, 1),
    _step(_RETURN, _EPERM),
    _step(_RETURN, _ALLOW),
)
_OWN = _only(0, 0, _PID)
_RULES: dict[str, Steps] = {
    # With this flag the kernel refuses the flags that create namespaces.
    "clone": _only(0, _CLONE_THREAD, bits=_CLONE_THREAD),
    "socketpair": _only(0, _AF_UNIX, then=_only(1, _SOCK_STREAM, bits=~_SOCK_FLAGS)),
    "sendto": _by_pointer(4, null=_ALLOW, other=_EPERM),
    # Times from a copied file are pretended to be set. The present time (NULL) is refused, since
    # `Path.touch` would take success as a sign that the file exists.
    "utimensat": _by_pointer(2, null=_EPERM, other=_DONE),
    "kill": _only(0, _PID),
    "tgkill": _only(0, _PID),
    "ioctl": _only(1, *_IOCTLS),
    "fcntl": _only(1, *_FCNTLS),
    "prctl": _only(0, *_PRCTLS),
    **dict.fromkeys(("clock_gettime", "clock_getres", "clock_nanosleep", "timer_create"), _CLOCK),
    "getpriority": _only(0, 0, then=_only(1, 0, _PID)),
    **dict.fromkeys(("prlimit64", "getpgid", "getsid"), _OWN),
    **{f"sched_get{what}": _OWN for what in ("scheduler", "param", "attr", "affinity")},
    "sched_rr_get_interval": _OWN,
}
_HIDDEN: dict[str, Steps] = {
    **dict.fromkeys(("stat", "lstat", "newfstatat"), _returned(_TRAP)),
    **dict.fromkeys(("access", "faccessat", "faccessat2"), _returned(_TRAP)),
    "statx": _returned(_ENOSYS),
    **dict.fromkeys(("readlink", "readlinkat"), _returned(_EINVAL)),  # "no symbolic link"
    "open": _unless(1, _O_PATH, _returned(_ALLOW)),
    "openat": _unless(2, _O_PATH, _returned(_ALLOW)),
}


# Calls that a command in its own namespaces may make.
_OWN_AFFAIRS = """
    fork vfork execve execveat tkill pidfd_open pidfd_send_signal get_robust_list setpriority
    sched_setparam sched_setscheduler sched_setaffinity sched_setattr ioprio_set ioprio_get
    socket connect bind listen accept accept4 sendmsg sendmmsg chmod fchmod fchmodat fchmodat2
    chown fchown lchown fchownat utime utimes futimesat utimensat truncate mknod mknodat statfs
    fstatfs getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr inotify_init
    inotify_init1 inotify_add_watch flock memfd_create rt_sigqueueinfo rt_tgsigqueueinfo
    shmget shmat shmdt shmctl semget semop semtimedop semctl msgget msgsnd msgrcv msgctl
    socketpair sendto kill tgkill prlimit64 fcntl clock_gettime clock_getres getpriority getpgid
    getsid sched_getscheduler sched_getparam sched_getattr sched_getaffinity
    sched_rr_get_interval membarrier seccomp capget capset clock_nanosleep timer_create prctl
    setsockopt
"""


def _runs(decisions: dict[int, Steps]) -> list[tuple[int, Steps]]:
    """Return the first number of each run of consecutive calls with the same decision."""
    runs: list[tuple[int, Steps]] = []
    for number in range(NEWEST + 1):
        decided = decisions.get(number, _returned(_ALLOW))
        if not runs or runs[-1][1] != decided:
            runs.append((number, decided))
    return runs


def _tree(runs: Sequence[tuple[int, Steps]]) -> Steps:
    """Return steps that find a call's run by binary search, since the filter runs on every call."""
    if len(runs) == 1:
        return runs[0][1]
    middle = len(runs) // 2
    below, above = _tree(runs[:middle]), _tree(runs[middle:])
    start = runs[middle][0]
    if len(below) <= _FARTHEST:
        return _step(_GREATER_EQUAL, start, len(below)), *below, *above
    return _step(_GREATER_EQUAL, start, 0, 1), _step(_JUMP, len(below)), *below, *above
