"""Names of installed plugins, read from the metadata of packages in a few milliseconds.

`importlib.metadata` takes 30 ms to import and parses the metadata of every package.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_OWN = "ttc_cli-"


def members(group: str) -> dict[str, str]:
    """Return the names of a group (`backends`, …) and `module:attribute` of each, sorted."""
    own_only = bool(os.environ.get("TTC_NO_PLUGINS"))
    found: dict[str, str] = {}
    for folder in _metadata():
        own = folder.name.startswith(_OWN)
        if own_only and not own:
            continue
        for name, target in _section(folder / "entry_points.txt", f"ttc.{group}"):
            # ttc's own names cannot be taken over by a plugin.
            if own or name not in found:
                found[name] = target
    return dict(sorted(found.items()))


def _metadata() -> Iterator[Path]:
    seen: set[str] = set()
    for place in dict.fromkeys(sys.path):
        with contextlib.suppress(OSError), os.scandir(place or ".") as entries:
            for entry in entries:
                package = entry.name.partition("-")[0]
                # Of two installations of a package the first on the path is used.
                if entry.name.endswith((".dist-info", ".egg-info")) and package not in seen:
                    seen.add(package)
                    yield Path(entry.path)


def _section(file: Path, section: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a section of an entry_points.txt."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line == f"[{section}]"
        elif inside and not line.startswith(("#", ";")):
            name, equals, target = line.partition("=")
            if equals:
                yield name.strip(), target.strip()
