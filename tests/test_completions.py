"""Completion: the committed scripts are current, and TAB offers what is there."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Ttc

from ttc.cli.completing import shells
from ttc.cli.completing.shells import SHELLS

FOLDER = Path(__file__).resolve().parents[1] / "completions"
FILES = {"bash": "ttc.bash", "zsh": "_ttc", "fish": "ttc.fish"}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_committed_script_is_current(ttc: Ttc, shell: str) -> None:
    assert (FOLDER / FILES[shell]).read_text(encoding="utf-8") == ttc("completion", shell).out


def tab(words: str, at: int) -> list[str]:
    """Return what a TAB press in bash offers, with the script of an earlier version."""
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


def offered(line: str, how: str = "line_zsh") -> list[str]:
    """Return what is offered for a line; nothing may be printed on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "ttc.cli.main"],
        env={**os.environ, "_TTC_COMPLETE": how, "_TTC_LINE": line},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.splitlines()


def test_tab_offers_commands_and_options() -> None:
    assert {"solve", "sample", "sweep", "show"} <= {*tab("ttc s", 1)}
    assert "--max-tokens" in tab("ttc sample --max", 2)


@pytest.fixture
def pools(ttc: Ttc, sums: Path) -> Path:
    """A store with the pools `demo` and `dem:two` of six problems, s0 to s5."""
    for pool in ("demo", "dem:two"):
        ttc("sample", sums, "-n", 2, "--pool", pool, "-m", "scripted:", "-q")
    return Path(os.environ["TTC_HOME"]) / "ttc.db"


# What was typed, and what is offered: all of it, or some of it behind "…".
LINES: list[tuple[str, list[str]]] = [
    ("ttc mod", ["models"]),
    ("ttc models tu", ["tune"]),
    ("ttc --db x.db models tu", ["tune"]),
    ("ttc models sh", ["show"]),
    ("ttc db v", ["vacuum", "views"]),
    ("ttc config se", ["set", "seed"]),
    ("ttc config set tem", ["temperature", "template"]),
    ("ttc config set thinking o", ["on", "off"]),
    ("ttc config set models.q", ["models.quick", "models.quick.model"]),
    ("ttc keys set ", ["openai"]),
    ("ttc sweep d", ["dem:two", "demo"]),
    ("X=1 ttc sweep demo de", ["dem:two", "demo"]),
    ("ttc sweep demo --cost to", ["tokens", "total"]),
    ("ttc sweep demo --cost=to", ["--cost=tokens", "--cost=total"]),
    ("ttc sweep demo --ties ", ["split", "first", "strict"]),
    ("ttc sweep demo --invalid ", ["abstain", "class", "wrong"]),
    ("ttc sweep demo --draw ", ["without", "with", "prefix"]),
    ("ttc verify demo --sandbox b", ["bwrap"]),
    ("ttc sweep demo -s majority,cov", ["majority,coverage"]),
    ("ttc sweep demo -s keep=2:b", ["keep=2:by="]),
    ("ttc sweep demo -s keep=2:by=s", ["keep=2:by=score"]),
    ("ttc sweep demo -s 'keep=2:by=score>pass", ["keep=2:by=score>pass^k"]),
    ("ttc solve --method beam:look", ["beam:lookahead="]),
    ("ttc solve --method beam:n=4,m", ["beam:n=4,m="]),
    ("ttc solve --method majority,co", []),
    ("ttc verify demo -V judge:as=", ["judge:as=score", "judge:as=verdict"]),
    ("ttc verify demo -V nu", ["numeric"]),
    ("ttc solve -m qu", ["quick"]),
    ("ttc solve -m scr", ["scripted:"]),
    ("ttc models show qu", ["quick"]),
    ("ttc models qu", ["quick"]),
    ("ttc show ", ["dem:two", "demo"]),
    ("ttc show demo s", ["s0", "s1", "s2", "s3", "s4", "s5"]),
    ("ttc show demo s3 ", ["0", "1"]),
    ("ttc export demo --format par", ["parquet"]),
    ("ttc import x.json --format gs", []),
    ("ttc sample x.jsonl --format gs", ["gsm8k"]),
    ("ttc --ver", ["--verbose", "--version"]),
    ("ttc sample x", []),
    ("ttc nothing ", []),
    ("", []),
    ("ttc solve 'an open quote", []),
]


def test_tab_needs_no_command_before_it(
    pools: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No command has listed plugins or models here; names come from what is installed."""
    import typer.core

    from ttc.cli.main import run

    # A completion is a process of its own, for which values are left unconverted.
    if parameter := getattr(typer.core, "_TyperParameter", None):
        monkeypatch.setattr(parameter, "process_value", parameter.process_value)
    (own_home / "ttc.toml").write_text("[models.quick]\nmodel = 'scripted:'\n")
    monkeypatch.setenv("_TTC_COMPLETE", "line_zsh")
    for line, wanted in LINES:
        monkeypatch.setenv("_TTC_LINE", line)
        assert run([]) == 0
        captured = capsys.readouterr()
        assert (captured.out.splitlines(), captured.err) == (wanted, ""), line


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        # bash takes what is behind : and = for a word of its own.
        ("ttc sweep demo --cost=to", ["tokens", "total"]),
        ("ttc sweep demo -s keep=2:b", ["by="]),
        ("ttc sweep demo -s 'keep=2:b", ["keep=2:by="]),
        ("ttc show dem:t", ["two"]),
        ("ttc show de", ["dem:two", "demo"]),
    ],
)
def test_bash_gets_the_rest_of_its_word(pools: Path, line: str, wanted: list[str]) -> None:
    assert offered(line, "line_bash") == wanted


def test_a_store_that_is_missing_locked_or_none_has_no_names(pools: Path, own_home: Path) -> None:
    before = sorted(path.name for path in own_home.iterdir())
    assert offered("ttc show --db nowhere.db ") == []
    assert sorted(path.name for path in own_home.iterdir()) == before
    (own_home / "none.db").write_bytes(b"no database" * 100)
    assert offered("ttc show --db none.db ") == []
    other = sqlite3.connect(pools, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    try:
        assert offered("ttc show d") in ([], ["dem:two", "demo"])
    finally:
        other.close()
    assert time.monotonic() - began < 5


def test_settings_with_errors_are_no_error(pools: Path, own_home: Path) -> None:
    (own_home / "ttc.toml").write_text("[not toml")
    assert offered("ttc show dem") == ["dem:two", "demo"]
    assert "scripted:" in offered("ttc solve -m ")


@pytest.mark.parametrize(
    ("line", "words", "typing", "quoted"),
    [
        ("ttc a b", ["ttc", "a"], "b", False),
        ("ttc a ", ["ttc", "a"], "", False),
        ("A=1 B= ttc a", ["ttc"], "a", False),
        ("ttc 'a b' c", ["ttc", "a b"], "c", False),
        ("ttc 'a b", ["ttc"], "a b", True),
        ('ttc "a b', ["ttc"], "a b", True),
        ("ttc a#b", ["ttc"], "a#b", False),
        ("", [], "", False),
    ],
)
def test_a_line_is_split_as_a_shell_does(
    line: str, words: list[str], typing: str, quoted: bool
) -> None:
    assert shells.split(line) == (words, typing, quoted)


def test_values_of_options_are_those_that_the_code_takes() -> None:
    from ttc.cli.completing import choices
    from ttc.curves import costs, intervals, table
    from ttc.exchange import formats
    from ttc.formats import WritesDraws
    from ttc.selectors import majority
    from ttc.verifiers.sandbox import tiers

    assert majority.TIES == choices.TIES
    assert majority.INVALID == choices.INVALID
    assert table.DRAWS == choices.DRAW
    assert intervals.METHODS == choices.INTERVAL
    assert costs.EFLOPS == choices.EFLOPS
    assert {*tiers.TIERS} >= {*choices.SANDBOX} - {"auto", "none"}
    made = {name: formats._made(name) for name in formats._names()}
    assert {name for name, each in made.items() if isinstance(each, WritesDraws)} == {
        *choices.WRITTEN
    }


# What is offered though the constructor of the class fixes it.
FIXED = {"accept": {"by"}, "perplexity-consistency": {"score"}, "rpc": {"score"}}


def _told() -> Iterator[tuple[str, str, set[str]]]:
    """Yield each rule, verifier and strategy with the options that its error lists."""
    import re

    from ttc import plugins
    from ttc.selectors.spec import build

    spelled = {"keep": "keep=2:zzz=1>majority", "short": "short=2:zzz=1"}
    for group in ("selectors", "verifiers", "strategies"):
        for name in plugins.installed(group):
            spec = spelled.get(name, f"{name}:zzz=1")
            try:
                build(spec) if group == "selectors" else plugins.build(group, spec)
            except Exception as error:  # noqa: BLE001 (whatever it is, it has a list or none)
                told = re.search(r"it takes:? (.*?)(?:;|$)", str(error))
                if told and (group, name) != ("verifiers", "synth"):
                    listed = {each.partition("=")[0] for each in told[1].split(", ")}
                    yield group, name, listed - {"none"}


def test_options_read_from_the_source_are_those_of_the_code() -> None:
    from ttc.cli.completing import entry_points, plugin_options

    checked = 0
    for group, name, listed in _told():
        found = plugin_options.options_of(entry_points.members(group)[name])
        assert {*found} - FIXED.get(name, set()) == listed, name
        checked += 1
    assert checked > 50


def test_names_are_those_of_the_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    from ttc import plugins
    from ttc.cli.completing import entry_points

    for own in ("", "1"):
        monkeypatch.setenv("TTC_NO_PLUGINS", own)
        for group in plugins.GROUPS:
            wanted = {name: entry.value for name, entry in plugins.installed(group).items()}
            assert entry_points.members(group) == dict(sorted(wanted.items()))
