"""The system calls a program may not make, as a seccomp filter for x86-64 and aarch64.

Denied calls fail with EPERM, so that a program can say what it was refused; calls newer than the
newest one known here fail with ENOSYS; another architecture's calls end the process. Names and
numbers are those of the kernel's tables (asm/unistd_64.h, asm-generic/unistd.h).
"""

from __future__ import annotations

import struct
from functools import cache
from typing import NamedTuple

AUDIT_X86_64, AUDIT_AARCH64 = 0xC000003E, 0xC00000B7
X32 = 0x40000000
NEWEST = 469  # file_setattr, Linux 6.17

_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_EPERM, _ENOSYS = 0x00050000 | 1, 0x00050000 | 38
_LOAD, _EQUAL, _GREATER, _GREATER_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16

_CLONE_THREAD = 0x00010000
_AF_UNIX = 1
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

# Call → (number on x86-64, number on aarch64), None where there is no such call.
DENIED: dict[str, tuple[int | None, int | None]] = {
    # Other programs: nothing is started, traced, signalled or limited but oneself.
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # The network; a socketpair stays, for asyncio.
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    # What outlives the process.
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    # The view of the file system, and files by other ways than by path.
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "truncate": (76, 45),  # by path: Landlock before its third version lets it through
    "fanotify_init": (300, 262),
    # Landlock does not see changes of what is told about a file.
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    # The kernel's other doors.
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "acct": (163, 89),
    "syslog": (103, 116),
    "personality": (135, 92),
    "vhangup": (153, 58),
    "iopl": (172, None),
    "ioperm": (173, None),
    "lookup_dcookie": (212, 18),
    "memfd_secret": (447, 447),
}


class Architecture(NamedTuple):
    """One column of the tables."""

    audit: int
    column: int
    clone: int
    clone3: int
    socketpair: int
    kill: int
    tgkill: int
    prlimit64: int
    ioctl: int


ARCHITECTURES = {
    "x86_64": Architecture(AUDIT_X86_64, 0, 56, 435, 53, 62, 234, 302, 16),
    "aarch64": Architecture(AUDIT_AARCH64, 1, 220, 435, 199, 129, 131, 261, 29),
}


# Stands for the process's id until there is a process: the rest is the same for all of them.
_PID = 0xA5C3E1F7


def program(machine: str, pid: int) -> bytes:
    """Return the filter (struct sock_filter[]) for a process of that id; KeyError if unknown.

    It may signal and limit itself, start threads, and make socket pairs, and nothing further.
    """
    return template(machine).replace(struct.pack("<I", _PID), struct.pack("<I", pid))


@cache
def template(machine: str) -> bytes:
    """Return the filter of a process whose id is not known yet.

    A fork server makes it once: in each of its forks that would take half a millisecond.
    """
    known, pid = ARCHITECTURES[machine], _PID
    code: list[tuple[int, int, int, int]] = []

    def put(operation: int, value: int, true: int = 0, false: int = 0) -> None:
        code.append((operation, true, false, value))

    def only(number: int, argument: int, *values: int) -> None:
        """Let a call through where the argument is one of the values."""
        put(_EQUAL, number, 0, len(values) + 3)
        put(_LOAD, _ARGUMENTS_AT + 8 * argument)
        for at, value in enumerate(values):
            put(_EQUAL, value, len(values) - at)
        put(_RETURN, _EPERM)
        put(_RETURN, _ALLOW)

    put(_LOAD, _ARCHITECTURE_AT)
    put(_EQUAL, known.audit, 1)
    put(_RETURN, _KILL)
    put(_LOAD, _NUMBER_AT)
    if known.audit == AUDIT_X86_64:
        put(_GREATER_EQUAL, X32, 0, 1)
        put(_RETURN, _KILL)
    put(_GREATER, NEWEST, 0, 1)
    put(_RETURN, _ENOSYS)
    put(_EQUAL, known.clone3, 0, 1)
    put(_RETURN, _ENOSYS)  # the C library falls back to clone, whose flags can be read
    put(_EQUAL, known.clone, 0, 4)
    put(_LOAD, _ARGUMENTS_AT)
    put(_ANY_BIT, _CLONE_THREAD, 1)
    put(_RETURN, _EPERM)
    put(_RETURN, _ALLOW)
    only(known.socketpair, 0, _AF_UNIX)
    only(known.kill, 0, pid)
    only(known.tgkill, 0, pid)
    only(known.prlimit64, 0, 0, pid)
    put(_EQUAL, known.ioctl, 0, 5)
    put(_LOAD, _ARGUMENTS_AT + 8)
    put(_EQUAL, _TIOCSTI, 2)
    put(_EQUAL, _TIOCLINUX, 1)
    put(_RETURN, _ALLOW)
    put(_RETURN, _EPERM)
    for numbers in DENIED.values():
        if (number := numbers[known.column]) is not None:
            put(_EQUAL, number, 0, 1)
            put(_RETURN, _EPERM)
    put(_RETURN, _ALLOW)
    return b"".join(struct.pack("<HBBI", *each) for each in code)
