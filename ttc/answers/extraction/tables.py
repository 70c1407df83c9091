"""Markdown tables: the cell that a row or a column labels as the answer."""

from __future__ import annotations

import re

from ttc.answers.extraction.cues import phrases

_RULE = re.compile(r"^[ \t|:-]{3,400}$", re.M)
_MOST_TABLES = 20
_LONGEST_ROW = 2000


def answer_cell(text: str) -> str | None:
    """Return the last cell of the last table's column with the heading "Answer", or None."""
    rules = [rule for rule in _RULE.finditer(text) if is_rule(rule[0])] if "|" in text else []
    for rule in rules[: -_MOST_TABLES - 1 : -1]:
        above = text[max(rule.start() - _LONGEST_ROW, 0) : rule.start()].rstrip("\n")
        heads = _cells(above.rpartition("\n")[2])
        column = next((at for at, head in enumerate(heads) if phrases(f"{head}: 0")), None)
        if column is None:
            continue
        rows = []
        for line in text[rule.end() : rule.end() + 10 * _LONGEST_ROW].lstrip("\n").split("\n"):
            if "|" not in line:
                break
            rows.append(_cells(line))
        last = rows[-1][column] if rows and len(rows[-1]) > column else ""
        if last:
            return last
    return None


def is_rule(line: str) -> bool:
    """Return whether a line is the rule below the head of a table."""
    return "--" in line and "|" in line and not line.strip(" \t|:-")


def _cells(row: str) -> list[str]:
    return [cell.strip(" \t*_`") for cell in row.strip().strip("|").split("|")]
