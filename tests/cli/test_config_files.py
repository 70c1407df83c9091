"""`ttc config set|get|unset|init|path` and `ttc models default|alias`: files changed in place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import Ttc

from ttc.config import check_text, editing, load, starter
from ttc.config.settings import PROJECT, SETTINGS

COMMENTED = """\
# The lab's settings.\r
temperature = 0.8   # warm\r
\r
[models.qwen]   # the big one\r
model = "scripted:"   # later: a server\r
tokens = 5\r
"""


@pytest.fixture
def user(own_home: Path) -> Path:
    """The user's file, which does not exist yet."""
    return own_home / "ttc_config_home" / "config.toml"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text.encode())


def test_setting_keeps_all_else_to_the_byte(ttc: Ttc, user: Path) -> None:
    write(user, COMMENTED)
    assert ttc("config", "set", "temperature", "0.6").code == 0
    assert ttc("config", "set", "models.qwen.tokens", "7").code == 0
    expected = COMMENTED.replace("0.8", "0.6").replace("tokens = 5", "tokens = 7")
    assert user.read_bytes().decode() == expected
    # A setting of the whole file goes before its first table.
    assert ttc("config", "set", "n", "3").code == 0
    found = load()
    assert (found.get("n"), found.get("temperature")) == (3, 0.6)
    assert found.aliases["qwen"] == {"model": "scripted:", "tokens": 7}
    assert "# the big one" in user.read_text()
    assert ttc("config", "unset", "n").code == 0
    assert load().get("n") is None


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("set", "temprature", "1"), "did you mean temperature?"),
        (("set", "temperature", "hot"), "must be of type float"),
        (("set", "n", "1.5"), "must be of type int"),
        (("set", "extra", "[1]"), "must be of type dict"),
        (("set", "models.qwen", "scripted:"), "ttc models alias qwen MODEL"),
        (("set", "models.qwen.tokenz", "3"), "did you mean tokens?"),
        (("set", "models.new.tokens", "3"), "[models.new] needs model"),
        (("set", "--project", "db", "x.db"), "db may not be set by a project"),
        (("set", "--project", "models.qwen.proxy", "true"), "needs model"),
        (("get", "temprature"), "did you mean temperature?"),
        (("unset", "temprature"), "did you mean temperature?"),
    ],
)
def test_what_is_wrong_is_not_written(
    ttc: Ttc, user: Path, args: tuple[str, ...], told: str
) -> None:
    write(user, COMMENTED)
    ran = ttc("config", *args)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert told in ran.err
    assert user.read_bytes().decode() == COMMENTED
    assert not Path("ttc.toml").exists()


def test_a_file_with_errors_can_be_mended(ttc: Ttc, user: Path) -> None:
    write(user, "tempratur = 1\nn = 3\n")
    assert ttc("config").code == 2
    assert ttc("config", "unset", "tempratur").code == 0
    assert user.read_text() == "n = 3\n"
    write(user, "n = \n")
    ran = ttc("config", "set", "n", "3")
    assert (ran.code, "nothing was changed" in ran.err) == (2, True)
    assert user.read_text() == "n = \n"


def test_get_tells_what_is_not_set_by_its_exit_code(ttc: Ttc, user: Path) -> None:
    write(user, COMMENTED)
    assert (ttc("config", "get", "temperature").out, ttc("config", "get", "n").code) == ("0.8\n", 1)
    ran = ttc("config", "get", "model")
    assert (ran.code, ran.out) == (1, "")
    assert "ttc config set model VALUE" in ran.err
    assert ttc("config", "get", "-q", "model").err == ""
    assert ttc("config", "get", "models.qwen.tokens").out == "5\n"
    assert ttc("config", "get", "models.qwen", "--json").document["value"]["tokens"] == 5
    assert ttc("config", "get", "models.qwen.nothing").code == 1
    assert ttc("config", "unset", "n").code == 1


def test_what_wins_over_the_file_is_told(
    ttc: Ttc, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("ttc.toml").write_text("n = 2\n")
    ran = ttc("config", "set", "n", "3")
    assert f"ttc.toml sets n as well, to 2, and wins over {user}" in ran.err
    monkeypatch.setenv("TTC_N", "9")
    assert "TTC_N sets n as well, to 9" in ttc("config", "set", "--project", "n", "4").err
    assert Path("ttc.toml").read_text() == "n = 4\n"


def test_a_starter_is_valid_and_never_overwrites(ttc: Ttc, user: Path) -> None:
    assert ttc("config", "init").code == 0
    assert ttc("config", "init", "--user").code == 0
    for file, allowed in ((Path("ttc.toml"), PROJECT), (user, frozenset(SETTINGS))):
        text = file.read_text(encoding="utf-8")
        assert load().get("temperature") == 0.8
        lines = [line for line in text.splitlines() if " = " in line or line.startswith("# [")]
        switched_on = "\n".join(line.removeprefix("# ") for line in lines)
        found, aliases = check_text(switched_on, file, allowed)
        assert (found.keys(), aliases.keys()) == (allowed, {"qwen"})
        assert max(map(len, text.splitlines())) <= 120
    ran = ttc("config", "init")
    assert (ran.code, "already" in ran.err) == (2, True)
    assert Path("ttc.toml").read_text(encoding="utf-8") == starter.text(
        PROJECT, ", which wins over the user's"
    )


def test_path_prints_the_files_and_which_exist(ttc: Ttc, user: Path) -> None:
    write(user, "n = 1\n")
    lines = [line.split() for line in ttc("config", "path").out.splitlines()]
    assert lines[0] == ["user", str(user), "there"]
    assert lines[1][0::2][0] == "project"
    assert lines[1][2:] == ["not", "there"]
    found = ttc("config", "path", "--json").document["files"]
    assert [each["exists"] for each in found] == [True, False]
    other = ttc("config", "path", "--config", "other.toml")
    assert "not there, named by --config" in other.out


def test_the_default_model_is_opened_before_it_is_set(ttc: Ttc, user: Path) -> None:
    write(user, COMMENTED)
    assert ttc("models", "default", "qwen").code == 0
    assert load().get("model") == "qwen"
    assert ttc("models", "default").out == "qwen\n"
    ran = ttc("models", "default", "qwem")
    assert (ran.code, "did you mean qwen?" in ran.err) == (2, True)
    assert ttc("models", "default", "nothing.gguf").code in (2, 3)
    assert load().get("model") == "qwen"
    assert ttc("models", "default", "--unset").code == 0
    assert load().get("model") is None
    assert "model" not in editing.names(user)


def test_an_alias_of_a_project_is_no_default_elsewhere(ttc: Ttc, user: Path) -> None:
    Path("ttc.toml").write_text("[models.here]\nmodel = 'scripted:'\n")
    ran = ttc("models", "default", "here")
    assert (ran.code, "ttc models default here --project" in ran.err) == (2, True)
    assert ttc("models", "default", "here", "--project").code == 0
    assert load().get("model") == "here"
    assert not user.exists()


def test_alias_gives_a_model_a_name(ttc: Ttc, user: Path) -> None:
    assert ttc("models", "alias", "q", "scripted:", "tokens=5", "temperature=0.3").code == 0
    assert load().aliases["q"] == {"model": "scripted:", "tokens": 5, "temperature": 0.3}
    for wrong in ("tokenz=5", "temperature=hot", "tokens"):
        assert ttc("models", "alias", "r", "scripted:", wrong).code == 2
    assert ttc("models", "alias", "a:b", "scripted:").code == 2
    assert [*load().aliases] == ["q"]
    assert ttc("config", "unset", "models.q").code == 0
    assert not load().aliases


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(ttc: Ttc, user: Path) -> None:
    user.parent.mkdir(mode=0o500)
    ran = ttc("config", "set", "n", "3")
    assert (ran.code, str(user) in ran.err) == (2, True)


def test_a_link_stays_a_link(ttc: Ttc, user: Path, own_home: Path) -> None:
    user.parent.mkdir()
    real = own_home / "dotfiles.toml"
    real.write_text("n = 1\n")
    real.chmod(0o600)
    user.symlink_to(real)
    assert ttc("config", "set", "n", "2").code == 0
    assert (user.is_symlink(), real.read_text()) == (True, "n = 2\n")
    assert real.stat().st_mode & 0o777 == 0o600
