"""The style that ruff and mypy do not check: sizes, names that nothing uses, files in git."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = [ROOT / "ttc", *sorted(ROOT.glob("plugins/*/ttc_*"))]
FILES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
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


def test_nothing_is_dead() -> None:
    """What vulture finds unused is used, or kept for a reason that tests/vulture_kept.py names."""
    pytest.importorskip("vulture", reason="vulture is not here: pip install -e '.[dev]'")
    done = subprocess.run(
        [sys.executable, "-m", "vulture"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0
