"""Datasets of Hugging Face: a Hub, folders in its layouts, and what is told without either."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_hub import REVISION, serving

from ttc import problems
from ttc.errors import UsageError
from ttc.formats import files
from ttc.formats.files import hub

pytest.importorskip("datasets")

TRAIN = [{"question": "Three?", "answer": "3"}]
TEST = [{"question": "One?", "answer": "1"}, {"question": "Two?", "answer": "2"}]


@pytest.fixture(autouse=True)
def quiet_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    hub._opened.cache_clear()
    yield
    hub._opened.cache_clear()


def write(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def records(source: str) -> list[dict[str, str]]:
    return [line.record for line in files.read(source)]


def test_a_folder_of_data_files(tmp_path: Path) -> None:
    write(tmp_path / "sums" / "data" / "train.jsonl", TRAIN)
    write(tmp_path / "sums" / "data" / "test.jsonl", TEST)
    assert records("hf:./sums") == TEST
    assert records("hf:sums@train") == TRAIN
    read = problems.read("hf:./sums")
    assert (read.name, [each.id for each in read.problems]) == ("sums", ["sums/0", "sums/1"])
    assert read.describe().endswith("split test")
    with pytest.raises(UsageError, match=r"no split 'dev'; choose one: hf:./sums@SPLIT with SPLIT"):
        records("hf:./sums@dev")


def test_a_folder_that_save_to_disk_wrote(tmp_path: Path) -> None:
    import datasets

    made = datasets.DatasetDict(
        train=datasets.Dataset.from_list(TRAIN), validation=datasets.Dataset.from_list(TEST)
    )
    made.save_to_disk("saved")
    made["train"].save_to_disk("one")
    assert records("hf:./saved") == TEST
    assert records(f"hf:{tmp_path}/saved@train") == TRAIN
    assert records("hf:./one") == TRAIN


def test_several_splits_without_a_usual_one(tmp_path: Path) -> None:
    write(tmp_path / "x" / "README.md", [])
    (tmp_path / "x" / "README.md").write_text(
        "---\nconfigs:\n- config_name: default\n  data_files:\n"
        "  - split: easy\n    path: a.jsonl\n  - split: hard\n    path: b.jsonl\n---\n"
    )
    write(tmp_path / "x" / "a.jsonl", TRAIN)
    write(tmp_path / "x" / "b.jsonl", TEST)
    with pytest.raises(UsageError, match=r"several splits; choose one: .* SPLIT of easy, hard"):
        records("hf:./x")
    assert records("hf:./x@hard") == TEST


def test_a_file_of_that_name_comes_first(tmp_path: Path) -> None:
    write(tmp_path / "hf:x.jsonl", TEST)
    assert records("hf:x.jsonl") == TEST


def test_what_is_missing_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"hf:./none: there is no such folder"):
        records("hf:./none")
    with pytest.raises(UsageError, match="write hf:OWNER/NAME"):
        records("hf:")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UsageError, match=r"it needs a package: .*install .*\[hub\]"):
        records("hf:owner/name")


# What is asked of the Hub → what is printed.
ASKED = {
    "hf:owner/name:main": f"2 problems, 2 with a reference (answer), sha256 {{}}, split test, "
    f"revision {REVISION[:12]}",
    "hf:owner/name": "several configurations; choose one: hf:owner/name:CONFIG with CONFIG of "
    "main, other",
    "hf:owner/name:third@test": "no 'third'; choose one: hf:owner/name:CONFIG@test with CONFIG of",
    "hf:owner/name:other": "several splits; choose one: hf:owner/name:other@SPLIT with SPLIT of "
    "train, dev",
    "hf:owner/none": "hf:owner/none: no such dataset; if it is private: `hf auth login`",
}
CODE = """
import sys
from ttc import problems
from ttc.errors import UsageError
for source in sys.argv[1:]:
    try:
        print(problems.read(source).describe())
    except UsageError as error:
        print(error)
"""


def asked(sources: list[str], tmp_path: Path, endpoint: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *sources],
        env={**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_hub_is_asked(tmp_path: Path) -> None:
    with serving() as endpoint:
        told = asked(list(ASKED), tmp_path, endpoint)
    for line, words in zip(told, ASKED.values(), strict=True):
        assert all(part in line for part in words.split("{}")), line


def test_a_hub_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    (told,) = asked(["hf:owner/name:main"], tmp_path, "http://127.0.0.1:9")
    assert "the Hub cannot be reached" in told
    assert "`hf download --repo-type dataset owner/name --local-dir FOLDER`" in told
