"""Interchange, schema 1: samples (and verdicts) as JSON lines, ours and foreign ones.

A line carries one sample; after `verify` also one verdict. Unknown fields pass through.
`reads_reference` says whether the verifier read the reference, null that it may have. Of a line
without it nothing is known, unless `verifier` is one of ttc's own (`ttc.verdicts.score_origins`).
`ttc sweep` needs only `problem` and `correct`; the rest is optional. Lines of other tools are read
by `intake`: with `--map`, by names that can mean nothing else (`names`), and with values in other
notations (`values`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ttc import jsonl, scores, tags, token_logprobs
from ttc.errors import UsageError
from ttc.interchange.fields import FIELDS, SCHEMA
from ttc.records import FinishReason, Message, Sample, TokenLogprob, Verdict

if TYPE_CHECKING:
    from ttc.interchange.intake import Intake

__all__ = [
    "FIELDS",
    "SCHEMA",
    "Intake",
    "Numbering",
    "read_samples",
    "sample_line",
    "verdict_fields",
]


def __getattr__(name: str) -> Any:
    """Import the reader of lines once it is used: `ttc show` only writes some."""
    if name != "Intake":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ttc.interchange.intake import Intake

    return Intake


def sample_line(sample: Sample) -> dict[str, Any]:
    """Return a sample as the record of one line; fields that are None are left out."""
    line = {
        "schema": SCHEMA,
        "pool": sample.pool,
        "problem": sample.problem,
        "index": sample.index,
        "text": sample.text,
        "finish_reason": sample.finish_reason,
        "stop": sample.stop,
        "prompt_tokens": sample.prompt_tokens,
        "completion_tokens": sample.completion_tokens,
        "think_tokens": sample.think_tokens,
        "logprob": sample.logprob,
        "confidences": _rounded(sample.confidences),
        "logprobs": token_logprobs.written(sample.token_logprobs),
        "seconds": sample.seconds,
        "seed": sample.seed,
        "model": sample.model,
        # Sorted, as the store gives them back: a rerun prints the same bytes.
        "params": dict(sorted(sample.params.items())),
        "reference": dict(sorted(sample.reference.items())),
        # None is left out: without tags, a line is as it was before there were any.
        "tags": dict(sorted(sample.tags.items())) or None,
        "key": sample.key,
        "prompt_id": sample.prompt_id,
    }
    return {name: value for name, value in line.items() if value is not None}


def _rounded(confidences: Sequence[float] | None) -> list[float] | None:
    return None if confidences is None else [round(value, 5) for value in confidences]


def verdict_fields(verdict: Verdict, verifier: str) -> dict[str, Any]:
    """Return the fields that `verify` adds to a line; None is written, as null."""
    added = {
        "answer": verdict.answer,
        "correct": verdict.correct,
        "score": scores.written(verdict.score),
        "verifier": verifier,
        "status": verdict.status,
        "reads_reference": verdict.reads_reference,
    }
    if verdict.tokens is not None:
        added["verifier_tokens"] = verdict.tokens
    return {**added, "detail": verdict.detail} if verdict.detail else added


class Numbering:
    """Gives lines without an index their place within the problem, and refuses repeated draws."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[int, str]] = {}

    def index(self, line: jsonl.Line, problem: str) -> int:
        seen = self._seen.setdefault(problem, {})
        index = line.record.get("index")
        if index is None:
            index = len(seen)
        if index in seen:
            raise UsageError(
                f"{line.place}: draw {index} of {problem!r} is at {seen[index]} already; "
                "a draw counts once; if 'index' means something else, leave it out: "
                "`jq -c 'del(.index)'`"
            )
        seen[index] = line.place
        return int(index)


def read_samples(
    source: jsonl.Source,
    mapping: Mapping[str, str] | None = None,
    skipped: list[str] | None = None,
    intake: Intake | None = None,
) -> Iterator[tuple[dict[str, Any], Sample]]:
    """Yield record and sample for each line of a file, of `-` or of a list of records. UsageError
    names the line.

    With an `intake`, that reads the lines, and `mapping` is not used; it has the notes then.
    """
    from ttc.interchange.intake import Intake

    numbering = Numbering()
    intake = intake or Intake(mapping, ("problem", "text"))
    for line in intake.lines(source, skipped):
        record = line.record
        problem = str(record["problem"])
        counts = ("prompt_tokens", "completion_tokens", "think_tokens")
        optional = ("stop", *counts, "logprob", "seconds", "seed")
        about = ("confidences", "model", "pool", "key", "prompt_id")
        yield (
            record,
            Sample(
                problem=problem,
                index=numbering.index(line, problem),
                text=record["text"],
                finish_reason=cast(FinishReason, record.get("finish_reason") or "stop"),
                params=record.get("params") or {},
                reference=record.get("reference") or {},
                asked=_asked(record),
                tags=tags.own(record.get("tags")),
                token_logprobs=_token_logprobs(line),
                **{name: record.get(name) for name in (*optional, *about)},
            ),
        )


def _token_logprobs(line: jsonl.Line) -> tuple[TokenLogprob, ...] | None:
    try:
        return token_logprobs.read(line.record.get("logprobs"))
    except ValueError:
        raise UsageError(
            f"{line.place}: 'logprobs' must be those of OpenAI's chat completions: content with "
            "token and logprob for each token"
        ) from None


def _asked(record: Mapping[str, Any]) -> tuple[Message, ...]:
    """Return the question of a foreign line, if it has one; ours name it by its digest."""
    turns = record.get("messages")
    if isinstance(turns, list):
        known = [t for t in turns if isinstance(t, dict) and isinstance(t.get("content"), str)]
        return tuple(Message(str(turn.get("role", "user")), turn["content"]) for turn in known)
    for name in ("prompt", "question"):
        if isinstance(record.get(name), str):
            return (Message("user", record[name]),)
    return ()
