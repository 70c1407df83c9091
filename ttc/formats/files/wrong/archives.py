"""Archives that hold no records, or several files of them: tar, and ZIP files of other programs."""

from __future__ import annotations

import contextlib
import shlex
import tarfile
from collections.abc import Collection
from pathlib import Path

from ttc.formats.files.wrong.signatures import MODEL, excel

DATA = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".ndjson", ".txt", ".yaml", ".yml", ".gz")
_MEMBERS = 2000  # of a tar archive that are looked at


def tar(path: Path | None, file: str) -> str:
    """Return the command that reads a file of a tar archive."""
    member = "MEMBER"
    with contextlib.suppress(OSError, tarfile.TarError, EOFError):
        if path is not None:
            with tarfile.open(path) as archive:
                names = [
                    info.name
                    for info, _ in zip(archive, range(_MEMBERS), strict=False)
                    if info.isfile()
                ]
            data = [name for name in names if name.lower().endswith(DATA)]
            member = shlex.quote((data or names or [member])[0])
    return f"`tar -xOf {file} {member} | ttc sample -` (`tar -tf {file}` lists its files)"


def zipped(names: Collection[str], file: str) -> str | None:
    """Return what a ZIP archive is, by its members; None if it may hold records."""
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        return "an Excel workbook: " + excel("openpyxl").format(file=file)
    if "header.json" in names or "_journal/start.json" in names:
        return f"a log of inspect: `ttc import {file} --pool NAME`"
    if "word/document.xml" in names or "ppt/presentation.xml" in names:
        return "an Office document, not records: save its table as CSV"
    if "content.xml" in names and "mimetype" in names:
        return "an OpenDocument file: save it as CSV"
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        return f"weights of PyTorch: {MODEL}".format(file=file)
    if names and all(name.endswith(".npy") for name in names):
        return "arrays of NumPy: save their questions and answers as JSON lines or CSV"
    return None
