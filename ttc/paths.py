"""Paths of the store, the cache and the settings files: from the environment, else the platform's.

Also the functions that write files completely or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ttc.errors import StoreError, UsageError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _folder(variable: str, kind: str) -> Path:
    if given := os.environ.get(variable):
        return Path(given)
    import platformdirs

    return Path(getattr(platformdirs, f"user_{kind}_dir")("ttc", appauthor=False))


def data_folder() -> Path:
    """Return the folder of the default store: `TTC_HOME`, else the platform's user data folder."""
    return _folder("TTC_HOME", "data")


def cache_folder() -> Path:
    """Return the folder of what may be deleted at any time: `TTC_CACHE`, else the platform's."""
    return _folder("TTC_CACHE", "cache")


def config_folder() -> Path:
    """Return the folder of the user's `config.toml`: `TTC_CONFIG_HOME`, else the platform's."""
    return _folder("TTC_CONFIG_HOME", "config")


def default_database() -> Path:
    """Return the store to use if neither `--db` nor a setting names one."""
    return data_folder() / "ttc.db"


def atomic_write(path: str | Path, data: str | bytes, option: str = "") -> None:
    """Write a file so that it has either all of `data` or its old content.

    The data is written beside the file and renamed over it once it is on the disk. A link is
    followed; a device or a named pipe is written as it is. `option` (`--csv`) is named in errors.
    StoreError if the disk is full, UsageError if the file cannot be written for another reason.
    """
    content = data.encode() if isinstance(data, str) else data
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
        else:
            with replacing(target) as part:
                part.write_bytes(content)
    except OSError as error:
        raise unwritable(path, error, option) from None


def unwritable(path: str | Path, error: OSError, option: str = "") -> StoreError | UsageError:
    """Return the error to raise for a file that could not be written."""
    kind = StoreError if error.errno in _FULL else UsageError
    named = f"{option} {path}" if option else f"{path}"
    kept = "; what was there before is unchanged" if os.path.exists(path) else ""
    return kind(f"{named}: {error.strerror or error}{kept}")


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` to write to; then put what was written in place of `target`.

    If the block raises, `target` is as it was. OSError if the file cannot be put in place.
    """
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        yield part
        put_in_place(part, target)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def put_in_place(part: Path, target: Path) -> None:
    """Rename a file over another once it is on the disk; the permissions of the other stay."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    if target.exists():
        part.chmod(stat.S_IMODE(target.stat().st_mode))
    part.replace(target)
