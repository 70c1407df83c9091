"""Which packages are installed, what they require, and the command that installs more."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

OWN = "ttc-cli"


def version_of(package: str) -> str | None:
    """Return the version of a package, None if it is not installed."""
    try:
        return distribution(package).version
    except PackageNotFoundError:
        return None


def extras(package: str) -> list[str]:
    """Return the names of a package's extras, as its metadata has them."""
    return distribution(package).metadata.get_all("Provides-Extra") or []


def unmet(package: str, extra: str = "") -> list[str]:
    """Return the requirements of a package, or of one of its extras, that are not installed.

    Empty if requirements cannot be read here (`can_tell`).
    """
    found = []
    for text, requirement in _requirements(package):
        marker = requirement.marker
        wanted = marker is None or marker.evaluate({"extra": extra})
        # Requirements without the extra are not the extra's.
        if not wanted or (extra and (marker is None or marker.evaluate({"extra": ""}))):
            continue
        have = version_of(requirement.name)
        if have is None:
            found.append(str(text).partition(";")[0].strip())
        elif not requirement.specifier.contains(have, prereleases=True):
            found.append(f"{requirement.name}{requirement.specifier}, not {have}")
        for inner in requirement.extras if have is not None else ():
            found += unmet(requirement.name, inner)
    return found


def can_tell() -> bool:
    """Return whether requirements can be read here."""
    return _parser() is not None


def _requirements(package: str) -> Iterator[tuple[str, Any]]:
    parse = _parser()
    if parse is not None:
        for text in distribution(package).requires or ():
            yield text, parse(text)


def _parser() -> Any:
    """Return the class that parses requirements: that of `packaging`, else the copy inside pip."""
    for module in ("packaging.requirements", "pip._vendor.packaging.requirements"):
        with contextlib.suppress(ImportError):
            return import_module(module).Requirement
    return None


def install(requirement: str) -> str:
    """Return the command that installs a requirement into this environment.

    A package of ours (`NAME[EXTRA]`) is installed from the source of ttc-cli: a folder, a
    repository or an index.
    """
    what, editable = _from_our_source(requirement)
    quoted = f"'{what}'" if set(what) & set("[]<>=! ~;@") else shlex.quote(what)
    return f"{_installer(editable)} {quoted}"


def _from_our_source(requirement: str) -> tuple[str, bool]:
    """Return what to install, and whether as an editable folder, as ttc-cli itself is."""
    name, bracket, extra = requirement.partition("[")
    if name != OWN and not name.startswith("ttc-"):
        return requirement, False
    source, inside = _source(), "" if name == OWN else f"plugins/{name}"
    url = str(source.get("url", ""))
    if vcs := source.get("vcs_info"):
        at = f"@{commit}" if (commit := vcs.get("commit_id")) else ""
        where = f"#subdirectory={inside}" if inside else ""
        return f"{requirement} @ {vcs.get('vcs', 'git')}+{url}{at}{where}", False
    folder = Path(unquote(urlsplit(url).path)) / inside if url.startswith("file:") else None
    if folder is None or not (folder / "pyproject.toml").is_file():
        return requirement, False
    editable = bool(source.get("dir_info", {}).get("editable"))
    return f"{_shown(folder)}{bracket}{extra}", editable


def _shown(folder: Path) -> str:
    """Return a folder as pip takes it: relative inside a checkout, else absolute."""
    with contextlib.suppress(ValueError, OSError):
        here = Path.cwd()
        inside = folder.relative_to(here)
        if (here / "pyproject.toml").is_file():
            return f".{os.sep}{inside}" if inside.parts else "."
    return str(folder)


@cache
def _source() -> dict[str, Any]:
    """Return what the installer noted about the source of ttc-cli; nothing for an index."""
    try:
        found = json.loads(distribution(OWN).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _installer(editable: bool) -> str:
    """Return the command that installs into this environment: that of uv, pipx or pip."""
    flag = " -e" if editable else ""
    here = Path(sys.prefix)
    if (here / "uv-receipt.toml").exists():
        return f"uv tool install {OWN} --with{'-editable' if editable else ''}"
    if (here / "pipx_metadata.json").exists():
        return f"pipx inject{flag} {OWN}"
    return f"{pip_install()}{flag}"


def pip_install() -> str:
    """Return the command that runs `pip install` for this environment; it takes pip's options."""
    python = shlex.quote(sys.executable)
    # The metadata is read, for importing pip would make setuptools take this process for pip: it
    # then leaves the standard distutils in place, with which it cannot be imported (torch does so).
    if version_of("pip") is None:
        return f"uv pip install --python {python}"
    pip = shutil.which("pip")
    ours = pip is not None and Path(pip).parent == Path(sys.executable).parent
    return "pip install" if ours else f"{python} -m pip install"


def rebuild(package: str) -> str:
    """Return the command that builds the installed version of a package again from source."""
    version = version_of(package)
    wanted = package if version is None else f"{package}=={version}"
    return (
        f"{pip_install()} --force-reinstall --no-deps --no-cache-dir --no-binary {package} {wanted}"
    )
