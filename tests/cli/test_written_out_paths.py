"""`~` and `$VAR` in paths that no shell wrote out: in settings, aliases, behind = and @."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Ttc

from ttc.errors import UsageError
from ttc.paths import expanded


@pytest.fixture(autouse=True)
def home(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = own_home / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setenv("LAB", str(folder / "lab"))
    monkeypatch.delenv("NOWHERE", raising=False)
    (folder / "lab").mkdir()
    return folder


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("~/a.db", "{home}/a.db"),
        ("~", "{home}"),
        ("$LAB/a.db", "{home}/lab/a.db"),
        ("${LAB}/a.db", "{home}/lab/a.db"),
        ("x$LAB", "x{home}/lab"),
        ("a~b", "a~b"),
        ("plain/a.db", "plain/a.db"),
        ("cost$.csv", "cost$.csv"),
        ("a$", "a$"),
        ("", ""),
    ],
)
def test_a_path_is_written_out_as_a_shell_does(home: Path, path: str, written: str) -> None:
    assert expanded(path) == written.format(home=home)
    assert expanded(Path(path)) == str(Path(written.format(home=home)))


def test_a_file_of_that_name_is_meant_itself(own_home: Path) -> None:
    for name in ("$NOWHERE", "~x", "a$LAB"):
        (own_home / name).write_text("")
        assert expanded(name) == name


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("$NOWHERE/a", "--db: $NOWHERE/a: the variable NOWHERE is not set"),
        ("${NOWHERE}/a", "the variable NOWHERE is not set; set it, or write the path out"),
        ("~nobody-of-this-name/a", "no home folder of ~nobody-of-this-name"),
    ],
)
def test_what_cannot_be_written_out_is_told(path: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        expanded(path, "--db")
    assert told in str(raised.value)


def test_the_store_in_each_place(
    ttc: Ttc, own_home: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ttc("db", "path", "--db=~/x.db").out == f"{home}/x.db\n"
    monkeypatch.setenv("TTC_DB", "$LAB/y.db")
    assert ttc("db", "path").out == f"{home}/lab/y.db\n"
    monkeypatch.delenv("TTC_DB")
    (home / "mine.toml").write_text("db = '~/z.db'\n")
    assert ttc("db", "path", "--config=~/mine.toml").out == f"{home}/z.db\n"
    monkeypatch.setenv("TTC_CONFIG", "$HOME/mine.toml")
    assert ttc("db", "path").out == f"{home}/z.db\n"
    (home / "mine.toml").write_text("db = '$NOWHERE/z.db'\n")
    ran = ttc("db", "path")
    assert (ran.code, f"{home}/mine.toml: $NOWHERE/z.db: the variable" in ran.err) == (2, True)


def test_files_of_options_and_settings(ttc: Ttc, own_home: Path, home: Path, sums: Path) -> None:
    (home / "lab" / "system.txt").write_text("Be brief.")
    (home / "lab" / "ids").write_text("s1\n")
    (home / "lab" / "shots.jsonl").write_text(
        json.dumps({"question": "1+1?", "answer": "2", "solution": "2"}) + "\n"
    )
    (own_home / "ttc.toml").write_text(
        "few_shot = '$LAB/shots.jsonl'\nsystem = '@~/lab/system.txt'\n"
    )
    ran = ttc(
        *("sample", sums, "-n", 1, "--ids", "@~/lab/ids", "-m", "scripted:", "--pool", "p"),
        "--output=~/out.jsonl",
    )
    assert ran.code == 0, ran.err
    assert len((home / "out.jsonl").read_text().splitlines()) == 1
    assert ttc("verify", "p", "-V", "numeric", "-q").code == 0
    assert ttc("sweep", "p", "--csv=~/t.csv", "--save-baseline=$LAB/b.json", "-q").code == 0
    assert (home / "t.csv").exists()
    assert ttc("sweep", "p", "--baseline=~/lab/b.json", "-q").code == 0
    assert ttc("view", "p", "--export=~/page", "-q").code == 0
    assert (home / "page" / "index.html").exists()
    ran = ttc("serve", "-m", "scripted:", "--key-file=$NOWHERE/keys")
    assert (ran.code, "--key-file: $NOWHERE/keys: the variable" in ran.err) == (2, True)
    assert ttc("export", "p", "--output=~/e.jsonl").code == 0
    assert (home / "e.jsonl").exists()
    ran = ttc("sweep", "p", "--csv=$NOWHERE/t.csv", "-q")
    assert (ran.code, "--csv: $NOWHERE/t.csv: the variable" in ran.err) == (2, True)


def test_models_of_aliases(ttc: Ttc, own_home: Path, home: Path) -> None:
    pytest.importorskip("ttc_llamacpp")
    for name, told in (
        ("$NOWHERE/m.gguf", "[models.a]: $NOWHERE/m.gguf: the variable"),
        ("$LAB/m.gguf", f"{home}/lab/m.gguf: no such file"),
        ("~/m.gguf", f"{home}/m.gguf: no such file"),
    ):
        (own_home / "ttc.toml").write_text(f"[models.a]\nmodel = '{name}'\n")
        ran = ttc("models", "a")
        assert (ran.code, told in ran.err) == (2 if "NOWHERE" in name else 3, True), ran.err
