"""Which problems are drawn for: --ids, --shuffle, --offset, --limit, here and in Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Ttc

from ttc import problems
from ttc import sample as draw
from ttc.errors import UsageError
from ttc.problems import Choosing, parse_ids
from ttc.records import Message, Problem


def made(*names: str) -> list[Problem]:
    return [Problem(name, (Message("user", name),)) for name in names]


TEN = made(*(f"set/{at}" for at in range(10)))


def ids(choosing: Choosing, among: list[Problem] = TEN) -> list[str]:
    return [each.id for each in problems.select(among, choosing)]


@pytest.mark.parametrize(
    ("choosing", "chosen"),
    [
        (Choosing(), range(10)),
        (Choosing(limit=3), range(3)),
        (Choosing(offset=7), range(7, 10)),
        (Choosing(offset=4, limit=2), range(4, 6)),
        (Choosing(ids=("set/7", "set/2")), (2, 7)),
        (Choosing(ids=("set/7", "set/2", "set/4"), offset=1, limit=1), (4,)),
    ],
)
def test_ids_come_first_then_offset_then_limit(choosing: Choosing, chosen: range) -> None:
    assert ids(choosing) == [f"set/{at}" for at in chosen]


def test_a_star_stands_for_all_that_begin_so() -> None:
    among = made("a/1", "b/1", "a/2", "*")
    assert ids(Choosing(ids=("a/*",)), among) == ["a/1", "a/2"]
    assert ids(Choosing(ids=("*",)), among) == ["*"]  # its own name
    assert len(ids(Choosing(ids=("*",)), TEN)) == 10


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("set/77", r"--ids set/77: no problem has this id; did you mean set/7"),
        ("3", r"--ids 3: no problem has this id; did you mean set/3\?"),
        ("qqq*", r"--ids qqq\*: no problem has this id; there are set/0, set/1, set/2, …"),
    ],
)
def test_an_id_that_is_not_there_is_an_error(wanted: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        problems.select(TEN, Choosing(ids=(wanted,)))


def test_shuffle_depends_on_seed_and_ids_alone() -> None:
    first = ids(Choosing(shuffle=1))
    assert sorted(first) == [each.id for each in TEN]
    assert first not in ([each.id for each in TEN], ids(Choosing(shuffle=2)))
    assert ids(Choosing(shuffle=1), TEN[::-1]) == first
    assert ids(Choosing(shuffle=1, limit=4)) == first[:4]
    grown = ids(Choosing(shuffle=1), [*TEN, *made(*(f"more/{at}" for at in range(10)))])
    assert [name for name in grown if name.startswith("set/")] == first


def test_an_offset_past_the_end_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"--offset 10: no problems are left; there are 10"):
        problems.select(TEN, Choosing(offset=10))


def test_ids_are_read_from_texts_lists_and_files(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("a\n\nb c\na\n")
    assert parse_ids("a, b,a") == ("a", "b")
    assert parse_ids(["a", "b,c"]) == ("a", "b,c")
    assert parse_ids(f"@{tmp_path / 'ids.txt'}") == ("a", "b c")
    assert parse_ids(None) == ()
    for wrong in (" , ", "@nowhere.txt"):
        with pytest.raises(UsageError, match="--ids"):
            parse_ids(wrong)


def test_the_command_line_and_python_choose_alike(ttc: Ttc, tmp_path: Path) -> None:
    rows = [{"id": f"p{at}", "prompt": f"{at}?"} for at in range(6)]
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ("--ids", "p*", "--shuffle", "3", "--offset", "1", "--limit", "2")
    ran = ttc("sample", str(path), "-n", "1", "-m", "scripted:", *options, "-o", "-")
    assert ran.code == 0, ran.err
    found = {line["problem"] for line in ran.lines}
    assert len(found) == 2
    pool = draw(str(path), 1, model="scripted:", pool="py", ids=["p*"], shuffle=3, offset=1,
                      limit=2, progress=False)  # fmt: skip
    assert {sample.problem for sample in pool.samples()} == found
    missed = ttc("sample", str(path), "--ids", "p9", "-m", "scripted:")
    assert (missed.code, missed.err.count("\n")) == (2, 2)
    assert "no problem has this id; did you mean" in missed.err


def test_a_dry_run_shows_the_first_question_as_it_is_asked(ttc: Ttc, tmp_path: Path) -> None:
    row = {"question": "Which?\x1b[2J", "choices": ["red", "blue"], "answer": 1}
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps(row) + "\n")
    common = ("sample", str(path), "--dry-run", "-m", "scripted:")
    ran = ttc(*common, "--choices-template", "{question}\n({label}) {text}\nLetter?")
    assert "first question, data/0:\n  Which?␛[2J\n  (A) red\n  (B) blue\n  Letter?" in ran.out
    (tmp_path / "t.txt").write_text("{question} {choices}")
    (tmp_path / "ttc.toml").write_text('choices_template = "@t.txt"\n')
    document = ttc(*common, "--json").document
    assert document["first"]["messages"][0]["content"].endswith("Which?\x1b[2J A) red\nB) blue")
    plain = tmp_path / "plain.jsonl"
    plain.write_text('{"prompt": "a"}\n')
    told = ttc("sample", str(plain), "--dry-run", "-m", "scripted:",
                       "--choices-template", "{question}{choices}")  # fmt: skip
    assert "--choices-template: no problem has choices" in told.err


def test_the_setting_holds_for_solve_too(ttc: Ttc, tmp_path: Path) -> None:
    (tmp_path / "ttc.toml").write_text('choices_template = "{question}|{choices}"\n')
    row = {"id": "q", "question": "Which?", "choices": ["red", "blue"], "answer": 1}
    (tmp_path / "data.jsonl").write_text(json.dumps(row) + "\n")
    ran = ttc("solve", "--each", "data.jsonl", "-n", "2", "-m", "scripted:", "--keep", "kept")
    assert ran.code == 0, ran.err
    same = ttc("sample", "data.jsonl", "-n", "2", "-m", "scripted:", "--dry-run")
    assert "0 draws to make, 2 kept" in same.out  # the same prompt
    assert "Which?|A) red" in same.out


def test_mapped_fields_are_told_by_the_names_of_the_data(ttc: Ttc, tmp_path: Path) -> None:
    row = {"ask": "Which?", "gold": "red", "about": "It is red."}
    (tmp_path / "data.jsonl").write_text(json.dumps(row) + "\n")
    options = ("--map", "prompt=about+ask,answer=gold", "--dry-run", "-m", "scripted:")
    ran = ttc("sample", "data.jsonl", *options)
    assert "1 with a reference (gold), question from `about+ask`" in ran.err
    assert "not used" not in ran.err


def test_another_text_around_choices_is_another_pool(ttc: Ttc, own_home: Path) -> None:
    row = {"question": "2+2?", "choices": ["3", "4"], "answer": 1}
    Path("mc.jsonl").write_text(json.dumps(row) + "\n")
    drawn = ("sample", "mc.jsonl", "-n", "1", "-m", "scripted:")
    assert ttc(*drawn).code == 0
    other = (*drawn, "--choices-template", "{question}\n{label}: {text}")
    planned = ttc(*other, "--dry-run")
    assert "mc-scripted.2" in planned.out, planned.out
    done = ttc(*other)
    assert done.code == 0
    assert "drawing into mc-scripted.2" in done.err
    assert "choices_template" in ttc(*other, "--explain").out
