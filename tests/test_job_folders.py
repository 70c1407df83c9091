"""The folder of each job: whatever one job leaves in it, the next finds it empty and whole."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tiers import need

from ttc.verifiers.sandbox import folders, tiers
from ttc.verifiers.sandbox.inside import tree
from ttc.verifiers.sandbox.inside.limits import Limits
from ttc.verifiers.sandbox.pool import SandboxPool
from ttc.verifiers.sandbox.servers import JobResult, SandboxJob

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no sandbox on Windows")


class Way(NamedTuple):
    """A tier, and whether its folders are mounted."""

    tier: str
    mounted: bool


WAYS = {
    "bwrap": Way("bwrap", mounted=True),
    "bwrap-removed": Way("bwrap", mounted=False),
    "landlock": Way("landlock", mounted=True),
    "landlock-removed": Way("landlock", mounted=False),
    "none": Way("none", mounted=False),
}

# What a job may leave behind. `here` is its folder.
LEFT = {
    "a file": "open('keep', 'w').write('left')",
    "a folder that cannot be listed": "os.mkdir('keep', 0o300); open('keep/x', 'w').write('left')",
    "a folder of no mode": "os.mkdir('keep'); os.mkdir('keep/in', 0o000); os.mkdir('none', 0)",
    "a folder that cannot be written": "os.makedirs('keep/in'); os.mkdir('keep/ro', 0o500)",
    "hidden in hidden": """
for _ in range(150):
    os.mkdir('d', 0o300)
    os.chdir('d')
    open('x', 'w').close()
""",
    "3,500 nested": "for _ in range(3500): os.mkdir('d'); os.chdir('d')",
    "nested with long names": """
for _ in range(900):
    os.mkdir('d' * 255)
    os.chdir('d' * 255)
    open('x', 'w').close()
""",
    "nested two by two": """
for _ in range(600):
    os.mkdir('d'); os.mkdir('e'); os.mkdir('e/0-moved')
    os.chdir('d')
""",
    "nested with long names beside others": """
for _ in range(900):
    os.mkdir('d' * 255); os.mkdir('e' * 255); os.mkdir('f'); os.mkdir('e' * 255 + '/x')
    os.chdir('d' * 255)
""",
    "its current directory": "os.mkdir('d'); os.chdir('d'); os.rmdir(os.getcwd())",
    "an unlinked open file": """
globals()['held'] = open('f', 'w')
os.unlink('f')
held.write('x' * 10 ** 6); held.flush()
""",
    "a mapped file": """
import mmap
with open('f', 'w+b') as file:
    file.write(bytes(1 << 20))
    file.flush()
    globals()['map'] = mmap.mmap(file.fileno(), 1 << 20)
map[:4] = b'left'
os.unlink('f')
""",
    "open folders": "globals()['held'] = [os.open('.', os.O_RDONLY) for _ in range(20)]",
    "links": """
open('f', 'w').close()
for at in range(50): os.link('f', 'l%d' % at)
for to in ('/', '.', '..', '/etc', 'loop', 'dangling'): os.symlink(to, 's' + to.replace('/', '_'))
os.symlink('loop', 'loop'); os.mkdir('d'); os.symlink('..', 'd/up'); os.symlink('../d', 'd/round')
""",
    "names": r"""
names = [b'\xff\xfe', b'\xc3(', b'new\nline', b'-rf', b'--', b'...', b' ', b'\t', b'n' * 255,
         b'0-moved', b'1-moved', b'\x1b[2J', '数'.encode(), b'\xed\xb2\x80', b'~', b'$(x)', b'*']
for name in names:
    os.mkdir(name); open(name + b'/' + name, 'wb').close()
    os.makedirs(name + b'/' + name + b'2'[len(name) > 250:] + b'/x') if len(name) < 250 else None
""",
    "a thread that goes on": """
import threading
def again():
    at = 0
    while True:
        at += 1
        try:
            os.mkdir('t%d' % at); os.rmdir('t%d' % (at - 1))
        except OSError: pass
threading.Thread(target=again, daemon=True).start()
""",
    "processes": """
def again():
    while True:
        try: os.mkdir('keep')
        except OSError: pass
for _ in range(3):
    try:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0: again()
            os._exit(0)
    except OSError: pass
""",
    "sockets": """
import socket
globals()['held'] = [socket.socketpair() for _ in range(5)]
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    try: socket.socket(socket.AF_UNIX, kind).bind('sock%d' % kind)
    except OSError: pass
""",
    "pipes and devices": """
import stat
for name, mode in (('p', stat.S_IFIFO), ('c', stat.S_IFCHR)):
    try: os.mknod(name, mode | 0o600, os.makedev(1, 3))
    except OSError: pass
""",
    "sparse files": "open('s', 'wb').truncate(16 << 20); os.truncate",
    "its own folder, removed": "here = os.getcwd(); os.chdir('/'); os.rmdir(here)",
    "its own folder, replaced": """
here = os.getcwd()
os.rename(here, here + '-away')
os.symlink('/etc', here)
""",
    "another mode of its own folder": "os.chmod('.', 0)",
    "all bytes": """
for at in range(100):
    with open('g%d' % at, 'wb') as file: file.write(bytes(4 << 20))
""",
    "all files": "for at in range(10 ** 5): open('f%d' % at, 'w').close()",
    "all files, hidden": """
os.mkdir('keep', 0o300)
for at in range(10 ** 5): open('keep/f%d' % at, 'w').close()
""",
}
FILLS = ("all bytes", "all files", "all files, hidden")
PROGRAM = """
import os
def f(body):
    try:
        exec(body, {"os": os})
    except OSError as error:
        return [error.errno]
    return []
"""
# An honest program: a temporary file, and room for as much as ever.
LOOK = """
import os, tempfile
def f(much):
    found = [os.listdir("."), os.path.basename(os.getcwd()) != ""]
    for at in range(1000 if much else 5):
        open("n%d" % at, "w").close()
    for at in range(12 if much else 1):
        with open("r%d" % at, "wb") as file: file.write(bytes(4 << 20))
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/x", "w") as file: file.write("x")
        found.append(sorted(os.listdir(folder)))
    with tempfile.NamedTemporaryFile() as file:
        found.append(os.path.dirname(file.name) == os.environ["TMPDIR"] == os.getcwd())
    return found
"""


def job(program: str, body: str = "") -> SandboxJob:
    tests = f"import json\nraise AssertionError(json.dumps(f({body!r})))"
    return SandboxJob(
        "calls", program, {"setup": "", "names": ["f"], "entry": None, "tests": tests}
    )


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in WAYS if name not in tiers.AUTOMATIC]


@pytest.fixture(params=[*tiers.AUTOMATIC, *SLOW])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Way:
    """Each way to have a folder that works here."""
    chosen = WAYS[request.param]
    if chosen.tier != "none":
        need(chosen.tier)
    if not chosen.mounted:
        monkeypatch.setattr(tiers, "mounts", lambda tier, readable, work: [])
    return chosen


@pytest.fixture
def pool(way: Way) -> Iterator[SandboxPool]:
    with SandboxPool(lambda: way.tier, Limits(cpu=3), 1) as opened:
        yield opened


def test_the_next_job_finds_an_empty_folder_with_all_its_room(way: Way, pool: SandboxPool) -> None:
    looks = {name: job(LOOK, "much" if name in FILLS else "") for name in LEFT}
    pairs = [each for name, body in LEFT.items() for each in (job(PROGRAM, body), looks[name])]
    ran = list(pool.run(pairs))
    for name, left, looked in zip(LEFT, ran[::2], ran[1::2], strict=True):
        assert looked.why == "fail", (name, left, looked)
        assert json.loads(looked.detail) == [[], True, ["x"], True], (name, left, looked)
        if name not in FILLS:
            assert left.stopped is None, (name, left)
        elif way.mounted:
            assert json.loads(left.detail) == [28], (name, left)  # ENOSPC
        else:
            assert left.stopped == "disk_limit" or left.why == "fail", (name, left)
    (server,) = pool._idle
    if way.mounted:  # nothing was left, so that it went on
        assert server.served == 2 * len(LEFT)


def test_nothing_of_the_folders_is_left_on_the_machine(way: Way, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path))
        bodies = [LEFT["3,500 nested"], LEFT["hidden in hidden"], LEFT["names"]]
        with SandboxPool(lambda: way.tier, Limits(cpu=3), 1) as opened:
            list(opened.run([job(PROGRAM, body) for body in bodies]))
            made = [path for path in tmp_path.iterdir() if path.name.startswith("ttc-work-")]
            assert len(made) == (way.tier != "bwrap")
    assert set(tmp_path.iterdir()) == before


SHARED = {
    "setup": "import os, tempfile",
    "names": ["f"],
    "entry": None,
    "tests": """
with open("given.txt", "w") as file: file.write("41")
folder = tempfile.mkdtemp()
assert f("given.txt", os.path.join(folder, "out.txt")) is None
assert open(os.path.join(folder, "out.txt")).read() == "42"
assert os.path.samefile(tempfile.gettempdir(), ".")
""",
}
SHARES = """
def f(source, target):
    with open(source) as file: value = int(file.read())
    with open(target, "w") as file: file.write(str(value + 1))
"""


def test_tests_and_program_share_the_folder(pool: SandboxPool) -> None:
    (ran,) = pool.run([SandboxJob("calls", SHARES, SHARED)])
    assert ran.why == "pass", ran


FILE_PROGRAMS = """
import os, shutil, sqlite3, tarfile, tempfile, zipfile, pathlib, shelve, logging
def copied(): open("a", "w").write("x"); return open(shutil.copy("a", "b")).read()
def copied_with_times(): open("a", "w").write("x"); return open(shutil.copy2("a", "b")).read()
def tree():
    os.makedirs("d/e"); open("d/e/f", "w").close(); shutil.copytree("d", "g")
    shutil.rmtree("d"); return [os.listdir("g/e"), os.path.exists("d")]
def zipped():
    open("a", "w").write("x")
    with zipfile.ZipFile("z", "w") as file: file.write("a")
    with zipfile.ZipFile("z") as file: file.extractall("out")
    return os.listdir("out")
def packed():
    open("a", "w").write("x")
    with tarfile.open("t", "w:gz") as file: file.add("a")
    with tarfile.open("t") as file: file.extractall("out")
    return os.listdir("out")
def database():
    made = sqlite3.connect("x.db"); made.execute("create table t (a)"); made.commit()
    made.execute("insert into t values (1)"); made.commit()
    return made.execute("select * from t").fetchall()[0][0]
def shelved():
    with shelve.open("s") as held: held["a"] = 1
    with shelve.open("s") as held: return held["a"]
def touched(): path = pathlib.Path("p"); path.touch(); path.touch(); return path.stat().st_size
def changed(): open("a", "w").close(); os.chmod("a", 0o600); os.utime("a", (1, 1)); return 1
def accessed():
    open("a", "w").close(); os.mkdir("d")
    return [os.access(name, mode) for name in ("a", "d", "none") for mode in (os.R_OK, os.W_OK)]
def temporary():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "x"), "w") as file: file.write("x")
    with tempfile.TemporaryFile() as file: file.write(b"x")
    handle, path = tempfile.mkstemp(); os.close(handle); os.remove(path)
    return os.path.exists(folder)
"""
FILE_TESTS = """
assert copied() == "x" and copied_with_times() == "x"
assert tree() == [["f"], False]
assert zipped() == ["a"] and packed() == ["a"]
assert shelved() == 1
assert touched() == 0 and changed() == 1
assert accessed() == [True] * 4 + [False] * 2
assert temporary() is False
"""


def test_programs_with_files_work(way: Way, pool: SandboxPool) -> None:
    names = re.findall(r"^def (\w+)", FILE_PROGRAMS, re.MULTILINE)
    hidden = way.tier == "landlock" and not way.mounted  # parents of the folder are, to SQLite too
    tests = FILE_TESTS + ("" if hidden else "assert database() == 1\n")
    given = {"setup": "", "names": names, "entry": None, "tests": tests}
    (ran,) = pool.run([SandboxJob("calls", FILE_PROGRAMS, given)])
    assert ran.why == "pass", ran


def test_a_script_has_an_empty_folder_for_each_input(pool: SandboxPool) -> None:
    program = "import os\nprint(sorted(os.listdir('.')))\nopen(input(), 'w').close()"
    (ran,) = pool.run([SandboxJob("script", program, stdin=("a", "b", "c"))])
    assert [one.output for one in ran.runs] == ["[]\n"] * 3


def test_a_judge_imports_nothing_from_the_folder(pool: SandboxPool) -> None:
    """Otherwise a program could run code in the judge's process."""
    program = """
def f():
    for name in ("colorsys", "json", "sitecustomize", "usercustomize", "pytest", "conftest"):
        with open(name + ".py", "w") as file: file.write("raise SystemExit('hijacked')")
"""
    tests = "f()\nimport colorsys, json\nassert colorsys.__file__ and json.dumps(1) == '1'"
    given = {"setup": "", "names": ["f"], "entry": None, "tests": tests}
    (ran,) = pool.run([SandboxJob("calls", program, given)])
    assert ran.why == "pass", ran


@pytest.mark.parametrize("tier", ["landlock", "none"])
def test_no_process_outlives_a_server_that_is_killed(tier: str) -> None:
    if tier != "none":
        need(tier)
    marker = f"{time.time_ns()}"
    body = f"import time, ctypes\nctypes.CDLL(None).prctl(15, b'{marker[-12:]}')\ntime.sleep(60)"
    with SandboxPool(lambda: tier, Limits(cpu=9), 1) as opened:
        opened._give(0, SandboxJob("script", body, stdin=("",)))
        deadline = time.monotonic() + 10
        while not named(marker[-12:]) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert named(marker[-12:])
    deadline = time.monotonic() + 5
    while named(marker[-12:]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not named(marker[-12:])


def named(name: str) -> list[str]:
    """Return the processes of this name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            found += [str(path)] * (path.read_text().strip() == name)
        except OSError:
            continue
    return found


def test_a_server_that_cannot_clean_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root, trusted code can make a file that cannot be removed."""
    if os.geteuid() != 0 or shutil.which("chattr") is None:
        pytest.skip("not root, or no chattr")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sticky = "open('f', 'w').close(); os.system('chattr +i f')"
    with SandboxPool(lambda: "none", Limits(), 1) as opened:
        left, looked = opened.run([job(PROGRAM, sticky), job(LOOK)])
        assert opened._idle[0].served == 1
    kept = list(tmp_path.rglob("f"))
    subprocess.run(["chattr", "-R", "-i", str(tmp_path)], check=False)
    assert left.why == "fail"
    assert json.loads(looked.detail)[0] == []
    assert len(kept) == 1


# By a user who is not root: modes mean nothing to root.
AS_USER = """
import importlib.util, json, os, resource, sys
spec = importlib.util.spec_from_file_location("tree", sys.argv[1])
tree = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tree)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
found = []
for name, body in json.loads(sys.argv[3]).items():
    here = os.path.join(sys.argv[2], "job")
    os.mkdir(here)
    os.chdir(here)
    try:
        exec(body, {"os": os})
    except OSError:
        pass
    os.chdir("/")
    full = tree.exceeds(here, 64 << 20, 4096)
    found.append([name, full, tree.remove(here), os.listdir(sys.argv[2])])
print(json.dumps(found))
"""


@pytest.mark.slow
def test_an_ordinary_user_removes_and_counts_all_of_it() -> None:
    with tempfile.TemporaryDirectory(prefix="ttc-nobody-") as folder:
        os.chmod(folder, 0o755)
        found = as_user(Path(folder))
    for name, full, gone, left in found:
        assert gone, name
        assert left == [], name
        assert full is (name in FILLS), name


def as_user(folder: Path) -> list[tuple[str, bool, bool, list[str]]]:
    """Leave, count and remove everything as an ordinary user."""
    shutil.copy(tree.__file__, folder / "tree.py")
    work = folder / "work"
    work.mkdir()
    user: dict[str, Any] = {}
    python = sys.executable
    if os.geteuid() == 0:
        os.chown(work, 65534, 65534)
        user, python = {"user": 65534}, "/usr/bin/python3"
        if not os.access(python, os.X_OK):
            pytest.skip("no Python of the system")
    apart = ("a thread that goes on", "processes", "its own folder, replaced")
    bodies = {name: body for name, body in LEFT.items() if name not in apart}
    for name in FILLS:  # nobody stops these here
        bodies[name] = bodies[name].replace("10 ** 5", "4500").replace("(100)", "(20)")
    bodies["hard links count once"] = """
with open('f', 'wb') as file: file.write(bytes(4 << 20))
for at in range(100): os.link('f', 'l%d' % at)
"""
    done = subprocess.run(
        [python, "-c", AS_USER, str(folder / "tree.py"), str(work), json.dumps(bodies)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **user,
    )
    assert done.returncode == 0, done.stderr
    found: list[tuple[str, bool, bool, list[str]]] = json.loads(done.stdout)
    return found


def test_folders_of_killed_runs_are_removed_and_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    live = folders.WorkFolder()
    killed, young, linked = (tmp_path / f"ttc-work-{name}" for name in ("a", "b", "c"))
    (killed / "jobs" / "1").mkdir(parents=True, mode=0o300)
    young.mkdir()
    (tmp_path / "theirs").mkdir()
    linked.symlink_to(tmp_path / "theirs")
    old = time.time() - 3600
    for path in (Path(live.path).parent, killed):
        os.utime(path, (old, old))
    folders.WorkFolder().close()
    assert not killed.exists()
    assert Path(live.path).exists()
    assert young.exists()
    assert linked.exists()
    live.close()
    assert not Path(live.path).parent.exists()


FLOODS = {
    "16 MiB are kept": ("print('x' * ((16 << 20) - 1))", None, 16 << 20),
    "more are not": ("print('x' * (16 << 20))", "output_limit", 16 << 20),
    "of each stream": (
        "import sys\nsys.stdout.write('x' * (10 << 20)); sys.stderr.write('e' * (10 << 20))",
        None,
        10 << 20,
    ),
    "errors too": ("import sys\nwhile True: sys.stderr.write('e' * 65536)", "output_limit", 0),
}


@pytest.mark.parametrize("tier", ["bwrap", "landlock"])
def test_the_output_limit_is_16_mib_and_told(tier: str) -> None:
    need(tier)
    with SandboxPool(lambda: tier, Limits(), 1) as opened:
        ran = list(opened.run([SandboxJob("script", body, stdin=("",)) for body, _, _ in
                               FLOODS.values()]))  # fmt: skip
    for (name, (_, stopped, size)), each in zip(FLOODS.items(), ran, strict=True):
        (one,) = each.runs
        assert (one.stopped, len(one.output)) == (stopped, size), name
        assert one.detail == ("more than 16 MiB of output" if stopped else ""), name
        assert len(one.errors) <= 8192


def test_a_wrong_output_is_not_followed_by_more(monkeypatch: pytest.MonkeyPatch) -> None:
    need("landlock")
    given: list[JobResult] = []
    program = "print('x' * (1 << 20))"
    inputs = ("",) * 50
    with SandboxPool(lambda: "landlock", Limits(), 1) as opened:
        jobs = [SandboxJob("script", program, stdin=inputs, accepts=lambda at, _: at < 2)]
        given += opened.run(jobs)
    assert len(given[0].runs) == 3


def test_memory_for_output_is_used_as_it_is_needed_and_returned() -> None:
    need("landlock")
    with SandboxPool(lambda: "landlock", Limits(), 1) as opened:

        def resident() -> int:
            status = Path(f"/proc/{opened._idle[0]._started.process.pid}/status").read_text()
            return int(status.partition("VmRSS:")[2].split()[0]) << 10

        quiet = SandboxJob("script", "print(1)", stdin=("",))
        loud = SandboxJob("script", "print('x' * (15 << 20))", stdin=("",))
        list(opened.run([quiet]))
        before = resident()
        list(opened.run([loud]))
        assert len(opened._idle) == 1
        assert resident() - before < 4 << 20


def test_results_that_wait_hold_little_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first job is slow, others that print much may not fill the memory."""
    need("landlock")
    asked = 0

    def jobs() -> Iterator[SandboxJob]:
        nonlocal asked
        for at in range(30):
            asked += 1
            body = "print('x' * (8 << 20))" if at else "import time\ntime.sleep(2)"
            yield SandboxJob("script", body, stdin=("",))

    with SandboxPool(lambda: "landlock", Limits(cpu=3), 2) as opened:
        results = opened.run(jobs())
        next(results)
        assert asked <= 12
        assert len(list(results)) == 29


def test_nothing_but_the_folder_can_be_written_even_without_landlock() -> None:
    need("bwrap")
    places = ["/", "/dev", "/dev/shm", "/run", "/usr", "/proc"]
    program = f"""
import errno, os
def f(_):
    found = []
    for place in {places}:
        try:
            os.mkdir(place + "/keep")
            found.append("made")
        except OSError as error:
            found.append(errno.errorcode[error.errno])
    return found
"""
    with SandboxPool(lambda: "bwrap", Limits(), 1) as opened:
        (ran,) = opened.run([job(program)])
    assert json.loads(ran.detail) == ["EROFS"] * 5 + ["ENOENT"]
