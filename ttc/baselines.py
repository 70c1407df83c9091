"""Baselines: what rules were worth on each problem, kept in a small file to be compared with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ttc.cells import Table
from ttc.comparisons import terms_of
from ttc.errors import UsageError

KIND = "ttc-baseline"


def as_baseline(table: Table) -> dict[str, Any]:
    """Return a table as the document of a baseline, schema 1; values to 12 digits."""
    return {
        "schema": 1,
        "kind": KIND,
        "source": table.source,
        "draw": table.draw,
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
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    try:
        document = json.loads(text)
    except ValueError:
        return None
    if not isinstance(document, dict) or document.get("kind") != KIND:
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
