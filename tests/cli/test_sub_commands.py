"""Sub-commands of models, db, config and keys: what was accepted before stays accepted."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Ttc

from ttc.cli.main import GROUPS


@pytest.fixture(autouse=True)
def quick(own_home: Path) -> None:
    (own_home / "ttc.toml").write_text("[models.quick]\nmodel = 'scripted:tokens=5'\n")


@pytest.mark.parametrize(
    ("args", "holds"),
    [
        ("models", "quick"),
        ("models list", "quick"),
        ("--json models", '"models": ['),
        ("models --json", '"models": ['),
        ("models quick", "spec: scripted:tokens=5"),
        ("models show quick", "spec: scripted:tokens=5"),
        ("models --json quick", '"spec": "scripted:tokens=5"'),
        ("models quick --json", '"spec": "scripted:tokens=5"'),
        ("models -q --config ttc.toml --json show quick", '"spec": "scripted:tokens=5"'),
        ("db --json path", '"exists": false'),
        ("--db x.db db path", "x.db"),
        ("db --db x.db path", "x.db"),
        ("db path --db x.db", "x.db"),
        ("config", "temperature"),
        ("config --origin", "default"),
        ("config --path", "config.toml"),
        ("config temperature", "0.8"),
        ("config temperature --json --origin", "0.8"),
        ("config list temperature", "0.8"),
        ("config get temperature", "0.8"),
    ],
)
def test_each_spelling_means_what_it_meant(ttc: Ttc, args: str, holds: str) -> None:
    ran = ttc(*args.split())
    assert (ran.code, ran.err) == (0, "")
    assert holds in ran.out


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ("db chek", "did you mean ttc db check?"),
        ("db", "ttc db --help"),
        ("db nothing", "no command 'nothing' in ttc db"),
        ("models tun quick", "did you mean ttc models tune?"),
        ("models quick other", "did you mean ttc models tune other?"),
        ("models lst", "did you mean ttc models list?"),
        ("models tune quick", "has nothing to tune"),
        ("models --forget tune quick", "has nothing to tune"),
        ("models --cancel B batches quick", "not drawn by batch files"),
        ("models tune --what quick", "see ttc models tune --help"),
        ("config gt", "did you mean ttc config get?"),
        ("config temprature", "did you mean temperature?"),
        ("config n 5", "did you mean ttc config set n 5?"),
        ("config set n", "see ttc config set --help"),
        ("keys st openai", "did you mean ttc keys set?"),
    ],
)
def test_a_wrong_word_is_one_line_with_the_near_command(ttc: Ttc, args: str, told: str) -> None:
    ran = ttc(*args.split())
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert told in ran.err


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_each_sub_command_has_its_help(ttc: Ttc, group: str) -> None:
    from importlib import import_module

    module = import_module(f"ttc.cli.commands.{group}")
    whole = ttc(group, "--help")
    assert whole.code == 0
    for each in module.SUBCOMMANDS:
        name = each.__name__.rstrip("_")
        about = (each.__doc__ or "").partition("\n")[0]
        assert " ".join(about.split()) in " ".join(whole.out.split())
        ran = ttc(group, name, "-h")
        assert (ran.code, ran.err) == (0, "")
        assert f"Usage: ttc {group} {name}" in ran.out
