"""Completion: the committed scripts are current, and TAB offers what is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Ttc

from ttc.cli.commands.completion import SHELLS

FOLDER = Path(__file__).resolve().parents[1] / "completions"
FILES = {"bash": "ttc.bash", "zsh": "_ttc", "fish": "ttc.fish"}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_committed_script_is_current(ttc: Ttc, shell: str) -> None:
    assert (FOLDER / FILES[shell]).read_text(encoding="utf-8") == ttc("completion", shell).out


def tab(words: str, at: int) -> list[str]:
    """Return what a TAB press in bash offers."""
    env = {"_TTC_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(at)}
    done = subprocess.run(
        [sys.executable, "-m", "ttc.cli.main"],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_tab_offers_commands_and_options() -> None:
    assert tab("ttc s", 1) == ["solve", "sample", "sweep", "show"]
    assert "--max-tokens" in tab("ttc sample --max", 2)


def test_tab_offers_names_that_this_machine_knows(ttc: Ttc, sums: Path) -> None:
    assert tab("ttc sweep d", 2) == []
    ttc("sample", sums, "-n", 1, "--pool", "demo", "-m", "scripted:")
    assert tab("ttc sweep d", 2) == ["demo"]
    assert tab("ttc show ", 2) == ["demo"]
    ttc("plugins")
    assert tab("ttc verify demo -V n", 4) == ["numeric"]
    assert tab("ttc sweep demo -s coverage,maj", 4) == [
        "coverage,majority",
        "coverage,majority-of-bests",
    ]


def test_a_broken_cache_is_no_error(ttc: Ttc, own_home: Path) -> None:
    (own_home / "ttc_cache").mkdir()
    (own_home / "ttc_cache" / "names.json").write_text("[not json")
    assert tab("ttc sweep d", 2) == []
    (own_home / "ttc_cache" / "names.json").write_text("[1]")
    assert tab("ttc sweep d", 2) == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
def test_the_bash_script_completes_in_bash(own_home: Path) -> None:
    program = Path(sys.executable).with_name("ttc")
    if not program.exists():
        pytest.skip("the ttc script is not installed beside this interpreter")
    script = f"""
source {FOLDER / FILES["bash"]}
COMP_WORDS=(ttc sam); COMP_CWORD=1; _ttc_completion {program}
echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["sample"]
