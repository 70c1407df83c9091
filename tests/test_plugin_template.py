"""The templates are plugins that install, register, work and keep their contracts."""

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

TEMPLATES = sorted((ROOT / "examples").glob("plugin-*"))
TEMPLATE = ROOT / "examples" / "plugin-verifier"


def lay_out(template: Path, site: Path) -> tuple[str, str]:
    """Lay a template out as pip does, by what its pyproject.toml says: no network, no backend;
    return its group and the name of its entry point."""
    project = tomllib.loads((template / "pyproject.toml").read_text(encoding="utf-8"))
    name, version = project["project"]["name"], project["project"]["version"]
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    (group, entries), *more = project["project"]["entry-points"].items()
    assert not more
    lines = [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    for file in project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]:
        shutil.copy(template / file, site)
    return group.removeprefix("ttc."), next(iter(entries))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the processes of a test import packages from."""
    found = tmp_path / "site"
    found.mkdir()
    before = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", f"{found}{os.pathsep}{before}" if before else str(found))
    return found


@pytest.fixture
def installed(site: Path) -> None:
    """The template of a verifier."""
    lay_out(TEMPLATE, site)


def test_there_is_one_of_each_kind() -> None:
    kinds = ["backend", "format", "selector", "strategy", "verifier"]
    assert [path.name.removeprefix("plugin-") for path in TEMPLATES] == kinds
    for path in TEMPLATES:
        (module,) = path.glob("ttc_*.py")
        files = {each.name for each in path.iterdir() if each.is_file()}
        assert files == {"pyproject.toml", module.name, f"test_{module.name}"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_it_keeps_its_contract(template: Path, site: Path, tmp_path: Path) -> None:
    lay_out(template, site)
    (test,) = template.glob("test_*.py")
    copied = shutil.copy(test, tmp_path / test.name)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(copied)]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_it_is_shown(template: Path, site: Path, ttc_process: Ttc) -> None:
    group, name = lay_out(template, site)
    (row,) = ttc_process("plugins", name, "--json").document["plugins"]
    assert (row["kind"], row["name"]) == (group, name)
    assert row["package"].startswith("ttc-")
    options = {each["name"] for each in row["options"]}
    known = {"selectors": {"share"}, "strategies": {"n", "votes"}, "verifiers": {"case"}}
    assert options == known.get(group, set())
    assert row["use"]


def test_a_rule_without_expected_is_swept_with_its_error(
    site: Path, ttc_process: Ttc, tmp_path: Path
) -> None:
    lay_out(ROOT / "examples" / "plugin-selector", site)
    data = tmp_path / "p.jsonl"
    data.write_text('{"id": "p", "question": "How many?", "answer": "1"}\n', encoding="utf-8")
    drawn = ttc_process(
        "sample", str(data), "-m", "scripted:answers=1*2/2", "-n", "40", "--pool", "p"
    )
    assert drawn.code == 0, drawn.err
    assert ttc_process("verify", "p", "-V", "numeric").code == 0
    swept = ttc_process("sweep", "p", "-s", "shorter-half,majority", "-k", "1,2,8,40", "--json")
    assert swept.code == 0, swept.err
    points = {
        (point["k"], curve["selector"]): point
        for curve in swept.document["curves"]
        for point in curve["points"]
    }
    exact = {k: points[k, "shorter-half"]["exact"] for k in (1, 8, 40)}
    assert exact == {1: True, 8: False, 40: True}
    assert points[8, "shorter-half"]["error"] > 0
    wrong = ttc_process("sweep", "p", "-s", "shorter-half:zeal=1")
    assert wrong.code == 2
    assert "it takes: share" in wrong.err


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
