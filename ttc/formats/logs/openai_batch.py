"""Output files of OpenAI's batch API, and of servers that write them so.

A line is `{"custom_id": …, "response": {"status_code": …, "body": …}, "error": …}`. Its `custom_id`
names the problem; a further line with it is a further draw, and so is each choice. With the option
`split=SEP` the problem is what is before the last SEP: `q1-3` with `split=-` is a draw of `q1`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ttc import jsonl, token_logprobs
from ttc.answers.thinking import wrap
from ttc.errors import UsageError
from ttc.formats import Draw
from ttc.formats.logs.lacking import Lacking
from ttc.formats.logs.openai_responses import of_output
from ttc.formats.logs.opening import (
    accept,
    checked_text,
    count,
    ending,
    first_line,
    likeliest,
    lines,
    summed,
    unread,
)
from ttc.formats.shapes import requests
from ttc.records import Problem, Sample

_READ = ("id", "custom_id", "response", "error")
# Settings of a response → sampling parameters.
_PARAMS = {"temperature": "temperature", "top_p": "top_p", "max_output_tokens": "max_tokens"}
_OF_BODY = (
    *_PARAMS,
    "choices",
    "created",
    "created_at",
    "error",
    "id",
    "incomplete_details",
    "metadata",
    "model",
    "object",
    "output",
    "service_tier",
    "status",
    "system_fingerprint",
    "usage",
)
_THOUGHTS = ("reasoning_content", "reasoning")
_PROBLEM, _INDEX = "problem", "draw"  # keys of the metadata in files that ttc writes


class OpenAIBatch(requests.OpenAiBatch):
    """Requests and output of OpenAI's batch API."""

    name = "openai-batch"
    suffix = ".jsonl"

    def holds_draws(self, path: Path, head: bytes) -> bool:
        """Return whether the first line is a response to a request that a name was given."""
        record = first_line(head)
        return record is not None and {"custom_id", "response"} <= record.keys()

    def draws(self, path: Path, options: Mapping[str, str]) -> Iterator[Draw]:
        """Yield the draws of a file. Option: `split`."""
        accept(options, ("split",), self.name)
        seen: Counter[str] = Counter()
        for place, record in lines(path):
            for draw in _draws(record, place, options.get("split", ""), seen):
                seen[draw.problem.id] += 1
                yield draw

    def write(self, draws: Iterable[Draw], stream: BinaryIO) -> list[str]:
        """Write a response for each draw."""
        counts = ("prompt_tokens", "completion_tokens", "think_tokens")
        others = ("model", "finish_reason", "token_logprobs", "the index of draws")
        lacking = Lacking(self.name, (*counts, *others))
        for draw in draws:
            lacking.see(draw)
            stream.write(jsonl.dump(_response(draw)).encode() + b"\n")
        return lacking.notes()


def _draws(
    record: Mapping[str, Any], place: str, split: str, seen: Mapping[str, int]
) -> Iterator[Draw]:
    """Yield the draws of a line: one for each choice, an attempt if the request failed."""
    name = record.get("custom_id")
    if not isinstance(name, str) or not name:
        raise UsageError(f"{place}: 'custom_id' must name the request, not {name!r}")
    response = record.get("response")
    response = response if isinstance(response, Mapping) else {}
    body = response.get("body")
    body = body if isinstance(body, Mapping) else {}
    problem, index = _named(name, body, split)
    first = seen.get(problem, 0) if index is None else index
    failed = _failure(record, response, body)
    model = None if body.get("model") is None else str(body["model"])
    params = {ours: body[name] for name, ours in _PARAMS.items() if body.get(name) is not None}
    left = unread(record, _READ) | unread(body, _OF_BODY, "response.body.")
    answers = [] if failed else list(_answers(body, place))
    if not failed and not answers:
        failed = "no choices"
    if failed:
        sample = Sample(problem, first, "", "error", model=model, params=params)
        yield Draw(Problem(problem), sample, (), place, error=failed, unused=left)
        return
    known = body.get("id") or record.get("id")
    for at, (choice, answer, why) in enumerate(answers):
        spent = _spent(body, len(answers))
        sample = Sample(problem, first + at, model=model, params=params, **answer, **spent)
        yield Draw(
            Problem(problem),
            sample,
            (),
            place,
            id=f"openai:{known}/{choice}" if known else None,
            error=why,
            unused=left,
        )


def _named(name: str, body: Mapping[str, Any], split: str) -> tuple[str, int | None]:
    """Return the problem of a request, and the draw if the file says it."""
    about = body.get("metadata")
    if isinstance(about, Mapping) and isinstance(about.get(_PROBLEM), str):
        index = str(about.get(_INDEX, ""))
        return about[_PROBLEM], int(index) if index.isdecimal() else None
    if split and split in name:
        return name.rpartition(split)[0], None
    return name, None


def _failure(
    record: Mapping[str, Any], response: Mapping[str, Any], body: Mapping[str, Any]
) -> str:
    """Return why a request failed; "" if it did not."""
    status = response.get("status_code")
    error = record.get("error") or body.get("error")
    if not error and (status is None or 200 <= int(status) < 300) and body:
        return ""
    if isinstance(error, Mapping):
        error = error.get("message") or error.get("code")
    return str(error or f"status {status}")


def _answers(body: Mapping[str, Any], place: str) -> Iterator[tuple[int, dict[str, Any], str]]:
    """Yield the place of each answer of a body, its text, finish reason and log-probability, and
    why it is none ("": it is one)."""
    for at, choice in enumerate(body.get("choices") or ()):
        message = choice.get("message") if isinstance(choice, Mapping) else None
        if message is None:
            text = checked_text(choice.get("text"), place, "'text'")
        else:
            text = _text(message, place)
        ended, why = ending(choice.get("finish_reason"), text)
        index = choice.get("index")
        answer = {
            "text": text,
            "finish_reason": ended,
            "logprob": summed(choice.get("logprobs")),
            "token_logprobs": likeliest(choice.get("logprobs")),
        }
        yield (index if type(index) is int else at), answer, why
    if isinstance(body.get("output"), list):
        yield 0, *of_output(body, place)


def _text(message: Mapping[str, Any], place: str) -> str:
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(p.get("text") or "") for p in content if isinstance(p, Mapping))
    answer = content if content is not None else message.get("refusal") or ""
    thought = next((message[name] for name in _THOUGHTS if message.get(name)), "")
    text = checked_text(answer, place, "'content'")
    return wrap(checked_text(thought, place, "'reasoning_content'"), text, ended=True)


def _spent(body: Mapping[str, Any], many: int) -> dict[str, Any]:
    """Return the tokens of a draw. Those of several choices are known together alone."""
    usage = body.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    asked = usage.get("prompt_tokens", usage.get("input_tokens"))
    generated = usage.get("completion_tokens", usage.get("output_tokens"))
    return {
        "prompt_tokens": count(asked),
        "completion_tokens": count(generated) if many == 1 else None,
        "think_tokens": count(_thought(usage)) if many == 1 else None,
    }


def _thought(usage: Mapping[str, Any]) -> Any:
    for name in ("completion_tokens_details", "output_tokens_details"):
        details = usage.get(name)
        if isinstance(details, Mapping):
            return details.get("reasoning_tokens")
    return None


def _response(draw: Draw) -> dict[str, Any]:
    sample = draw.sample
    name = f"{draw.problem.id}#{sample.index}"
    known_as, _, at = (draw.id or "").removeprefix("openai:").rpartition("/")
    choice: dict[str, Any] = {
        "index": int(at) if at.isdecimal() else 0,
        "message": {"role": "assistant", "content": sample.text},
        "finish_reason": sample.finish_reason,
    }
    if sample.token_logprobs is not None:
        choice["logprobs"] = token_logprobs.written(sample.token_logprobs)
    known = {"prompt_tokens": sample.prompt_tokens, "completion_tokens": sample.completion_tokens}
    usage: dict[str, Any] = {name: value for name, value in known.items() if value is not None}
    if sample.think_tokens is not None:
        usage["completion_tokens_details"] = {"reasoning_tokens": sample.think_tokens}
    body: dict[str, Any] = {
        "object": "chat.completion",
        "model": sample.model,
        "choices": [choice],
        "metadata": {_PROBLEM: draw.problem.id, _INDEX: str(sample.index)},
    }
    if usage:
        body["usage"] = usage
    if draw.id is not None and draw.id.startswith("openai:"):
        body["id"] = known_as
    response = {"status_code": 200, "body": body}
    return {"custom_id": name, "response": response, "error": None}
