"""The attacks of the self-test, and the victims they are tried on."""

from __future__ import annotations

import ctypes
import os
import secrets
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from ttc import paths
from ttc.verifiers.sandbox import interpreter

# Returns the names of the attacks that worked. None of them does harm if it works.
ATTACK = """
import ctypes, fcntl, os, socket

def attack(given):
    folder, port, victim = given["folder"], given["port"], given["victim"]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_ssize_t
    secret = os.path.join(folder, "secret")
    def done(result):
        if result < 0:
            raise OSError(ctypes.get_errno(), "")
    def write():
        with open(os.path.join(folder, "written"), "w") as file:
            file.write("x")
    def read():
        with open(secret) as file:
            file.read()
    def connect():
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    def datagrams():
        socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    def send_to():
        for pair in (socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM), socket.socketpair()):
            for address in given["datagrams"]:
                pair[0].sendto(b"x", address)
    def descriptors():
        right = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, (0).to_bytes(4, "little"))]
        socket.socketpair()[0].sendmsg([b"x"], right)
    def fork():
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    def start():
        os.posix_spawn("/bin/true", ["true"], {})
    def signal():
        os.kill(victim, 0)
    def owner():
        fcntl.fcntl(os.pipe()[0], 8, victim)
    def owner_of_socket():
        fcntl.ioctl(socket.socketpair()[0], 0x8901, victim.to_bytes(4, "little"))
    def priority():
        os.setpriority(os.PRIO_PROCESS, victim, given["nice"])
    def processors():
        os.sched_setaffinity(victim, given["processors"])
    def limits():
        import resource
        resource.prlimit(victim, resource.RLIMIT_NOFILE)
    def environment():
        with open("/proc/%d/environ" % victim, "rb") as file:
            file.read()
    def parent():
        with open("/proc/%d/environ" % os.getppid(), "rb") as file:
            file.read()
    def shared_memory():
        done(libc.shmat(given["shm"], None, 0o10000))
    def messages():
        done(libc.msgsnd(given["msg"], b"\\1" * 16, 1, 0o4000))
    def semaphores():
        done(libc.semctl(given["sem"], 0, 12))
    def queues():
        done(libc.mq_open(b"/ttc-probe", 0o102, 0o600, None))
    def watch():
        done(libc.inotify_init1(0))
    def memory():
        done(libc.memfd_create(b"x", 0))
    def disks():
        done(libc.syncfs(os.open("/usr", os.O_RDONLY)))
    def size():
        os.stat(secret)
    def size_by_descriptor():
        os.fstat(os.open(secret, os.O_PATH))
    def link():
        os.readlink(os.path.join(folder, "link"))
    acts = [write, read, connect, datagrams, send_to, descriptors, fork, start, signal, owner]
    acts += [owner_of_socket, priority, processors, limits, environment, parent, watch, memory]
    acts += [disks] + [shared_memory, messages, semaphores, queues] * ("shm" in given)
    acts += [size, size_by_descriptor, link] * given["hides"]
    def look(path):
        try:
            os.listdir(path)
        except NotADirectoryError:
            with open(path, "rb") as file:
                file.read(1)
    tried = [(act.__name__.replace("_", " "), act) for act in acts]
    tried += [("reading " + path, lambda path=path: look(path)) for path in given["private"]]
    worked = []
    for name, act in tried:
        try:
            act()
            worked.append(name)
        except (OSError, ValueError, AttributeError):
            pass
    return worked
"""
_MOST = 100  # entries that are tried in each of the caller's folders


class Victims:
    """Files, sockets and other objects that a sandboxed program must not reach; `given` is the
    attack's argument, which names them."""

    def __init__(self, stack: ExitStack, folder: Path, readable: list[str], *, hides: bool) -> None:
        self.folder = folder
        (folder / "secret").write_text("secret")
        (folder / "link").symlink_to("secret")
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._mailboxes = [stack.enter_context(each) for each in _mailboxes(folder)]
        self.given: dict[str, Any] = {
            "folder": str(folder),
            "port": listener.getsockname()[1],
            "victim": os.getpid(),
            "nice": os.getpriority(os.PRIO_PROCESS, 0),
            "private": list(private(readable)),
            "hides": hides,
            "datagrams": [os.fsdecode(each.getsockname()) for each in self._mailboxes],
        }
        if hasattr(os, "sched_getaffinity"):
            self.given["processors"] = sorted(os.sched_getaffinity(0))
        if sys.platform.startswith("linux"):
            self.given |= _system_v(stack)

    def harmed(self) -> str | None:
        """Return the harm done to a victim, or None."""
        if (self.folder / "written").exists():
            return "a file outside could be written"
        for mailbox in self._mailboxes:
            with suppress(BlockingIOError):
                mailbox.recv(1)
                return "a datagram got out"
        return None


def _mailboxes(folder: Path) -> Iterator[socket.socket]:
    names = [str(folder / "datagrams")]
    if sys.platform.startswith("linux"):
        names.append(f"\0ttc-probe-{secrets.token_hex(8)}")
    for name in names:
        mailbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        mailbox.setblocking(False)
        mailbox.bind(name)
        yield mailbox


def _system_v(stack: ExitStack) -> dict[str, int]:
    """Create a System V object of each kind for the time of the probe, and return their ids."""
    libc = ctypes.CDLL(None)
    private, create, remove = 0, 0o1600, 0
    makers: dict[str, tuple[Callable[[], int], Callable[[int], int]]] = {
        "shm": (lambda: libc.shmget(private, 4096, create), lambda n: libc.shmctl(n, remove, None)),
        "msg": (lambda: libc.msgget(private, create), lambda n: libc.msgctl(n, remove, None)),
        "sem": (lambda: libc.semget(private, 1, create), lambda n: libc.semctl(n, 0, remove)),
    }
    made = {}
    for name, (make, end) in makers.items():
        made[name] = number = make()
        if number >= 0:
            stack.callback(end, number)
    return made


def private(readable: list[str]) -> Iterator[str]:
    """Yield the paths in the caller's home, working folder and store that no program may read.

    In the system's folders, which every program may read, only files that other users cannot read.
    """
    store = Path(os.environ.get("TTC_DB") or paths.default_database())
    folders = [Path.home(), Path(os.path.expanduser("~")), Path.cwd(), store.absolute().parent]
    if store.exists():
        yield os.path.realpath(store)
    for folder in dict.fromkeys(Path(os.path.realpath(each)) for each in folders):
        if folder == Path("/"):
            continue
        found: list[str] = []
        with suppress(OSError):
            found = sorted(os.listdir(folder))[:_MOST]
        for path in (str(folder / name) for name in found):
            if not _open_to_all(path, readable):
                yield path


def _open_to_all(path: str, readable: list[str]) -> bool:
    """Return whether programs may read a path or the target of its link."""
    real = os.path.realpath(path)
    if any(interpreter.within(each, [real, path]) for each in readable):
        return True
    if not interpreter.within(real, interpreter.system()):
        return interpreter.within(real, readable)
    try:
        return bool(os.stat(real).st_mode & 0o004)
    except OSError:
        return True
