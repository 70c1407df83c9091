"""The task of a `regex` worker: a search that may not end."""

from __future__ import annotations

import re
from functools import lru_cache


def search(call: list[str]) -> list[str | None] | None:
    """Search [pattern, text]. Return a list with the capture of the group `answer`, else of the
    first group, else None; return None if there is no match."""
    pattern, text = call
    found = _compiled(pattern).search(text)
    if found is None:
        return None
    named = "answer" in found.re.groupindex
    return [found["answer"] if named else found[1] if found.re.groups else None]


_compiled = lru_cache(maxsize=1)(re.compile)
