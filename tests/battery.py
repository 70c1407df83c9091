"""Attacks on what lies outside a sandbox, and its victims, who say whether they were harmed.

Where a sandbox fails, an attack reaches a victim of this file's making and nothing else: nothing
here signals, changes or ends what others started. Runs as a program too, for another user:
`python battery.py TIER` prints what got out.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import platform
import resource
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from ttc.verifiers.sandbox import tiers
from ttc.verifiers.sandbox.inside import confine, syscalls
from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.pool import SandboxPool
from ttc.verifiers.sandbox.servers import SandboxJob

SECRET = "open sesame"
MADE = 0x7C7C  # the key of what attacks make
COLUMN = {"x86_64": 0, "aarch64": 1}.get(platform.machine(), 0)
NUMBERS = {
    name: numbers[COLUMN]
    for table in (
        syscalls.DENIED,
        syscalls.UNSUPPORTED,
        syscalls.UNKNOWN,
        syscalls.RULED,
        syscalls.TOLD,
    )
    for name, numbers in table.items()
    if numbers[COLUMN] is not None
}

PRELUDE = '''
import array, ctypes, fcntl, json, mmap, os, resource, signal, socket, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)

def call(name, *args):
    """Make a system call by its number; OSError if it fails."""
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    result = libc.syscall(ctypes.c_long(w["n"][name]), *given)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result

def refused(name):
    """Return if a call is not refused as such, but for its arguments: addresses that are none."""
    try:
        call(name, -1, -1, -1, -1, -1)
    except OSError as error:
        if error.errno in (1, 38):
            raise

def machine_code(code):
    """Run bytes as a function."""
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(code)
    at = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(ctypes.c_long)(at)()

class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]

class Message(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("length", ctypes.c_uint), ("iov", ctypes.c_void_p),
                ("count", ctypes.c_size_t), ("control", ctypes.c_void_p),
                ("controls", ctypes.c_size_t), ("flags", ctypes.c_int), ("sent", ctypes.c_uint)]

def address(path):
    return struct.pack("@H", 1) + path.encode() + b"\\0"

def message(path):
    name, data = ctypes.create_string_buffer(address(path)), ctypes.create_string_buffer(b"x")
    vector = Vector(ctypes.addressof(data), 1)
    made = Message(ctypes.addressof(name), 2 + len(path), ctypes.addressof(vector), 1)
    made.keep = name, data, vector
    return made
'''

_ADMINISTRATION = """
    swapon swapoff reboot sethostname setns mount umount2 chroot pivot_root fsopen open_tree
    move_mount init_module kexec_load settimeofday add_key request_key
"""
# Each is a function's body: one that comes to its end has got through.
ATTACKS: dict[str, str] = {
    # Sockets.
    "datagram by path": "socket.socketpair(1, 2)[0].sendto(b'x', w['mailbox'])",
    "datagram by name": "socket.socketpair(1, 2)[0].sendto(b'x', w['abstract'])",
    "datagram of a stream": "socket.socketpair()[0].sendto(b'x', w['mailbox'])",
    "sequenced packets": "socket.socketpair(1, 5)[0].sendto(b'x', w['mailbox'])",
    "raw sendto": "a = address(w['mailbox']); s = socket.socketpair()[0]\n"
    "call('sendto', s.fileno(), b'x', 1, 0, a, len(a) - 1)",
    "a descriptor by path": "socket.socketpair()[0].sendmsg([b'x'], [(1, 1, array.array('i', [0]))]"
    ", 0, w['mailbox'])",
    "raw sendmsg": "m = message(w['mailbox']); s = socket.socketpair()[0]\n"
    "call('sendmsg', s.fileno(), ctypes.byref(m), 0)",
    "raw sendmmsg": "m = message(w['mailbox']); s = socket.socketpair()[0]\n"
    "call('sendmmsg', s.fileno(), ctypes.byref(m), 1, 0)",
    "a stream by path": "socket.socket(1, 1).connect(w['listener'])",
    "connect a pair": "socket.socketpair()[0].connect(w['listener'])",
    **{
        f"socket family {family}": f"socket.socket({family}, {kind})"
        for family, kind in ((2, 1), (2, 2), (10, 1), (16, 3), (17, 3), (38, 5), (40, 1))
    },
    # System V and POSIX queues.
    "attach memory": "call('shmat', w['shm'], 0, 0)",
    "look at memory": "call('shmctl', w['shm'], 2, ctypes.create_string_buffer(256))",
    "remove memory": "call('shmctl', w['shm'], 0, 0)",
    "make memory": f"call('shmget', {MADE}, 4096, 0o1600)",
    "send a message": "call('msgsnd', w['msg'], struct.pack('@l8s', 1, b'x'), 8, 0o4000)",
    "take a message": "call('msgrcv', w['msg'], ctypes.create_string_buffer(64), 16, 0, 0o4000)",
    "remove a queue": "call('msgctl', w['msg'], 0, 0)",
    "use a semaphore": "call('semop', w['sem'], struct.pack('@Hhh', 0, -1, 0o4000), 1)",
    "use it in time": "call('semtimedop', w['sem'], struct.pack('@Hhh', 0, -1, 0o4000), 1, 0)",
    "set a semaphore": "call('semctl', w['sem'], 0, 16, 9)",
    "remove a semaphore": "call('semctl', w['sem'], 0, 0, 0)",
    "open a queue": "call('mq_open', b'ttc-battery', 2, 0, 0)",
    "make a queue": "call('mq_open', b'ttc-battery-2', 0o102, 0o600, 0)",
    "unlink a queue": "call('mq_unlink', b'ttc-battery')",
    # Other processes.
    "priority": "os.setpriority(os.PRIO_PROCESS, w['victim'], 19)",
    "priority of a group": "os.setpriority(os.PRIO_PGRP, os.getpgid(0), 5)",
    "processors": "os.sched_setaffinity(w['victim'], {w['processor']})",
    "scheduler": "os.sched_setscheduler(w['victim'], os.SCHED_IDLE, os.sched_param(0))",
    "disk priority": "call('ioprio_set', 1, w['victim'], 3 << 13)",
    "limits": "resource.prlimit(w['victim'], resource.RLIMIT_NPROC, (1, 1))",
    "its limits told": "resource.prlimit(w['victim'], resource.RLIMIT_NPROC)",
    "its group": "os.getpgid(w['victim'])",
    "its session": "os.getsid(w['victim'])",
    "its processors": "os.sched_getaffinity(w['victim'])",
    "its clock": "time.clock_gettime(~w['victim'] << 3 | 2)",
    "its robust list": "b = ctypes.create_string_buffer(16)\n"
    "call('get_robust_list', w['victim'], b, b)",
    "owner of signals": "a, b = os.pipe(); fcntl.fcntl(a, 8, w['victim'])\n"
    "fcntl.fcntl(a, 10, 9); fcntl.fcntl(a, 4, 0o20000); os.write(b, b'x'); time.sleep(0.05)",
    "owner by structure": "fcntl.fcntl(os.pipe()[0], 15, struct.pack('@ii', 1, w['victim']))",
    "signal of a pipe": "fcntl.fcntl(os.pipe()[0], 10, 9)",
    "owner of a socket": "s = socket.socketpair()\n"
    "fcntl.ioctl(s[0], 0x8901, struct.pack('@i', w['victim']))",
    "group of a socket": "s = socket.socketpair()\n"
    "fcntl.ioctl(s[0], 0x8902, struct.pack('@i', w['victim']))",
    "signals when ready": "fcntl.ioctl(socket.socketpair()[0], 0x5452, struct.pack('@i', 1))",
    "kill": "os.kill(w['victim'], 9)",
    "all others": "os.kill(-1, 0)",
    "its group by signal": "os.killpg(w['victim'], 0)",
    "kill a thread": "call('tgkill', w['victim'], w['victim'], 9)",
    "kill by thread": "call('tkill', w['victim'], 9)",
    "queue a signal": "call('rt_sigqueueinfo', w['victim'], 9, struct.pack('@iii116x', 9, 0, -1))",
    "a handle": "call('pidfd_open', w['victim'], 0)",
    "memory of it": "call('process_vm_readv', w['victim'], 0, 0, 0, 0, 0)",
    "pages of it": "call('move_pages', w['victim'], 0, 0, 0, 0, 0)",
    "trace it": "call('ptrace', 16, w['victim'], 0, 0)",
    "compare": "call('kcmp', w['victim'], os.getpid(), 0, 0, 0)",
    "sleep by its clock": "call('clock_nanosleep', ~w['victim'] << 3 | 2, 0, bytes(16), 0)",
    "timer of its clock": "b = ctypes.create_string_buffer(8)\n"
    "call('timer_create', ~w['victim'] << 3 | 2, 0, b)",
    "its capabilities": "b = ctypes.create_string_buffer(24)\n"
    "call('capget', struct.pack('@Ii', 0x20080522, w['victim']), b)",
    "share a core": "call('prctl', 62, 2, w['victim'], 0, 0)",
    "be traced": "call('prctl', 4, 1, 0, 0, 0)",
    "be the tracer's choice": "call('prctl', 0x59616d61, -1, 0, 0, 0)",
    "a filter of one's own": "call('prctl', 22, 2, -1, 0, 0)",
    "a filter with a listener": "call('seccomp', 2, 0, 0)",
    "wait for all processors": "call('membarrier', 1, 0, 0)",
    # What is told of files, and files by other ways.
    "size": "return os.stat(w['secret']).st_size",
    "size of a link": "return os.lstat(w['link']).st_size",
    "size by descriptor": "return os.fstat(os.open(w['secret'], os.O_PATH)).st_size",
    "size, empty path": "b = ctypes.create_string_buffer(256)\n"
    "call('newfstatat', -100, w['secret'].encode(), b, 0x1000)",
    "size by statx": "b = ctypes.create_string_buffer(256)\n"
    "call('statx', -100, w['secret'].encode(), 0, 0x7ff, b)",
    "size from a folder": "os.chdir(os.path.dirname(w['secret'])); return os.stat('secret')",
    "access": "call('faccessat', -100, w['secret'].encode(), 4)",
    "target": "return os.readlink(w['link'])",
    "attributes": "return os.getxattr(w['secret'], 'user.ttc')",
    "list of attributes": "return os.listxattr(w['secret'])",
    "disk": "return os.statvfs(w['secret'])",
    "disk of the system": "return os.statvfs('/usr')",
    "watch": "call('inotify_init1', 0)",
    "watch by lease": "fcntl.fcntl(os.open(w['shared'], 0), 1024, 0)",
    "watch a folder": "fcntl.fcntl(os.open(os.path.dirname(w['shared']), 0), 1026, 2)",
    # A lock, a mode and times are only pretended: whether they are set is seen at the victim.
    "lock": "fcntl.flock(os.open(w['shared'], 0), fcntl.LOCK_EX | fcntl.LOCK_NB); raise OSError",
    "handle of a file": "b = ctypes.create_string_buffer(200); b[0] = 128\n"
    "call('name_to_handle_at', -100, w['secret'].encode(), b, b, 0)",
    "openat2": "call('openat2', -100, w['secret'].encode(), bytes(24), 24)",
    "mounts": "call('listmount', 0, 0, 0, 0)",
    "flags of a file": "b = ctypes.create_string_buffer(64)\n"
    "call('file_getattr', -100, w['secret'].encode(), b, 24, 0)",
    "read": "return open(w['secret']).read()",
    "read from a folder": "os.chdir(os.path.dirname(w['secret'])); return open('secret').read()",
    "read the home": "return open(w['key']).read()",
    "read the store": "return open(w['store'], 'rb').read()",
    "list the home": "return os.listdir(os.path.dirname(os.path.dirname(w['key'])) + '/.ssh')",
    "write": "open(w['secret'], 'w').write('x')",
    "truncate": "os.truncate(w['secret'], 0)",
    "link": "os.link(w['secret'], w['secret'] + '-2')",
    "rename": "os.rename(w['secret'], w['secret'] + '-2')",
    "mode": "os.chmod(w['secret'], 0o777); raise OSError",
    "times": "os.utime(w['secret'], (1, 1)); raise OSError",
    # The machine, memory and time.
    "memory beside": "os.write(os.memfd_create('x'), b'x')",
    "secret memory": "call('memfd_secret', 0)",
    "large buffers": "socket.socketpair()[0].setsockopt(1, 7, 1 << 22)",
    "filter of a socket": "socket.socketpair()[0].setsockopt(1, 26, bytes(16))",
    "a large pipe": "fcntl.fcntl(os.pipe()[0], 1031, 1 << 20)",
    "locked memory": "if libc.mlock(ctypes.create_string_buffer(1 << 20), 1 << 20): raise OSError",
    "sync": "call('sync')",
    "sync a disk": "call('syncfs', os.open(w['shared'], 0))",
    "sync a range": "call('sync_file_range', os.open(w['shared'], 0), 0, 0, 7)",
    "asynchronous io": "b = ctypes.create_string_buffer(8); call('io_setup', 1, b)",
    "io_uring": "call('io_uring_setup', 1, ctypes.create_string_buffer(120))",
    "events": "call('perf_event_open', ctypes.create_string_buffer(128), 0, -1, -1, 0)",
    "page faults": "call('userfaultfd', 1)",
    "keys": "call('keyctl', 0, -3, 1)",
    "bpf": "call('bpf', 0, ctypes.create_string_buffer(128), 128)",
    "segments": "call('modify_ldt', 0, ctypes.create_string_buffer(64), 64)",
    "rules": "call('landlock_create_ruleset', 0, 0, 1)",
    "quotas": "call('quotactl', 0, b'/', 0, 0)",
    # Refused before their arguments are looked at, which are none that could do anything.
    **{name: f"refused({name!r})" for name in _ADMINISTRATION.split()},
    # Processes.
    "fork": "os.fork() or os._exit(0)",
    "vfork": "call('vfork') or os._exit(0)",
    "clone": "call('clone', 17, 0, 0, 0, 0) or os._exit(0)",
    "clone3": "call('clone3', struct.pack('@11Q', 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0), 88)"
    " or os._exit(0)",
    "clone with namespaces": "call('clone', 0x10000000 | 17, 0, 0, 0, 0) or os._exit(0)",
    "exec": "os.execv('/bin/sh', ['sh', '-c', 'exit 0'])",
}
# What ends the process that tries it, if it is held.
FATAL: dict[str, str] = {
    "32-bit calls": "return machine_code(bytes.fromhex('b814000000cd80c3'))",  # getpid by int 0x80
    "x32 calls": "return machine_code(bytes.fromhex('b8270000400f05c3'))",  # getpid of x32
    "size without a handler": "libc.signal(31, None)\nreturn os.stat(w['secret']).st_size",
    "size with signals blocked": "signal.pthread_sigmask(0, {31})\nreturn os.stat(w['secret'])[6]",
}

# Threads are counted by the kernel (bwrap, an ordinary user) or by the server.
COUNTED: dict[str, str] = {
    "threads": """threading.stack_size(32768)
go, started = threading.Event(), []
try:
    while len(started) <= 256:
        started.append(threading.Thread(target=go.wait, daemon=True))
        started[-1].start()
    time.sleep(0.5)
except RuntimeError:
    raise OSError from None
finally:
    go.set()
    assert len(started) > 8"""
}


class World:
    """Victims of all kinds, outside of any sandbox."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.secret = folder / "secret"
        self.secret.write_text(SECRET)
        (folder / "link").symlink_to(SECRET)
        self.key = folder / "home" / ".ssh" / "id_rsa"
        self.key.parent.mkdir(parents=True)
        self.key.write_text(SECRET)
        self.store = folder / "ttc.db"
        self.store.write_text(SECRET)
        self.before = self.secret.stat()
        self.mailbox = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.mailbox.bind(str(folder / "mailbox"))
        self.abstract = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.abstract.bind(f"\0ttc-battery-{os.getpid()}")
        self.listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        self.listener.bind(str(folder / "listener"))
        self.listener.listen()
        for each in (self.mailbox, self.abstract, self.listener):
            each.setblocking(False)
        self.process = subprocess.Popen(["sleep", "120"], env={"TTC_SECRET": SECRET})
        stack.callback(self.process.wait)
        stack.callback(self.process.kill)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.shm = self._libc.shmget(0, 4096, 0o1600)
        self.msg = self._libc.msgget(0, 0o1600)
        self.sem = self._libc.semget(0, 1, 0o1600)
        stack.callback(self._libc.shmctl, self.shm, 0, None)
        stack.callback(self._libc.msgctl, self.msg, 0, None)
        stack.callback(self._libc.semctl, self.sem, 0, 0)
        assert min(self.shm, self.msg, self.sem) >= 0
        self._libc.semctl(self.sem, 0, 16, ctypes.c_int(3))
        self._libc.msgsnd(self.msg, b"\1" + bytes(7) + SECRET.encode(), len(SECRET), 0)
        self._was = self._state()

    @property
    def told(self) -> dict[str, Any]:
        """What the attacks know: where their victims are."""
        return {
            "n": NUMBERS,
            "secret": str(self.secret),
            "link": str(self.secret.with_name("link")),
            "key": str(self.key),
            "store": str(self.store),
            "shared": os.__file__,
            "mailbox": self.mailbox.getsockname(),
            "abstract": f"\0ttc-battery-{os.getpid()}",
            "listener": self.listener.getsockname(),
            "victim": self.process.pid,
            "processor": min(os.sched_getaffinity(0)),
            "shm": self.shm,
            "msg": self.msg,
            "sem": self.sem,
        }

    def _state(self) -> dict[str, Any]:
        """Return what an attack on a victim would change."""
        pid = self.process.pid
        queued = ctypes.create_string_buffer(256)
        status = Path(f"/proc/{pid}/status").read_text().split("\n")
        found = self.secret.stat()
        return {
            "alive": self.process.poll(),
            "nice": [os.getpriority(os.PRIO_PROCESS, each) for each in (pid, os.getpid())],
            "processors": sorted(os.sched_getaffinity(pid)),
            "scheduler": os.sched_getscheduler(pid),
            "limits": resource.prlimit(pid, resource.RLIMIT_NPROC),
            "signals": [line for line in status if line.startswith(("ShdPnd", "Tracer"))],
            "semaphore": self._libc.semctl(self.sem, 0, 12),
            "memory": self._libc.shmctl(self.shm, 2, queued),
            "attached": bytes(queued[88:96]),
            "queue": self._libc.msgctl(self.msg, 2, queued),
            "queued": bytes(queued[80:88]),
            "files": sorted(os.listdir(self.secret.parent)),
            "file": (found.st_mode, found.st_size, found.st_mtime_ns, found.st_nlink),
            "text": self.secret.read_text() + self.key.read_text() + self.store.read_text(),
            "queues": self._ids("msg") + self._ids("shm") + self._ids("sem"),
        }

    def _ids(self, kind: str) -> list[str]:
        """Return the victims of one kind, and what attacks have made; others make some as well."""
        with open(f"/proc/sysvipc/{kind}") as table:
            found = [line.split()[:2] for line in table][1:]
        victim = str(getattr(self, kind))
        return sorted(number for key, number in found if number == victim or int(key) == MADE)

    def harm(self) -> list[str]:
        """Return what has happened to the victims."""
        now = self._state()
        found = [f"{name}: {self._was[name]} became {now[name]}" for name in now
                 if now[name] != self._was[name]]  # fmt: skip
        for name, each in (("mailbox", self.mailbox), ("abstract", self.abstract)):
            with suppress(BlockingIOError):
                found.append(f"{name} got {each.recv(100)!r}")
        with suppress(BlockingIOError):
            self.listener.accept()
            found.append("the listener was connected to")
        with open(os.__file__) as shared:
            try:
                fcntl.flock(shared, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                found.append(f"a file of all is locked: {error}")
        return found


def program(attacks: dict[str, str]) -> str:
    """Return a program whose `f(w)` tries attacks and returns those that came to their end."""
    parts = [PRELUDE]
    for at, body in enumerate(attacks.values()):
        lines = "".join(f"    {line}\n" for line in body.split("\n"))
        parts.append(f"def attack{at}():\n{lines}    return 'done'\n")
    names = "{" + ", ".join(f"{name!r}: attack{at}" for at, name in enumerate(attacks)) + "}"
    parts.append(
        f"def f(given):\n    global w\n    w, worked = given, []\n"
        f"    for name, act in {names}.items():\n"
        "        try:\n            act()\n            worked.append(name)\n"
        "        except (OSError, KeyError, ValueError, OverflowError):\n            pass\n"
        "    return worked\n"
    )
    return "".join(parts)


def run(tier: str) -> list[str]:
    """Attack from inside a tier; return what got through, as attackers and victims say."""
    if tier not in ("bwrap", "landlock"):
        raise ValueError(f"{tier} is no sandbox, and the attacks run in one only")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ttc-battery-")))
        world = World(stack, folder)
        pool = stack.enter_context(SandboxPool(lambda: tier, Limits(cpu=5.0, memory=512 << 20), 1))
        given = json.dumps(world.told)

        def job(attacks: dict[str, str]) -> SandboxJob:
            tests = f"import json\nraise AssertionError(json.dumps(f(json.loads({given!r}))))"
            named = {"setup": "", "names": ["f"], "tests": tests, "entry": None}
            return SandboxJob("calls", program(attacks), named)

        fatal = [{name: body} for name, body in FATAL.items() if platform.machine() == "x86_64"]
        ran = list(pool.run(job(each) for each in (ATTACKS, *fatal, COUNTED)))
        time.sleep(0.1)
        found = world.harm()
        if ran[0].why != "fail":
            found.append(f"the attacks did not run: {ran[0]}")
        else:
            found += [ran[0].detail] if ran[0].detail != "[]" else []
        if not (ran[-1].stopped == "thread_limit" or ran[-1].detail == "[]"):
            found.append(f"threads: {ran[-1]}")
        for each, one in zip(fatal, ran[1:-1], strict=True):
            if one.why == "fail" and one.detail != "[]":
                found.append(one.detail)
            elif one.why not in ("fail", "gone"):
                found.append(f"{each} did not run: {one}")
        return found


def run_on(abi: int) -> list[str]:
    """Attack from a process confined as in the tier landlock, by an old version of Landlock."""
    confine.NEWEST_ABI = abi
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ttc-battery-")))
        world = World(stack, folder)
        given = world.told
        reads, writes = os.pipe()
        if (pid := os.fork()) == 0:
            said = ["it did not run"]
            try:
                os.setsid()
                confinement = confine.Confinement(tiers.readable_paths(), [], hides=True)
                assert f"landlock {abi}" in confinement.layers
                namespace: dict[str, Any] = {}
                confinement.confine(Limits(cpu=5.0))
                exec(program(ATTACKS), namespace)
                said = namespace["f"](given)
            finally:
                os.write(writes, json.dumps(said).encode())
                os._exit(0)
        os.close(writes)
        with open(reads, "rb") as told:
            found: list[str] = json.loads(told.read())
        os.waitpid(pid, 0)
        time.sleep(0.1)
        return found + world.harm()


if __name__ == "__main__":
    wanted = sys.argv[1]
    print(json.dumps(run_on(int(wanted)) if wanted.isdigit() else run(wanted)))
