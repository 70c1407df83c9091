"""A request as a line of an input file, and a line of an output file as a completion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ttc import keys
from ttc.backends import Completion, Request
from ttc.records import Problem
from ttc_openai.contents import number
from ttc_openai.dialect import Dialect, repeated, without_stream
from ttc_openai.draws import HttpDraw
from ttc_openai.errors import error_in_body, shown_line
from ttc_openai.events import MalformedError
from ttc_openai.server_traits import ServerTraits
from ttc_openai.token_usage import TokenUsage

CHAT, RAW = "/v1/chat/completions", "/v1/completions"


def endpoint_of(request: Request) -> str:
    """Return the endpoint that a request is for."""
    return CHAT if request.prompt is None else RAW


def custom_id(request: Request) -> str:
    """Return the name of a draw in batch files: a digest of what is asked and of the request, and
    the draw's index. It is the same in every run over a store, and in every version of ttc."""
    prompt = keys.prompt_content(Problem("", request.messages, request.prompt))
    params = keys.identity("", "", request.params)
    wanted = [request.id, request.prefix, request.seed, request.alternatives, request.logprobs]
    digest = keys.digest("line1", [prompt, params, wanted])
    return f"{digest.rpartition(':')[2]}-{request.draw or 0}"


def input_line(
    request: Request, name: str, dialect: Dialect, traits: ServerTraits, model: str
) -> bytes:
    """Return the line of a request, in the fields that the server takes."""
    body = without_stream(dialect.body(request, traits, model=model))
    line = {"custom_id": name, "method": "POST", "url": endpoint_of(request), "body": body}
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def completion_of(request: Request, row: Mapping[str, Any], traits: ServerTraits) -> Completion:
    """Return the completion of a line of an output or error file; an error if it has no answer."""
    response = row.get("response")
    response = response if isinstance(response, Mapping) else {}
    body = response.get("body")
    status = number(response.get("status_code")) or 0
    if error := row.get("error"):
        return _failed(request, error)
    if not isinstance(body, Mapping) or status >= 400:
        return _failed(request, body if body else f"status {status:.0f}")
    if (fault := error_in_body(body)) is not None:
        return _failed(request, fault)
    try:
        return _answer(request, body, traits)
    except MalformedError as error:
        return _failed(request, error)


def _answer(request: Request, body: Mapping[str, Any], traits: ServerTraits) -> Completion:
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise MalformedError("a line without a choice")
    draw, counts = HttpDraw(request), TokenUsage()
    draw.begin((), repeated(request, traits))
    draw.started = None  # when it was drawn is not told
    draw.parser.add(choices[0])
    counts.add_piece(body)
    parser = draw.parser
    own = counts.completion or (parser.tokens if parser.listed else None)
    counts.completion = own or (0 if parser.empty else None)
    counts.think = draw.thought_tokens(counts.think, counted=parser.listed)
    if parser.error is not None:
        return _failed(request, parser.error)
    if parser.finish is None:
        return _failed(request, "an answer without an end")
    spoken = bool(counts.completion) and (bool(request.params.stop) or parser.finish == "length")
    if parser.empty and parser.stop is None and not spoken:
        return _failed(request, "an empty answer")
    return draw.finish(parser.finish, counts)


def _failed(request: Request, why: Any) -> Completion:
    if isinstance(why, Mapping):
        inner: Any = why.get("error") if isinstance(why.get("error"), Mapping) else why
        why = inner.get("message") or inner.get("code") or dict(inner)
    return Completion(request.id, "", "error", error=f"the batch says: {shown_line(why)}")
