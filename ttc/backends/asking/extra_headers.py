"""Headers among the further fields of a request, and which of them may hold a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ttc.errors import UsageError

_OUR_HEADERS = ("host", "content-type", "content-length", "accept", "connection", "user-agent")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?")


def checked(given: Any, place: str) -> dict[str, str]:
    """Return headers by their names in lower case. UsageError for one that cannot be sent."""
    if not isinstance(given, Mapping):
        raise UsageError(f'{place} headers: write header.NAME="text" for each')
    found: dict[str, str] = {}
    for name, value in given.items():
        where = f"{place} header.{name}"
        if not _HEADER.fullmatch(name):
            raise UsageError(f"{where}: this cannot be the name of a header")
        if name.lower() in _OUR_HEADERS:
            raise UsageError(f"{where}: ttc sets this header itself")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise UsageError(f"{where}: the value of a header must be ASCII text on one line")
        if name.lower() in found:
            raise UsageError(f"{where}: it is given twice; leave one of them out")
        found[name.lower()] = value
    return found
