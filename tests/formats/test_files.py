"""Kinds of files: each is known by its first bytes, and its records come with their places."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ttc.formats import files
from ttc.formats.files import streams

ROWS = [
    {"id": "a", "question": "One?", "answer": "1"},
    {"id": "b", "question": "Two?", "answer": "2"},
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
CSV = b"id,question,answer\na,One?,1\nb,Two?,2\n"
PRETTY = json.dumps(ROWS, indent=2).encode()
YAML_LIST = b"- id: a\n  question: One?\n  answer: '1'\n- id: b\n  question: Two?\n  answer: '2'\n"
NUMBERED = [{**row, "answer": int(row["answer"])} for row in ROWS]


def zipped(**members: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__DOT__", ".").replace("__SLASH__", "/"), data)
    return held.getvalue()


def parquet() -> bytes:
    table, held = pytest.importorskip("pyarrow").Table.from_pylist(ROWS), io.BytesIO()
    pytest.importorskip("pyarrow.parquet").write_table(table, held)
    return held.getvalue()


def arrow(kind: str) -> bytes:
    ipc = pytest.importorskip("pyarrow.ipc")
    table, held = pytest.importorskip("pyarrow").Table.from_pylist(ROWS), io.BytesIO()
    writer = {"file": ipc.new_file, "stream": ipc.new_stream}[kind](held, table.schema)
    with writer:
        writer.write_table(table)
    return held.getvalue()


def zstd(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd as library

        return library.compress(data)
    packed: bytes = pytest.importorskip("zstandard").compress(data)
    return packed


def read(source: str, *, form: str | None = None, **options: Any) -> list[dict[str, Any]]:
    return [line.record for line in files.read(source, form=form, **options)]


# What a file holds (bytes, or what makes them) → its records.
SAME: dict[str, Any] = {
    "json lines": LINES,
    "json lines, byte order mark": b"\xef\xbb\xbf" + LINES,
    "json lines, CRLF": LINES.replace(b"\n", b"\r\n"),
    "json lines, CR": LINES.replace(b"\n", b"\r"),
    "json lines, no last newline": LINES[:-1],
    "json lines, blank lines": b"\n\n" + LINES.replace(b"\n", b"\n \n"),
    "json lines, UTF-16": LINES.decode().encode("utf-16"),
    "json lines, UTF-16 without a mark": LINES.decode().encode("utf-16-le"),
    "json lines, UTF-16 BE": b"\xfe\xff" + LINES.decode().encode("utf-16-be"),
    "json lines, UTF-32": LINES.decode().encode("utf-32"),
    "array": json.dumps(ROWS).encode(),
    "array, pretty": PRETTY,
    "array, byte order mark": b"\xef\xbb\xbf" + PRETTY,
    "array, pretty, CRLF": PRETTY.replace(b"\n", b"\r\n"),
    "array, a row a line": b"[\n" + b",\n".join(LINES.splitlines()) + b"\n]\n",
    "array, UTF-16": PRETTY.decode().encode("utf-16"),
    "object with a list": json.dumps({"version": 1, "data": ROWS}).encode(),
    "object with a list, pretty": json.dumps({"canary": "x", "examples": ROWS}, indent=1).encode(),
    "object with a list of any name": json.dumps({"aufgaben": ROWS, "n": 2}, indent=1).encode(),
    "object with a list, deeper": json.dumps({"info": {"x": 1}, "x": {"rows": ROWS}}).encode(),
    "datasets server": json.dumps(
        {
            "features": [{"name": "id"}],
            "rows": [{"row_idx": i, "row": r} for i, r in enumerate(ROWS)],
        }
    ).encode(),
    "by identifier": json.dumps(
        {r["id"]: {k: r[k] for k in ("question", "answer")} for r in ROWS}
    ).encode(),
    "pandas index": json.dumps({str(i): r for i, r in enumerate(ROWS)}).encode(),
    "pandas columns": json.dumps(
        {k: {str(i): r[k] for i, r in enumerate(ROWS)} for k in ROWS[0]}
    ).encode(),
    "pandas split": json.dumps(
        {"columns": list(ROWS[0]), "index": [0, 1], "data": [list(r.values()) for r in ROWS]}
    ).encode(),
    "pandas list": json.dumps({k: [r[k] for r in ROWS] for k in ROWS[0]}).encode(),
    "jq": b"".join(json.dumps(row, indent=2).encode() + b"\n" for row in ROWS),
    "json-seq": b"".join(b"\x1e" + json.dumps(row).encode() + b"\n" for row in ROWS),
    "behind each other": b"".join(json.dumps(row).encode() for row in ROWS),
    "gzip": gzip.compress(LINES),
    "gzip in two parts": gzip.compress(LINES[:10]) + gzip.compress(LINES[10:]),
    "bzip2": bz2.compress(LINES),
    "xz": lzma.compress(LINES),
    "lzma": lzma.compress(LINES, lzma.FORMAT_ALONE),
    "zstd": lambda: zstd(LINES),
    "zstd in two frames": lambda: zstd(LINES[:10]) + zstd(LINES[10:]),
    "gzip in bzip2": bz2.compress(gzip.compress(PRETTY)),
    "zip": zipped(data__DOT__jsonl=LINES),
    "zip of an array": zipped(data__DOT__json=PRETTY),
    "zip of two": zipped(a__DOT__jsonl=LINES.splitlines()[0], b__DOT__jsonl=LINES.splitlines()[1]),
    "zip with junk": zipped(
        __MACOSX__SLASH__x__DOT__jsonl=b"x",
        x__DOT__jsonl=LINES,
        __DOT__DS_Store=b"x",
        README__DOT__md=b"#",
    ),
    "zip of gzip": zipped(x__DOT__jsonl__DOT__gz=gzip.compress(LINES)),
    "gzip of zip": gzip.compress(zipped(x__DOT__jsonl=LINES)),
    "parquet": parquet,
    "arrow file": lambda: arrow("file"),
    "arrow stream": lambda: arrow("stream"),
    "gzip of parquet": lambda: gzip.compress(parquet()),
    "yaml list": YAML_LIST,
    "yaml list, flow": b'- {id: a, question: "One?", answer: "1"}\n- ' + LINES.splitlines()[1],
    "yaml mapping": b"# all\nversion: 3\nproblems:\n" + b"  " + YAML_LIST.replace(b"\n", b"\n  "),
    "yaml documents": YAML_LIST.replace(b"- id", b"---\nid").replace(b"\n  ", b"\n"),
}
TABLES: dict[str, bytes] = {
    "csv": CSV,
    "csv, byte order mark": b"\xef\xbb\xbf" + CSV,
    "csv, CRLF": CSV.replace(b"\n", b"\r\n"),
    "csv, CR": CSV.replace(b"\n", b"\r"),
    "csv, semicolons": CSV.replace(b",", b";"),
    "csv, sep=;": b"sep=;\r\n" + CSV.replace(b",", b";"),
    "csv, quoted": b'"id","question","answer"\n"a","One?","1"\n"b","Two?","2"\n',
    "csv, empty columns": b"id,question,answer,,\na,One?,1,,\nb,Two?,2,,\n",
    "csv, blank lines": CSV + b"\n\n",
    "tsv": CSV.replace(b",", b"\t"),
    "tsv, UTF-16 (Excel)": CSV.replace(b",", b"\t").decode().encode("utf-16"),
    "csv in gzip": gzip.compress(CSV),
    "csv in zip": zipped(x__DOT__csv=CSV),
}


@pytest.mark.parametrize("way", ["file", "stdin"])
@pytest.mark.parametrize("case", [*SAME, *TABLES])
def test_records_are_read_from_any_kind(
    case: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {**SAME, **TABLES}[case]
    data = data() if callable(data) else data
    source = "-"
    if way == "stdin":
        monkeypatch.setattr(streams, "_stdin", lambda: Pipe(data))
        monkeypatch.setattr(sys, "stdin", Pipe(data))
    else:
        source = str(tmp_path / "data")
        Path(source).write_bytes(data)
    assert read(source) == (NUMBERED if case in TABLES else ROWS)


class Pipe(io.BytesIO):
    """Standard input that cannot seek and gives a few bytes at a time."""

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(min(size or 7, 7))

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise OSError("a pipe cannot seek")
