"""The style that ruff and mypy do not check: sizes, names that nothing uses, files in git."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# The source alone, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = [ROOT / "ttc", *sorted(ROOT.glob("plugins/*/ttc_*"))]
FILES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
SOURCES = [*PACKAGES, ROOT / "examples", ROOT / "benchmarks"]
COMMANDS = ROOT / "ttc" / "cli" / "commands"


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def too_long(path: Path, limit: int) -> list[str]:
    """Return the functions of a file with more lines; of a command its options do not count."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if COMMANDS in path.parents else node
            lines = (node.end_lineno or 0) - first.lineno + 1
            if lines > limit:
                found.append(f"{relative(path)}:{node.lineno} {node.name} has {lines} lines")
    return found


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_modules_and_functions_stay_small(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 250
    assert too_long(path, 60) == []


def test_every_module_says_what_it_is_for() -> None:
    parsed = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
    assert [relative(path) for path, tree in parsed.items() if not ast.get_docstring(tree)] == []


def test_no_package_file_is_committed() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is not a clone")
    done = subprocess.run(
        ["git", "ls-files", "*.whl", "*.tar.gz", "*.egg-info/*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == ""
    assert "*.whl" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def entry_points() -> list[str]:
    """Return the names of what the entry points of this repository's packages stand for."""
    folders = [ROOT, *ROOT.glob("plugins/*"), *ROOT.glob("examples/plugin-*")]
    texts = [(path / "pyproject.toml").read_text(encoding="utf-8") for path in folders]
    return re.findall(r'^\S+ = "[\w.]+:(\w+)"$', "\n".join(texts), re.MULTILINE)


def test_nothing_is_dead(tmp_path: Path) -> None:
    """What only tests use counts as unused; what is kept all the same is in vulture_kept.py."""
    pytest.importorskip("vulture", reason="vulture is not here: pip install -e '.[dev]'")
    named = tmp_path / "entry_points.py"
    named.write_text("".join(f"_.{name}\n" for name in entry_points()), encoding="utf-8")
    kept = ROOT / "tests" / "vulture_kept.py"
    done = subprocess.run(
        [sys.executable, "-m", "vulture", *SOURCES, kept, named],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout + done.stderr).splitlines() == []


def test_what_is_kept_is_there() -> None:
    """A name that is gone from the sources needs no entry any more."""
    kept = (ROOT / "tests" / "vulture_kept.py").read_text(encoding="utf-8")
    sources = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    names = re.findall(r"^_\.(\w+)$", kept, re.MULTILINE)
    assert [name for name in names if not re.search(rf"\b{name}\b", sources)] == []
