"""Baselines: what rules were worth on each problem, kept in a small file to be compared with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ttc.curves.compare import terms_of
from ttc.curves.table import Table
from ttc.errors import UsageError

KIND = "ttc-baseline"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where draws come from: their pool, its model and identity, and who judged them."""

    pool: str
    model: str
    identity: Mapping[str, Any] = field(default_factory=dict)
    verifier: Mapping[str, Any] = field(default_factory=dict)


def as_baseline(
    table: Table,
    origin: Origin | None = None,
    conventions: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a table as the document of a baseline, schema 1; values to 12 digits.

    `origin` is known of a pool, and not of a file.
    """
    return {
        "schema": 1,
        "kind": KIND,
        "source": table.source,
        "draw": table.draw,
        **({} if conventions is None else {"conventions": dict(conventions)}),
        **({} if origin is None else {"origin": asdict(origin)}),
        "values": [
            {
                "rule": rule,
                "k": k,
                "by_problem": {problem: round(value, 12) for problem, value in values.items()},
            }
            for (rule, k), values in terms_of(table).items()
        ],
    }


def read_baseline(path: str) -> dict[tuple[str, int], dict[str, float]] | None:
    """Return the values of a baseline file; None if the file is something else.

    UsageError if it says that it is a baseline and cannot be read as one.
    """
    document = _document(path)
    if document is None:
        return None
    if document.get("schema") != 1:
        raise UsageError(f"{path}: a baseline of schema {document.get('schema')}; upgrade ttc-cli")
    try:
        return {
            (str(each["rule"]), int(each["k"])): {
                str(problem): float(value) for problem, value in each["by_problem"].items()
            }
            for each in document["values"]
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise UsageError(f"{path}: not a whole baseline ({what})") from None


def _document(path: str) -> dict[str, Any] | None:
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) and document.get("kind") == KIND else None


def made_otherwise(path: str, origin: Origin | None, conventions: Mapping[str, str]) -> list[str]:
    """Return a line for each way in which a baseline cannot be compared fairly.

    Another model or other sampling is what a gate tests for. Another verifier or other conventions
    change the values of the same draws. What a file does not record is not checked.
    """
    document = _document(path)
    if document is None:
        return []
    lines = []
    then = _mapping(document.get("conventions")) or {"draw": document.get("draw", "without")}
    if changed := _changes(then, conventions):
        lines.append(f"{path} was computed with other conventions ({changed}): values may differ")
    made = _mapping(document.get("origin"))
    judge = _mapping(made.get("verifier"))
    if origin is None or not made:
        return lines
    if judge and judge != dict(origin.verifier):
        lines.append(
            f"{path} was judged by {_judge(judge)}, and {origin.pool} by "
            f"{_judge(origin.verifier)}: values may differ"
        )
    if made.get("identity") == dict(origin.identity):
        lines.append(
            f"{path} has the same model and settings as {origin.pool}: samples that are in both "
            "are compared with themselves"
        )
    return lines


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return the fields of `old` that differ in `new`, with both values."""
    differing = [name for name in old if old[name] != new.get(name)]
    return ", ".join(f"{name} {old[name]} → {new.get(name)}" for name in differing)


def _judge(verifier: Mapping[str, Any]) -> str:
    options = _mapping(verifier.get("config"))
    told = ",".join(f"{name}={value}" for name, value in sorted(options.items()))
    name = f"{verifier.get('name', 'nobody')} {verifier.get('version', '')}".strip()
    return f"{name} ({told})" if told else name
