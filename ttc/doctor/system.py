"""Python, packages, SQLite, folders, the terminal."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import ttc
from ttc import paths
from ttc.doctor.checks import Check, DoctorOptions, Step, fail, note, ok
from ttc.plugins import installing

# Before these versions, two connections that write and checkpoint at once can lose a commit.
_RACE_MENDED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
_NEEDED_SQLITE = (3, 27, 0)  # VACUUM INTO
_COMPLETIONS = {
    "bash": (
        "~/.local/share/bash-completion/completions/ttc",
        "/usr/share/bash-completion/completions/ttc",
        "/etc/bash_completion.d/ttc",
    ),
    "fish": (
        "~/.config/fish/completions/ttc.fish",
        "/usr/share/fish/vendor_completions.d/ttc.fish",
    ),
    "zsh": (),
}


def steps(options: DoctorOptions) -> list[Step]:
    """Return the steps of this group."""
    return [
        Step("Python", _python),
        Step("packages", _packages),
        Step("SQLite", _sqlite),
        Step("folders", _folders),
        Step("terminal", lambda: _terminal(options.encoding)),
        Step("completion", _completion),
    ]


def _python() -> Iterator[Check]:
    where = f"{platform.python_version()} at {sys.executable}"
    machine = f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield ok("Python", f"{where} ({machine})")


def _packages() -> Iterator[Check]:
    version = installing.version_of(installing.OWN)
    folder = Path(ttc.__file__).parent
    if version is None:
        yield fail(
            installing.OWN,
            f"runs from {folder} without being installed, so it finds no backend or verifier",
            f"pip install {folder.parent}",
        )
        return
    yield ok(installing.OWN, f"{version} in {folder}")
    missing = installing.unmet(installing.OWN)
    if missing:
        yield fail("packages", f"missing: {', '.join(missing)}", installing.install("ttc-cli"))
        return
    names = ("typer", "rich", "numpy", "diskcache", "platformdirs")
    yield ok("packages", ", ".join(f"{name} {installing.version_of(name)}" for name in names))


def _sqlite() -> Iterator[Check]:
    version = sqlite3.sqlite_version_info
    if version < _NEEDED_SQLITE:
        needed = ".".join(map(str, _NEEDED_SQLITE))
        yield fail(
            "SQLite",
            f"{sqlite3.sqlite_version} is too old; ttc needs {needed}",
            "use a Python with a newer SQLite",
        )
    elif any(mended <= version < (mended[0], mended[1] + 1, 0) for mended in _RACE_MENDED) or (
        version >= max(_RACE_MENDED)
    ):
        yield ok("SQLite", sqlite3.sqlite_version)
    else:
        yield note(
            "SQLite",
            f"{sqlite3.sqlite_version} has a bug (fixed in 3.51.3): if two programs write at the "
            "same time, a commit can be lost; ttc is safe, since its processes use a lock",
            "do not write to the store with another program while ttc runs",
        )


def _folders() -> Iterator[Check]:
    if str(paths.data_folder()).startswith("~") or not Path.home().is_absolute():
        yield fail("home", "this user has no home folder", "set HOME, or TTC_HOME and TTC_CACHE")
    elif "HOME" not in os.environ and os.name == "posix":
        yield note("home", f"HOME is not set; using {Path.home()}")
    try:
        yield ok("temporary files", tempfile.gettempdir())
    except OSError:
        yield fail(
            "temporary files",
            "there is no writable folder for them",
            "set TMPDIR to a writable folder",
        )
    cache = paths.cache_folder()
    if not os.access(existing(cache), os.W_OK | os.X_OK):
        yield note(
            "cache",
            f"{cache} is not writable, so digests and some verdicts are computed each time",
            "set TTC_CACHE to a writable folder",
        )
    else:
        yield ok("cache", str(cache))
    if sys.platform == "linux" and not Path("/proc/self/stat").exists():
        yield note("/proc", "is missing, so ttc sees neither other runs nor file system types")


def existing(path: Path) -> Path:
    """Return the path itself or its nearest parent that exists."""
    absolute = path.absolute()
    return next((each for each in (absolute, *absolute.parents) if _there(each)), absolute)


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False  # its folder cannot be searched


def _terminal(encoding: str) -> Iterator[Check]:
    kind = os.environ.get("TERM") or "no TERM"
    if encoding.lower().replace("-", "") == "utf8":
        yield ok("terminal", f"UTF-8, {kind}")
    else:
        yield note(
            "terminal",
            f"the output encoding is {encoding}, which lacks many characters ({kind})",
            "export PYTHONIOENCODING=utf-8, or a locale such as LANG=C.UTF-8",
        )


def _completion() -> Iterator[Check]:
    shell = Path(os.environ.get("SHELL", "")).name
    if shell not in _COMPLETIONS:
        return
    places_of = [Path(name).expanduser() for name in _COMPLETIONS[shell]]
    if shell == "zsh":
        folders = os.environ.get("FPATH", "").split(":")
        folders += ["~/.zfunc", "/usr/local/share/zsh/site-functions"]
        folders += ["/usr/share/zsh/site-functions", "/usr/share/zsh/vendor-completions"]
        places_of = [Path(folder).expanduser() / "_ttc" for folder in folders if folder]
    found = next((path for path in places_of if _there(path)), None)
    if found is not None:
        yield ok("completion", str(found))
    else:
        target = places_of[0]
        yield note(
            "completion",
            f"not installed for {shell}",
            f"mkdir -p {target.parent} && ttc completion {shell} > {target}",
        )
