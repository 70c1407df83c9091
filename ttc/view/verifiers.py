"""The verifiers of a pool under the labels that the page shows and `-V` takes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ttc.errors import TtcError, UsageError
from ttc.messages.visible import one_line
from ttc.outcomes.verifier_choice import choose_verifier
from ttc.store.pools import Pool
from ttc.store.verifiers import AGAIN, first_runs, verifiers_of


@dataclass(frozen=True, slots=True)
class Judge:
    """A verifier with verdicts on a pool, in its latest version there: its row id and its label."""

    row: int
    label: str
    name: str
    version: str
    config: Mapping[str, Any]
    verdicts: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        shown = ("label", "name", "version", "config", "verdicts")
        return {name: getattr(self, name) for name in shown}


@dataclass(frozen=True, slots=True)
class Judges:
    """The verifiers of a pool, the one that counts if none is named, and a note about that choice.

    `compared` are the row ids of those whose disagreement counts: re-runs of a judge do not.
    """

    every: Sequence[Judge]
    default: Judge | None
    note: str | None
    compared: Sequence[int]

    def named(self, label: str | None, pool: str) -> Judge | None:
        """Return the verifier of a label; None for no label: the default. UsageError."""
        if not label:
            return self.default
        for judge in self.every:
            if judge.label == label:
                return judge
        listed = ", ".join(judge.label for judge in self.every) or "none"
        raise UsageError(f"{pool}: no verdicts by {one_line(label)}; there are those by {listed}")

    def place(self, judge: Judge | None) -> int:
        """Return the place of a verifier among all; 0 without one."""
        return 0 if judge is None else list(self.every).index(judge)


def judges_of(connection: sqlite3.Connection, pool: Pool, wanted: str | None = None) -> Judges:
    """Return the verifiers of a pool. `wanted` is the -V of the command line.

    The one that counts is that of `ttc sweep`. Where that asks which one is meant, or the pool has
    no verdicts by `wanted`, it is the one with the most verdicts, first of those that read the
    reference, and the note says so.
    """
    found = verifiers_of(connection, pool)
    latest = list({(row["name"], row["config"]): row for row in reversed(found)}.values())[::-1]
    every = [_judge(row, latest, found, pool.name) for row in latest]
    first = [row["id"] for row in first_runs(latest)] if latest else []
    reads = {row["id"] for row in latest if row["reads_reference"] and row["id"] in first}
    every.sort(key=lambda judge: judge.row not in first)
    note, chosen = None, None
    try:
        chosen = choose_verifier(found, wanted, pool.name)
    except UsageError as error:
        note = str(error)
        if wanted is not None:
            try:
                chosen = choose_verifier(found, None, pool.name)
            except UsageError as more:
                note = f"{note}; {more}"
    default = next((judge for judge in every if judge.row == chosen), None)
    if default is None and every:
        default = max(every, key=lambda judge: (judge.row in reads, judge.verdicts))
        note = f"{note}; shown are those by {default.label}"
    return Judges(every, default, note, first)


def _judge(
    row: Mapping[str, Any],
    latest: Sequence[Mapping[str, Any]],
    found: list[dict[str, Any]],
    pool: str,
) -> Judge:
    config = json.loads(row["config"])
    label = _label(row, config, latest, found, pool)
    return Judge(row["id"], label, row["name"], row["version"], config, row["verdicts"])


def _label(
    row: Mapping[str, Any],
    config: Mapping[str, Any],
    latest: Sequence[Mapping[str, Any]],
    found: list[dict[str, Any]],
    pool: str,
) -> str:
    """Return the shortest text that -V takes for a verifier; else its name and configuration."""
    name = str(row["name"])
    alike = [other for other in latest if other["name"] == name]
    if len(alike) == 1 and AGAIN not in config:
        return name
    configs = [json.loads(other["config"]) for other in alike]
    differing = {
        key: value
        for key, value in config.items()
        if any(other.get(key, ...) != value for other in configs)
    }
    for options in ({}, differing, config):
        pairs = ",".join(f"{key}={_text(value)}" for key, value in options.items())
        label = f"{name}:{pairs}" if pairs else name
        try:
            if choose_verifier(found, label, pool) == row["id"]:
                return label
        except (TtcError, ValueError):
            continue
    return f"{name} {row['config']}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
