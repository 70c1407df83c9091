"""Kinds of files: each is known by its first bytes, and its records come with their places."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ttc import jsonl
from ttc.errors import BackendError
from ttc.formats import files
from ttc.formats.files import streams
from ttc.formats.logs import opening

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
    "pandas table": json.dumps(
        {
            "schema": {"fields": [{"name": "index"}], "primaryKey": ["index"]},
            "data": [{"index": at, **row} for at, row in enumerate(ROWS)],
        }
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


def test_a_line_of_a_pipe_is_read_before_the_next_one_comes() -> None:
    """What writes questions into a pipe may wait for each answer."""
    code = (
        "from ttc.formats import files\nfor line in files.read('-'): print(line.place, flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        for number, row in enumerate(ROWS, 1):
            reader.stdin.write(json.dumps(row) + "\n")
            reader.stdin.flush()
            assert reader.stdout.readline() == f"<stdin>:{number}\n"
        reader.stdin.close()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_long_files_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    rows = [{"question": f"{at} Wörter – 字" * 50, "id": at} for at in range(500)]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    mark = "\ufeff" if encoding.endswith("be") else ""
    (tmp_path / "d").write_bytes((mark + text).encode(encoding))
    assert read(str(tmp_path / "d")) == rows
    (tmp_path / "d").write_bytes((mark + json.dumps(rows, indent=1)).encode(encoding))
    assert read(str(tmp_path / "d")) == rows


def test_lines_that_are_longer_than_what_is_looked_at(tmp_path: Path) -> None:
    rows = [{"question": "x" * size} for size in (10, 100_000, 3_000_000)]
    for order in (rows, rows[::-1]):
        (tmp_path / "d").write_text("".join(json.dumps(row) + "\n" for row in order))
        assert read(str(tmp_path / "d")) == order


def test_reading_json_lines_takes_as_long_as_parsing_them(tmp_path: Path) -> None:
    """Knowing kinds costs a file, not a line: within thrice the time of the parser alone."""
    path = tmp_path / "d.jsonl"
    path.write_text(
        "".join(json.dumps({"id": f"p{at}", "question": "x" * 200}) + "\n" for at in range(20_000))
    )

    def best(act: Callable[[], object]) -> float:
        times = []
        for _ in range(7):
            start = time.process_time()
            act()
            times.append(time.process_time() - start)
        return min(times)

    def parse() -> None:
        with path.open("rb") as file:
            held = [jsonl.parse(x.decode(), f"{path}:{at}") for at, x in enumerate(file)]
            assert len(held) == 20_000

    assert best(lambda: read(str(path))) < 3 * best(parse) + 0.02


@pytest.mark.parametrize("case", ["gzip", "bzip2", "xz", "gzip in bzip2", "json lines, UTF-16"])
def test_files_are_unpacked_for_logs_too(tmp_path: Path, case: str) -> None:
    (tmp_path / "d").write_bytes(SAME[case])
    with opening.opened(tmp_path / "d") as stream:
        assert stream.read() == (PRETTY if "in bzip2" in case else LINES)


PLUGIN = """
from ttc.jsonl import BadLineError, Line

class Shouted:
    name = "shouted"
    suffixes = (".shout",)

    def holds_records(self, head):
        return head.startswith(b"PK\\x03\\x04SHOUT") or head.startswith(b"!!")

    def records(self, stream, place):
        for number, line in enumerate(stream, 1):
            if number == 2:
                raise BadLineError(f"{place}:{number}: too quiet")
            yield Line(f"{place}:{number}", {"question": line.decode().strip()})

class Reversed:
    name = "reversed"

    def packed(self, head):
        return head.startswith(b"<<")

    def unpack(self, stream, place):
        import io
        return io.BytesIO(stream.read()[2:][::-1])
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site"
    about = folder / "shouting-1.dist-info"
    about.mkdir(parents=True)
    (folder / "shouting.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1\n")
    (about / "entry_points.txt").write_text(
        "[ttc.formats]\nshouted = shouting:Shouted\nreversed = shouting:Reversed\n"
        "broken = shouting:Nothing\n"
    )
    monkeypatch.syspath_prepend(str(folder))


@pytest.mark.usefixtures("plugin")
def test_kinds_of_other_packages(tmp_path: Path) -> None:
    path = tmp_path / "d"
    path.write_bytes(b"!! ONE?\n")
    assert read(str(path)) == [{"question": "!! ONE?"}]
    path.write_bytes(b"<<" + LINES[::-1])
    assert read(str(path)) == ROWS
    # A generator ends with its error: what is behind it is not skipped in silence.
    path.write_bytes(b"!! ONE?\ntwo\nTHREE\n")
    with pytest.raises(jsonl.BadLineError, match="d:2: too quiet"):
        read(str(path), skipped=[])


def test_a_broken_plugin_keeps_no_file_from_being_read(tmp_path: Path, plugin: None) -> None:
    (tmp_path / "d").write_bytes(LINES)
    assert read(str(tmp_path / "d")) == ROWS
    with pytest.raises(BackendError, match="'broken'"):
        read(str(tmp_path / "d"), form="broken")
