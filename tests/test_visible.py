"""Texts from outside on a terminal: control characters are seen, names are never markup."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttc import paths
from ttc.messages.visible import one_line, visible
from ttc.report.escaping import fenced, in_markdown

# Many processes, and nothing that depends on the version of Python.
pytestmark = pytest.mark.slow

ESC = "\x1b"
# What a terminal would obey: clear the screen, write the clipboard, ring, C1's CSI, bidi.
HOSTILE = f"{ESC}[2J{ESC}]52;c;cm0gLXJm\x07\x9b31m\u202e7\x7f\r8"
RICH = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[lh]|2K|1A)")  # colours and the live line: its own
OBEYED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@given(st.text())
def test_nothing_is_left_to_obey_and_plain_text_stays(text: str) -> None:
    shown = visible(text)
    assert not OBEYED.search(shown)
    assert "\r" not in shown
    shown.encode()  # no surrogates are left
    assert len(one_line(text).splitlines()) <= 1
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb", "a\nb"),
        ("a\rb", "a␍b"),
        (f"{ESC}[31m", "␛[31m"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202eabc", "\\u202eabc"),
        ("\U000e0041", "\\ue0041"),
        ("naïve 数学 🙂 e\u0301", "naïve 数学 🙂 e\u0301"),
        ("👩\u200d🔬", "👩\u200d🔬"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_markdown_shows_a_name_to_the_letter() -> None:
    assert in_markdown("a|b_c*`<b>[x](y)\n- d") == r"a\|b\_c\*\`\<b>\[x\](y)␊- d"
    assert fenced(["``` out", "x"]) == "````text\n``` out\nx\n````\n"


def on_terminal(command: list[str]) -> str:
    """Run a command with a terminal for stdout and stderr; return what it wrote to it."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ttc.cli.main", *command],
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"},
    )
    os.close(slave)
    written = b""
    try:
        while select.select([master], [], [], 60)[0]:
            try:
                piece = os.read(master, 65536)
            except OSError:  # Linux says so when the last writer is gone
                break
            if not piece:
                break
            written += piece
    finally:
        process.wait(60)
        os.close(master)
    return written.decode()


def obeyed(written: str) -> list[str]:
    """Return what of an output a terminal would obey, Rich's own writing left aside."""
    return OBEYED.findall(RICH.sub("", written).replace("\r\n", "\n"))


@pytest.fixture
def hostile_pool(own_home: Path) -> str:
    """A pool whose name, problem, reference and text are all hostile; returns its name."""
    name = f"p[red]{HOSTILE}\n::error::forged"
    lines = [
        {"pool": name, "problem": f"q{HOSTILE}", "index": at, "text": f"{HOSTILE} 7"}
        | {"answer": "7", "correct": True, "completion_tokens": 3 + at, "finish_reason": "stop"}
        for at in range(2)
    ]
    Path("drawn.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    row = {"id": f"q{HOSTILE}", "question": f"{HOSTILE}?", "answer": "7"}
    Path("data.jsonl").write_text(json.dumps(row) + "\n")
    model = f"scripted:answers={HOSTILE} 7"
    made = ["sample", "data.jsonl", "-n", "2", "-m", model, "--pool", "p", "-q"]
    subprocess.run([sys.executable, "-m", "ttc.cli.main", *made], check=True, capture_output=True)
    return renamed("p", name)


def renamed(pool: str, name: str) -> str:
    """Give a pool a name that only stores of older versions have; return it."""
    with closing(sqlite3.connect(paths.default_database())) as store, store:
        store.execute("UPDATE pools SET name = ?, base = ? WHERE name = ?", (name, name, pool))
    return name


def test_no_command_hands_a_terminal_what_it_would_obey(hostile_pool: str) -> None:
    model = f"scripted:answers={ESC}[2J7,tokens=5-5"
    commands = [
        ["solve", f"{HOSTILE}?", "-m", model, "-n", "2"],
        ["solve", "x?", "-m", model, "-n", "2", "--method", "beam:n=2,m=2", "--show"],
        ["ls"],
        ["show", hostile_pool],
        ["show", hostile_pool, f"q{HOSTILE}"],
        ["show", hostile_pool, f"q{HOSTILE}", "0"],
        ["show", f"none{HOSTILE}"],
        ["verify", hostile_pool, "-V", "numeric"],
        ["sweep", hostile_pool, "-V", "numeric", "-s", "coverage,majority", "--compare"],
        ["sweep", "drawn.jsonl", "--predict", "10", "--pareto"],
        ["sample", "data.jsonl", "-n", "3", "-m", model, "--pool", f"new{HOSTILE}"],
        ["sample", "data.jsonl", "-n", "3", "-m", model, "--dry-run"],
        ["sample", f"none{HOSTILE}.jsonl", "-m", model],
        ["config"],
        ["frob" + HOSTILE],
    ]
    for command in commands:
        written = on_terminal(command)
        assert written, command
        assert "Traceback" not in written, command
        assert obeyed(written) == [], (command, written)


def test_a_pipe_gets_the_text_as_it_is(hostile_pool: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ttc.cli.main", "show", hostile_pool, f"q{HOSTILE}", "0"],
        capture_output=True,
        check=True,
    )
    assert f"{HOSTILE} 7".encode() in done.stdout


def test_raw_output_is_wanted_explicitly(hostile_pool: str) -> None:
    shown = ["show", hostile_pool, f"q{HOSTILE}", "0"]
    assert f"{HOSTILE} 7" not in on_terminal(shown)
    assert f"{HOSTILE} 7" in on_terminal([*shown, "--raw-output"])
    solved = ["solve", "x?", "-m", f"scripted:answers=a{ESC}[2Jb,tokens=5-5", "-n", "2"]
    assert f"{ESC}[2J" in on_terminal([*solved, "--method", "mbr", "--raw-output"])


def test_a_name_or_a_text_commands_no_runner(hostile_pool: str, own_home: Path) -> None:
    """In GitHub Actions each line of both streams may be a command."""
    text = "::add-mask::7\n  ::error::forged\r::stop-commands::x ##[add-mask]7"
    rows = [{"problem": text, "index": 0, "text": text, "correct": False, "answer": "7"}]
    name = "::warning::w\n::error::e ##[error]x.jsonl"
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("in.jsonl").write_text(json.dumps({"id": text, "question": text, "answer": "7"}) + "\n")
    model = "scripted:answers=" + text.partition("\r")[0]
    commands = [
        ["sweep", name, "-s", "mean", "-k", "1"],
        ["sweep", name, "-s", "mean", "-k", "1", "--csv", "-"],
        ["sweep", name, "-s", "mean", "-k", "1", "--md", "-"],
        ["sweep", name, "-s", "mean", "-k", "1", "--json"],
        ["verify", name, "-V", "numeric"],
        ["sample", "in.jsonl", "-n", "2", "-m", model, "--pool", "plain"],
        ["sample", "in.jsonl", "-n", "2", "-m", model, "--pool", "::error::p\n::error::p"],
        ["show", "::error::p"],
        ["show", "::error::p", text],
        ["show", "::error::p", text, "0"],
        ["show", "::error::none"],
        ["ls"],
        ["solve", text, "-m", model, "-n", "2", "--show"],
        ["solve", text, "-m", model, "-n", "2", "--json"],
        ["::error::frob"],
    ]
    for command in commands:
        if command == ["show", "::error::p"]:
            renamed("plain", "::error::p")
        done = subprocess.run(
            [sys.executable, "-m", "ttc.cli.main", *command],
            capture_output=True,
            env={**os.environ, "GITHUB_ACTIONS": "true"},
        )
        for line in re.split(r"\r\n|\r|\n", (done.stdout + b"\n" + done.stderr).decode()):
            assert not line.lstrip().startswith("::"), (command, line)
            assert not re.search(r"##\[(add-mask|error)", line), (command, line)


def test_names_are_text_and_no_markup(hostile_pool: str) -> None:
    assert "p[red]" in on_terminal(["sweep", hostile_pool, "-V", "numeric"]) or "p[red]" in (
        on_terminal(["ls"])
    )
    Path("[bold]x:smile:.jsonl").write_text(Path("drawn.jsonl").read_text())
    assert "[bold]x:smile:.jsonl" in on_terminal(["sweep", "[bold]x:smile:.jsonl"])


def test_a_name_forges_no_annotation(own_home: Path) -> None:
    row = {"problem": "a", "index": 0, "correct": False, "text": ""}
    name = "x\n::error::forged\r%0A::error::again.jsonl"
    Path(name).write_text(json.dumps(row) + "\n")
    summary = own_home / "summary.md"
    gate = ["sweep", name, "-s", "mean", "-k", "1", "--github", "--assert", "mean@1>0.9"]
    done = subprocess.run(
        [sys.executable, "-m", "ttc.cli.main", *gate],
        capture_output=True,
        text=True,
        env={**os.environ, "GITHUB_STEP_SUMMARY": str(summary)},
    )
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if line.startswith("::error")]
    assert len(told) == 1
    assert not re.search("%0[AD]::|\r|\n", told[0])
    written = summary.read_text()
    assert not re.search("^::error", written, re.MULTILINE)
