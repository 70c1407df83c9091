"""Several pools and files in one command: verify, ls; a summary each, the worst exit code."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import Ttc

import ttc as library

RIGHT = ("-m", "scripted:answers=1*1")
WRONG = ("-m", "scripted:answers=9*1")


@pytest.fixture
def pools(ttc: Ttc, tmp_path: Path) -> Ttc:
    """Pools `right` and `wrong` of two problems × 4 draws, and a file of one draw."""
    data = tmp_path / "ones.jsonl"
    rows = ({"id": f"q{i}", "question": f"{i}?", "answer": "1"} for i in range(2))
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    for name, model in (("right", RIGHT), ("wrong", WRONG)):
        assert ttc("sample", data, "-n", 4, "--pool", name, *model, "-q").code == 0
    line = {"problem": "f", "text": "1", "reference": {"answer": "1"}}
    (tmp_path / "lines.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    return ttc


def test_each_source_has_its_summary(pools: Ttc) -> None:
    ran = pools("verify", "right", "wrong", "lines.jsonl", "-V", "numeric")
    assert ran.code == 0
    assert "right: numeric: 8 of 8" in ran.err
    assert "wrong: numeric: 0 of 8" in ran.err
    assert "lines.jsonl: numeric: 1 of 1" in ran.err
    assert len(ran.lines) == 17
    assert {line["problem"] for line in ran.lines} == {"q0", "q1", "f"}
    again = pools("verify", "right", "right", "-V", "numeric")
    assert again.err.count("right: numeric") == 1


def test_one_document_and_one_report(pools: Ttc, tmp_path: Path) -> None:
    ran = pools(
        "verify", "right", "wrong", "-V", "numeric", "--json", "--junit", "j.xml", "-o", "o"
    )
    found = ran.document["sources"]
    assert [(each["source"], each["accuracy"]) for each in found] == [("right", 1), ("wrong", 0)]
    alone = pools("verify", "right", "-V", "numeric", "--json").document
    assert alone == found[0]
    suites = ElementTree.parse(tmp_path / "j.xml").getroot()
    assert [(each.get("name"), each.get("failures")) for each in suites] == [
        ("ttc verify right", "0"),
        ("ttc verify wrong", "2"),
    ]
    assert len((tmp_path / "o").read_text(encoding="utf-8").splitlines()) == 16


def test_the_exit_code_is_the_worst(pools: Ttc, tmp_path: Path) -> None:
    gate = ("-V", "numeric", "--fail-under", 0.5)
    ran = pools("verify", "wrong", "right", *gate)
    assert ran.code == 1
    assert "wrong: 0.0000 is under 0.5" in ran.err
    assert "right: 1.0000 is at least 0.5" in ran.err
    assert pools("verify", "right", "lines.jsonl", *gate).code == 0
    (tmp_path / "empty.jsonl").write_text("", encoding="utf-8")
    bare = tmp_path / "bare.jsonl"
    bare.write_text('{"problem": "x", "text": "1"}\n', encoding="utf-8")
    ran = pools("verify", "empty.jsonl", "wrong", "bare.jsonl", *gate)
    assert ran.code == 2
    assert "wrong: 0.0000 is under 0.5" in ran.err
    assert "2 of 3 sources could not be judged: empty.jsonl: it has no samples; bare.jsonl:" in (
        ran.err
    )


def test_a_name_that_is_not_there_is_told_before_anything_is_judged(pools: Ttc) -> None:
    ran = pools("verify", "right", "wrng", "-V", "numeric")
    assert (ran.code, ran.out) == (2, "")
    assert "wrng: no such file and no such pool; did you mean wrong?" in ran.err
    assert "no samples have a verdict" in pools("sweep", "right").err


def test_from_python(pools: Ttc) -> None:
    found = library.verify_all(["right", library.pool("wrong"), "lines.jsonl"], "numeric")
    assert {name: each.accuracy for name, each in found.items()} == {
        "right": 1.0,
        "wrong": 0.0,
        "lines.jsonl": 1.0,
    }
    with pytest.raises(library.UsageError, match=r"for one, call ttc\.verify"):
        library.verify_all("right", "numeric")  # type: ignore[arg-type]


def test_a_judge_is_opened_once(pools: Ttc, monkeypatch: pytest.MonkeyPatch) -> None:
    from ttc.backends import resolve

    opened = []
    open_model = resolve.open_model
    monkeypatch.setattr(resolve, "open_model", lambda *a: opened.append(a) or open_model(*a))
    ran = pools("verify", "right", "wrong", "-V", "judge:model=scripted:", "-q")
    assert ran.code in (0, 4)
    assert len(opened) == 1


def test_ls_lists_the_pools_that_are_named(pools: Ttc) -> None:
    assert len(pools("ls").out.splitlines()) == 2
    assert pools("ls", "right").out.split()[0] == "right"
    assert [each["pool"] for each in pools("ls", "w*", "--json").document["pools"]] == ["wrong"]
    assert len(pools("ls", "wrong", "right").out.splitlines()) == 2
    assert "no pool 'rigth'; did you mean right?" in pools("ls", "rigth").err
    assert pools("ls", "x*").code == 2
    assert [each.name for each in library.pools("r*")] == ["right"]
