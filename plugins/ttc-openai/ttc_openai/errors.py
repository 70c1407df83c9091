"""Failed requests: what went wrong, and whether it concerns one request or all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ttc.messages import secrets
from ttc_openai.contents import number
from ttc_openai.refusals import Refusal

# HTTP statuses of faults that may pass, and of servers with too much to do.
TRANSIENT = (408, 409, 425, 500, 502, 503, 504, 520, 521, 522, 524, 529)
BUSY = (429, 503, 529)
_LONGEST = 100_000


@dataclass(slots=True, eq=False)
class ExchangeError(Exception):
    """A request that failed.

    `again`: it may be tried again, after `after` seconds if the server says so. `busy`: the server
    has too much to do. `drops`: the answer was cut off, perhaps because of other requests. `all`:
    every request fails like this, unless others are answered. `odd`: what came is not an answer.
    `within`: it happened in an answer that had begun. `refused`: what the server said about a
    request that it does not accept. `missing`: what the request names is not there.
    """

    reason: str
    again: bool = False
    busy: bool = False
    drops: bool = False
    all: bool = False
    odd: bool = False
    within: bool = False
    after: float | None = None
    refused: Refusal | None = None
    missing: bool = False

    def __str__(self) -> str:
        return self.reason

    @property
    def kind(self) -> str:
        """The kind of fault: `cut`, `busy`, `gone` (nothing listens), `odd`, `refused` or `broken`.

        `refused` is about the request as it is, `broken` about the connection or the server.
        """
        if self.drops:
            return "cut"
        if self.busy:
            return "busy"
        if self.all or self.odd:
            return "gone" if self.all and self.again else "odd"
        return "broken" if self.again else "refused"

    @property
    def signature(self) -> str:
        """The reason without numbers and identifiers, to compare faults by."""
        return _NUMBERED.sub("#", self.reason)


# A number, or a word that contains one.
_NUMBERED = re.compile(r"[\w-]*\d[\w-]*")

# Words of a server that will answer later, where no code says so.
_LATER = re.compile(
    r"\b(overload|loading|warming|starting|busy|capacity|rate.?limit|too many|"
    r"not (yet )?ready|try(ing)? again|retry)",
    re.IGNORECASE,
)


def cut_off(why: str) -> ExchangeError:
    """Return the fault of an answer that ended early, as if the server dropped it for another."""
    return ExchangeError(f"the answer was cut: {why}", again=True, drops=True, within=True)


def error_in_body(piece: Mapping[str, Any]) -> ExchangeError | None:
    """Return the error that a JSON object holds instead of an answer, None if it holds none.

    Some servers send one without an `error` field. Its code is read like an HTTP status.
    """
    error = piece.get("error")
    if not error and not {"choices", "usage"} & piece.keys():
        error = piece.get("detail") or piece.get("message")
    if not error:
        return None
    about = error if isinstance(error, Mapping) else {"message": error}
    code = number(about.get("code", about.get("status"))) or 0
    message = shown_line(about.get("message") or about.get("detail") or dict(about))
    return ExchangeError(
        f"the server says: {message}",
        again=not 400 <= code < 500 or code in TRANSIENT or code == 429,
        busy=code in BUSY or (not code and bool(_LATER.search(message))),
        within=True,
    )


def shown_line(text: object) -> str:
    """Return a text from outside as one line to show: keys are redacted, then it is cut."""
    return " ".join(secrets.redacted(str(text)[:_LONGEST]).split())[:200]
