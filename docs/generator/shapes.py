"""The table of the shapes of datasets, from the docstrings of their classes."""

from __future__ import annotations

import re

from generator.markdown import table as as_table
from ttc import plugins
from ttc.formats.shapes.known import shapes


def table() -> str:
    """Return a row for each shape."""
    rows = []
    for name, entry in sorted(plugins.installed("formats").items()):
        if not entry.value.startswith("ttc.formats.shapes."):
            continue
        told = " ".join((type(shapes()[name]).__doc__ or "").partition("\n\n")[0].split())
        what, _, verifier = told.removeprefix("Read ").partition(" Verifier: ")
        verifier = re.sub(r"[\w-]+(?::\S+\w)?", r"`\g<0>`", verifier.removesuffix("."), count=1)
        rows.append((f"`{name}`", what.removesuffix("."), verifier))
    return as_table(("`--format`", "what is read", "`-V`"), rows)
