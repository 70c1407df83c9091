"""The judged draws of a pool, a file or a pipe: what a sweep is computed from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from pathlib import Path
from typing import Any, Protocol

from ttc import interchange, jsonl, keys, opinions
from ttc.errors import UsageError, wrong_option
from ttc.interchange import Reading
from ttc.opinions import NOBODY, Asked, Repeats
from ttc.records import Outcome
from ttc.samples import freshness
from ttc.samples.freshness import Standing
from ttc.selectors import Selector, worth
from ttc.selectors.extras import scorers_of
from ttc.selectors.oracles import Scored
from ttc.store import Store, models, samples, verdicts, verifiers
from ttc.store import tags as stored_tags
from ttc.store.named import is_file, pool_named, store_with
from ttc.tags import Collected
from ttc.verdicts import score_origins

MAPPABLE = tuple(interchange.FIELDS)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where draws come from: their pool, its model and identity, and the verifier.

    `verifier` has the name, version and configuration of the verifier; empty if there is none.
    """

    pool: str
    model: str
    identity: Mapping[str, Any] = field(default_factory=dict)
    verifier: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Source:
    """The judged draws of one source, by problem.

    `unjudged` counts the draws without a verdict, `cancelled` those that were cancelled; neither
    are in `problems`. Only a pool has an `origin`; `standing` says whether a pool has the latest
    samples. `tags` are those of each problem that were wanted, `tag_names` all that there are.
    `scored` says which verifiers are behind the scores, `unscored` why scorers that rules name have
    no scores here. `repeats` are what judges said of the same draws several times, by judge.
    `known` is what is known of the model (`ttc.store.models`).
    """

    name: str
    problems: Mapping[str, Sequence[Outcome]]
    unjudged: int = 0
    cancelled: int = 0
    repeats: Mapping[str, Repeats] = field(default_factory=dict)
    origin: Origin | None = None
    standing: Standing = field(default_factory=Standing)
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tag_names: frozenset[str] = frozenset()
    scored: Scored = field(default_factory=Scored)
    unscored: Mapping[str, UsageError] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """The most draws that a problem has."""
        return max(map(len, self.problems.values()), default=0)


class Asking(Protocol):
    """The options of a sweep that say what to read."""

    @property
    def value(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def confusion(self) -> tuple[str, ...]: ...
    @property
    def agreement(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read of each draw.

    `verifier` is the one whose verdicts count (None: the only one there is); `mapping` renames
    the fields of a file, ours to theirs; `scorers` are verifiers whose scores are read as well;
    `beside` are the names of all sources that are read together; `tags` those to group problems
    by; with `scored` a line of a file that has a score is judged, whether it is correct or not;
    `asked` are further verifiers whose opinions are read. UsageError for an unknown field.
    """

    verifier: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    text: bool = False
    scorers: frozenset[str] = frozenset()
    beside: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    scored: bool = False
    asked: Asked = NOBODY

    def __post_init__(self) -> None:
        for name in self.mapping:
            if name not in MAPPABLE:
                raise wrong_option("mapping", name, f"there are {', '.join(MAPPABLE)}")

    @classmethod
    def by(
        cls,
        rules: Iterable[Selector],
        *,
        verifier: str | None = None,
        mapping: Mapping[str, str] | None = None,
        beside: Iterable[str] = (),
        options: Asking | None = None,
    ) -> Wanted:
        """Return what these rules, and the options of a sweep, need of a source."""
        listed = list(rules)
        value = worth.CORRECT if options is None else options.value
        asked = NOBODY if options is None else Asked(options.confusion, options.agreement)
        scorers = (scorers_of(rule) for rule in listed)
        return cls(
            verifier or asked.truth,
            mapping or {},
            text=any("text" in rule.needs for rule in listed),
            scorers=frozenset({worth.scorer_of(value)} - {""}).union(*scorers),
            beside=tuple(beside),
            tags=() if options is None else options.tags,
            scored=value != worth.CORRECT,
            asked=asked,
        )


def read(database: Path, name: str, wanted: Wanted = Wanted()) -> Source:
    """Return the judged draws of a pool, a file or stdin (`-`). UsageError if there are none."""
    if name == "-" or is_file(name):
        return read_file(name, wanted)
    return read_pool(database, name, wanted)


def read_file(name: str, wanted: Wanted = Wanted()) -> Source:
    """Return the judged draws of a file or stdin (`-`). UsageError if there are none."""
    return read_lines(name, name, wanted)


def read_lines(name: str, lines: jsonl.Source, wanted: Wanted = Wanted()) -> Source:
    """Return the judged draws of a file, stdin (`-`) or a list of records, as a source of this
    name. UsageError if there are none."""
    found = Collected(wanted.tags) if wanted.tags else None
    origins = score_origins.Lines()
    reading = Reading(wanted.text, wanted.scored, wanted.asked.deciders, found, origins.see)
    source = _collect(name, interchange.read_outcomes(lines, wanted.mapping, reading))
    opinions.check_lines(name, source.problems, wanted.asked)
    source.scored = origins.scored()
    if found is not None:
        source.tags, source.tag_names = found.found, frozenset(found.names)
    return _checked(
        source,
        f"ttc verify {name} -V NAME -o FILE first, or --map correct=FIELD",
        f"ttc.verify({name!r}, 'NAME') first, or mapping={{'correct': 'FIELD'}}",
    )


def read_pool(database: Path, name: str, wanted: Wanted = Wanted()) -> Source:
    """Return the judged draws of a pool of the store. UsageError if there are none."""
    with Store.reading(store_with(database, name)) as store:
        pool = pool_named(store, name)
        found = verifiers.verifiers_of(store.reader, pool)
        # A verifier that only scores is not meant where none is named, if there is another.
        scoring = {scorer.partition(":")[0] for scorer in wanted.scorers}
        judges = [row for row in found if row["name"] not in scoring] or found
        by = choose_verifier(judges if wanted.verifier is None else found, wanted.verifier, name)
        known, unscored = _scorers(found, wanted.scorers, name)
        draws = verdicts.outcomes(store.reader, pool, by, text=wanted.text, scorers=known)
        source = _collect(name, draws)
        rows = {each: choose_verifier(found, each, name) for each in wanted.asked.names}
        source.problems, source.repeats = opinions.of_pool(
            store.reader, pool, source.problems, wanted.asked, found, rows
        )
        source.unscored = {**unscored, **_without_scores(source, known)}
        source.scored = score_origins.of_pool(store.reader, pool, found, {"": by, **known})
        source.cancelled = samples.cancelled_in(store.reader, pool)
        source.origin = Origin(pool.name, pool.model, pool.identity, _described(found, by))
        if wanted.tags:
            source.tags = stored_tags.of_pool(store.reader, pool)
            source.tag_names = frozenset().union(*source.tags.values())
        source.known = models.known(store.reader, pool)
        source.standing = freshness.standing(store, pool, wanted.beside)
    return _checked(
        source, f"ttc verify {name} -V NAME first", f"ttc.pool({name!r}).verify('NAME') first"
    )


def _collect(name: str, outcomes: Iterable[tuple[str, bool, Outcome]]) -> Source:
    problems: dict[str, list[Outcome]] = {}
    unjudged = 0
    for problem, judged, outcome in outcomes:
        if judged:
            problems.setdefault(problem, []).append(outcome)
        else:
            unjudged += 1
    return Source(name, problems, unjudged)


def _checked(source: Source, remedy: str, in_python: str) -> Source:
    """Return a source that has draws. UsageError with the remedy if it has none."""
    if source.unjudged and not source.problems:
        why = f"{source.name}: no samples have a verdict; "
        raise UsageError(why + remedy, python=why + in_python)
    if not source.problems:
        because = f"; {source.standing.unfinished}" if source.standing.unfinished else ""
        raise UsageError(f"{source.name}: no samples in it{because}")
    return source


def _described(verifiers: Iterable[Mapping[str, Any]], row: int | None) -> dict[str, Any]:
    """Return the verifier of a row as name, version and configuration."""
    for each in verifiers:
        if each["id"] == row:
            config = json.loads(each["config"])
            return {"name": each["name"], "version": each["version"], "config": config}
    return {}


def _scorers(
    found: list[dict[str, Any]], wanted: Iterable[str], pool: str
) -> tuple[dict[str, int], dict[str, UsageError]]:
    """Return the row of each scorer, and for those without one the reason."""
    known, unscored = {}, {}
    for scorer in wanted:
        try:
            row = choose_verifier(found, scorer, pool)
        except UsageError as error:
            unscored[scorer] = error
        else:
            assert row is not None  # a verifier that is named is found, or an error
            known[scorer] = row
    return known, unscored


def _without_scores(source: Source, names: Iterable[str]) -> dict[str, UsageError]:
    """Return an error for each scorer that has no score for any draw."""
    draws = [draw for outcomes in source.problems.values() for draw in outcomes]
    # NaN stands for a draw that it could not score.
    return {
        scorer: UsageError(
            f"{source.name}: {scorer} has a score for none of {len(draws)} draws; "
            f"ttc verify {source.name} -V {scorer} shows why"
        )
        for scorer in names
        if draws and all(isnan((draw.scores or {}).get(scorer, nan)) for draw in draws)
    }


def choose_verifier(found: list[dict[str, Any]], wanted: str | None, pool: str) -> int | None:
    """Return the verifier whose verdicts count: the one asked for, or the only one there is."""
    # The latest version of each comes first; reversed, it is the one that stays.
    latest = {(row["name"], row["config"]): row for row in reversed(found)}
    if wanted is not None:
        from ttc.verdicts import identify, make
        from ttc.verifiers.extras import Attachable

        name, _, more = wanted.partition(":")
        chosen = [row for row in latest.values() if row["name"] == name]
        if more and isinstance(verifier := make(wanted), Attachable):
            chosen = opinions.with_options(chosen, wanted)
        elif more:
            config = keys.canonical_json(identify(verifier).config)
            chosen = [row for row in chosen if row["config"] == config]
        else:
            chosen = opinions.first_runs(chosen)
        if not chosen:
            why = f"{pool}: no verdicts by {wanted}; "
            raise UsageError(
                f"{why}ttc verify {pool} -V {wanted}",
                python=f"{why}ttc.pool({pool!r}).verify({wanted!r})",
            )
    else:
        chosen = opinions.first_runs(list(latest.values()))
    if len(chosen) > 1:
        listed = ", ".join(f"{row['name']} {row['config']}" for row in chosen)
        raise UsageError(
            f"{pool}: verdicts by {listed}; choose one with -V NAME:key=value",
            python=f"{pool}: verdicts by {listed}; choose one with verifier='NAME:key=value'",
        )
    return int(chosen[0]["id"]) if chosen else None
