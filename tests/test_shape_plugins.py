"""A shape of another package: found by its entry point, tried first, told if it is broken."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from conftest import Ttc

from ttc import problems
from ttc.errors import BackendError
from ttc.problems import ReadOptions

PACKAGE = '''
from ttc.records import Message, Problem


class Riddles:
    """Read riddles: `question`, `answer`, `riddler`."""

    name = "riddles"
    fields = frozenset({"question", "answer", "riddler"})
    template = "Riddle me this: {prompt}"

    def matches(self, record):
        return record["riddler"] != "nobody"

    def problem(self, record, default_id):
        if record["riddler"] == "broken":
            raise RuntimeError("no riddle")
        if record["riddler"] == "wrong":
            return record["question"]
        asked = (Message("user", record["question"].upper()),)
        return Problem(default_id, asked, reference={"answer": record["answer"]})


class Broken:
    def __init__(self):
        raise RuntimeError("not today")
'''


@pytest.fixture
def riddles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the package, and return a file of its shape."""
    site = tmp_path / "site"
    info = site / "ttc_riddles-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "ttc_riddles.py").write_text(PACKAGE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ttc-riddles\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ttc.formats]\nriddles = ttc_riddles:Riddles\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "ttc_riddles", raising=False)
    return write(tmp_path, riddler="Ann")


def write(folder: Path, **more: str) -> Path:
    path = folder / "riddles.jsonl"
    path.write_text(json.dumps({"question": "why?", "answer": "so", "place": "home", **more}))
    return path


def test_it_reads_what_matches(riddles: Path) -> None:
    read = problems.read(str(riddles))
    assert (read.format, read.template) == ("riddles", "Riddle me this: {prompt}")
    assert read.problems[0].messages[0].content == "WHY?"
    assert "1 with a reference (answer)" in read.describe()
    assert read.unused == ("place",)  # as for our own shapes
    assert problems.read(str(riddles), ReadOptions(format="generic")).format == "generic"
    assert problems.read(str(write(riddles.parent, riddler="nobody"))).format == "generic"


def test_it_is_listed(riddles: Path, ttc: Ttc) -> None:
    ran = ttc("plugins", "--formats")
    assert "Read riddles: `question`, `answer`, `riddler`." in ran.out
    assert "ttc-riddles 1.0" in ran.out


@pytest.mark.parametrize(
    ("riddler", "told"),
    [
        ("broken", r"the format 'riddles' \(ttc-riddles 1.0\) cannot read a record: RuntimeErr"),
        ("wrong", r"the format 'riddles' \(ttc-riddles 1.0\) cannot read a record: .*no Problem"),
    ],
)
def test_its_faults_have_its_name(riddles: Path, riddler: str, told: str) -> None:
    with pytest.raises(BackendError, match=told):
        problems.read(str(write(riddles.parent, riddler=riddler)))


def test_one_that_cannot_be_made_is_told(riddles: Path) -> None:
    (entries,) = riddles.parent.rglob("entry_points.txt")
    entries.write_text("[ttc.formats]\nriddles = ttc_riddles:Broken\n")
    entries.parent.parent.touch()
    with pytest.raises(BackendError, match=r"'riddles'.* cannot be made: RuntimeError: not today"):
        problems.read(str(riddles))
