"""Errors in OpenAI's shape, and which status each of ours has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ttc.api.wording import in_python
from ttc.errors import BackendError, SandboxError, StoreError, TtcError, UsageError
from ttc.messages import secrets
from ttc.store.sql import storable

INVALID = "invalid_request_error"
# What an argument of ttc is called in a request.
_FIELDS = {
    "schema": "response_format",
    "thinking": "reasoning_effort",
    "repeat_penalty": "repetition_penalty",
    "method": "model",
}
_NAMED = re.compile(
    r"\b(temperature|top_p|top_k|min_p|max_tokens|stop|schema|thinking|logit_bias|logprobs|seed"
    r"|presence_penalty|frequency_penalty|repeat_penalty|budget|method)\b"
)

# How engines and servers say that a prompt is longer than their context.
_TOO_LONG = re.compile(
    r"the prompt has \d+ tokens, the context|maximum context length|context_length_exceeded"
    r"|exceeds? the (?:available |maximum )?(?:context|model)|longer than the maximum model length",
    re.IGNORECASE,
)
# What a client must not try again by itself: the draws would be paid again.
ONCE = {"x-should-retry": "false"}


class ApiError(Exception):
    """An answer that is an error: its status, and the fields of OpenAI's error object."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = INVALID,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self._fields = {"type": kind, "param": param, "code": code}

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that is answered, without secrets."""
        message = storable(secrets.redacted(str(self)))
        return {"error": {"message": message, **self._fields}}


def invalid(param: str, message: str) -> ApiError:
    """Return the error about the value of a field."""
    return ApiError(400, f"{param}: {message}", param=param, code="invalid_value")


def bug_line(error: BaseException) -> str:
    """Return what stderr says of an error that is none of a request or of its surroundings."""
    return f"a bug of ttc serve: {type(error).__name__}: {error}"


def in_api(error: BaseException) -> ApiError:
    """Return any error of a request as what is answered. Of a bug nothing is told but that it is
    one."""
    if isinstance(error, ApiError):
        return error
    if not isinstance(error, TtcError):
        what = f"a bug of ttc serve ({type(error).__name__}); its line on stderr says more"
        return ApiError(500, what, kind="server_error", code="internal_error")
    message = in_python(error.python)
    if isinstance(error, UsageError):
        found = _NAMED.search(message)
        param = None if found is None else _FIELDS.get(found[1], found[1])
        return ApiError(400, message, param=param, code="invalid_value")
    if isinstance(error, BackendError) and _TOO_LONG.search(message):
        field = "messages"
        return ApiError(400, message, param=field, code="context_length_exceeded")
    statuses: tuple[tuple[type[TtcError], int, str], ...] = (
        (BackendError, 502, "backend_error"),
        (StoreError, 503, "store_error"),
        (SandboxError, 500, "sandbox_error"),
    )
    for kind, status, code in statuses:
        if isinstance(error, kind):
            return ApiError(status, message, kind="server_error", code=code)
    return ApiError(500, message, kind="server_error", code="internal_error")
