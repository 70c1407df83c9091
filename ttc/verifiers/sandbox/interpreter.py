"""The files of this Python: what its programs need to read, and nothing else of where it lies.

A Python may be installed in somebody's home (`--prefix=$HOME`), so its prefix is not bound, but
its binary, its standard library and the shared libraries beside it.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_SYSTEM = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives", "/System")
_PACKAGES = ("site-packages", "dist-packages")


def python() -> str:
    """Return the interpreter itself: a virtual environment's is a link that leads home."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def system() -> list[str]:
    """Return the folders that any program needs to read."""
    return [path for path in _SYSTEM if os.path.exists(path)]


def packages() -> list[str]:
    """Return the folders of installed packages, as this process finds them."""
    own = [sysconfig.get_path(name) for name in ("purelib", "platlib")]
    others = [path for path in sys.path if os.path.basename(path) in _PACKAGES]
    return [path for path in dict.fromkeys([*own, *others]) if os.path.isdir(path)]


@cache
def files() -> list[str]:
    """Return the files and folders of the interpreter that lie outside the system's folders."""
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    base |= {f"installed_{name}": prefix for name, prefix in base.items()}
    found = [python(), os.path.dirname(os.__file__)]
    found += [sysconfig.get_path(name, vars=base) for name in ("stdlib", "platstdlib")]
    found += [str(sysconfig.get_config_var("DESTSHARED") or "")]
    found += [entry for entry in sys.path if entry.endswith(".zip")]
    found += [*libraries(Path(sys.base_prefix)), *_mapped()]
    if sys.platform == "darwin":
        found.append(sys.base_prefix)  # a framework; the sandbox of macOS is experimental
    real = [path for each in found for path in (each, os.path.realpath(each)) if each]
    outside = (path for path in real if os.path.exists(path) and not within(path, system()))
    return _outermost(dict.fromkeys(map(os.path.normpath, outside)))


def within(path: str, folders: list[str]) -> bool:
    """Tell whether a path is one of the folders, or in one."""
    return any(Path(path).is_relative_to(folder) for folder in folders)


def libraries(prefix: Path) -> Iterator[str]:
    """Yield the shared libraries beside an interpreter; conda has a folder of nothing else."""
    folders = [prefix / name for name in ("lib", "lib64")]
    if (prefix / "conda-meta").is_dir():
        yield from map(str, folders)
        return
    for folder in folders:
        yield from map(str, sorted(folder.glob("lib*.so*")))


def _mapped() -> Iterator[str]:
    """Yield the libraries of the loader that this process runs with, wherever they are."""
    names = ("libc.", "libm.", "libdl.", "libutil.", "libpthread.", "libpython", "ld-")
    try:
        with open("/proc/self/maps") as maps:
            mapped = {line.split(maxsplit=5)[-1].strip() for line in maps if "/" in line}
    except OSError:
        return
    for path in sorted(mapped):
        if os.path.basename(path).startswith(names):
            yield path


def _outermost(paths: dict[str, None]) -> list[str]:
    """Drop what lies in another of the paths."""
    return [path for path in paths if not within(path, [each for each in paths if each != path])]
