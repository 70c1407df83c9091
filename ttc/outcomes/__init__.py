"""The judged draws of a pool, a file or a pipe: what a sweep is computed from."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from pathlib import Path
from typing import Any

from ttc import jsonl
from ttc.errors import UsageError
from ttc.formats.mapping import FieldMap
from ttc.interchange import Intake
from ttc.messages.progress import SILENT, Progress, Stage
from ttc.outcomes import opinions
from ttc.outcomes.lines import Reading, read_outcomes
from ttc.outcomes.opinions import Repeats
from ttc.outcomes.verifier_choice import choose_verifier, described, rows_of_scorers
from ttc.outcomes.wanted import DEFAULT, Wanted
from ttc.records import Outcome
from ttc.samples import freshness
from ttc.samples.freshness import Standing
from ttc.selectors.oracles import Scored
from ttc.store import Store, counts, models, samples, verdicts, verifiers
from ttc.store import tags as stored_tags
from ttc.store.named import is_file, pool_named, store_with
from ttc.tags import Collected
from ttc.verdicts import score_origins, versions


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
    `known` is what is known of the model (`ttc.store.models`). `outdated` is a line if the verdicts
    are by another version of the verifier than is installed, `judging` the command that judges the
    other draws of a pool. `mapped` is what became of --map in a
    file, `notes` say what was read as what in its lines.
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
    outdated: str | None = None
    judging: str = ""
    mapped: FieldMap | None = None
    notes: Sequence[str] = ()

    @property
    def n(self) -> int:
        """The most draws that a problem has."""
        return max(map(len, self.problems.values()), default=0)


def read(
    database: Path, name: str, wanted: Wanted = DEFAULT, progress: Progress = SILENT
) -> Source:
    """Return the judged draws of a pool, a file or stdin (`-`). UsageError if there are none."""
    if name == "-" or is_file(name, database):
        return read_file(name, wanted, progress)
    return read_pool(database, name, wanted, progress)


def read_file(name: str, wanted: Wanted = DEFAULT, progress: Progress = SILENT) -> Source:
    """Return the judged draws of a file or stdin (`-`). UsageError if there are none."""
    return read_lines(name, name, wanted, progress)


def read_lines(
    name: str, lines: jsonl.Source, wanted: Wanted = DEFAULT, progress: Progress = SILENT
) -> Source:
    """Return the judged draws of a file, stdin (`-`) or a list of records, as a source of this
    name. UsageError if there are none."""
    found = Collected(wanted.tags) if wanted.tags else None
    origins = score_origins.Lines()
    intake = Intake(wanted.mapping, judged=True, form=wanted.format)
    reading = Reading(wanted.text, wanted.scored, wanted.asked.deciders, found, origins.see, intake)
    with progress.stage(f"reading {name}", "draws") as stage:
        source = _collect(name, read_outcomes(lines, reading=reading), stage)
    source.mapped, source.notes = intake.fields, intake.notes()
    opinions.check_lines(name, source.problems, wanted.asked)
    source.scored = origins.scored()
    if found is not None:
        source.tags, source.tag_names = found.found, frozenset(found.names)
    return _checked(
        source,
        f"ttc verify {shlex.quote(name)} -V NAME -o FILE first, or --map correct=FIELD",
        f"ttc.verify({name!r}, 'NAME') first, or mapping={{'correct': 'FIELD'}}",
    )


def read_pool(
    database: Path, name: str, wanted: Wanted = DEFAULT, progress: Progress = SILENT
) -> Source:
    """Return the judged draws of a pool of the store. UsageError if there are none."""
    with Store.reading(store_with(database, name)) as store:
        pool = pool_named(store, name)
        found = verifiers.verifiers_of(store.reader, pool)
        # A verifier that only scores is not meant where none is named, if there is another.
        named = {row["name"] for row in found}
        scoring = {each if each in named else each.partition(":")[0] for each in wanted.scorers}
        judges = [row for row in found if row["name"] not in scoring] or found
        by = wanted.row
        if by is None:
            among = judges if wanted.verifier is None else found
            by = choose_verifier(among, wanted.verifier, name)
        known, unscored = rows_of_scorers(found, wanted.scorers, name)
        draws = verdicts.outcomes(store.reader, pool, by, text=wanted.text, scorers=known)
        total = counts.of_pool(store.reader, pool)
        with progress.stage(f"reading {name}", "draws", total) as stage:
            source = _collect(name, draws, stage)
        rows = {each: choose_verifier(found, each, name) for each in wanted.asked.names}
        source.problems, source.repeats = opinions.of_pool(
            store.reader, pool, source.problems, wanted.asked, found, rows
        )
        source.unscored = {**unscored, **_without_scores(source, known)}
        source.scored = score_origins.of_pool(store.reader, pool, found, {"": by, **known})
        source.cancelled = samples.cancelled_in(store.reader, pool)
        source.origin = Origin(pool.name, pool.model, pool.identity, described(found, by))
        source.judging = versions.command(name, source.origin.verifier)
        source.outdated = versions.outdated(source.origin.verifier, name)
        if wanted.tags:
            source.tags = stored_tags.of_pool(store.reader, pool)
            source.tag_names = frozenset().union(*source.tags.values())
        source.known = models.known(store.reader, pool)
        source.standing = freshness.standing(store, pool, wanted.beside)
        if wanted.mapping and not any(
            each == "-" or is_file(each, database) for each in wanted.beside
        ):
            source.notes = ["--map names the fields of files, and changes nothing in a pool"]
    return _checked(
        source,
        f"ttc verify {shlex.quote(name)} -V NAME first",
        f"ttc.pool({name!r}).verify('NAME') first",
    )


def _collect(name: str, outcomes: Iterable[tuple[str, bool, Outcome]], stage: Stage) -> Source:
    problems: dict[str, list[Outcome]] = {}
    unjudged = 0
    for problem, judged, outcome in outcomes:
        stage.done += 1
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


def _without_scores(source: Source, names: Iterable[str]) -> dict[str, UsageError]:
    """Return an error for each scorer that has no score for any draw."""
    draws = [draw for outcomes in source.problems.values() for draw in outcomes]
    # NaN stands for a draw that it could not score.
    return {
        scorer: UsageError(
            f"{source.name}: {scorer} has a score for none of {len(draws)} draws; "
            f"ttc verify {shlex.quote(source.name)} -V {shlex.quote(scorer)} shows why"
        )
        for scorer in names
        if draws and all(isnan((draw.scores or {}).get(scorer, nan)) for draw in draws)
    }
