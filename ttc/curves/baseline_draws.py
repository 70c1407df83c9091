"""The draws in a baseline's file: what a test of each problem needs, and no text or reference.

Of each problem the number of its draws and of the correct ones. Rules that look at more than that
add a column for each field they need; answers are digests, which say no more than which are equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields as fields_in
from dataclasses import replace
from typing import Any, TypeAlias

from ttc.curves.suite_tests.draw_scores import fields_of
from ttc.curves.table import Problems, Table, in_draw_order
from ttc.messages.counts import some
from ttc.records import Outcome
from ttc.selectors import Selector

Draws: TypeAlias = Mapping[str, Sequence[Outcome]]
# Fields that are not saved: they are long, or say what a problem is about.
UNSAVED = frozenset({"text"})
KNOWN = frozenset(field.name for field in fields_in(Outcome)) - UNSAVED - {"index"}
_NAMED = ("nan", "inf", "-inf")  # numbers that JSON has no form for


def saved_fields(rules: Iterable[Selector]) -> frozenset[str]:
    """Return the fields that a baseline of these rules holds of each draw."""
    return frozenset({"correct"}).union(*map(fields_of, rules)) & KNOWN


def held(rules: Mapping[str, Selector], fields: frozenset[str]) -> frozenset[str]:
    """Return the rules that can be computed from draws with these fields."""
    return frozenset(name for name, rule in rules.items() if fields_of(rule) <= fields)


def as_draws(table: Table, fields: frozenset[str]) -> dict[str, dict[str, Any]]:
    """Return the draws of a table by problem, as JSON; NaN and infinities by name."""
    return {
        problem: _as_columns(problem, in_draw_order(draws), sorted(fields - {"correct"}))
        for problem, draws in zip(table.problems, table.pools, strict=True)
        if draws
    }


def _as_columns(problem: str, draws: Sequence[Outcome], fields: Sequence[str]) -> dict[str, Any]:
    right = [int(bool(draw.correct)) for draw in draws]
    found: dict[str, Any] = {"n": len(draws), "correct": sum(right)}
    if not fields:
        return found
    found["right"] = right
    for field in fields:
        column = [getattr(draw, field) for draw in draws]
        if all(value is None for value in column):
            continue
        if field == "answer":
            digests = [digest(problem, answer) for answer in column]
            known = list(dict.fromkeys(each for each in digests if each is not None))
            found["answers"] = known
            column = [None if each is None else known.index(each) for each in digests]
        found[field] = [_plain(value) for value in column]
    return found


def digest(problem: str, answer: str | None) -> str | None:
    """Return twelve hexadecimal digits that stand for an answer of a problem."""
    if answer is None:
        return None
    # An answer from a file may hold half of a surrogate pair.
    text = f"{problem}\0{answer}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=6).hexdigest()


def digested(problems: Problems) -> dict[str, list[Outcome]]:
    """Return draws with digests for answers, to be pooled with those of a baseline."""
    return {
        problem: [replace(draw, answer=digest(problem, draw.answer)) for draw in draws]
        for problem, draws in problems.items()
    }


def read_draws(document: Mapping[str, Any], fields: frozenset[str]) -> dict[str, list[Outcome]]:
    """Return what `as_draws` made. ValueError, TypeError or KeyError if it is something else."""
    if unknown := fields - KNOWN:
        raise ValueError(f"unknown fields {', '.join(sorted(unknown))}")
    return {
        str(problem): _from_columns(columns, sorted(fields - {"correct"}))
        for problem, columns in document.items()
    }


def _from_columns(columns: Mapping[str, Any], fields: Sequence[str]) -> list[Outcome]:
    n, correct = columns["n"], columns["correct"]
    if type(n) is not int or type(correct) is not int or not 0 <= correct <= n or not n:
        raise ValueError(f"{correct!r} of {n!r} draws correct")
    if not fields:
        return [Outcome(at, correct=at < correct) for at in range(n)]
    right = columns["right"]
    read: dict[str, list[Any]] = {field: columns.get(field, [None] * n) for field in fields}
    if any(len(column) != n for column in (right, *read.values())) or sum(right) != correct:
        raise ValueError(f"columns that do not fit {some(n, 'draw')}")
    if "answer" in read:
        known = columns.get("answers", [])
        read["answer"] = [None if at is None else str(known[at]) for at in read["answer"]]
    return [
        Outcome(
            at,
            correct=bool(right[at]),
            **{field: _from_plain(column[at]) for field, column in read.items()},
        )
        for at in range(n)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return str(value) if isinstance(value, float) and str(value) in _NAMED else value


def _from_plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _from_plain(each) for name, each in value.items()}
    return float(value) if isinstance(value, str) and value in _NAMED else value
