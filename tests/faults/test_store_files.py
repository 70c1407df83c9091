"""The store's file in every bad state: exit 6, the file untouched, the remedy named."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc

from ttc.store import database
from ttc.store.database import file_system
from ttc.store.schema import APPLICATION_ID, MIGRATIONS

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

Start = Callable[..., "subprocess.Popen[str]"]
Problems = Callable[..., Path]
Refused = Callable[..., str]
Found = Callable[..., set[tuple[Any, ...]]]

MODEL = "scripted:answers=18*3/20*1,tokens=5-9"
COMMANDS: dict[str, tuple[str, ...]] = {
    "sample": ("sample", "data.jsonl", "-q", "-n", "3", "--pool", "p", "-m", MODEL),
    "dry-run": ("sample", "data.jsonl", "-q", "--dry-run", "--pool", "p", "-m", MODEL),
    "solve": ("solve", "What?", "-q", "-n", "2", "-m", MODEL),
    "verify": ("verify", "p", "-q", "-V", "numeric"),
    "sweep": ("sweep", "p", "-q"),
    "ls": ("ls",),
    "show": ("show", "p"),
}
WRITING = ("sample", "solve", "verify")
READING = ("dry-run", "sweep", "ls", "show")


@pytest.fixture
def store(ttc: Ttc, problems: Problems, database: Path) -> Path:
    """A store with a pool `p` that has verdicts; one whole file."""
    problems()
    assert ttc("sample", "data.jsonl", "-n", "2", "--pool", "p", "-m", MODEL).returncode == 0
    assert ttc("verify", "p", "-V", "numeric", "--json").returncode == 0
    assert not database.with_name("ttc.db-wal").exists()
    return database


def _flip_schema(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for at in range(100, 1000):
        data[at] ^= 0xFF
    path.write_bytes(data)


def _flip_header(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[:16] = bytes(byte ^ 0xFF for byte in data[:16])
    path.write_bytes(data)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _truncate_to_a_stump(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:700])


def _text(path: Path) -> None:
    path.write_text('{"problem":"a","text":"18"}\n' * 400, encoding="utf-8")


def _short_text(path: Path) -> None:
    path.write_text("notes\n", encoding="utf-8")


def _foreign(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
        other.commit()


def _newer(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 999")
        newer.execute("PRAGMA wal_checkpoint(TRUNCATE)")


SPOILED: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "flipped-schema": (_flip_schema, ("damaged", "--db")),
    "flipped-header": (_flip_header, ("not a SQLite database", "--db")),
    "truncated": (_truncate, ("damaged", "--db")),
    "stump": (_truncate_to_a_stump, ("--db",)),
    "text": (_text, ("not a SQLite database", "--db")),
    "short-text": (_short_text, ("not a SQLite database", "--db")),
    "foreign": (_foreign, ("not a ttc store", "--db")),
    "newer": (_newer, ("newer ttc", "schema 999", "upgrade", "--db")),
}


@pytest.mark.parametrize("case", SPOILED)
def test_spoiled_file(ttc: Ttc, refused: Refused, store: Path, case: str) -> None:
    """Case 20: corrupt, no database, somebody else's, newer: told, and left as it is."""
    spoil, words = SPOILED[case]
    spoil(store)
    before = store.read_bytes()
    for command in COMMANDS.values():
        refused(ttc(*command), 6, str(store), *words)
        assert store.read_bytes() == before
    assert not list(store.parent.glob("*.bak*"))


def test_spoiled_file_from_outside(ttc_process: Ttc, refused: Refused, store: Path) -> None:
    """Case 20: the same in a process of its own."""
    _truncate(store)
    before = store.read_bytes()
    refused(ttc_process(*COMMANDS["sample"]), 6, str(store), "damaged")
    refused(ttc_process(*COMMANDS["sweep"]), 6, str(store), "damaged")
    assert store.read_bytes() == before


def test_flipped_bytes_in_a_sample(
    ttc: Ttc, refused: Refused, store: Path, problems: Problems
) -> None:
    """Case 20: damage that only the rows show is exit 6 where they are read."""
    problems(200)
    line = ("sample", "data.jsonl", "-q", "-n", "3", "--pool", "q", "-m", MODEL)
    assert ttc(*line).returncode == 0
    with contextlib.closing(sqlite3.connect(store)) as found:
        size = found.execute("PRAGMA page_size").fetchone()[0]
        pages = found.execute("PRAGMA page_count").fetchone()[0]
    data = bytearray(store.read_bytes())
    for page in range(25, pages):
        data[page * size : page * size + 12] = b"\xff" * 12
    store.write_bytes(data)
    for args in (line, ("verify", "q", "-q", "-V", "numeric"), ("show", "q")):
        refused(ttc(*args), 6, str(store), "damaged")
    assert store.read_bytes() == bytes(data)


def test_folder_as_store(ttc: Ttc, refused: Refused, problems: Problems) -> None:
    """Case 20: --db names a folder."""
    problems()
    Path("folder").mkdir()
    for command in COMMANDS.values():
        refused(ttc(*command, "--db", "folder"), 6, "folder", "--db")
    assert list(Path("folder").iterdir()) == []


@pytest.mark.parametrize("command", ["sample", "solve"])
def test_store_where_no_folder_can_be(
    ttc: Ttc, refused: Refused, problems: Problems, command: str
) -> None:
    """Case 20: --db inside a file, or where nothing may be written."""
    problems()
    Path("file").write_text("as it was", encoding="utf-8")
    refused(ttc(*COMMANDS[command], "--db", "file/x.db"), 6, "file", "--db")
    refused(ttc(*COMMANDS[command], "--db", "/proc/nowhere/x.db"), 6, "/proc/nowhere", "--db")
    assert Path("file").read_text(encoding="utf-8") == "as it was"


def test_reading_makes_nothing(ttc: Ttc, home: Path, problems: Problems) -> None:
    """Case 20: no command that only reads creates a store."""
    problems()
    assert ttc("ls").returncode == 0
    assert ttc("show", "p").returncode == 6
    assert ttc("sweep", "p").returncode == 2
    assert ttc("verify", "p", "-V", "numeric").returncode == 2
    assert ttc(*COMMANDS["dry-run"]).returncode == 0
    assert not home.exists()


# network file systems


def test_network_file_system(
    ttc: Ttc, refused: Refused, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 20: a network file system is refused by whatever writes."""
    monkeypatch.setattr("ttc.store.database.file_system", lambda path: "nfs4")
    before = store.read_bytes()
    for command in WRITING:
        line = refused(ttc(*COMMANDS[command]), 6, str(store), "nfs4", "--db")
        assert "TTC_NETWORK_DB=1" in line
    assert store.read_bytes() == before


def test_reading_from_a_network_file_system(
    ttc: Ttc, refused: Refused, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 20: reading a WAL store there needs the same shared memory, so it is refused too."""
    monkeypatch.setattr("ttc.store.database.file_system", lambda path: "nfs4")
    for command in READING:
        refused(ttc(*COMMANDS[command]), 6, str(store), "nfs4", "--db")


def test_new_store_on_a_network_file_system(
    ttc: Ttc,
    refused: Refused,
    problems: Problems,
    database: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Case 20: on request, a rollback journal for one process; without, no half-made store."""
    monkeypatch.setattr("ttc.store.database.file_system", lambda path: "nfs4")
    problems()
    refused(ttc(*COMMANDS["sample"]), 6, "nfs4")
    assert not database.exists() or database.stat().st_size == 0
    monkeypatch.setenv("TTC_NETWORK_DB", "1")
    for command in ("sample", "ls", "show"):
        done = ttc(*COMMANDS[command])
        assert done.returncode == 0, done.stderr
    with contextlib.closing(sqlite3.connect(database)) as store:
        assert store.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/x/ttc.db", "ext4"),
        ("/net/x/ttc.db", "nfs4"),
        ("/network/x/ttc.db", "ext4"),
        ("/net/local/ttc.db", "tmpfs"),
        ("/mnt/my share/ttc.db", "cifs"),
    ],
)
def test_which_file_system(tmp_path: Path, path: str, kind: str) -> None:
    r"""Case 20: the innermost mount counts, whole names only, with \040 for a blank."""
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/vda / ext4 rw 0 0\nserver:/x /net nfs4 rw 0 0\ntmpfs /net/local tmpfs rw 0 0\n"
        "//server/y /mnt/my\\040share cifs rw 0 0\n",
        encoding="utf-8",
    )
    assert file_system(Path(path), mounts) == kind


# 21


def test_eight_first_runs(
    start: Start, problems: Problems, held: Found, database: Path, printed: Found
) -> None:
    """Case 21: eight first runs at once on a fresh home: all succeed, every sample is there."""
    for at in range(8):
        path = problems(4, f"d{at}.jsonl")
        path.write_text(path.read_text(encoding="utf-8").replace("What", f"{at}: what"))
    running = [
        start("sample", f"d{at}.jsonl", "-n", "3", "--pool", f"p{at}", "-m", MODEL)
        for at in range(8)
    ]
    told: set[tuple[Any, ...]] = set()
    for process in running:
        out, talk = process.communicate(timeout=60)
        assert process.returncode == 0, talk
        assert "ttc: " not in talk
        assert len(printed(out)) == 12
        told |= printed(out)
    assert len(told) == 96
    assert told == held()
    with contextlib.closing(sqlite3.connect(database)) as store:
        assert store.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert store.execute("SELECT count(*) FROM runs WHERE ended IS NULL").fetchone()[0] == 0


def test_the_same_run_twice_at_once(start: Start, problems: Problems, held: Found) -> None:
    """Case 21: two equal runs at once: each draw is made and paid for once."""
    problems(4)
    model = "scripted:answers=18*3/20*1,tokens=20-30,slots=4,tick=0.004"
    line = ("sample", "data.jsonl", "-n", "20", "--pool", "p", "-m", model, "--json")
    running = [start(*line) for _ in range(2)]
    reports = []
    for process in running:
        out, talk = process.communicate(timeout=60)
        assert process.returncode == 0, talk
        reports.append(json.loads(out))
    assert len(held()) == 80
    assert sorted(report["drawn"] for report in reports) == [0, 80]
    assert sorted(report["kept"] for report in reports) == [0, 80]


# the turn to write


HOLDER = """
import fcntl, os, sys
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o644)
fcntl.flock(lock, fcntl.LOCK_EX)
os.pwrite(lock, str(os.getpid()).ljust(16).encode(), 0)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("command", WRITING)
def test_turn_to_write_is_taken(
    ttc: Ttc, refused: Refused, store: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Case 19: whoever waits too long names the pid of the one who has it; readers do not wait."""
    monkeypatch.setattr("ttc.store.lock.LOCK_PATIENCE", 0.2)
    lock = store.with_name("ttc.db.lock")
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", HOLDER, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        holder.stdout.readline()
        try:
            refused(ttc(*COMMANDS[command]), 6, str(store), f"pid {holder.pid}", "--db")
            for reading in READING:
                assert ttc(*COMMANDS[reading]).returncode == 0
        finally:
            holder.stdin.close()
    assert ttc(*COMMANDS[command]).returncode == 0


def test_pool_is_being_drawn(
    start: Start, ttc: Ttc, refused: Refused, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 19: a second run of one pool names the first; other pools go on."""
    monkeypatch.setattr("ttc.samples.pool_lock.PATIENCE", 0.3)
    slow = "scripted:answers=18*3/20*1,tokens=5-9,tick=0.5"
    first = start("sample", "data.jsonl", "-n", "40", "--pool", "p", "-m", slow)
    assert first.stdout is not None
    for _ in range(9):  # 8 are kept already
        first.stdout.readline()
    refused(ttc(*COMMANDS["sample"], "--json"), 6, "p:", f"pid {first.pid}", "--pool")
    other = [arg if arg != "p" else "q" for arg in COMMANDS["sample"]]
    other[other.index("-m") + 1] = "scripted:answers=7"
    assert ttc(*other).returncode == 0


# 18


def test_little_space_is_left(
    ttc: Ttc, refused: Refused, store: Path, held: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 18: under 200 MB, nothing is begun, and what is there can be read."""
    usage = namedtuple("usage", "total used free")
    before = held()
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 9 * 10**8, 10**8))
        refused(ttc(*COMMANDS["sample"]), 6, str(store), "200 MB", "run the same command again")
        assert ttc("ls").returncode == 0
        assert ttc("sweep", "p").returncode == 0
    assert held() == before
    assert ttc(*COMMANDS["sample"]).returncode == 0


def _limit_files(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_file_size_limit(
    ttc_process: Ttc, problems: Problems, held: Found, printed: Found, database: Path
) -> None:
    """Case 18: the store may grow no further: exit 6, all that was told is kept, it resumes."""
    problems(8)
    model = "scripted:answers=18*3/20*1,tokens=200-300"
    line = ("sample", "data.jsonl", "-q", "-n", "100", "--pool", "p", "-m", model)
    done = ttc_process(*line, preexec_fn=_limit_files(400_000))
    assert done.returncode == 6, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"ttc: {database}: ")
    told = printed(done.stdout)
    assert told <= held()
    assert len(held()) < 800
    with contextlib.closing(sqlite3.connect(database)) as store:
        assert store.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    again = ttc_process(*line, "--json")
    assert again.returncode == 0, again.stderr
    assert len(held()) == 800


FULL_DISK = """
mount -t tmpfs -o size=1m tmpfs "$1" || exit 77
shift
"$@" > out.jsonl 2> talk.txt
echo $? > code
cp "$DISK"/ttc.db* . || exit 78
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare here")
def test_full_disk(problems: Problems, held: Found, printed: Found, ttc: Ttc) -> None:
    """Case 18: SQLITE_FULL in the middle: exit 6, and every acknowledged row can be read."""
    problems(8)
    disk = Path("disk").absolute()
    disk.mkdir()
    start = "import ttc.store.writer as w; w.FREE_SPACE = 0; from ttc.cli.main import main; main()"
    model = "scripted:answers=18*3/20*1,tokens=200-300,slots=4,tick=0.0001"
    line = ["sample", "data.jsonl", "-q", "-n", "100", "--pool", "p", "-m", model]
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", FULL_DISK, "x", disk, sys.executable, "-c", start, *line],
        env={**os.environ, "TTC_DB": str(disk / "ttc.db"), "DISK": str(disk)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode in (1, 77):
        pytest.skip(f"no mount here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    talk = Path("talk.txt").read_text(encoding="utf-8")
    assert Path("code").read_text(encoding="utf-8").strip() == "6", talk
    assert len(talk.splitlines()) == 1, talk
    assert talk.startswith(f"ttc: {disk}/ttc.db: the disk is full")
    assert "run the same command again" in talk
    copy = Path("ttc.db").absolute()
    told = printed(Path("out.jsonl").read_text(encoding="utf-8"))
    assert 0 < len(told) < 800
    assert told <= held(copy)
    with contextlib.closing(sqlite3.connect(copy)) as store:
        assert store.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    again = ttc(*line[:-1], MODEL.replace("5-9", "200-300"), "--db", copy)
    assert again.returncode == 0, again.stderr
    assert len(held(copy)) == 800


def _zero_a_page(path: Path) -> None:
    """Make a page of the samples' table all zeros, as a lost block of a disk does."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        root = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'samples'"
        ).fetchone()[0]
    with path.open("rb+") as file:
        file.seek((root - 1) * size)
        file.write(bytes(size))


@pytest.mark.parametrize("command", [*WRITING, *READING])
def test_a_zeroed_page_is_found_before_anything_is_written(
    store: Path, ttc: Ttc, refused: Refused, command: str
) -> None:
    _zero_a_page(store)
    before = store.read_bytes()
    refused(ttc(*COMMANDS[command]), 6, "damaged", "ttc db merge")
    assert store.read_bytes() == before


def test_a_store_is_checked_again_only_where_its_file_changed(
    store: Path, ttc: Ttc, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    connect = sqlite3.connect

    def listening(*args: Any, **how: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **how)
        connection.set_trace_callback(checked.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", listening)

    def checks() -> int:
        found = sum("quick_check" in line for line in checked)
        checked.clear()
        return found

    for command in ("ls", "sample", "verify", "sweep"):
        assert ttc(*COMMANDS[command]).returncode == 0
        assert checks() == 0, command
    os.utime(store)
    assert ttc("ls").returncode == 0
    assert checks() == 1
    assert ttc("ls").returncode == 0
    assert checks() == 0


def _make_older(connection: sqlite3.Connection) -> None:
    """Take a store back to schema 2: without what later migrations add."""
    with contextlib.closing(sqlite3.connect(":memory:")) as old:
        for script in MIGRATIONS[:2]:
            old.executescript(script)
        kept = set(old.execute("SELECT name FROM sqlite_master"))
        for kind in ("view", "trigger", "index", "table"):
            sql = "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite_%'"
            for (name,) in connection.execute(sql, (kind,)).fetchall():
                if (name,) not in kept:
                    connection.execute(f"DROP {kind} {name}")
        for (table,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            sql = "SELECT name FROM pragma_table_xinfo(?)"
            had = set(old.execute(sql, (table,)))
            for (column,) in set(connection.execute(sql, (table,))) - had:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    connection.execute("PRAGMA user_version = 2")


@pytest.mark.skipif(not shutil.which("mount") or os.geteuid() != 0, reason="mounts a small disk")
def test_a_migration_on_a_full_disk_changes_nothing(tmp_path: Path, store: Path) -> None:
    """No migration goes on without its backup, and the backup is there whole or not at all."""
    disk = tmp_path / "disk"
    disk.mkdir()
    size = store.stat().st_size
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size * 3 // 2}", "none", disk], check=True
    )
    try:
        old = disk / "ttc.db"
        shutil.copy(store, old)
        with contextlib.closing(sqlite3.connect(old)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            _make_older(connection)
        before = old.read_bytes()
        done = subprocess.run(
            [sys.executable, "-m", "ttc.cli.main", "ls", "--db", old],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 6, done.stderr
        assert "disk is full" in done.stderr
        assert old.read_bytes() == before
        assert not list(disk.glob("*.bak*"))
        assert not list(disk.glob("*.part"))
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_migration_that_was_killed_leaves_no_half_backup(
    store: Path, ttc: Ttc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup that was cut off is another file, and the next migration makes a whole one."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        _make_older(connection)
    code = (
        "import os; from pathlib import Path; Path.replace = lambda *a: os._exit(9)\n"
        "from ttc.cli.main import run; run(['ls'])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    backup = store.with_name("ttc.db.bak-v2")
    assert not backup.exists()
    with contextlib.closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 2
    assert ttc("ls").returncode == 0
    with contextlib.closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 2
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


@pytest.mark.parametrize(
    "flags",
    [
        ("--csv", "out.csv"),
        ("--md", "out.md"),
        ("--junit", "out.xml"),
        ("--plot", "out.svg"),
        ("--save-baseline", "out.json"),
    ],
    ids=lambda flags: flags[0],
)
def test_results_are_written_whole_or_not_at_all(
    store: Path, ttc: Ttc, monkeypatch: pytest.MonkeyPatch, flags: Any
) -> None:
    if flags[0] == "--plot":
        pytest.importorskip("matplotlib")
    flag, name = flags
    Path(name).write_text("what was there before")
    line = ("sweep", "p", "-q", "-k", "1", "-s", "coverage", flag, name)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        done = ttc(*line)
    assert done.returncode == 6
    assert name in done.stderr
    assert "No space left" in done.stderr
    assert Path(name).read_text() == "what was there before"
    assert [path.name for path in Path().iterdir() if path.suffix == ".part"] == []
    assert ttc(*line).returncode == 0
    assert Path(name).read_text() != "what was there before"
    done = ttc(*line[:-1], "no/folder/x.svg")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "no/folder/x.svg" in done.stderr


def test_a_store_that_is_made_while_its_header_is_read_is_one(tmp_path: Path) -> None:
    """Another process may commit the new store between two statements."""
    path = tmp_path / "new.db"
    sqlite3.connect(path).close()
    made: list[str] = []

    def make(statement: str) -> None:
        if "sqlite_master" in statement and not made:
            made.append(statement)
            other = sqlite3.connect(path, timeout=0)
            # Locked: it comes later.
            with contextlib.closing(other), contextlib.suppress(sqlite3.OperationalError):
                other.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                other.execute("CREATE TABLE pools (id INTEGER)")
                other.commit()

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.set_trace_callback(make)
        assert database._check_header(connection, path) == 0
    assert made
