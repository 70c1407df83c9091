"""Imports point one way, and the light commands import nothing heavy."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "ttc"

# A room → the rooms it may not look into.
FORBIDDEN = {
    "records": {"*"},
    "errors": {"*"},
    "store": {"selectors", "verifiers", "samples", "verdicts", "curves", "strategies", "api"},
    "selectors": {"store", "verifiers", "samples", "verdicts", "curves", "strategies", "api"}
    | {"backends", "replay", "models", "simulated"},
    # Judges ask any backend by its protocol; opening one is the command line's.
    "verifiers": {"store", "selectors", "samples", "verdicts", "curves", "strategies", "api"}
    | {"replay", "models", "simulated"},
    "backends": {"store", "selectors", "verifiers", "samples", "verdicts", "curves"},
    "curves": {"backends", "verifiers", "store", "samples", "verdicts", "models", "replay"},
    "cells": {"backends", "verifiers", "store", "samples", "verdicts", "models", "curves"},
    "races": {"backends", "verifiers", "store", "samples", "verdicts", "models", "curves"},
    "costs": {"backends", "verifiers", "store", "samples", "verdicts", "models"},
    "uncertainty": {"*"},
    "workers": {"*"},
    "hub": {"store", "selectors", "verifiers", "samples", "verdicts", "curves", "backends"},
    "samples": {"strategies", "api", "curves", "selectors", "verifiers"},
    "verdicts": {"strategies", "api", "curves", "selectors", "samples", "backends"},
    "problems": {"store", "backends", "samples", "verdicts", "selectors", "verifiers"},
}


def imported(path: Path) -> set[str]:
    """Return the rooms of ttc that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module]
            if node.module == "ttc":
                names = [f"ttc.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("ttc.")}
    return found


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    own = room(path)
    others = imported(path) - {own}
    forbidden = FORBIDDEN.get(own, set())
    if own not in ("cli", "__main__"):
        assert "cli" not in others, "nothing imports cli"
    assert not others & forbidden
    if "*" in forbidden:
        assert not others


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


HEAVY = ("numpy", "llama_cpp", "ttc_llamacpp", "diskcache", "pydantic")
HEAVY += ("rich", "sqlite3", "importlib.metadata", "ttc.store", "ttc.selectors", "matplotlib")


@pytest.mark.parametrize(
    ("args", "env"),
    [
        (["--help"], {}),
        (["sweep", "--help"], {}),
        (["sample", "-h"], {}),
        ([], {"_TTC_COMPLETE": "complete_bash", "COMP_WORDS": "ttc sweep --m", "COMP_CWORD": "2"}),
        ([], {"_TTC_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "ttc sweep --m"}),
    ],
)
def test_help_and_tab_import_nothing_heavy(args: list[str], env: dict[str, str]) -> None:
    code = f"""
import sys
from ttc.cli.main import run
try:
    run({args!r})
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout
    assert done.stderr.strip() == "[]"


def test_import_ttc_is_free_and_names_are_there() -> None:
    code = "import sys, ttc; print([n for n in sys.modules if n.startswith('ttc.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"
    import ttc

    assert all(getattr(ttc, name) is not None for name in ttc.__all__)
    with pytest.raises(AttributeError):
        ttc.nothing  # noqa: B018
