"""What a limited worker does for `regex`: a search that may take for ever."""

from __future__ import annotations

import re
from functools import lru_cache


def search(call: list[str]) -> list[str | None] | None:
    """Return what [pattern, text] captures, in a list: the group `answer`, else the first group,
    else None. None alone if the pattern is not found."""
    pattern, text = call
    found = _compiled(pattern).search(text)
    if found is None:
        return None
    named = "answer" in found.re.groupindex
    return [found["answer"] if named else found[1] if found.re.groups else None]


_compiled = lru_cache(maxsize=1)(re.compile)
