"""Near names: which of the names that there are a user may have meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

_MOST = 20_000  # names that are compared letter by letter


def near(name: str, names: Iterable[str]) -> str | None:
    """Return the name that is meant, None if none is near.

    It has the same letters in another case, the same numbers with other zeros before them (easy-1
    for easy-01), it ends so (1 for easy-01, if no other does), or it is spelled most alike.
    """
    listed = list(names)
    plain = _plain(name)
    same = [each for each in listed if _plain(each) == plain]
    if same:
        return same[0]
    behind = re.compile(rf"[^0-9a-z]{re.escape(plain)}\Z")
    if plain:
        ending = [each for each in listed if behind.search(_plain(each))]
        if len(ending) == 1:
            return ending[0]
    found = get_close_matches(name, listed[:_MOST], n=1)
    return found[0] if found else None


def did_you_mean(name: str, names: Sequence[str], otherwise: str) -> str:
    """Return the question whether a near name is meant, or what to do if there is none."""
    meant = near(name, names)
    return otherwise if meant is None else f"did you mean {meant}?"


def _plain(name: str) -> str:
    return re.sub(r"0+(?=[0-9])", "", name.casefold().replace("_", "-"))
