"""Imports point one way, in one order of layers, and the light commands import nothing heavy."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "ttc"

# Every file and folder of ttc/, lowest layer first. An import points to a line above its own; the
# entries of one line do not import each other. Imports in functions and for types count too.
LAYERS = """
sampling_params
records errors
paths messages answers jsonl tags scores budgets token_logprobs
config options cache keys
plugins session
loopback formats
interchange
problems backends selectors
store verifiers
verdicts samples
outcomes
exchange
curves
strategies
solving verifying
report testing
api
doctor view serving
cli
__init__ __main__
"""
LAYER = {unit: layer for layer, line in enumerate(LAYERS.split("\n")) for unit in line.split()}
# What some may not import though it lies below them: they compute or format what they are given.
CLOSED = {
    "samples": {"selectors", "verifiers"},
    "verdicts": {"backends"},
    "curves": {"backends", "verifiers", "store", "samples", "verdicts"},
    "report": {"backends", "verifiers", "store", "samples", "verdicts"},
}
# The packages of this repository, and what a plugin may import of ttc.
PACKAGES = {"ttc": PACKAGE} | {path.name: path for path in sorted(ROOT.glob("plugins/*/ttc_*"))}
FOR_PLUGINS = LAYER["backends"]


def name_of(path: Path, package: Path) -> str:
    """Return the dotted name of a module."""
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    name_of(path, package): path
    for package in PACKAGES.values()
    for path in sorted(package.rglob("*.py"))
}


@cache
def imported(module: str) -> frozenset[str]:
    """Return the modules of this repository that a module imports, anywhere in it.

    A plain `import ttc` is left out: it is free, and there for the folder and the version.
    """
    found: set[str] = set()
    path = MODULES[module]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{path}:{node.lineno}: imports are absolute"  # noqa: PT018
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in MODULES else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} - {"ttc"}
    return frozenset(found & MODULES.keys())


def unit(module: str) -> str:
    """Return the file or folder of ttc/ that a module lies in."""
    return module.split(".")[1] if "." in module else "__init__"


TTC = [name for name in MODULES if name.partition(".")[0] == "ttc"]
PLUGINS = [name for name in MODULES if name not in TTC]


@pytest.mark.parametrize("module", TTC)
def test_imports_point_one_way(module: str) -> None:
    own = unit(module)
    others = {unit(other) for other in imported(module) if other in TTC} - {own}
    wrong = {other for other in others if LAYER.get(other, len(LAYER)) >= LAYER[own]}
    assert not wrong, f"{module} imports {wrong}, which lie no lower"
    assert not others & CLOSED.get(own, set())


@pytest.mark.parametrize("module", PLUGINS)
def test_a_plugin_imports_what_is_made_for_plugins(module: str) -> None:
    others = {unit(other) for other in imported(module) if other in TTC}
    assert not {other for other in others if LAYER.get(other, len(LAYER)) > FOR_PLUGINS}


def test_every_file_and_folder_has_its_layer() -> None:
    units = [path for path in PACKAGE.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))]
    assert sorted(LAYER) == sorted({path.stem for path in units})
    assert len([path for path in units if path.suffix == ".py"]) <= 15


def test_no_two_modules_import_each_other() -> None:
    graph = {name: imported(name) - {name} for name in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"a circle of imports: {' <- '.join(circle.args[1])}")


HEAVY = ("numpy", "llama_cpp", "ttc_llamacpp", "diskcache", "pydantic")
HEAVY += (
    "rich",
    "sqlite3",
    "importlib.metadata",
    "keyring",
    "tomlkit",
    "filelock",
    "ttc.store",
    "ttc.selectors",
    "matplotlib",
)


@pytest.mark.parametrize(
    ("args", "env"),
    [
        (["--help"], {}),
        (["sweep", "--help"], {}),
        (["sample", "-h"], {}),
        ([], {"_TTC_COMPLETE": "complete_bash", "COMP_WORDS": "ttc sweep --m", "COMP_CWORD": "2"}),
        (["models", "--help"], {}),
        (["config", "set", "-h"], {}),
        (["keys", "-h"], {}),
        *(
            ([], {"_TTC_COMPLETE": "line_zsh", "_TTC_LINE": line})
            for line in (
                *("ttc models tu", "ttc solve -m ", "ttc sweep demo -s majority,co"),
                *("ttc solve --method beam:look", "ttc config set temp", "ttc sweep d --ties "),
            )
        ),
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
