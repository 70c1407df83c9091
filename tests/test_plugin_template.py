"""The template of a verifier is a plugin that installs, registers and judges."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Ttc

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TEMPLATE = ROOT / "examples" / "plugin-verifier"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay the template out as pip does, by what its pyproject.toml says: no network, no backend."""
    project = tomllib.loads((TEMPLATE / "pyproject.toml").read_text(encoding="utf-8"))
    name, version = project["project"]["name"], project["project"]["version"]
    site = tmp_path / "site"
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    (group, entries), *more = project["project"]["entry-points"].items()
    assert not more
    lines = [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    for file in project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]:
        shutil.copy(TEMPLATE / file, site)
    before = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{before}" if before else str(site))


@pytest.mark.usefixtures("installed")
def test_it_is_listed_and_judges(ttc_process: Ttc) -> None:
    listed = {row["name"]: row for row in ttc_process("plugins", "--json").document["plugins"]}
    assert listed["contains"]["package"] == "ttc-contains 0.1.0"
    assert listed["contains"]["about"].startswith(
        "Check whether the reference answer appears in the text"
    )
    rows = [
        ("I think it is PARIS, France.", "Paris", True, "ok"),
        ("Parisians", "Paris", False, "ok"),
        ("between 140 and 42", 42, True, "ok"),
        ("<think>Paris", "Paris", False, "no_answer"),
        ("C++ (of course)", "C++", True, "ok"),
        ("Paris", None, None, "no_reference"),
    ]
    lines = [
        json.dumps({"problem": f"p{at}", "text": text, "reference": {"answer": answer}})
        for at, (text, answer, *_) in enumerate(rows)
    ]
    ran = ttc_process("verify", "-", "-V", "contains", stdin="\n".join(lines))
    assert ran.code == 0, ran.err
    found = [(line["correct"], line["status"]) for line in ran.lines]
    assert found == [(correct, status) for _, _, correct, status in rows]
    assert all(line["answer"] is None for line in ran.lines)
    strict = ttc_process("verify", "-", "-V", "contains:case=keep", stdin=lines[0])
    assert strict.lines[0]["correct"] is False


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("spec", "told"),
    [("contains:zeal=1", "no option zeal; it has: case"), ("contains:case=x", "fold or keep")],
)
def test_what_it_refuses_is_a_line(ttc_process: Ttc, spec: str, told: str) -> None:
    ran = ttc_process("verify", "-", "-V", spec)
    assert ran.code == 2
    assert told in ran.err
    assert ran.err.count("\n") == 1


def test_pip_installs_it(tmp_path: Path) -> None:
    """Where what builds it is here already, or can be had."""
    pytest.importorskip("hatchling")
    site = tmp_path / "site"
    source = shutil.copytree(TEMPLATE, tmp_path / "source")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    pip += ["--no-index", "--target", str(site), str(source)]
    subprocess.run(pip, check=True, timeout=120)
    assert (site / "ttc_contains.py").exists()
    (entries,) = site.glob("ttc_contains-*.dist-info/entry_points.txt")
    assert "contains = ttc_contains:Contains" in entries.read_text(encoding="utf-8")
