"""What `ttc sweep` reads: judged draws of pools, files and pipes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from typing import Any

from ttc import interchange, keys
from ttc.cli.session import Session, is_file, pool_named, store_with
from ttc.curves import curve, exchangeability
from ttc.curves.baseline import Origin
from ttc.errors import UsageError
from ttc.records import Curve, Outcome
from ttc.samples import freshness
from ttc.samples.freshness import Standing
from ttc.selectors import Selector
from ttc.selectors.extras import scorers_of
from ttc.store import Store, samples, verdicts

MAPPABLE = tuple(interchange.FIELDS)


@dataclass(slots=True)
class Source:
    """The judged draws of one source by problem; how many had no verdict or were cancelled.

    For a pool also its identity (`origin`), and whether it has the latest samples (`standing`).
    """

    name: str
    problems: dict[str, list[Outcome]]
    unjudged: int = 0
    cancelled: int = 0
    origin: Origin | None = None
    standing: Standing = field(default_factory=Standing)

    @property
    def n(self) -> int:
        """The most draws that a problem has."""
        return max(map(len, self.problems.values()), default=0)


def _collect(name: str, outcomes: Iterable[tuple[str, bool, Outcome]]) -> Source:
    source = Source(name, {})
    for problem, judged, outcome in outcomes:
        if judged:
            source.problems.setdefault(problem, []).append(outcome)
        else:
            source.unjudged += 1
    return source


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read of each draw: whose verdicts, whose scores beside them, whether its text."""

    verifier: str | None
    mapping: dict[str, str]
    text: bool
    scorers: frozenset[str]
    beside: tuple[str, ...] = ()

    @classmethod
    def by(
        cls,
        verifier: str | None,
        mapping: dict[str, str],
        rules: Iterable[Selector],
        beside: Iterable[str] = (),
    ) -> Wanted:
        """Return what some rules need of a source; `beside` are the sources read with it."""
        listed = list(rules)
        scorers = (scorers_of(rule) for rule in listed)
        text = any("text" in rule.needs for rule in listed)
        return cls(verifier, mapping, text, frozenset().union(*scorers), tuple(beside))


def read(session: Session, name: str, wanted: Wanted) -> Source:
    """Return the judged draws of a pool, a file or stdin; UsageError if there are none."""
    if name == "-" or is_file(name):
        source = _collect(name, interchange.read_outcomes(name, wanted.mapping, text=wanted.text))
        remedy = f"ttc verify {name} -V NAME -o FILE first, or --map correct=FIELD"
    else:
        source = _read_pool(session, name, wanted)
        remedy = f"ttc verify {name} -V NAME first"
    if source.unjudged and not source.problems:
        raise UsageError(f"{name}: no samples have a verdict; {remedy}")
    if not source.problems:
        why = f"; {source.standing.unfinished}" if source.standing.unfinished else ""
        raise UsageError(f"{name}: no samples in it{why}")
    return source


def _read_pool(session: Session, name: str, wanted: Wanted) -> Source:
    with Store.reading(store_with(session, name)) as store:
        pool = pool_named(store, name)
        there = verdicts.verifiers_of(store.reader, pool)
        # A verifier that only scores is not meant where none is named.
        scoring = {scorer.partition(":")[0] for scorer in wanted.scorers}
        judges = [row for row in there if row["name"] not in scoring]
        by = _choose_verifier(judges if wanted.verifier is None else there, wanted.verifier, name)
        scorers = {scorer: _choose_verifier(there, scorer, name) for scorer in wanted.scorers}
        known = {scorer: row for scorer, row in scorers.items() if row is not None}
        found = verdicts.outcomes(store.reader, pool, by, text=wanted.text, scorers=known)
        source = _collect(name, found)
        _check_scores(source, known)
        source.cancelled = samples.cancelled_in(store.reader, pool)
        source.origin = Origin(pool.name, pool.model, pool.identity, _told(there, by))
        source.standing = freshness.standing(store, pool, wanted.beside)
        return source


def _told(verifiers: Iterable[Mapping[str, Any]], row: int | None) -> dict[str, Any]:
    """Return the verifier of a row as name, version and configuration."""
    for each in verifiers:
        if each["id"] == row:
            config = json.loads(each["config"])
            return {"name": each["name"], "version": each["version"], "config": config}
    return {}


def _check_scores(source: Source, scorers: Iterable[str]) -> None:
    draws = [draw for outcomes in source.problems.values() for draw in outcomes]
    for scorer in scorers:
        # NaN stands for a draw that it could not score.
        if draws and all(isnan((draw.scores or {}).get(scorer, nan)) for draw in draws):
            raise UsageError(
                f"{source.name}: {scorer} has a score for none of {len(draws)} draws; "
                f"ttc verify {source.name} -V {scorer} tells why"
            )


def _choose_verifier(found: list[dict[str, Any]], wanted: str | None, pool: str) -> int | None:
    """Return the verifier whose verdicts count: the one asked for, or the only one there is."""
    # The latest version of each comes first; older verdicts stand in its shadow.
    latest = {(row["name"], row["config"]): row for row in reversed(found)}
    if wanted is not None:
        from ttc.verdicts import identify, make

        name, _, more = wanted.partition(":")
        chosen = [row for row in latest.values() if row["name"] == name]
        if more:
            config = keys.canonical_json(identify(make(wanted)).config)
            chosen = [row for row in chosen if row["config"] == config]
        if not chosen:
            raise UsageError(f"{pool}: no verdicts by {wanted}; ttc verify {pool} -V {wanted}")
    else:
        chosen = list(latest.values())
    if len(chosen) > 1:
        listed = ", ".join(f"{row['name']} {row['config']}" for row in chosen)
        raise UsageError(f"{pool}: verdicts by {listed}; choose one with -V NAME:key=value")
    return int(chosen[0]["id"]) if chosen else None


def warnings(source: Source, drawn: Sequence[Curve], several: bool) -> list[str]:
    """Return what a reader of these curves has to know, a line each."""
    lines = [*source.standing.notes, *curve.warnings(source.problems)]
    lines += exchangeability.suspicions(source.problems)
    lines += curve.lost_races(drawn, source.problems)
    if source.unjudged:
        lines.append(
            f"{source.unjudged} draws have no verdict yet and are left out; "
            f"ttc verify {source.name}"
        )
    if source.cancelled:
        lines.append(
            f"{source.cancelled} draws were cancelled and are missing, which leaves the short "
            "ones: not a fair sample until they are drawn (ttc sample)"
        )
    return [f"{source.name}: {line}" for line in lines] if several else lines
