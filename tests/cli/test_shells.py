"""TAB in the shells themselves, with the script that `ttc completion` prints."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Ttc

PROGRAM = Path(sys.executable).with_name("ttc")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="no terminals of this kind"),
    pytest.mark.skipif(not PROGRAM.exists(), reason="ttc is not installed beside this interpreter"),
]

# What is typed, then TAB, and what the line becomes.
TYPED = [
    ("ttc mod", "ttc models "),
    ("ttc models tu", "ttc models tune "),
    ("ttc sweep demo --cos", "ttc sweep demo --cost "),
    ("ttc sweep demo --cost=tot", "ttc sweep demo --cost=total "),
    ("ttc sweep demo -s majority,cov", "ttc sweep demo -s majority,coverage "),
    ("ttc sweep demo -s keep=2:by=sc", "ttc sweep demo -s keep=2:by=score "),
    ("ttc solve --method beam:look", "ttc solve --method beam:lookahead="),
    ("ttc show dem:t", "ttc show dem:two "),
    ("ttc show dem:two s4", "ttc show dem:two s4 "),
    ("ttc sample sum", "ttc sample sums.jsonl "),
]


@pytest.fixture
def pools(ttc: Ttc, sums: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ttc("sample", sums, "-n", 1, "--pool", "dem:two", "-m", "scripted:", "-q")
    monkeypatch.setenv("PATH", f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("PS1", "$ ")


def typed(program: list[str], setup: list[str], lines: list[tuple[str, str]]) -> Iterator[str]:
    """Type lines with TAB behind each into a shell on a terminal; yield what it shows by the time
    that a line has become what is wanted."""
    import pty

    child, terminal = pty.fork()
    if child == 0:
        os.execvp(program[0], program)

    def shown(until: str, patience: float = 20.0) -> str:
        text, end = "", time.monotonic() + patience
        while not re.search(until, text, re.DOTALL) and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                text += os.read(terminal, 1 << 16).decode(errors="replace").replace("\x07", "")
        return text

    try:
        for line in setup:
            os.write(terminal, f"{line}; echo re''ady\n".encode())
            shown(r"\nready.*\$ ")
        for line, wanted in lines:
            os.write(terminal, f"{line}\t".encode())
            yield shown(re.escape(wanted), 15)
            os.write(terminal, b"\x15")  # Ctrl-U: an empty line again
            shown("$^", 0.3)
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_key_press_in_a_shell(pools: None, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    if shell == "bash":
        program, setup = ["bash", "--norc", "-i"], ["source <(ttc completion bash)"]
    else:
        program = ["zsh", "-f", "-i"]
        setup = ["autoload -U compinit && compinit -u -D", "source <(ttc completion zsh)"]
    for text, (line, wanted) in zip(typed(program, setup, TYPED), TYPED, strict=True):
        assert wanted in text, (line, text)


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_a_key_press_in_fish(pools: None) -> None:
    asked = "; ".join(f"echo '> {line}'; complete -C '{line}'" for line, _ in TYPED[:-1])
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"ttc completion fish | source; {asked}"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    for part, (line, wanted) in zip(done.stdout.split("> ")[1:], TYPED[:-1], strict=True):
        words = part.splitlines()
        assert words == [line, wanted.split()[-1]], part
