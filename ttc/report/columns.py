"""Rows as aligned columns, which cut and awk can read; with a header only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ttc.messages.visible import for_stdout


def _cell(value: Any) -> str:
    return "-" if value is None or value == "" else for_stdout(" ".join(str(value).split()))


def columns(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows that have the same keys, with numbers aligned to the right."""
    names = list(rows[0])
    table = [[_cell(row[name]) for name in names] for row in rows]
    if sys.stdout.isatty():
        table.insert(0, [name.upper() for name in names])
    widths = [max(len(line[at]) for line in table) for at in range(len(names))]
    right = [all(isinstance(row[name], (int, float, type(None))) for row in rows) for name in names]
    for line in table:
        cells = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        )
        print("  ".join(cells).rstrip())
