"""Headers of HTTP that may hold a secret, known by their names."""

from __future__ import annotations

import re
from typing import Any

from ttc.messages import secrets

_NAME = r"auth|cookie|key|token|secret|passw|credential|signature"
_SECRET = re.compile(_NAME, re.IGNORECASE)
# An argument of a command line that sets one.
_ARGUMENT = re.compile(
    rf"((?:--extra=)?headers?\.[^=]*(?:{_NAME})[^=]*=)(.+)", re.IGNORECASE | re.DOTALL
)


def may_be_secret(name: str, value: str = "") -> bool:
    """Return whether a header may hold a secret: by its name, or since its value is a known one."""
    return bool(_SECRET.search(name)) or secrets.redacted(value) != value


def keep_secret(headers: Any) -> str:
    """Have the values of those headers masked that may hold a secret; return the name of one, ""
    if there is none. Anything but a table has none."""
    found = ""
    for name, value in headers.items() if isinstance(headers, dict) else ():
        if isinstance(value, str) and may_be_secret(name):
            secrets.keep(value)
            secrets.keep(value.partition(" ")[2])  # behind Bearer
            found = name
    return found


def hidden(argument: str) -> str:
    """Return an argument of the command line; if it sets a header that may hold a secret, without
    the value, which is masked from then on."""
    found = _ARGUMENT.fullmatch(argument)
    if found is None:
        return argument
    secrets.keep(found[2].strip().strip('"'))
    return f"{found[1]}{secrets.MASK}"
