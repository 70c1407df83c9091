"""The options of an alias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ttc.errors import UsageError

CONCURRENCY, TIMEOUT, RETRIES = 64, 600.0, 5


@dataclass(frozen=True, slots=True)
class Options:
    """`concurrency`: requests under way at most. `timeout`: seconds that a server may be silent.
    `retries`: how often what failed is tried again. `revision`: tells apart what a server serves
    under one name; any text. `logprobs`: whether to ask for them where the server has them; some
    compute them slowly. `proxy`: whether a server on this very machine is reached through the proxy
    of the environment."""

    base_url: str | None = None
    concurrency: int = CONCURRENCY
    timeout: float = TIMEOUT
    retries: int = RETRIES
    revision: str = ""
    logprobs: bool = True
    proxy: bool = False

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Options:
        """Check what an alias says. UsageError names the option that is wrong."""
        known = {each.name: each.type for each in fields(cls)}
        for name in given:
            if name in ("api_key", "key", "token", "headers"):
                raise UsageError(
                    f"openai: {name} may not be in a settings file; keys come from OPENAI_API_KEY, "
                    "TTC_OPENAI_KEYS or the keyring"
                )
            if name not in known:
                raise UsageError(f"openai: no option {name!r}; there are {', '.join(known)}")
        try:
            made = cls(
                given.get("base_url"),
                _whole("concurrency", given.get("concurrency", CONCURRENCY)),
                float(given.get("timeout", TIMEOUT)),
                _whole("retries", given.get("retries", RETRIES)),
                str(given.get("revision", "")),
                _flag("logprobs", given.get("logprobs", True)),
                _flag("proxy", given.get("proxy", False)),
            )
        except (TypeError, ValueError) as error:
            raise UsageError(f"openai: {error}") from None
        if made.concurrency < 1 or made.timeout <= 0 or made.retries < 0:
            raise UsageError("openai: concurrency, timeout and retries may not be below 1, 0 and 0")
        return made


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, not {value!r}")
    return value


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or int(value) != float(value):
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)
