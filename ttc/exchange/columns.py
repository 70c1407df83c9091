"""The columns that lines of ttc have in tables, and what their cells stand for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from ttc import jsonl, scores
from ttc.exchange.lines import draws_of
from ttc.formats import Draw
from ttc.jsonl import dump

# Column → kind. Nested values are JSON in a cell; `questions` are in the columns from `messages`.
COLUMNS: Mapping[str, str] = {
    "pool": "text",
    "problem": "text",
    "index": "integer",
    "text": "text",
    "finish_reason": "text",
    "stop": "text",
    "prompt_tokens": "integer",
    "completion_tokens": "integer",
    "think_tokens": "integer",
    "logprob": "number",
    "seconds": "number",
    "seed": "integer",
    "model": "text",
    "params": "json",
    "reference": "json",
    "tags": "json",
    "answer": "text",
    "correct": "boolean",
    "score": "number",
    "verifier": "text",
    "status": "text",
    "reads_reference": "boolean",
    "verifier_tokens": "integer",
    "detail": "text",
    "key": "text",
    "prompt_id": "text",
    "messages": "json",
    "prompt": "text",
    "confidences": "numbers",
    "logprobs": "json",
}
# Those of tables of texts; numbers of each token are left out.
FLAT = tuple(name for name in COLUMNS if name not in ("confidences", "logprobs"))
TEXTS = {True: "true", False: "false"}


def cell(value: Any) -> str:
    """Return a value of a line as a cell of text; None is an empty one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return TEXTS[value]
    if isinstance(value, (dict, list)):
        return dump({"": value})[4:-1]
    return repr(value) if isinstance(value, float) else str(value)


def value_of(name: str, text: str) -> Any:
    """Return what a cell of text stands for; an empty one is None, but in `text`. ValueError for a
    cell that its column cannot hold."""
    kind = COLUMNS.get(name, "text")
    if text == "":
        return "" if name == "text" else None
    if kind == "boolean":
        known = {"true": True, "false": False}
        if text.lower() not in known:
            raise ValueError(f"{name!r} must be true or false, not {text!r}")
        return known[text.lower()]
    if kind == "number" and text in scores.INFINITE:
        return text
    if kind == "integer":
        return int(text) if text.lstrip("-").isdigit() else float(text)
    if kind == "number":
        return float(text)
    return json.loads(text) if kind in ("json", "numbers") else text


def nested(name: str, value: Any) -> Any:
    """Return a value of a table with types as a line has it: JSON texts as what they stand for, an
    infinite score as a text."""
    kind = COLUMNS.get(name)
    if kind == "json" and isinstance(value, str):
        return json.loads(value)
    if kind == "number" and isinstance(value, float):
        return scores.written(value) if value == value else None
    return value


def judged(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record in which a verdict has all of its fields: in a line, null is written."""
    if record.get("status") is not None:
        for name in ("answer", "correct", "score", "reads_reference"):
            record.setdefault(name, None)
    return record


def read(
    records: Iterator[dict[str, Any]], path: Path, options: Mapping[str, str]
) -> Iterator[Draw]:
    """Yield the draws of the records of a table."""
    yield from draws_of(cast("jsonl.Source", records), str(path), options)
