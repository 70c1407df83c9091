"""CSV, TSV, YAML, Parquet and JSON documents: values, places, and what is refused."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import Ttc

from ttc.errors import UsageError
from ttc.formats import files
from ttc.jsonl import Line


def lines(path: Path, data: bytes | str, **options: Any) -> list[Line]:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(files.read(str(path), **options))


# The cells of a column → their values.
COLUMNS: list[tuple[list[str], list[Any]]] = [
    (["1", "2", ""], [1, 2, None]),
    (["-1", "0.5", "12"], [-1, 0.5, 12]),
    (["007", "8"], ["007", "8"]),
    (["1.50", "2"], ["1.50", "2"]),
    (["1e3", "2"], ["1e3", "2"]),
    (["1,000", "2"], ["1,000", "2"]),
    (["12345678901234567890123456789"], ["12345678901234567890123456789"]),
    (["nan", "0.5"], [None, 0.5]),
    (["True", "False"], ["True", "False"]),
    (["", "x"], [None, "x"]),
    (["+1", "2"], ["+1", "2"]),
    (["1_000"], ["1_000"]),
    (["٣"], ["٣"]),
    (['["a", "b"]', "[]"], [["a", "b"], []]),
    (["['a', 'b']", "['c']"], [["a", "b"], ["c"]]),
    (['["a"]', "['b']"], [["a"], ["b"]]),
    (['{"text": ["a"], "label": ["A"]}'], [{"text": ["a"], "label": ["A"]}]),
    (["[1, 2]", "or [x]"], ["[1, 2]", "or [x]"]),
    (["[x] is it?"], ["[x] is it?"]),
    (["['a' 'b'\n 'c']"], [["a", "b", "c"]]),
    (["[\"it's\" 'b']"], [["it's", "b"]]),
    (["{'text': array(['a', 'b'], dtype=object)}"], [{"text": ["a", "b"]}]),
    (["[f()]"], ["[f()]"]),
    (["__import__('os')"], ["__import__('os')"]),
    (["two\nlines", 'a "quote"'], ["two\nlines", 'a "quote"']),
]


@pytest.mark.parametrize("form", ["csv", "tsv"])
@pytest.mark.parametrize(("cells", "values"), COLUMNS)
def test_the_cells_of_a_column(
    tmp_path: Path, form: str, cells: list[str], values: list[Any]
) -> None:
    import csv

    with (tmp_path / "d").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="," if form == "csv" else "\t")
        writer.writerows([["question", "it"], *(["x?", cell] for cell in cells)])
    assert [line.record["it"] for line in files.read(str(tmp_path / "d"))] == values


def test_an_empty_completion_is_a_text(tmp_path: Path) -> None:
    found = lines(tmp_path / "d.csv", "problem,text,answer\na,,\n")
    assert found[0].record == {"problem": "a", "text": "", "answer": None}


def test_places_are_lines(tmp_path: Path) -> None:
    found = lines(tmp_path / "d.csv", 'question\n"a\nb"\n\nc\n')
    assert [line.place.rpartition(":")[2] for line in found] == ["2", "5"]


REFUSED: list[tuple[str, str | bytes, str]] = [
    ("d.csv", "question,answer\na,1\nb,2,3\n", "d.csv:3: 3 cells, but the first row names 2"),
    ("d.csv", "question,answer\na\n", "d.csv:2: 1 cell, but the first row names 2 fields"),
    ("d.csv", 'question,answer\n"a"x,1\n', "d.csv:2: not valid CSV"),
    ("d.csv", 'question,answer\n"a,1\n', "d.csv:2: not valid CSV"),
    ("d.csv", "question,question\na,1\n", "d.csv:1: two columns are called 'question'"),
    ("d.csv", "1,2\n3,4\n", "the first row has data, not the names of the fields"),
    ("d.csv", "What is 1+1?,2\nWhat?,4\n", "echo question,answer; cat"),
    ("d.csv", b"question,answer\nOn\xe9,1\n", "d.csv:2: byte 0xe9 at offset 18 is not UTF-8"),
    ("d.json", '{\n "a": [1,\n 2,,]}', "d.json:3: not valid JSON"),
    ("d.json", '[\n {"a": 1},\n {"a": 1, "a": 2}\n]', "d.json:3: the key 'a' occurs twice"),
    ("d.json", '[{"a": 1}, {"a": NaN}]', "d.json:[1]: NaN is not JSON"),
    ("d.json", "[[1, 2], [3, 4]]", "an object is needed, not [1, 2]"),
    (
        "d.json",
        '{"train": [{"q": 1}], "test": [{"q": 2}]}',
        "several lists of records (train, test",
    ),
    ("d.json", b'[{"a": "\xff"}]', "byte 0xff at offset 8 is not UTF-8"),
    ("d.json", "[" * 100_000, "d.json:1: "),
    ("d.yaml", "- a: 1\n- a: [\n", "d.yaml:3: not valid YAML"),
    ("d.yaml", "- question: x\n  question: y\n", "the key 'question' occurs twice"),
    ("d.yaml", "- !!python/object/apply:os.system [ls]\n", "not valid YAML"),
    ("d.yaml", "just a text\n", "it holds 'just a text', not records"),
    ("d.xz", b"\xfd7zXZ\0\0\0" + bytes(20), "cannot be read"),
    ("d.bz2", b"BZh91AY&SY" + bytes(20), "cannot be read"),
    ("d.parquet", b"PAR1" + bytes(20) + b"PAR1", "cannot be read"),
    ("d.arrow", b"ARROW1\0\0" + bytes(20), "cannot be read"),
    ("d.zip", b"PK\x03\x04" + bytes(40), "cannot be read"),
]


@pytest.mark.parametrize(("name", "data", "words"), REFUSED)
def test_what_is_malformed_is_told_with_its_place(
    tmp_path: Path, name: str, data: str | bytes, words: str
) -> None:
    with pytest.raises(UsageError) as told:
        lines(tmp_path / name, data)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_zstd_that_is_cut(tmp_path: Path) -> None:
    if sys.version_info < (3, 14):
        pytest.importorskip("zstandard")
    with pytest.raises(UsageError, match="cannot be read"):
        lines(tmp_path / "d.zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 20)


@pytest.mark.parametrize(
    ("name", "data", "good"),
    [
        ("d.csv", "question,answer\na,1\nb\nc,3\n", 2),
        ("d.jsonl", '{"question": "a"}\n{\n{"question": "c"}\n', 2),
        ("d.jsonl", '{"question": "a",\n{"question": "b"}\n{"question": "c"}\n', 2),
        ("d.jsonl", 'hello\n{"question": "b"}\n{"question": "c"}\n', 2),
        ("d.json", '[{"question": "a"}, 7, {"question": "c"}]', 2),
        ("d.jsonl.gz", gzip.compress(b'{"question": "a"}\n{\n{"question": "c"}\n', mtime=0), 2),
    ],
)
def test_bad_records_are_skipped_and_told(
    tmp_path: Path, name: str, data: str | bytes, good: int
) -> None:
    skipped: list[str] = []
    assert len(lines(tmp_path / name, data, skipped=skipped)) == good
    assert len(skipped) == 1
    assert name in skipped[0]


YAML: list[tuple[str, Any]] = [
    ("no", "no"),
    ("yes", "yes"),
    ("true", True),
    ("007", "007"),
    ("7", 7),
    ("-1.5", -1.5),
    ("1_000", "1_000"),
    ("1:30", "1:30"),
    ("2024-01-02", "2024-01-02"),
    ("0x1F", "0x1F"),
    (".inf", ".inf"),
    ("~", None),
    ("", None),
    ("'7'", "7"),
    ("|\n    two\n    lines", "two\nlines\n"),
    ("[a, 1]", ["a", 1]),
]


@pytest.mark.parametrize(("text", "value"), YAML)
def test_yaml_scalars_are_what_is_written(tmp_path: Path, text: str, value: Any) -> None:
    pytest.importorskip("yaml")
    (line,) = lines(tmp_path / "d.yaml", f"- question: x\n  answer: {text}\n")
    assert line.record["answer"] == value
    assert type(line.record["answer"]) is type(value)


def test_yaml_merges_and_aliases(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    text = "- &a {question: x, level: 1}\n- {<<: *a, question: y}\n"
    found = [line.record for line in lines(tmp_path / "d.yaml", text)]
    assert found == [{"question": "x", "level": 1}, {"level": 1, "question": "y"}]


def test_yaml_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]\n" for at in range(1, 9)
    )
    with pytest.raises(UsageError, match="aliases stand for more than"):
        lines(tmp_path / "d.yaml", text)


def test_arrow_values_become_json(tmp_path: Path) -> None:
    import datetime
    import decimal

    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    record = {
        "question": "x?",
        "score": float("nan"),
        "price": decimal.Decimal("1.50"),
        "day": datetime.date(2024, 1, 2),
        "raw": b"abc",
        "picture": b"\xff\xd8",
        "choices": {"text": ["a"], "label": ["A"]},
    }
    parquet.write_table(arrow.Table.from_pylist([record]), tmp_path / "d")
    (line,) = files.read(str(tmp_path / "d"))
    assert line.record == {
        "question": "x?",
        "score": None,
        "price": "1.50",
        "day": "2024-01-02",
        "raw": "abc",
        "picture": "/9g=",
        "choices": {"text": ["a"], "label": ["A"]},
    }
    assert line.place.endswith("d:row 1")
    json.dumps(line.record, allow_nan=False)


@pytest.mark.parametrize(
    ("module", "data", "words"),
    [
        ("pyarrow.parquet", b"PAR1" + bytes(20), r"install .*\[arrow\]'?; or convert it: `duckdb"),
        ("yaml", b"- question: x\n", r"install .*\[yaml\]'?; or convert it: `yq -o=json"),
        ("zstandard", b"\x28\xb5\x2f\xfd" + bytes(9), r"install .*\[zstd\]'?; or unpack it: `zstd"),
    ],
)
def test_a_missing_package_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, data: bytes, words: str
) -> None:
    if module == "zstandard" and sys.version_info >= (3, 14):
        pytest.skip("it is in the standard library")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=words):
        lines(tmp_path / "d", data)


def test_a_format_that_is_named_is_used(tmp_path: Path) -> None:
    found = lines(tmp_path / "d", '{"question": "x"}\n', form="text")
    assert found[0].record == {"question": '{"question": "x"}'}
    assert [x.record for x in lines(tmp_path / "d", "Frage\nWas?\n", form="csv")] == [
        {"Frage": "Was?"}
    ]
    with pytest.raises(UsageError, match="did you mean csv"):
        lines(tmp_path / "d", "x", form="cvs")
    with pytest.raises(UsageError, match="--format gsm8k: it is not a kind of file"):
        lines(tmp_path / "d", "x", form="gsm8k")
    with pytest.raises(UsageError, match="not valid JSON"):
        lines(tmp_path / "d", "x", form="json-lines")


def test_names_decide_what_bytes_leave_open(tmp_path: Path) -> None:
    text = "Frage\nWas ist 1+1?\n"
    assert lines(tmp_path / "d.csv", text)[0].record == {"Frage": "Was ist 1+1?"}
    assert lines(tmp_path / "d.txt", text)[0].record == {"question": "Frage"}
    assert lines(tmp_path / "d.txt", "question,answer\nx?,1\n")[0].record["answer"] == 1
    with pytest.raises(UsageError, match="--format text"):
        lines(tmp_path / "d", text)


def test_questions_of_a_pipe_may_be_text(tmp_path: Path) -> None:
    path = tmp_path / "d"
    mixed = lines(path, 'Why, and how?\n{"question": "x"}\n', questions=True)
    assert [line.record["question"] for line in mixed] == ["Why, and how?", "x"]
    assert [each.record["question"] for each in lines(path, '["a", "b"]', questions=True)] == [
        "a",
        "b",
    ]


def test_lines_cut_out_of_an_array(tmp_path: Path) -> None:
    text = '{"question": "a"},\n{"question": "b"},\n'
    assert [line.record["question"] for line in lines(tmp_path / "d", text)] == ["a", "b"]


def test_files_with_marks_behind_each_other(tmp_path: Path) -> None:
    part = b'\xef\xbb\xbf{"question": "a"}\n'
    assert len(lines(tmp_path / "d", part * 3)) == 3
    with pytest.raises(UsageError, match=r"d:2: byte 0xff at offset 38 "):
        lines(tmp_path / "d", part + b'\xef\xbb\xbf{"question": "\xff"}')


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("https://huggingface.co/datasets/openai/gsm8k", "of the Hub is hf:openai/gsm8k"),
        ("openai/gsm8k", "of the Hub is hf:openai/gsm8k"),
        ("https://example.com/a.jsonl", "`curl -L https://example.com/a.jsonl | ttc sample -`"),
    ],
)
def test_an_address_is_answered(source: str, words: str) -> None:
    with pytest.raises(UsageError, match="No such file") as told:
        list(files.read(source))
    assert words in str(told.value)


def test_lists_of_texts_are_questions(tmp_path: Path) -> None:
    assert lines(tmp_path / "d", '["One?", "Two?"]')[1].record == {"question": "Two?"}
    assert lines(tmp_path / "d", '{"questions": ["One?"]}')[0].record == {"question": "One?"}


def test_one_record_in_a_document_of_its_own(tmp_path: Path) -> None:
    record = {"problem": "p", "solution": r"so $\boxed{3}$", "steps": [{"a": 1}]}
    assert [x.record for x in lines(tmp_path / "d", json.dumps(record, indent=4))] == [record]
    turns = {"messages": [{"role": "user", "content": "x"}], "tools": [{"a": 1}]}
    assert [x.record for x in lines(tmp_path / "d", json.dumps(turns))] == [turns]


@pytest.mark.parametrize("indent", [None, 1])
def test_an_object_with_the_fields_that_are_named_is_a_record(
    ttc: Ttc, own_home: Path, indent: int | None
) -> None:
    record = {"doc": {"id": "x"}, "samples": ["The answer is 1", "2"], "is": [True, False]}
    name = "one.json" if indent else "one.jsonl"
    (own_home / name).write_text(json.dumps(record, indent=indent))
    mapping = "problem=doc.id,text=samples.*,correct=is.*"
    swept = ttc("sweep", name, "--map", mapping, "-s", "coverage", "-k", "1", "--json").document
    assert swept["curves"][0]["points"][0]["value"] == 0.5
    whole = [{"q": "1+1?", "options": [{"t": "2"}, {"t": "3"}]}]
    (own_home / name).write_text(json.dumps(whole[0], indent=indent))
    done = ttc("sample", name, "--map", "prompt=q", "-n", "1", "-m", "scripted:", "--dry-run")
    assert "1 problem" in done.err, done.err


def test_squads_own_files_have_a_record_for_each_question(tmp_path: Path) -> None:
    asked = [
        {"id": "1", "question": "Where?", "answers": [{"answer_start": 11, "text": "Italy"}]},
        {"id": "2", "question": "Who?", "is_impossible": True, "answers": []},
    ]
    paragraphs = [{"context": "Rome is in Italy.", "qas": asked}]
    data = {"version": "2", "data": [{"title": "Rome", "paragraphs": paragraphs}]}
    found = [line.record for line in lines(tmp_path / "d.json", json.dumps(data))]
    assert [each["question"] for each in found] == ["Where?", "Who?"]
    assert {each["context"] for each in found} == {"Rome is in Italy."}
    assert [each["answers"]["text"] for each in found] == [["Italy"], []]
