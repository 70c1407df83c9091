"""A plugin that is broken is one line where it is named, and nothing anywhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import Ttc

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

Problems = Callable[..., Path]
Refused = Callable[..., str]

MODEL = "scripted:answers=18*3/20*1,tokens=5-9"
KINDS = ("backends", "verifiers", "selectors")
NAMED: dict[str, tuple[str, ...]] = {
    "backends": ("sample", "data.jsonl", "-q", "-m", "sick-backends:x"),
    "verifiers": ("verify", "p", "-q", "-V", "sick-verifiers"),
    "selectors": ("sweep", "p", "-q", "-s", "sick-selectors"),
}

MODULES = {
    "raises": 'raise RuntimeError("out of order\\nsecond line")\n',
    "syntax": "def (:\n",
    "missing": "import a_module_that_nobody_has\n",
    "nothing-there": "",
    "exits": "import sys\nsys.exit(0)\n",
    "prints": 'print("hello from a plugin")\nraise RuntimeError("out of order")\n',
}
LATE = """
def thing(*args, **kwargs):
    raise RuntimeError("out of order")
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Put a package `sick` with one entry point of each kind on PYTHONPATH."""

    def put(module: str, *, metadata: bool = True) -> None:
        site = tmp_path / "site"
        info = site / "sick-1.0.dist-info"
        info.mkdir(parents=True)
        if metadata:
            (info / "METADATA").write_text(
                "Metadata-Version: 2.1\nName: sick\nVersion: 1.0\n", encoding="utf-8"
            )
        entries = (f"[ttc.{kind}]\nsick-{kind} = sick_module:thing\n" for kind in KINDS)
        (info / "entry_points.txt").write_text("\n".join(entries), encoding="utf-8")
        (site / "sick_module.py").write_text(module, encoding="utf-8")
        before = os.environ.get("PYTHONPATH")
        monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{before}" if before else str(site))
        monkeypatch.syspath_prepend(site)

    yield put
    sys.modules.pop("sick_module", None)


@pytest.fixture
def pool(ttc: Ttc, problems: Problems) -> None:
    """A pool `p` with verdicts, and its data."""
    problems()
    assert ttc("sample", "data.jsonl", "-n", "2", "--pool", "p", "-m", MODEL).returncode == 0
    assert ttc("verify", "p", "-V", "numeric", "--json").returncode == 0


@pytest.mark.parametrize("module", MODULES)
def test_listed_as_broken(ttc: Ttc, install: Callable[..., None], module: str) -> None:
    """Case 15: `ttc plugins` always works, and says which is broken, whose it is, and why."""
    install(MODULES[module])
    done = ttc("plugins", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["plugins"]
    rows = {row["name"]: row for row in found}
    for kind in KINDS:
        row = rows[f"sick-{kind}"]
        assert row["about"].startswith("broken: ")
        assert row["package"] == "sick 1.0"
    assert not rows["numeric"]["about"].startswith("broken")
    table = ttc("plugins")
    assert table.returncode == 0
    assert len(table.stdout.splitlines()) == len(found)


def test_in_a_process_of_its_own(
    ttc_process: Ttc, refused: Refused, install: Callable[..., None], problems: Problems
) -> None:
    """Case 15: the same from outside."""
    install(MODULES["raises"])
    problems()
    listed = ttc_process("plugins", "--json")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.count("broken: ") == len(KINDS)
    refused(ttc_process(*NAMED["backends"]), 3, "sick-backends", "sick 1.0", "out of order")


@pytest.mark.usefixtures("pool")
def test_everything_else_works(ttc: Ttc, install: Callable[..., None]) -> None:
    """Case 15: commands that do not name it never notice."""
    install(MODULES["raises"])
    for args in (
        ("--help",),
        ("sample", "data.jsonl", "-q", "-n", "3", "--pool", "p", "-m", MODEL),
        ("verify", "p", "-q", "-V", "numeric"),
        ("sweep", "p", "-q"),
        ("solve", "What?", "-q", "-n", "2", "-m", MODEL),
        ("ls",),
        ("models",),
    ):
        done = ttc(*args)
        assert done.returncode == 0, done.stderr
        assert "sick" not in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("module", ["raises", "exits", "prints"])
@pytest.mark.usefixtures("pool")
def test_asked_for_by_name(
    ttc: Ttc, refused: Refused, install: Callable[..., None], kind: str, module: str
) -> None:
    """Case 15: named, it is one line with name, package and reason, and exit 3."""
    install(MODULES[module])
    refused(ttc(*NAMED[kind]), 3, f"sick-{kind}", "sick 1.0")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("pool")
def test_breaks_when_made(
    ttc: Ttc, refused: Refused, install: Callable[..., None], kind: str
) -> None:
    """Case 15: a plugin that imports and fails when it is called is no traceback either."""
    install(LATE)
    refused(ttc(*NAMED[kind]), 3, f"sick-{kind}", "out of order")


@pytest.mark.usefixtures("pool")
def test_traceback_on_request(ttc: Ttc, install: Callable[..., None]) -> None:
    """Case 15: -vv shows where."""
    install(MODULES["raises"])
    args = [arg for arg in NAMED["backends"] if arg != "-q"]
    done = ttc(*args, "-vv")
    assert done.returncode == 3
    assert "Traceback" in done.stderr
    assert "sick_module.py" in done.stderr


@pytest.mark.usefixtures("pool")
def test_left_out(
    ttc: Ttc,
    refused: Refused,
    install: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Case 15: TTC_NO_PLUGINS=1 leaves only what ttc brings itself."""
    install(MODULES["raises"])
    monkeypatch.setenv("TTC_NO_PLUGINS", "1")
    listed = ttc("plugins", "--json")
    packages = {row["package"].split()[0] for row in json.loads(listed.stdout)["plugins"]}
    assert packages == {"ttc-cli"}
    refused(ttc(*NAMED["verifiers"]), 2, "sick-verifiers")


def test_folder_of_an_interrupted_install(ttc: Ttc, install: Callable[..., None]) -> None:
    """Case 15: entry points without METADATA, as pip leaves them when it is cut off."""
    install(MODULES["raises"], metadata=False)
    done = ttc("plugins", "--json")
    assert done.returncode == 0, done.stderr
    names = {row["name"] for row in json.loads(done.stdout)["plugins"]}
    assert {"sick-backends", "numeric", "scripted"} <= names


def test_it_is_read_where_a_library_brings_the_backport(
    ttc: Ttc, install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """importlib_metadata takes the place of the finder of Python when it is imported."""
    backport = pytest.importorskip("importlib_metadata", reason="no package brings it here")
    found = [each for each in sys.meta_path if type(each) is not backport.MetadataPathFinder]
    monkeypatch.setattr(sys, "meta_path", [backport.MetadataPathFinder(), *found])
    test_folder_of_an_interrupted_install(ttc, install)


def test_names_of_ttc_itself_are_safe(
    ttc: Ttc, install: Callable[..., None], tmp_path: Path
) -> None:
    """Case 15: a plugin cannot take over `numeric`."""
    install(MODULES["raises"])
    entries = tmp_path / "site" / "sick-1.0.dist-info" / "entry_points.txt"
    entries.write_text("[ttc.verifiers]\nnumeric = sick_module:thing\n", encoding="utf-8")
    rows = json.loads(ttc("plugins", "--verifiers", "--json").stdout)["plugins"]
    assert [row["package"].split()[0] for row in rows if row["name"] == "numeric"] == ["ttc-cli"]


def test_help_imports_no_plugin(install: Callable[..., None]) -> None:
    """Case 15: help and TAB never run a plugin's code."""
    install('import pathlib\npathlib.Path("was-here").touch()\n')
    for env in ({}, {"_TTC_COMPLETE": "complete_bash", "COMP_WORDS": "ttc s", "COMP_CWORD": "1"}):
        subprocess.run(
            [sys.executable, "-m", "ttc.cli.main", *(() if env else ("--help",))],
            env={**os.environ, **env},
            capture_output=True,
            timeout=60,
            check=True,
        )
    assert not Path("was-here").exists()
