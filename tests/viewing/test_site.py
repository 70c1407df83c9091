"""The files of the page: small, complete, and with nothing in them that the policy forbids."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ttc.view import facets
from ttc.view.export import data
from ttc.view.site_files import SITE, TYPES

FILES = sorted(path for path in SITE.rglob("*") if path.is_file())
OWN = [path for path in FILES if "vendor" not in path.parts]
INDEX = (SITE / "index.html").read_text(encoding="utf-8")


def relative(path: Path) -> str:
    return path.relative_to(SITE).as_posix()


@pytest.mark.parametrize("path", OWN, ids=relative)
def test_files_are_small_and_load_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250
    addresses = re.findall(r"https?://[^\s\"')]+|@import|url\(", text)
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", [path for path in OWN if path.suffix == ".js"], ids=relative)
def test_scripts_parse_no_markup_and_evaluate_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    forbidden = (
        r"\.innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|"
        r"createContextualFragment|setHTML|srcdoc\s*=|\beval\(|new Function|javascript:"
    )
    assert re.findall(forbidden, text) == []


def test_the_page_has_no_script_or_style_in_it() -> None:
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", INDEX) == []
    assert all("defer" in tag for tag in re.findall(r"<script[^>]*>", INDEX))
    assert 'type="module"' not in INDEX


def test_every_file_is_asked_for_and_there() -> None:
    asked = set(re.findall(r'(?:src|href)="([^"#][^"]*)"', INDEX))
    there = {relative(path) for path in FILES}
    assert asked <= there
    assert there - asked == {"index.html", "vendor/uplot/LICENSE"}
    assert {path.suffix for path in FILES} <= {*TYPES, ""}


def test_git_keeps_every_file() -> None:
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        pytest.skip("this is not a clone")
    command = ["git", "check-ignore", *(str(path) for path in FILES)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert done.stdout == ""


def test_scripts_know_the_facets_and_files_of_python() -> None:
    """The page has no build step, so what both sides name is written twice."""
    scripts = {path.name: path.read_text(encoding="utf-8") for path in OWN if path.suffix == ".js"}
    labels = scripts["facets.js"].partition("const LABELS = {")[2].partition("\n  };")[0]
    assert set(re.findall(r'^    "?([\w-]+)"?: \[', labels, re.MULTILINE)) == set(facets.NAMES)
    of_draws = re.findall(r"OF_DRAWS = /\^\((.*?)\)", scripts["exported_lists.js"])[0].split("|")
    assert of_draws == [*facets.OF_DRAWS, "answer:.*"]
    attempts = re.findall(r"ATTEMPTS = \[(.*?)\]", scripts["exported_lists.js"])[0]
    assert re.findall(r'"(.*?)"', attempts) == list(facets.OF_ATTEMPTS)
    for name, size in (("ROWS", data.ROWS), ("ASKED", data.ASKED)):
        assert f"const {name} = {size};" in scripts["exported.js"]
