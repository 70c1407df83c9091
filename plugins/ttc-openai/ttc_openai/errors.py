"""What went wrong, and whom it concerns: this request, every request, or only this moment."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from ttc.backends import addresses
from ttc.messages import secrets
from ttc_openai.address import Address
from ttc_openai.contents import number
from ttc_openai.events import MalformedError
from ttc_openai.proxies import proxy_of
from ttc_openai.refusals import Refusal

_TRANSIENT = (408, 409, 425, 500, 502, 503, 504, 520, 521, 522, 524, 529)
_LONGEST = 100_000
_BUSY = (429, 503, 529)


@dataclass(slots=True, eq=False)
class ExchangeError(Exception):
    """A request that failed.

    `again`: it may be tried again, after `after` seconds if the server says so. `busy`: the server
    has too much to do. `drops`: the answer was ended, perhaps since others were asked for. `all`:
    it is the same for every request, unless others are answered. `odd`: what came is no answer.
    `within`: it was met in an answer that had begun. `refused`: what the server said of a request
    that it does not take as it is.
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

    def __str__(self) -> str:
        return self.reason

    @property
    def kind(self) -> str:
        """What sort of fault it is: `cut`, `busy`, `gone` (nobody listens), `odd`, `refused` (this
        request, as it is) or `broken`."""
        if self.drops:
            return "cut"
        if self.busy:
            return "busy"
        if self.all or self.odd:
            return "gone" if self.all and self.again else "odd"
        return "broken" if self.again else "refused"

    @property
    def alike(self) -> str:
        """Its reason without numbers and identifiers, by which faults are compared."""
        return _NUMBERED.sub("#", self.reason)


# A number, or a word that holds one.
_NUMBERED = re.compile(r"[\w-]*\d[\w-]*")


def cut_off(why: str) -> ExchangeError:
    """The answer was ended before its end, as by a server that drops one for the next."""
    return ExchangeError(f"the answer was cut: {why}", again=True, drops=True, within=True)


def classify_error(error: Exception, address: Address, key: str | None) -> ExchangeError:
    """Return what an exception of the client library means. Nothing in it holds a key: what comes
    from outside is redacted here, before it is cut, shown or stored."""
    if isinstance(error, ExchangeError):
        fault = error
    elif isinstance(error, MalformedError):
        fault = _malformed(error, address)
    elif isinstance(error, openai.APIStatusError):
        fault = _status(error, address, key)
    elif isinstance(error, (openai.APIConnectionError, httpx2.HTTPError)):
        fault = _connection(error, address)
    else:
        fault = ExchangeError(f"{address.base_url}: {type(error).__name__}: {_line(error)}")
    fault.reason = secrets.redacted(fault.reason)
    return fault


def _malformed(error: MalformedError, address: Address) -> ExchangeError:
    if is_html(error.text):
        none = "not an OpenAI-compatible server: it answers with an HTML page"
        return ExchangeError(f"{address.base_url}: {none}{_often_at(address)}", all=True)
    return ExchangeError(f"{address.base_url}: {error}", again=True, odd=True)


def error_in_body(piece: Mapping[str, Any]) -> ExchangeError | None:
    """Return the fault that an object tells of instead of an answer, None if it tells of none.

    Some servers do so without an `error`. A code is like those of HTTP.
    """
    error = piece.get("error")
    if not error and not {"choices", "usage"} & piece.keys():
        error = piece.get("detail") or piece.get("message")
    if not error:
        return None
    about = error if isinstance(error, Mapping) else {"message": error}
    code = number(about.get("code", about.get("status"))) or 0
    said = _line(about.get("message") or about.get("detail") or dict(about))
    return ExchangeError(
        f"the server says: {said}",
        again=not 400 <= code < 500 or code in _TRANSIENT or code == 429,
        busy=code in _BUSY or (not code and bool(_LATER.search(said))),
        within=True,
    )


# Words for a server that will answer later, where no code says so.
_LATER = re.compile(
    r"\b(overload|loading|warming|starting|busy|capacity|rate.?limit|too many|"
    r"not (yet )?ready|try(ing)? again|retry)",
    re.IGNORECASE,
)


def _connection(error: Exception, address: Address) -> ExchangeError:
    # Those of httpx2 say more than what is below them; the client's own say nothing.
    cause = error if isinstance(error, httpx2.HTTPError) else error.__cause__ or error
    why = _line(cause) or type(cause).__name__
    proxy, where = proxy_of(address), address.base_url
    past = f"; NO_PROXY={urlsplit(where).hostname} goes past it"
    if isinstance(cause, httpx2.ProxyError):
        told = f"{proxy or 'the proxy'} refuses ({why}){past}"
        return ExchangeError(f"{where}: {told}", again=True, all=True)
    if isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout)):
        # One that is there and does not accept has too much to do.
        busy, told = isinstance(cause, httpx2.ConnectTimeout), f"cannot be reached ({why})"
        if "CERTIFICATE_VERIFY_FAILED" in why:
            told += _CERTIFICATE
        elif proxy is not None:
            told = f"cannot be reached through {proxy} ({why}){past}"
        return ExchangeError(f"{where}: {told}", again=True, busy=busy, all=True)
    if isinstance(cause, httpx2.TimeoutException):
        return ExchangeError(f"{where}: no answer in time", again=True)
    through = f" to {proxy}" if proxy is not None else ""
    broke = f"{where}: the connection{through} broke ({why})"
    within = "complete message body" in why  # and so it had begun
    return ExchangeError(broke, again=True, drops=True, within=within)


_CERTIFICATE = (
    "; SSL_CERT_FILE=FILE.pem in the environment trusts what that file holds, and no others"
)


def _status(error: openai.APIStatusError, address: Address, key: str | None) -> ExchangeError:
    status, said = error.status_code, _said(error)
    where = f"{address.base_url}: "
    proxy = proxy_of(address)
    if proxy is not None and (status == 407 or said == _PAGE):
        host = urlsplit(address.base_url).hostname
        said += f", by way of {proxy}; NO_PROXY={host} goes past it"
    if status == 407:
        return ExchangeError(f"{where}407 {said}", all=True)
    if status == 401:
        return ExchangeError(f"{where}{key_complaint(address, key)} (401 {said})", all=True)
    if status == 403:
        how = (
            "does not let this key do that" if key else f"refuses, or {key_complaint(address, key)}"
        )
        return ExchangeError(f"{where}{how} (403 {said})", all=True)
    if status == 429 and "insufficient_quota" in str(error.body):
        return ExchangeError(f"{where}the account has no quota left ({said})", all=True)
    if status == 402:
        return ExchangeError(f"{where}the account has no credit left (402 {said})", all=True)
    if status == 404:
        near = (
            f"did you mean {address.near}?" if address.near else f"is the model {address.model!r}?"
        )
        return ExchangeError(f"{where}not found: {said}; {near}{_often_at(address)}", all=True)
    if 300 <= status < 400:
        return ExchangeError(f"{where}{_elsewhere(error.response.headers)}", all=True)
    again = status in _TRANSIENT or status == 429
    return ExchangeError(
        f"{where}{status} {said}",
        again=again,
        busy=status in _BUSY,
        after=retry_after(error.response.headers) if again else None,
        refused=_refusal(error) if status in (400, 422) else None,
    )


def _often_at(address: Address) -> str:
    return "" if addresses.versioned(address.base_url) else "; the address often ends in /v1"


def _elsewhere(headers: httpx2.Headers) -> str:
    """Return what a redirect says, and the address to give instead where it tells one."""
    target = _line(headers.get("location", "elsewhere"))
    if not addresses.is_url(target) or urlsplit(target).query:
        return f"points to {target}, which is no OpenAI-compatible server"
    return f"points to {target}; give -m that server's address, {addresses.plain(target)}"


def key_complaint(address: Address, key: str | None) -> str:
    """Return what a server that lets nobody in says of the key."""
    if key:
        return "refuses the key"
    return f'wants a key; set TTC_OPENAI_KEYS="{address.origin}=KEY" in the environment'


def _refusal(error: openai.APIStatusError) -> Refusal:
    """Return all that a server says of a request that it does not take."""
    text = error.response.text if error.response.is_closed else ""
    try:
        body = json.loads(text)
    except ValueError:
        body = error.body
    return Refusal(text or str(error), body)


_PAGE = "an HTML page"


def _said(error: openai.APIStatusError) -> str:
    """Return what a server says of its error, in a line."""
    body: Any = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        told = inner.get("message") if isinstance(inner, dict) else inner
        if told or (told := body.get("detail")):
            return _line(told)
    text = error.response.text if error.response.is_closed else ""
    return _PAGE if is_html(text) else _line(text or error)


def is_html(text: str) -> bool:
    """Whether a body is a page for people."""
    return bool(re.match(r"\s*<(!doctype|html|head|body)", text, re.IGNORECASE))


def retry_after(headers: httpx2.Headers) -> float | None:
    """Return the seconds that a server asks to wait, None if it asks nothing that can be read."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        told = headers.get(name)
        if told is None:
            continue
        try:
            return max(float(told) / unit, 0.0)
        except ValueError:
            date = email.utils.parsedate_tz(told)
            if date is not None:
                return max(email.utils.mktime_tz(date) - time.time(), 0.0)
    return None


def _line(what: object) -> str:
    """Return a text from outside as a line to be shown: the key is taken out, then it is cut."""
    return " ".join(secrets.redacted(str(what)[:_LONGEST]).split())[:200]
