"""Baselines: the values of rules on each problem and its draws, saved in a file to compare with."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttc.curves.baseline_draws import Draws, as_draws, read_draws, saved_fields
from ttc.curves.compare import Terms, terms_of
from ttc.curves.table import Table
from ttc.errors import UsageError
from ttc.paths import atomic_write, expanded
from ttc.selectors import Selector

if TYPE_CHECKING:
    from ttc.outcomes import Origin

KIND = "ttc-baseline"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The values of a baseline file: a mean for each rule, budget and problem.

    `conventions` and `origin` are those of the sweep that saved it; empty if they are unknown.
    `draws` are those of each problem with `fields` of theirs, answers as digests
    (`baseline_draws`); a file of ttc 0.1.0 has none.
    """

    name: str
    terms: Terms
    conventions: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)
    draws: Draws = field(default_factory=dict)
    fields: frozenset[str] = frozenset()


def as_baseline(
    table: Table,
    origin: Origin | None = None,
    conventions: Mapping[str, str] | None = None,
    rules: Mapping[str, Selector] | None = None,
) -> dict[str, Any]:
    """Return a table as the document of a baseline, schema 1; values to 12 digits.

    Draws of a file have no `origin`. With `rules`, those of the table, it has what a test of each
    problem needs of the draws.
    """
    named = {cell.selector for cell in table.cells}
    fields = saved_fields(rule for name, rule in (rules or {}).items() if name in named)
    if any(draw.value is not None for pool in table.pools for draw in pool):
        fields |= {"value"}
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
        **({} if rules is None else {"fields": sorted(fields), "draws": as_draws(table, fields)}),
    }


def write_baseline(path: str | PathLike[str], document: Mapping[str, Any]) -> None:
    """Write the document of a baseline (`-`: to stdout), a line per rule and budget and per
    problem, so that version control shows what changed. UsageError if the file cannot be written.
    """
    head = {name: entry for name, entry in document.items() if name not in ("values", "draws")}
    lines = ",\n".join(json.dumps(entry, allow_nan=False) for entry in document["values"])
    text = json.dumps(head)[:-1] + f', "values": [\n{lines}\n]'
    if "draws" in document:
        problems = (
            f"{json.dumps(problem)}: {json.dumps(columns, allow_nan=False)}"
            for problem, columns in document["draws"].items()
        )
        text += ', "draws": {\n' + ",\n".join(problems) + "\n}"
    text += "}\n"
    if path == "-":
        sys.stdout.write(text)
    else:
        atomic_write(fspath(path), text, "--save-baseline")


def read_baseline(path: str) -> Baseline | None:
    """Return the baseline in a file; None if the file is something else.

    UsageError if it is marked as a baseline and cannot be read as one.
    """
    document = _document(path)
    if document is None:
        return None
    if document.get("schema") != 1:
        raise UsageError(f"{path}: a baseline of schema {document.get('schema')}; upgrade ttc-cli")
    try:
        terms = {
            (str(each["rule"]), int(each["k"])): {
                str(problem): float(value) for problem, value in each["by_problem"].items()
            }
            for each in document["values"]
        }
        if not all(isfinite(value) for values in terms.values() for value in values.values()):
            raise ValueError("a value that is not finite")
        fields = frozenset(map(str, document.get("fields", ())))
        draws = read_draws(document.get("draws", {}), fields)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise UsageError(f"{path}: not a whole baseline ({what})") from None
    conventions = _mapping(document.get("conventions"))
    return Baseline(
        path,
        terms,
        conventions or {"draw": document.get("draw", "without")},
        _mapping(document.get("origin")),
        draws,
        fields,
    )


def _document(path: str) -> dict[str, Any] | None:
    try:
        document = json.loads(Path(expanded(path, "--baseline")).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) and document.get("kind") == KIND else None


def made_otherwise(
    baseline: Baseline, origin: Origin | None, conventions: Mapping[str, str]
) -> list[str]:
    """Return a line for each way in which a baseline cannot be compared fairly.

    A gate tests for another model or other sampling parameters, so these are no reason. Another
    verifier or other conventions change the values of the same draws. What the file does not
    record is not checked.
    """
    lines = []
    name, made = baseline.name, baseline.origin
    judge = _mapping(made.get("verifier"))
    # Draws are right or wrong where a file does not say what they are worth.
    new = {"value": "correct", **conventions}
    if changed := _changes({"value": "correct", **baseline.conventions}, new):
        lines.append(f"{name} was computed with other conventions ({changed}): values may differ")
    if origin is None or not made:
        return lines
    if judge and judge != dict(origin.verifier):
        lines.append(
            f"{name} was judged by {_judge(judge)}, and {origin.pool} by "
            f"{_judge(origin.verifier)}: values may differ"
        )
    if made.get("identity") == dict(origin.identity):
        lines.append(
            f"{name} has the same model and settings as {origin.pool}: samples that are in both "
            "are compared with themselves"
        )
    return lines


def not_compared(name: str, old: Terms, table: Table) -> list[str]:
    """Return a line for each part of a baseline, `old`, and a table that the other one lacks.

    A gate does not see these, and would pass in silence.
    """
    lines = []
    there = {problem for values in old.values() for problem in values}
    if missing := sorted(there - set(table.problems)):
        lines.append(
            f"{table.source}: {len(missing)} of {len(there)} problems of {name} are "
            f"missing ({_few(missing)}) and not compared"
        )
    if added := sorted(set(table.problems) - there):
        lines.append(
            f"{name}: {len(added)} of {len(table.problems)} problems of {table.source} are "
            f"missing ({_few(added)}) and not compared"
        )
    terms = terms_of(table)
    if unknown := [f"{rule}@{k}" for rule, k in terms if (rule, k) not in old]:
        lines.append(f"{name} has no {', '.join(unknown[:6])}: not compared")
    # A term for which no problem has enough draws is in the table without a value.
    valued = {term for term, values in terms.items() if values}
    if lost := [f"{rule}@{k}" for rule, k in old if (rule, k) not in valued]:
        more = f" and {len(lost) - 6} more" if len(lost) > 6 else ""
        lines.append(
            f"{name} has {', '.join(lost[:6])}{more}, and {table.source} has no value "
            "there with these rules and budgets, or has too few draws: not compared"
        )
    fewer = [f"{r}@{k}" for r, k in old if 0 < len(terms.get((r, k), ())) < len(old[r, k])]
    if fewer and not missing:
        lines.append(
            f"{table.source} has too few draws of some problems for {', '.join(fewer[:6])}; these "
            f"problems of {name} are not compared"
        )
    return lines


def check_overlap(name: str, old: Terms, table: Table) -> None:
    """Raise UsageError, with both sides named and counted, if they have no problem in common."""
    there = sorted({problem for values in old.values() for problem in values})
    if there and not set(there) & set(table.problems):
        here = table.problems
        raise UsageError(
            f"{table.source} and {name} have no problem in common: {len(here)} here "
            f"({_few(here)}), {len(there)} there ({_few(there)}); nothing to compare"
        )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


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
