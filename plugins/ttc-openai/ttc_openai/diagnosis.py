"""Exceptions of the HTTP client as faults: what they mean and what the user can do about them."""

from __future__ import annotations

import email.utils
import json
import re
import time
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from ttc.backends import addresses, server_keys
from ttc.messages import secrets
from ttc_openai.address import Address
from ttc_openai.errors import BUSY, TRANSIENT, ExchangeError, shown_line
from ttc_openai.events import MalformedError
from ttc_openai.proxies import proxy_of
from ttc_openai.refusals import Refusal

_PAGE = "an HTML page"
_CERTIFICATE = "; to trust its certificate (and no other authority), set SSL_CERT_FILE=FILE.pem"


def classify_error(error: Exception, address: Address, key: str | None) -> ExchangeError:
    """Return what an exception of the client library means.

    The reason holds no key: text from outside is redacted here, before it is cut, shown or stored.
    """
    if isinstance(error, ExchangeError):
        fault = error
    elif isinstance(error, MalformedError):
        fault = _malformed(error, address)
    elif isinstance(error, openai.APIStatusError):
        fault = _status(error, address, key)
    elif isinstance(error, (openai.APIConnectionError, httpx2.HTTPError)):
        fault = _connection(error, address)
    else:
        fault = ExchangeError(f"{address.base_url}: {type(error).__name__}: {shown_line(error)}")
    fault.reason = secrets.redacted(fault.reason)
    return fault


def key_problem(address: Address, key: str | None) -> str:
    """Return what to say if a server rejects a request for its key, or for the lack of one."""
    if key:
        return "rejects the key; ttc keys list tells where that comes from"
    return f"needs a key; {server_keys.hint(address.origin)}"


def is_html(text: str) -> bool:
    """Return whether a body is a web page."""
    return bool(re.match(r"\s*<(!doctype|html|head|body)", text, re.IGNORECASE))


def retry_after(headers: httpx2.Headers) -> float | None:
    """Return the seconds that a server asks to wait, None if it asks nothing readable."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            return max(float(value) / unit, 0.0)
        except ValueError:
            date = email.utils.parsedate_tz(value)
            if date is not None:
                return max(email.utils.mktime_tz(date) - time.time(), 0.0)
    return None


def _malformed(error: MalformedError, address: Address) -> ExchangeError:
    if is_html(error.text):
        reason = f"not an OpenAI-compatible server: it answers with {_PAGE}"
        return ExchangeError(f"{address.base_url}: {reason}{_v1_hint(address)}", all=True)
    return ExchangeError(f"{address.base_url}: {error}", again=True, odd=True)


def _connection(error: Exception, address: Address) -> ExchangeError:
    # Errors of httpx2 say more than their causes; the client's own wrappers say nothing.
    cause = error if isinstance(error, httpx2.HTTPError) else error.__cause__ or error
    why = shown_line(cause) or type(cause).__name__
    proxy, where = proxy_of(address), address.base_url
    bypass = f"; set NO_PROXY={urlsplit(where).hostname} to bypass it"
    if isinstance(cause, httpx2.ProxyError):
        reason = f"{proxy or 'the proxy'} rejects the request ({why}){bypass}"
        return ExchangeError(f"{where}: {reason}", again=True, all=True)
    if isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout)):
        # A server that is up and does not accept connections has too much to do.
        busy, reason = isinstance(cause, httpx2.ConnectTimeout), f"cannot be reached ({why})"
        if "CERTIFICATE_VERIFY_FAILED" in why:
            reason += _CERTIFICATE
        elif proxy is not None:
            reason = f"cannot be reached through {proxy} ({why}){bypass}"
        return ExchangeError(f"{where}: {reason}", again=True, busy=busy, all=True)
    if isinstance(cause, httpx2.TimeoutException):
        return ExchangeError(f"{where}: no answer in time", again=True)
    through = f" to {proxy}" if proxy is not None else ""
    reason = f"{where}: the connection{through} broke ({why})"
    within = "complete message body" in why  # so the answer had begun
    return ExchangeError(reason, again=True, drops=True, within=within)


def _status(error: openai.APIStatusError, address: Address, key: str | None) -> ExchangeError:
    status, message = error.status_code, _message(error)
    where = f"{address.base_url}: "
    proxy = proxy_of(address)
    if proxy is not None and (status == 407 or message == _PAGE):
        host = urlsplit(address.base_url).hostname
        message += f", through {proxy}; set NO_PROXY={host} to bypass it"
    if status == 407:
        return ExchangeError(f"{where}407 {message}", all=True)
    if status == 401:
        return ExchangeError(f"{where}{key_problem(address, key)} (401 {message})", all=True)
    if status == 403:
        how = "does not let this key do that" if key else f"refuses, or {key_problem(address, key)}"
        return ExchangeError(f"{where}{how} (403 {message})", all=True)
    if status == 429 and "insufficient_quota" in str(error.body):
        return ExchangeError(f"{where}the account has no quota left ({message})", all=True)
    if status == 402:
        return ExchangeError(f"{where}the account has no credit left (402 {message})", all=True)
    if status == 404:
        near, model = address.suggestion, address.model
        hint = f"did you mean {near}?" if near else f"is the model {model!r}?"
        return ExchangeError(
            f"{where}not found: {message}; {hint}{_v1_hint(address)}",
            all=True,
            missing=True,
        )
    if 300 <= status < 400:
        return ExchangeError(f"{where}{_redirect(error.response.headers)}", all=True)
    again = status in TRANSIENT or status == 429
    return ExchangeError(
        f"{where}{status} {message}",
        again=again,
        busy=status in BUSY,
        after=retry_after(error.response.headers) if again else None,
        refused=_refusal(error) if status in (400, 422) else None,
    )


def _v1_hint(address: Address) -> str:
    return "" if addresses.versioned(address.base_url) else "; the address often ends in /v1"


def _redirect(headers: httpx2.Headers) -> str:
    """Return where a redirect points, and the address to use instead if it gives one."""
    target = shown_line(headers.get("location", "elsewhere"))
    if not addresses.is_url(target) or urlsplit(target).query:
        return f"redirects to {target}, which is no OpenAI-compatible server"
    return f"redirects to {target}; give -m that server's address, {addresses.plain(target)}"


def _refusal(error: openai.APIStatusError) -> Refusal:
    """Return all that a server says about a request that it does not accept."""
    text = error.response.text if error.response.is_closed else ""
    try:
        body = json.loads(text)
    except ValueError:
        body = error.body
    return Refusal(text or str(error), body)


def _message(error: openai.APIStatusError) -> str:
    """Return a server's error message as one line."""
    body: Any = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        message = inner.get("message") if isinstance(inner, dict) else inner
        if message or (message := body.get("detail")):
            return shown_line(message)
    text = error.response.text if error.response.is_closed else ""
    return _PAGE if is_html(text) else shown_line(text or error)
