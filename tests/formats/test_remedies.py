"""What is told about data that is not read as it is, and that following it works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ttc.errors import UsageError
from ttc.problems import Dataset, ReadOptions, dataset

LIST = {"question": "Which?", "answer": "b", "context": ["Ann ran.", "Bo sat."]}
NESTED = {**LIST, "context": {"sentences": [["Ann ran."], ["Bo sat."]]}}


def read(path: Path, text: str, mapping: dict[str, str] | None = None) -> Dataset:
    path.write_text(text)
    return dataset.read(str(path), ReadOptions(mapping=mapping or {}))


def line(record: object) -> str:
    return json.dumps(record) + "\n"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("d.csv", "question,answer\na,1\n,2\n", "d.csv:3: 'question' is empty; leave such records"),
        ("d.jsonl", line({"question": None, "answer": "1"}), "'question' is empty"),
        (
            "d.jsonl",
            '{"question": "a", "x": ' + "[" * 100_000 + "]" * 100_000 + "}\n",
            "too deeply",
        ),
    ],
)
def test_what_is_refused_is_named(tmp_path: Path, name: str, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        read(tmp_path / name, text)


@pytest.mark.parametrize(
    ("name", "text", "questions"),
    [
        ("d.tsv", "What is 1?\t18\nWhat is 2?\t3\n", ["What is 1?", "What is 2?"]),
        ("d.csv", "What is 1?,18\nWhat is 2?,3\n", ["What is 1?", "What is 2?"]),
        ("d.jsonl", line(LIST), ["Ann ran.\nBo sat.\n\nWhich?"]),
        ("d.jsonl", line(NESTED), ["Ann ran.\nBo sat.\n\nWhich?"]),
    ],
)
def test_the_command_that_an_error_names_works(
    tmp_path: Path, name: str, text: str, questions: list[str]
) -> None:
    with pytest.raises(UsageError) as told:
        read(tmp_path / name, text)
    found = re.search(r"`(.+) \| ttc sample -`", str(told.value))
    assert found is not None
    command = found[1].replace("FILE", name)
    # Messages show a tab as a space, so none may be in a command.
    assert "\t" not in command
    if "jq " in command:
        shutil.which("jq") or pytest.skip("jq is not installed")
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=True)
    whole = read(tmp_path / f"mended{Path(name).suffix}", done.stdout.decode())
    assert [p.messages[-1].content for p in whole.problems] == questions


@pytest.mark.parametrize("name", ["prompt", "question"])
def test_several_texts_are_no_question(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="it gives 2 texts, and a question is one"):
        read(tmp_path / "d.jsonl", line(LIST), {name: "context.*+question"})
    joined = read(tmp_path / "d.jsonl", line(LIST), {name: "context.0+context.1+question"})
    assert joined.problems[0].messages[-1].content == "Ann ran.\n\nBo sat.\n\nWhich?"


@pytest.mark.parametrize(
    ("names", "answer"), [(("QUESTION", "ANSWER"), "1"), (("Question", "Expected_Answer"), "1")]
)
def test_names_in_capitals(tmp_path: Path, names: tuple[str, str], answer: str) -> None:
    found = read(tmp_path / "d.csv", f"{names[0]},{names[1]}\nWhat?,1\n")
    assert found.problems[0].reference == {"answer": answer}
