"""Paths of the store, the cache and the settings files: from the environment, else the platform's.

Also the functions that write files completely or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from ttc.errors import StoreError, UsageError

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _folder(variable: str, kind: str) -> Path:
    if given := os.environ.get(variable):
        return Path(expanded(given, variable))
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


def expanded(path: str | os.PathLike[str], where: str = "") -> str:
    """Return a path with `~`, `$NAME` and `${NAME}` replaced, as a shell would do it.

    A shell does not do so in settings, behind `=` and `@`, and in quotes. A file that has such a
    name is meant itself. UsageError, which begins with `where`, for a variable that is not set, and
    for a user without a home folder.
    """
    text = os.fspath(path)
    if not text.startswith("~") and "$" not in text:
        return text
    if os.path.lexists(text):
        return text
    place = f"{where}: " if where else ""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if (set_to := os.environ.get(name)) is None:
            raise UsageError(
                f"{place}{text}: the variable {name} is not set; set it, or write the path out"
            )
        return set_to

    whole = os.path.expanduser(_VARIABLE.sub(value, text))
    if whole.startswith("~"):
        user = re.split(r"[/\\]", whole)[0]
        raise UsageError(f"{place}{text}: no home folder of {user}; write the path out")
    return whole


def atomic_write(path: str | Path, data: str | bytes, option: str = "") -> None:
    """Write a file so that it has either all of `data` or its old content.

    The data is written beside the file and renamed over it once it is on the disk. A link is
    followed; a device or a named pipe is written as it is. `option` (`--csv`) is named in errors.
    StoreError if the disk is full, UsageError if the file cannot be written for another reason.
    """
    content = data.encode() if isinstance(data, str) else data
    target = Path(os.path.realpath(expanded(path, option)))
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
