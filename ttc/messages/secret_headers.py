"""Headers of HTTP that may hold a secret, known by their names."""

from __future__ import annotations

import re

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


def hidden(argument: str) -> str:
    """Return an argument of the command line; if it sets a header that may hold a secret, without
    the value, which is masked from then on."""
    found = _ARGUMENT.fullmatch(argument)
    if found is None:
        return argument
    secrets.keep(found[2].strip().strip('"'))
    return f"{found[1]}{secrets.MASK}"
