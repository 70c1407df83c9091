"""The files of this Python that programs need to read, and nothing else in its folders.

A Python may be installed in a home folder (`--prefix=$HOME`), so its prefix is not bound, only its
binary, its standard library and its shared libraries.
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
    """Return the real path of the interpreter; in a virtual environment it is a link."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def system() -> list[str]:
    """Return the system's folders, which every program needs to read."""
    return [path for path in _SYSTEM if os.path.exists(path)]


def packages() -> list[str]:
    """Return the folders of installed packages on this process's path."""
    own = [sysconfig.get_path(name) for name in ("purelib", "platlib")]
    others = [path for path in sys.path if os.path.basename(path) in _PACKAGES]
    return [path for path in dict.fromkeys([*own, *others]) if os.path.isdir(path)]


@cache
def files() -> list[str]:
    """Return the files and folders of the interpreter that are outside the system's folders."""
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
    """Return whether a path is one of the folders, or inside one."""
    return any(Path(path).is_relative_to(folder) for folder in folders)


def libraries(prefix: Path) -> Iterator[str]:
    """Yield the shared libraries of an interpreter; for conda, the whole library folders."""
    folders = [prefix / name for name in ("lib", "lib64")]
    if (prefix / "conda-meta").is_dir():
        yield from map(str, folders)
        return
    for folder in folders:
        yield from map(str, sorted(folder.glob("lib*.so*")))


def _mapped() -> Iterator[str]:
    """Yield the C library, libpython and the loader that this process has mapped."""
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
    """Return the paths that are not inside another of them."""
    return [path for path in paths if not within(path, [each for each in paths if each != path])]
