"""Find out whether a server accepts `temperature` and `top_p` where they are off, before any key.

It takes one short request, sent only if one of them is off and the answer is not kept with the
server's traits yet. A failure here does not end a run.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ttc.backends import Request
from ttc.records import Message, SamplingParams
from ttc_openai import server_traits
from ttc_openai.diagnosis import classify_error
from ttc_openai.dialect import ALWAYS_SENT, Dialect, off_and_rejected, without_stream
from ttc_openai.errors import ExchangeError
from ttc_openai.server import ModelServer
from ttc_openai.server_traits import ServerTraits

if TYPE_CHECKING:
    import openai

# Some reasoning models reject a limit of a token or two.
_TOKENS = 16
_PATIENCE = 60.0
# Each rejection names at least one field, and there are not more fields.
_MOST = 12


def find_unset_params(server: ModelServer, params: SamplingParams) -> ServerTraits:
    """Return a server's traits, completed by which of these parameters it accepts where they are
    off."""
    before = server.traits
    open_still = (set(ALWAYS_SENT) & params.off) - {*before.unset, *before.taken}
    if not open_still:
        return before
    from ttc_openai.client import sync_client

    dialect = Dialect(before.unset)
    asked = Request(
        "settling",
        (Message("user", "Hi"),),
        params=SamplingParams(
            params.temperature, params.top_p, max_tokens=_TOKENS, extra=params.extra
        ),
    )
    limit = min(_PATIENCE, server.options.timeout)
    with closing(sync_client(server.address, server.key, limit, server.options.headers)) as client:
        unset = _refused(client, server, dialect, asked)
    if unset is None:
        return before
    found = server_traits.keep_unset(server.address, unset, open_still - unset)
    return replace(before, unset=found.unset, taken=found.taken)


def _refused(
    client: openai.OpenAI, server: ModelServer, dialect: Dialect, asked: Request
) -> set[str] | None:
    """Return the parameters that a server rejects although they are off; None if unknown."""
    unset, waits = set[str](), server.options.retries
    for _ in range(_MOST + waits):
        body = _body(dialect, server, asked)
        fault = _sent(client, server, body)
        if fault is None:
            return unset
        if fault.busy and waits:
            waits -= 1
            time.sleep(min(fault.after or 1.0, 10.0))
            continue
        if fault.refused is None:
            return None
        if found := off_and_rejected(body, fault.refused):
            dialect.leave_out(found)
            unset |= found
            continue
        dialect.learn(body, fault)
        if _body(dialect, server, asked) == body:
            return None
    return None


def _body(dialect: Dialect, server: ModelServer, asked: Request) -> dict[str, Any]:
    # Other features are found out by the draws themselves.
    body = dialect.body(asked, ServerTraits(), model=server.address.model)
    return without_stream(body)


def _sent(client: openai.OpenAI, server: ModelServer, body: dict[str, Any]) -> ExchangeError | None:
    """Send a request; return its fault, None if it was answered."""
    rest = dict(body)
    model, messages = rest.pop("model"), rest.pop("messages")
    create = client.chat.completions.with_raw_response.create
    try:
        create(model=model, messages=messages, extra_body=rest)
    except Exception as error:  # noqa: BLE001 - whatever it is, the draws will show it
        return classify_error(error, server.address, server.key)
    return None
