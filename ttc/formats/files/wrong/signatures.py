"""The first bytes of files that hold no records, what they are, and the command that opens them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_LFS = b"version https://git-lfs.github.com/spec/"
MODEL = "it is a model, not data: name it with -m"


class Kind(NamedTuple):
    """What a file is, and the way on; `{file}` is its name as a shell takes it."""

    matches: Callable[[bytes], bool]
    what: str
    remedy: str


def _begins(*magics: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magics)


def _matches(pattern: bytes) -> Callable[[bytes], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda head: compiled.match(head) is not None


def _frame(reader: str) -> str:
    """Return the command that turns a file of pandas into JSON lines."""
    code = f"import sys, pandas; pandas.{reader}(sys.argv[1]).to_json(sys.stdout, orient='records')"
    return f'python -c "{code}" {{file}} | ttc sample -'


_SAVE = "save it as CSV"
EXCEL = f"{_SAVE}, or with pandas and openpyxl: {_frame('read_excel')}"

# In order: the first that matches answers.
KINDS = (
    Kind(_begins(b"7z\xbc\xaf\x27\x1c"), "a 7z archive", "7z x -so {file} | ttc sample -"),
    Kind(_begins(b"Rar!\x1a\x07"), "a RAR archive", "unrar p -inul {file} | ttc sample -"),
    Kind(_begins(b"\x04\x22\x4d\x18"), "packed with lz4", "lz4 -dc {file} | ttc sample -"),
    Kind(_begins(b"\x1f\x9d"), "packed with compress", "gzip -dc {file} | ttc sample -"),
    Kind(
        _begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "an old Office file (xls)",
        f"{_SAVE}, or with pandas and xlrd: {_frame('read_excel')}",
    ),
    Kind(
        _begins(b"%PDF-"),
        "a PDF",
        "take its text: pdftotext {file} -, and give the questions as lines: --format text",
    ),
    Kind(
        _begins(_LFS),
        "a pointer of Git LFS, not the file itself",
        "fetch it: git lfs pull --include {file}",
    ),
    Kind(_begins(b"GGUF"), "GGUF weights", MODEL + " {file}"),
    Kind(
        lambda head: head[8:10] == b'{"' and head[4:8] == b"\0\0\0\0",
        "weights in safetensors",
        MODEL,
    ),
    Kind(
        _matches(rb"\x80[\x02-\x05](?:\x95|\}|\]|c|X|\x8c|K|q|\()"),
        "a Python pickle, which can run any program when it is opened",
        "if you trust it and it holds a table: " + _frame("read_pickle"),
    ),
    Kind(
        _begins(b"\x93NUMPY"),
        "a NumPy array",
        "save its questions and answers as JSON lines or CSV",
    ),
    Kind(_begins(b"\x89HDF"), "HDF5", "with pandas and tables: " + _frame("read_hdf")),
    Kind(_begins(b"ORC"), "ORC", "with pandas and pyarrow: " + _frame("read_orc")),
    Kind(
        _begins(b"Obj\x01"),
        "Avro",
        "with fastavro: fastavro {file} | ttc sample -",
    ),
    Kind(_begins(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*"), "an image", ""),
    Kind(lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", "an image", ""),
    Kind(
        lambda head: head[:4] == b"RIFF" or head.startswith((b"ID3", b"OggS", b"fLaC")),
        "audio or video",
        "",
    ),
    Kind(
        _matches(rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b"),
        "an HTML page",
        "it is the page of the file, or a login, not the file: download its raw address (GitHub: "
        "Raw, or raw.githubusercontent.com; Hugging Face: /resolve/ in place of /blob/)",
    ),
    Kind(
        _matches(rb"(?:\xef\xbb\xbf)?\s*<\?xml\b|\s*<[a-z][\w:.-]*(?:\s[^<>]*)?>\s*<"),
        "XML",
        "with pandas and lxml, and the element of a record for Problem: "
        "python -c \"import sys, pandas; pandas.read_xml(sys.argv[1], xpath='.//Problem')"
        ".to_json(sys.stdout, orient='records')\" {file} | ttc sample -",
    ),
    Kind(
        _matches(rb"(?:\xef\xbb\xbf)?\s*(?:[^|\n]*\n+){0,20}?\|[^\n]*\|\s*\n\|[\s:|-]+\|\s*\n"),
        "a Markdown table",
        "turn it into TSV: grep '^|' {file} | sed -e '/^|[-: |]*$/d' -e 's/^| *//' "
        r"-e 's/ *| *$//' -e 's/ *| */\t/g' | ttc sample -",
    ),
)
