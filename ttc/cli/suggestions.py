"""Completion of the names of this machine's pools, verifiers, selectors and models.

A key press must not open the store or import a plugin. So the commands that read these names write
them to a small file, from which completion reads them. The file may be out of date.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable

from ttc import paths
from ttc.errors import TtcError

# A shell would execute, expand or split other names when they stand in a command line, and a
# terminal obey them.
_PLAIN = re.compile(r"[\w./:@%+=,~^-]+")


def _read() -> dict[str, list[str]]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((paths.cache_folder() / "names.json").read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def remember(**names: list[str]) -> None:
    """Keep names of some kinds for completion. A failure to do so is ignored."""
    known = _read()
    if all(known.get(kind) == listed for kind, listed in names.items()):
        return
    with contextlib.suppress(OSError, TtcError):
        folder = paths.cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        paths.atomic_write(folder / "names.json", json.dumps({**known, **names}))


def offer(*kinds: str) -> Callable[[str], list[str]]:
    """Return a completer for names of some kinds; after a comma it completes the next of a list."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        known = _read()
        names = [name for kind in kinds for name in known.get(kind, ())]
        shown = (name for name in names if _PLAIN.fullmatch(name) and name.startswith(last))
        return [before + comma + name for name in shown]

    return complete
