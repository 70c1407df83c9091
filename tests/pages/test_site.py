"""The site builds strictly, loads nothing from elsewhere, and what is generated is current."""

from __future__ import annotations

import html
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages.blocks import PAGES, ROOT

import ttc
from ttc.cli.main import COMMANDS, LazyGroup, build

# Processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text(encoding="utf-8")
# What a page would load; links that a reader follows are not among them.
LOADS = re.compile(
    r"<(?:script|img|iframe|source|video|audio)[^>]* src=\"?(?:https?:)?//"
    r"|<link[^>]* rel=\"?(?:stylesheet|preload|preconnect|icon)[^>]* href=\"?(?:https?:)?//"
    r"|url\(\"?(?:https?:)?//|@import"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    for needed in ("mkdocs", "material", "mkdocstrings"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip("mkdocs-material is not here: pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("built") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(pages) > 30
    found = {
        (path.relative_to(site).as_posix(), hit)
        for path in pages
        for hit in LOADS.findall(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_links_and_anchors_of_built_pages_lead_somewhere(site: Path) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    names = {path: set(re.findall(r' (?:id|name)="?([^\s">]+)', texts[path])) for path in texts}
    wrong = []
    for path, text in texts.items():
        if path.name == "404.html":
            continue  # its links are those of the root of a server
        for link in re.findall(r' href="?([^\s">]+)', text):
            target, _, anchor = html.unescape(link).partition("#")
            if re.match(r"[a-z]+:|//", target):
                continue
            file = (path.parent / target).resolve() if target else path
            file = file / "index.html" if file.is_dir() else file
            if not file.exists() or (anchor and file in names and anchor not in names[file]):
                wrong.append((path.name, link))
    assert wrong == []


@pytest.mark.parametrize("name", [each for each in ttc.__all__ if each != "__version__"])
def test_each_public_name_is_documented(site: Path, name: str) -> None:
    text = (site / "reference" / "python.html").read_text(encoding="utf-8")
    section = text.partition(f'<h3 id="{name.lower()}"')[2].partition("<h3 id=")[0]
    assert "doc-contents" in section, f"{name}: no docstring is shown"
    assert (getattr(ttc, name).__doc__ or "").strip()


def test_what_is_generated_is_current() -> None:
    for package in ("ttc_llamacpp", "ttc_openai", "ttc_ray", "ttc_vllm"):
        pytest.importorskip(package, reason="the tables hold what all packages have")
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_variable_is_documented() -> None:
    """Every `TTC_…` that the code reads; those of a command of `cmd` are on its page."""
    sources = [ROOT / "ttc", *ROOT.glob("plugins/*/ttc_*")]
    text = "".join(path.read_text("utf-8") for each in sources for path in each.rglob("*.py"))
    read = set(re.findall(r'"(TTC_[A-Z][A-Z_]+)"', text))
    told = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    assert len(read) > 8
    assert [name for name in sorted(read) if f"{name}`" not in told] == []


def anchor_of(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_links_in_the_sources_lead_somewhere() -> None:
    """On the web page of a repository, where README and pages are read as they are."""
    wrong = []
    for path in PAGES:
        text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", text):
            file = (path.parent / target) if target else path
            if not file.exists():
                wrong.append((path.name, target))
            elif anchor and file.suffix == ".md":
                source = file.read_text("utf-8")
                heads = re.findall(r"^#+ (.+)$", source, re.MULTILINE)
                # What a page includes is looked up in the built site.
                if anchor not in map(anchor_of, heads) and "--8<--" not in source:
                    wrong.append((path.name, f"{target}#{anchor}"))
    assert wrong == []


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 130
    assert max(map(len, README.splitlines())) <= 160


def test_ci_runs_the_readme_s_test_command() -> None:
    commands = re.findall(r"^pip install .*&& pytest -n auto$", README, re.MULTILINE)
    assert len(commands) == 1
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "grep -m 1 '&& pytest -n auto$' README.md" in script
    assert "mkdocs build --strict" in script


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_documented_and_its_line_is_its_docstring(name: str) -> None:
    assert f"\n## ttc {name}\n" in (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    group = build()
    assert isinstance(group, LazyGroup)
    command = group.get_command(None, name)
    assert command.help.strip().partition("\n")[0] == COMMANDS[name]
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert parameter.help, f"{name} {parameter.name} has no help"
