"""The reference of the Python library: a heading for each public name, filled by mkdocstrings."""

from __future__ import annotations

import ttc

GROUPS = {
    "Functions": "function",
    "Classes": "class",
    "Errors": "error",
}


def reference() -> str:
    """Return a section for each name of `ttc.__all__`."""
    parts = []
    for heading, kind in GROUPS.items():
        names = [name for name in ttc.__all__ if kind_of(name) == kind]
        sections = "\n".join(f"### {name}\n\n::: {home(name)}.{name}\n" for name in names)
        parts.append(f"## {heading}\n\n{sections}")
    return "\n" + "\n".join(parts) + "\n"


def home(name: str) -> str:
    """Return the module where a public name is defined."""
    return str(getattr(ttc, name).__module__)


def kind_of(name: str) -> str:
    """Return function, class or error; nothing for the version."""
    member = getattr(ttc, name)
    if isinstance(member, type):
        return "error" if issubclass(member, Exception) else "class"
    return "function" if callable(member) else ""
