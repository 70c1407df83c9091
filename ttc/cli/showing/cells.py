"""Cells of the tables of `ttc show`, which texts of models and data must not overflow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ttc.report.tables.columns import columns

_LONGEST = 40  # characters of an answer or a reference


def short(text: str | None, most: int = _LONGEST) -> str | None:
    """Return a text on one line, cut at so many characters; None for none."""
    if text is None:
        return None
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def reference_cell(reference: Mapping[str, Any]) -> str | None:
    """Return what a table shows of a reference: the answer, else the whole of it; None if empty."""
    if not reference:
        return None
    answer = reference.get("answer")
    if answer is None:
        return short(json.dumps(dict(reference), ensure_ascii=False))
    return short(answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False))


def counted(answers: Mapping[str | None, int], most: int = 3) -> str:
    """Return the answers of a problem with their counts, the most frequent ones."""
    shown = [
        f"{'none' if answer is None else short(answer, 24)} ×{count}"
        for answer, count in [*answers.items()][:most]
    ]
    more = len(answers) - most
    return ", ".join(shown) + (f", … ({more} more)" if more > 0 else "")


def table(rows: Sequence[Mapping[str, Any]], first: Sequence[str] = ("problem",)) -> None:
    """Print rows; on a terminal the column `question` is cut to what room is left, and a narrow one
    shows the columns `first`, then the others in their order."""
    rank = [*first, *(name for name in rows[0] if name not in (*first, "question"))]
    columns(rows, rank)
