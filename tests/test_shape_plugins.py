"""A shape of another package: found by its entry point, tried first, told if it is broken."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Ttc

from ttc import problems
from ttc.errors import BackendError, UsageError
from ttc.problems import ReadOptions

TEMPLATE = ROOT / "examples" / "plugin-format"
RIDDLE = {"lines": ["What has keys", "but no locks?"], "solution": "a piano", "by": "Ann"}
BROKEN = '''
class Riddles:
    """Read riddles: `lines` and `solution`."""

    name = "riddles"
    fields = frozenset({"lines", "solution"})
    template = None

    def __init__(self):
        if "__init__" in FAULT:
            raise RuntimeError("not today")

    def matches(self, record):
        if "matches" in FAULT:
            raise RuntimeError("not today")
        return True

    def problem(self, record, default_id):
        if "problem" in FAULT:
            raise RuntimeError("not today")
        return record["lines"]
'''


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the template as pip does, and return the folder."""
    site = tmp_path / "site"
    info = site / "ttc_riddles-0.1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copy(TEMPLATE / "ttc_riddles.py", site)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ttc-riddles\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[ttc.formats]\nriddles = ttc_riddles:Riddles\n")
    assert 'riddles = "ttc_riddles:Riddles"' in (TEMPLATE / "pyproject.toml").read_text()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "ttc_riddles", raising=False)
    return site


def write(folder: Path, **more: object) -> str:
    path = folder / "riddles.jsonl"
    path.write_text(json.dumps({**RIDDLE, **more}) + "\n")
    return str(path)


@pytest.mark.usefixtures("site")
def test_it_reads_what_matches(tmp_path: Path) -> None:
    read = problems.read(write(tmp_path))
    assert (read.format, read.template) == ("riddles", "Solve this riddle.\n\n{prompt}")
    (problem,) = read.problems
    assert problem.messages[0].content == "What has keys\nbut no locks?"
    assert (problem.id, problem.reference) == ("riddles/0", {"answer": "a piano"})
    assert "1 with a reference (answer)" in read.describe()
    assert read.unused == ("by",)  # noted as for ttc's own shapes
    with pytest.raises(UsageError, match="no question in the fields lines, solution"):
        problems.read(write(tmp_path, lines="not a list"))
    with pytest.raises(UsageError, match=r"riddles.jsonl:1: 'lines' must be a list of texts"):
        problems.read(write(tmp_path, lines=[1]))


@pytest.mark.usefixtures("site")
def test_it_comes_before_shapes_with_fewer_fields(tmp_path: Path) -> None:
    path = write(tmp_path, question="Why?", answer="So.")
    assert problems.read(path).format == "riddles"
    assert problems.read(path, ReadOptions(format="generic")).format == "generic"


@pytest.mark.usefixtures("site")
def test_it_is_listed_and_drawn_from(tmp_path: Path, ttc: Ttc) -> None:
    listed = ttc("plugins", "--formats").out
    assert "ttc-riddles 0.1.0" in listed
    assert "Read riddles: `lines` and `solution`." in listed
    ran = ttc("sample", write(tmp_path), "--dry-run", "-m", "scripted:")
    assert "Solve this riddle.\n  \n  What has keys\n  but no locks?" in ran.out
    assert "not used: `by`" in ran.err


def break_(site: Path, where: str) -> None:
    """Replace the template by a plugin that fails there."""
    module = f"ttc_broken{where}"  # the objects of entry points are kept by their addresses
    (site / f"{module}.py").write_text(f"FAULT = {[where]!r}\n{BROKEN}")
    (entries,) = site.rglob("entry_points.txt")
    entries.write_text(f"[ttc.formats]\nriddles = {module}:Riddles\n")


def test_one_that_cannot_be_made_is_told_and_left_out(site: Path, tmp_path: Path, ttc: Ttc) -> None:
    break_(site, "__init__")
    ran = ttc("sample", write(tmp_path, question="Why?"), "--dry-run", "-m", "scripted:")
    assert (ran.code, "riddles: generic, 1 problem" in ran.err) == (0, True)
    assert "'riddles' (ttc-riddles 0.1.0) cannot be made: RuntimeError: not today" in ran.err


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("matches", "cannot match a record: RuntimeError: not today"),
        ("problem", "cannot read a record: RuntimeError: not today"),
        ("", "cannot read a record: TypeError: .* is no Problem"),
    ],
)
def test_its_faults_have_its_name(site: Path, tmp_path: Path, where: str, told: str) -> None:
    break_(site, where)
    with pytest.raises(BackendError, match=rf"'riddles' \(ttc-riddles 0.1.0\) {told}"):
        problems.read(write(tmp_path))
