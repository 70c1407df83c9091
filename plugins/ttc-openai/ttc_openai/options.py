"""The options of an alias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ttc.options import OptionReader

CONCURRENCY, TIMEOUT, RETRIES = 64, 600.0, 5


@dataclass(frozen=True, slots=True)
class Options:
    """The options of an alias.

    `concurrency`: maximal number of concurrent requests. `timeout`: maximal silence of a server, in
    seconds. `retries`: how often a failed request is repeated. `revision`: any text; distinguishes
    models that a server serves under one name. `logprobs`: whether to request log-probabilities;
    some servers compute them slowly. `proxy`: whether to reach a server on this machine through the
    proxy of the environment. `headers`: further headers of each request.

    Of batch files: `batch_size`: the most draws of one. `batch_window`: the time in which the
    server is to do it. `batch_poll`: the seconds from one look at its state to the next, at first.
    """

    base_url: str | None = None
    concurrency: int = CONCURRENCY
    timeout: float = TIMEOUT
    retries: int = RETRIES
    revision: str = ""
    logprobs: bool = True
    proxy: bool = False
    # They may be secret.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    batch_size: int = 50_000
    batch_window: str = "24h"
    batch_poll: float = 10.0

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Options:
        """Check what an alias says. UsageError names the option that is wrong."""
        read = OptionReader("openai", given)
        for name in ("api_key", "key", "token"):
            read.refuse(
                name,
                f"{name} may not be in a settings file; keys come from OPENAI_API_KEY, "
                "TTC_OPENAI_KEYS or the keyring",
            )
        found = cls(
            base_url=read.text("base_url", None),
            concurrency=read.whole("concurrency", CONCURRENCY),
            timeout=read.number("timeout", TIMEOUT, above=0),
            retries=read.whole("retries", RETRIES, 0),
            revision=read.text("revision", ""),
            logprobs=read.switch("logprobs", True),
            proxy=read.switch("proxy", False),
            headers=read.value("headers", {}, _headers, "a table of texts"),
            batch_size=read.whole("batch_size", 50_000),
            batch_window=read.text("batch_window", "24h"),
            batch_poll=read.number("batch_poll", 10.0, above=0),
        )
        read.end()
        return found


def _headers(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping) or not all(isinstance(each, str) for each in given.values()):
        raise ValueError
    # The client library replaces its own header of this spelling.
    return {
        "Authorization" if name.lower() == "authorization" else name: value
        for name, value in given.items()
    }
