"""Commands that a message names work when they are pasted into a shell."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import Ttc


@pytest.mark.parametrize("name", ["demo", "my pool", "it's"])
def test_the_command_that_judges_the_rest_can_be_pasted(ttc: Ttc, sums: Path, name: str) -> None:
    model = ("-m", "scripted:answers=1", "-q")
    assert ttc("sample", sums, "-n", 2, "--pool", name, *model).code == 0
    none = ttc("sweep", name)
    assert f"ttc verify {shlex.quote(name)} -V NAME" in none.err
    assert ttc("verify", name, "-V", "numeric:tol=0.5", "-q").code == 0
    assert ttc("sample", sums, "-n", 3, "--pool", name, *model).code == 0
    for looking in (("show", name, "--wrong"), ("sweep", name, "-k", 1)):
        told = ttc(*looking).err
        found = re.search(r"; ttc (verify .*? -V \S+)", told)
        assert found is not None, told
        assert shlex.split(found[1]) == ["verify", name, "-V", "numeric:tol=0.5"]
    assert ttc(*shlex.split(found[1]), "-q").code == 0
    assert "no verdict" not in ttc("sweep", name, "-k", 1).err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["two", "words"], 'put the question in quotes: ttc solve "…"'),
        (["--each", "a.jsonl", "word"], "--each answers the questions of one file"),
    ],
)
def test_a_word_too_many(ttc: Ttc, words: list[str], told: str) -> None:
    ran = ttc("solve", *words)
    assert (ran.code, told in ran.err) == (2, True), ran.err


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ('[models.a]\nmodel = "b"\n[models.b]\nmodel = "scripted:answers=1"', "scripted:answers=1"),
        ('[models.a]\nmodel = "a"', "a is this alias itself"),
    ],
)
def test_an_alias_of_an_alias_is_told_what_it_is(
    ttc: Ttc, tmp_path: Path, tables: str, told: str
) -> None:
    settings = tmp_path / "ttc.toml"
    settings.write_text(tables, encoding="utf-8")
    ran = ttc("solve", "q", "-m", "a")
    assert ran.code == 2
    assert "an alias stands for no other" in ran.err
    assert told in ran.err


def test_ls_names_many_pools_without_questions_in_one_line(ttc: Ttc, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('{"problem": "q", "index": 0, "text": "1"}\n', encoding="utf-8")
    for at in range(5):
        assert ttc("import", log, "--pool", f"p{at}", "-q").code == 0
    told = ttc("ls").err
    assert told.count("unknown") == 1
    assert "questions unknown in 5 pools: p0, p1, p2 and 2 more" in told


def test_help_version_is_the_version(ttc: Ttc) -> None:
    assert ttc("help", "version").out == ttc("--version").out
