"""Folders: datasets of Hugging Face, and files that are to be named one by one."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path

from ttc.errors import UsageError
from ttc.formats.files.wrong.archives import DATA

_KNOWN = (*DATA, ".bz2", ".xz", ".zst", ".arrow", ".feather", ".zip")


def refusal(path: Path) -> UsageError:
    """Return the error for a folder: the name by which it is read, or that of its files."""
    named = path if path.is_absolute() or path.parts[:1] in (("..",), (".",)) else Path(path)
    shown = shlex.quote(str(named))
    local = shlex.quote(f"hf:{named if named.is_absolute() else f'./{named}'}")
    about = ("dataset_dict.json", "dataset_info.json", "state.json")
    if any((path / name).is_file() for name in about) or _has_card(path) or _has_splits(path):
        return UsageError(f"{shown}: a folder with a dataset of Hugging Face: `ttc sample {local}`")
    files = _files(path)
    if not files:
        return UsageError(f"{shown}: a folder without files of records; name a file")
    suffix = "".join(files[0].suffixes[-2:] if files[0].suffix == ".gz" else files[0].suffix)
    depth = len(files[0].relative_to(path).parts)
    pattern = "/".join([shown, *["*"] * (depth - 1), f"*{suffix}"])
    return UsageError(f"{shown}: a folder; name its files: `ttc sample {pattern}`")


def _has_splits(path: Path) -> bool:
    """Return whether files are named after splits, as the Hub has them."""
    inside = (*path.glob("*"), *path.glob("data/*"))
    names = {each.name.split(".")[0].partition("-")[0] for each in inside if each.suffix in _KNOWN}
    return "test" in names or "validation" in names


def _has_card(path: Path) -> bool:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return "\nconfigs:" in (path / "README.md").read_text(encoding="utf-8")
    return False


def _files(path: Path) -> list[Path]:
    """Return the files of records of a folder, or of the folders in it."""
    for pattern in ("*", "*/*", "*/*/*"):
        found = sorted(p for p in path.glob(pattern) if p.suffix in _KNOWN and p.is_file())
        if found:
            return found
    return []
