"""Files that hold no records: known by their first bytes, and the command in the answer works."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ttc.errors import UsageError
from ttc.formats import files
from ttc.formats.files import kinds

ROWS = [
    {"id": "a", "question": "One?", "answer": "1"},
    {"id": "b", "question": "Two?", "answer": "2"},
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as told:
        list(files.read(str(path)))
    return str(told.value)


def zipped(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return held.getvalue()


KINDS: dict[str, tuple[bytes, str]] = {
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4" + bytes(30), "a 7z archive: `7z x -so {} | ttc sample -`"),
    "rar": (b"Rar!\x1a\x07\x01\0" + bytes(30), "a RAR archive: `unrar p -inul {} |"),
    "lz4": (b"\x04\x22\x4d\x18d@\xa7" + bytes(9), "packed with lz4: `lz4 -dc {} |"),
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook: save it as CSV"),
    "docx": (zipped("[Content_Types].xml", "word/document.xml"), "an Office document"),
    "ods": (zipped("mimetype", "content.xml"), "an OpenDocument file: save it as CSV"),
    "eval": (zipped("header.json", "samples/1_epoch_1.json"), "`ttc import {} --pool NAME`"),
    "eval, unfinished": (zipped("_journal/start.json"), "`ttc import {} --pool NAME`"),
    "pytorch": (zipped("archive/data.pkl", "archive/version"), "weights of PyTorch: it is a model"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40), "an old Office file (xls): save it"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF: take its text with `pdftotext {} -`"),
    "html": (b"\n<!DOCTYPE html>\n<html><head>", "an HTML page: the page of the file, or a login"),
    "html, bare": (b"<html lang=en><body>", "an HTML page"),
    "xml": (b'<?xml version="1.0"?>\n<ProblemSet>', "XML: with pandas and lxml"),
    "lfs": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "a pointer of Git LFS, not the file itself: fetch it: `git lfs pull --include {}`",
    ),
    "gguf": (
        b"GGUF\3\0\0\0" + bytes(30),
        "GGUF weights: it is a model, not data; name it with `-m",
    ),
    "safetensors": (b'\x10\1\0\0\0\0\0\0{"__metadata__":{}}', "safetensors weights: it is a model"),
    "pickle": (pickle.dumps({"a": 1}, 4), "a Python pickle, which can run any program"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "an image, not records"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "an image, not records"),
    "npy": (b"\x93NUMPY\1\0v\0{'descr'", "a NumPy array"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(8), "an HDF5 file"),
    "markdown": (b"# Data\n\n| id | question |\n|:---|---:|\n| a | One? |\n", "a Markdown table"),
    "unknown": (bytes(range(256)), "binary data of an unknown kind"),
    "python": (b"{'id': 'a', 'question': 'One?'}\n", "not valid JSON"),
    "prose": (b"Once upon a time.\nThere was.\n", "if each line is a question: --format text"),
}


@pytest.mark.parametrize("case", KINDS)
def test_a_wrong_kind_is_told(tmp_path: Path, case: str) -> None:
    data, words = KINDS[case]
    path = tmp_path / "data.bin"
    path.write_bytes(data)
    told = refusal(path)
    assert words.format(path) in told
    assert "\n" not in told


@pytest.mark.parametrize("case", ["html", "lfs", "markdown", "pickle"])
def test_a_wrong_kind_is_told_inside_a_compressed_file(tmp_path: Path, case: str) -> None:
    import gzip

    path = tmp_path / "data.gz"
    path.write_bytes(gzip.compress(KINDS[case][0]))
    assert KINDS[case][1].format(path) in refusal(path)


def tar(path: Path) -> None:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, data in (("x/README", b"about"), ("x/my data.jsonl", LINES)):
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))


def database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table problems (id, question, answer)")
        connection.executemany(
            "insert into problems values (?, ?, ?)", [tuple(row.values()) for row in ROWS]
        )
        connection.commit()


def markdown(path: Path) -> None:
    path.write_text(
        "| id | question | answer |\n|---|---|--:|\n| a | One? | 1 |\n| b | Two? | 2 |\n"
    )


def pickled(path: Path) -> None:
    pytest.importorskip("pandas").DataFrame(ROWS).to_pickle(path)


def several(path: Path) -> None:
    path.write_text(json.dumps({"train": ROWS, "test": ROWS}))


def two_kinds(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("my data.jsonl", LINES)
        archive.writestr("other.csv", "id,question\n1,x\n")


def latin(path: Path) -> None:
    path.write_bytes("id,question,answer\na,Où?,1\n".encode("latin-1"))


def headless(path: Path) -> None:
    path.write_text("What is 1+1?,2\nWhat is 2+2?,4\n")


# What makes a file whose answer has a command, the programs that it needs, and what it prints.
COMMANDS: dict[str, tuple[Callable[[Path], None], str, int]] = {
    "a tar.gz": (tar, "tar", 2),
    "b.tar": (tar, "tar", 2),
    "c d.db": (database, "sqlite3", 2),
    "e f.md": (markdown, "sed", 2),
    "g.pkl": (pickled, "python", 2),
    "h.json": (several, "jq", 2),
    "i.zip": (two_kinds, "unzip", 2),
    "j.csv": (latin, "iconv", 1),
    "k.csv": (headless, "sh", 2),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_in_the_answer_works(tmp_path: Path, name: str) -> None:
    make, program, count = COMMANDS[name]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not here")
    path = tmp_path / name
    make(path)
    (command, *_) = re.findall("`([^`]*)`", refusal(path))
    piped = command.removesuffix(" | ttc sample -")
    assert piped != command
    done = subprocess.run(
        ["sh", "-c", piped],
        capture_output=True,
        timeout=60,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stderr
    output = tmp_path / "output"
    output.write_bytes(done.stdout)
    rows = [line.record for line in files.read(str(output))]
    assert len(rows) == count
    assert all(row["question"] for row in rows)


def test_a_store_is_answered_with_its_pool(tmp_path: Path) -> None:
    import ttc

    path = tmp_path / "my store.db"
    ttc.sample([{"question": "Why?"}], 1, model="scripted:", pool="demo", database=path)
    assert f"a store of ttc: `ttc export --db '{path}' demo`" in refusal(path)


FOLDERS: list[tuple[list[str], str]] = [
    (["a.jsonl", "b.jsonl"], "name its files: `ttc sample {}/*.jsonl`"),
    (["x/1.json", "y/2.json"], "name its files: `ttc sample {}/*/*.json`"),
    (["a.jsonl.gz"], "name its files: `ttc sample {}/*.jsonl.gz`"),
    (["dataset_dict.json", "test/state.json"], "Hugging Face: `ttc sample hf:{}`"),
    (["train.parquet", "test.parquet"], "Hugging Face: `ttc sample hf:{}`"),
    (["data/test-00000-of-00001.parquet"], "Hugging Face: `ttc sample hf:{}`"),
    (["notes.doc"], "a folder without files of records"),
]


@pytest.mark.parametrize(("names", "words"), FOLDERS)
def test_a_folder_is_answered_with_its_files(tmp_path: Path, names: list[str], words: str) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert words.format(tmp_path) in refusal(tmp_path)


class Log:
    """A log of another tool that is one JSON document."""

    name = "promptfoo"

    def holds_draws(self, path: Path, head: bytes) -> bool:
        return b'"evalId"' in head

    def draws(self, path: Path, options: object) -> object:
        raise AssertionError("it is not read here")


@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_that_is_a_log_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indent: int | None
) -> None:
    monkeypatch.setattr(kinds.loading, "room", lambda *_: [Log()])
    path = tmp_path / "log.json"
    path.write_text(json.dumps({"evalId": "x", "results": [{"a": 1}]}, indent=indent))
    assert refusal(path) == f"{path}: a log of promptfoo: `ttc import {path} --pool NAME`"
    path.write_text(json.dumps({"results": [{"a": 1}]}, indent=indent))
    assert [line.record for line in files.read(str(path))] == [{"a": 1}]
