"""The first bytes of files that hold no records, what they are, and the command that opens them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

MODEL = "it is a model, not data; name it with `-m {file}`"
_HTML = rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b"
_XML = rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml\b|<[a-z][\w:.-]*(?:\s[^<>]*)?>\s*<)"
_MARKDOWN = rb"(?:\xef\xbb\xbf)?\s*(?:[^|\n]*\n+){0,20}?\|[^\n]*\|\s*\n\|[\s:|-]+\|\s*\n"
# Protocol 2 to 5, and what an object begins with.
_PICKLE = rb"\x80[\x02-\x05](?:\x95|[\}\]\(cXKqJM]|\x8c)"


class Kind(NamedTuple):
    """What a file is, and the way on, with its name as a shell takes it for `{file}`."""

    matches: Callable[[bytes], bool]
    what: str
    remedy: str = ""


def _begins(*magics: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magics)


def _matches(pattern: bytes) -> Callable[[bytes], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda head: compiled.match(head) is not None


def _piped(command: str) -> str:
    return f"`{command} | ttc sample -`"


def _frame(call: str) -> str:
    """Return the command that turns a file that pandas reads into JSON."""
    code = f"import sys, pandas; pandas.{call}.to_json(sys.stdout, orient='records')"
    return _piped(f'python -c "{code}" {{file}}')


def excel(library: str) -> str:
    """Return how to read a workbook."""
    return f"save it as CSV; or, with pandas and {library}: {_frame('read_excel(sys.argv[1])')}"


# In order: the first that matches answers.
KINDS = (
    Kind(_begins(b"7z\xbc\xaf\x27\x1c"), "a 7z archive", _piped("7z x -so {file}")),
    Kind(_begins(b"Rar!\x1a\x07"), "a RAR archive", _piped("unrar p -inul {file}")),
    Kind(_begins(b"\x04\x22\x4d\x18"), "packed with lz4", _piped("lz4 -dc {file}")),
    Kind(_begins(b"\x1f\x9d"), "packed with compress", _piped("gzip -dc {file}")),
    Kind(_begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "an old Office file (xls)", excel("xlrd")),
    Kind(
        _begins(b"%PDF-"),
        "a PDF",
        "take its text with `pdftotext {file} -`, and give the questions as lines: --format text",
    ),
    Kind(
        _begins(b"version https://git-lfs.github.com/spec/"),
        "a pointer of Git LFS, not the file itself",
        "fetch it: `git lfs pull --include {file}`",
    ),
    Kind(_begins(b"GGUF"), "GGUF weights", MODEL),
    Kind(lambda head: head[8:10] == b'{"' and head[4:8] == b"\0" * 4, "safetensors weights", MODEL),
    Kind(
        _matches(_PICKLE),
        "a Python pickle, which can run any program when it is opened",
        f"if you trust it and it holds a table: {_frame('read_pickle(sys.argv[1])')}",
    ),
    Kind(_begins(b"\x93NUMPY"), "a NumPy array", "save questions and answers as JSON lines or CSV"),
    Kind(
        _begins(b"\x89HDF"),
        "an HDF5 file",
        f"with pandas and tables: {_frame('read_hdf(sys.argv[1])')}",
    ),
    Kind(
        _begins(b"ORC"),
        "an ORC file",
        f"with pandas and pyarrow: {_frame('read_orc(sys.argv[1])')}",
    ),
    Kind(_begins(b"Obj\x01"), "an Avro file", f"with fastavro: {_piped('fastavro {file}')}"),
    Kind(_begins(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*"), "an image"),
    Kind(lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", "an image"),
    Kind(_begins(b"RIFF", b"ID3", b"OggS", b"fLaC", b"\x1a\x45\xdf\xa3"), "audio or video"),
    Kind(lambda head: head[4:8] == b"ftyp", "audio or video"),
    Kind(_begins(b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe"), "a program"),
    Kind(
        _matches(_HTML),
        "an HTML page",
        "the page of the file, or a login, not the file; download its raw address (GitHub: the "
        "button Raw, or raw.githubusercontent.com; Hugging Face: /resolve/ in place of /blob/)",
    ),
    Kind(
        _matches(rb"\s*(?:<\?xml[^>]*>\s*)?<Error>\s*<Code>"),
        "the answer of a server that refused the file, not the file",
        "download it again",
    ),
    Kind(
        _matches(_XML),
        "XML",
        "with pandas and lxml, and the name of a record's element for Problem: "
        + _frame("read_xml(sys.argv[1], xpath='.//Problem')"),
    ),
    Kind(
        _matches(_MARKDOWN),
        "a Markdown table",
        "turn it into TSV: "
        + _piped(
            r"grep '^|' {file} | sed -e '/^|[-: |]*$/d' -e 's/^| *//' -e 's/ *| *$//' "
            r"-e 's/ *| */|/g' | tr '|' '\t'"
        ),
    ),
)
