"""Write an export: into a folder beside the target, which takes its place once it is whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ttc
from ttc.errors import UsageError
from ttc.messages.progress import SILENT, Progress
from ttc.paths import expanded, unwritable
from ttc.view import site_files
from ttc.view.export.data import documents
from ttc.view.library import Library
from ttc.view.writing import as_script

MARK = "ttc-view.json"  # in the folder of an export: what ttc made, it may replace


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that was written: the page to open, and how many files and bytes it has."""

    page: Path
    files: int
    bytes: int


def export(
    database: Path,
    folder: str | os.PathLike[str],
    pools: Sequence[str] = (),
    *,
    verifier: str | None = None,
    progress: Progress = SILENT,
) -> Exported:
    """Write a static copy of the page about pools (none: all) to a folder.

    `progress` shows how many files are written. An export that is there is replaced. UsageError for
    a folder with anything else in it, or for a pool that is not there; StoreError if the store
    cannot be read, or the disk is full.
    """
    target = Path(os.path.abspath(expanded(folder, "--export")))
    check(target)
    library = Library(database, pools, verifier, still=True)
    try:
        return _written(library, target, progress)
    finally:
        library.close()


def check(target: Path) -> None:
    """Raise UsageError if an export may not be written to a folder."""
    if not target.parent.is_dir():
        raise UsageError(f"--export {target}: there is no folder {target.parent}; make it first")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"--export {target}: it is not a folder; name a new one")
    if not target.exists():
        return
    there = {path.name for path in target.iterdir()}
    ours = {name.partition("/")[0] for name in site_files.files()} | {"data", MARK}
    if there and not (MARK in there and there <= ours):
        other = sorted(there - ours)[:1] or sorted(there)[:1]
        raise UsageError(
            f"--export {target}: the folder has other files in it ({other[0]}); name a new folder, "
            "or an export to replace"
        )


def _written(library: Library, target: Path, progress: Progress) -> Exported:
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.mkdir()
        _site(part)
        with progress.stage("exporting", "files") as stage:
            for name, document in stage.each(documents(library)):
                path = part / "data" / f"{name}.js"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(as_script(name, document))
        found = [path for path in part.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in found)
        _put_in_place(part, target)
    except OSError as error:
        raise unwritable(target, error, "--export") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Exported(target / site_files.INDEX, len(found), size)


def _site(part: Path) -> None:
    for name, path in site_files.files().items():
        (part / name).parent.mkdir(parents=True, exist_ok=True)
        if name == site_files.INDEX:
            (part / name).write_text(site_files.exported_index(), encoding="utf-8")
        else:
            shutil.copyfile(path, part / name)
    about: dict[str, Any] = {"made_by": "ttc view --export", "version": ttc.__version__}
    (part / MARK).write_text(json.dumps(about) + "\n", encoding="utf-8")


def _put_in_place(part: Path, target: Path) -> None:
    """Rename a folder over another one: the old export stays until the new one is there."""
    if not target.exists():
        part.rename(target)
        return
    old = part.with_suffix(".old")
    target.rename(old)
    try:
        part.rename(target)
    except OSError:
        old.rename(target)
        raise
    with suppress(OSError):
        shutil.rmtree(old)
