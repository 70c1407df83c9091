"""`ttc sample --check` finds what is wrong in problem files, `--cache-key` names what is drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import Ttc

MODEL = ("-m", "scripted:answers=1*1/2*1")


def written(path: Path, *lines: object) -> Path:
    path.write_text(
        "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    )
    return path


def test_good_files_are_told_and_pass_without_a_model(ttc: Ttc, sums: Path, own_home: Path) -> None:
    other = written(own_home / "other.jsonl", {"question": "1 + 1?"})
    ran = ttc("sample", "--check", sums, other, env={"TTC_MODEL": "no-such-model"})
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0].startswith("sums: generic, 6 problems, 6 with a reference")
    assert "none with a reference" in ran.out.splitlines()[1]
    assert ttc("sample", "--check", sums, "-q").out == ""
    assert not list(own_home.glob("**/*.db"))


def test_every_bad_line_of_every_file_is_named(ttc: Ttc, sums: Path, own_home: Path) -> None:
    bad = written(
        own_home / "bad.jsonl",
        {"id": "a", "question": "1 + 1?", "answer": "2"},
        '{"id": "b", "question": ',
        {"id": "c", "answer": "2"},
        {"id": "d", "question": "2 + 2?", "answer": "4"},
    )
    twice = written(
        own_home / "twice.jsonl", {"id": "a", "question": "x"}, {"id": "a", "question": "y"}
    )
    missing = own_home / "missing.jsonl"
    ran = ttc("sample", "--check", bad, sums, twice, missing, "-q")
    assert ran.code == 2
    places = [line.split(": ")[1] for line in ran.err.splitlines()]
    assert places == [f"{bad}:2", f"{bad}:3", f"{twice}:2", str(missing)]
    ran = ttc("sample", "--check", bad, sums)
    assert ran.out.startswith("sums: ")
    assert ran.err.endswith("2 errors in problem files\n")
    skipping = ttc("sample", "--check", bad, "--skip-bad")
    assert (skipping.code, "2 bad lines skipped" in skipping.out) == (0, True)


def test_check_as_json(ttc: Ttc, sums: Path, own_home: Path) -> None:
    bad = written(own_home / "bad.jsonl", "{", {"question": "1 + 1?"}, {"answer": "2"})
    ran = ttc("sample", "--check", bad, sums, "--json", "-q")
    assert (ran.code, ran.document["errors"]) == (2, 2)
    first, second = ran.document["files"]
    assert [each.partition(": ")[0] for each in first["errors"]] == [f"{bad}:1", f"{bad}:3"]
    assert (second["problems"], second["errors"]) == (6, [])
    assert second["read"].startswith("sums: generic, 6 problems")


def test_one_of_the_options_that_draw_nothing(ttc: Ttc, sums: Path) -> None:
    ran = ttc("sample", sums, "--check", "--dry-run")
    assert (ran.code, "--check and --dry-run or --explain: each draws" in ran.err) == (2, True)
    assert ttc("sample", sums, *MODEL, "--dry-run", "--explain").code == 0


def test_check_reads_with_the_options_of_sample(ttc: Ttc, own_home: Path) -> None:
    path = written(own_home / "mine.jsonl", {"text": "1 + 1?", "result": "2"})
    assert ttc("sample", "--check", path).code == 2
    ran = ttc("sample", "--check", path, "--map", "question=text,answer=result")
    assert (ran.code, "1 with a reference" in ran.out) == (0, True)
    assert ttc("sample", "--check", path, "--format", "gsm8k").code == 2


def test_the_key_is_of_settings_and_data_and_not_of_names(ttc: Ttc, sums: Path) -> None:
    def key(*options: object) -> str:
        ran = ttc("sample", *options, "--cache-key", "-q")
        assert ran.code == 0, ran.err
        return ran.out.strip()

    first = key(sums, *MODEL, "-n", 4)
    assert first.startswith("cache1-")
    assert first == key(sums, *MODEL, "-n", 4, "--pool", "other")
    assert ttc("sample", sums, *MODEL, "-n", 4, "--cache-key", "--json").document["key"] == first
    changed = [
        key(sums, *MODEL, "-n", 5),
        key(sums, *MODEL, "-n", 4, "--seed", 1),
        key(sums, *MODEL, "-n", 4, "-t", 0.5),
        key(sums, *MODEL, "-n", 4, "--system", "Be brief."),
        key(sums, *MODEL, "-n", 4, "--limit", 5),
        key(sums, *MODEL, "-n", 4, "--confidence", 5),
        key(sums, "-m", "scripted:answers=1", "-n", 4),
    ]
    rows = [json.loads(line) for line in sums.read_text().splitlines()]
    rows[0]["answer"] = "another"
    sums.write_text("".join(json.dumps(row) + "\n" for row in rows))
    changed.append(key(sums, *MODEL, "-n", 4))
    assert len({first, *changed}) == 9


def test_a_pool_with_other_settings_is_no_error_yet(ttc: Ttc, sums: Path) -> None:
    assert ttc("sample", sums, *MODEL, "-n", 1, "--pool", "ci", "-q").code == 0
    ran = ttc("sample", sums, *MODEL, "-n", 1, "--pool", "ci", "-t", 0.3, "--cache-key")
    assert ran.code == 0


@pytest.mark.parametrize("flag", ["--check", "--cache-key"])
def test_nothing_is_written(ttc: Ttc, sums: Path, own_home: Path, flag: str) -> None:
    assert ttc("sample", sums, *MODEL, flag, "--db", own_home / "new.db").code == 0
    assert not (own_home / "new.db").exists()
