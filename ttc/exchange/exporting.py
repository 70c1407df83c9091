"""From pools of the store to files of other tools: what `ttc export` and `Pool.export` do."""

from __future__ import annotations

import contextlib
import os
import shlex
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from ttc import paths
from ttc.errors import TtcError, UsageError
from ttc.exchange import formats
from ttc.formats import Draw, HoldsVerdicts, Opinion, WritesDraws, WritesFiles
from ttc.messages.near import did_you_mean
from ttc.messages.progress import SILENT, Progress, Stage
from ttc.outcomes.verifier_choice import choose_verifier, described
from ttc.records import Message, Problem, Sample
from ttc.store import Store, counts, imported, pools, samples, token_logprobs
from ttc.store.judged import judged
from ttc.store.named import pool_named, store_with
from ttc.store.pools import Pool
from ttc.store.verifiers import VerifierId, first_runs, verifiers_of

# Formats by the ends of file names.
BY_NAME = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".eval": "inspect",
}
_BINARY = (".parquet", ".arrow", ".eval")
_TEXTS = (".json", ".jsonl", ".csv", ".tsv", ".txt")


def format_of(wanted: str | None, output: str | None) -> str:
    """Return the format of an export: the one that is named, else that of the file's name."""
    return wanted or BY_NAME.get(Path(output or "").suffix.lower(), "jsonl")


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export: the options of `ttc export`.

    `verifier` is the one whose verdicts are written (None: the one whose verdicts count, and with
    it the others where the format holds several). `problems` restricts to problems by id.
    `questions` adds the questions to lines of ttc.
    """

    pools: tuple[str, ...]
    format: str = "jsonl"
    verifier: str | None = None
    problems: tuple[str, ...] = ()
    questions: bool = False


def write_file(
    database: Path, options: ExportOptions, target: str, progress: Progress = SILENT
) -> list[str]:
    """Export to a file, completely or not at all; return what the format cannot hold."""
    form = formats.writer(options.format)
    _check_ending(options.format, target)
    path = Path(os.path.realpath(paths.expanded(target, "-o")))
    with (
        progress.stage(f"exporting {', '.join(options.pools)}", "draws") as stage,
        draws(database, options, form, stage) as found,
    ):
        if isinstance(form, WritesFiles):
            return form.write_files(found, path)
        try:
            if path.exists() and not path.is_file():
                with path.open("wb") as stream:
                    return form.write(found, stream)
            with paths.replacing(path) as part, part.open("wb") as stream:
                notes = form.write(found, stream)
                stream.flush()
                return notes
        except OSError as error:
            raise paths.unwritable(target, error, "-o") from None


def _check_ending(name: str, target: str) -> None:
    """Raise UsageError for the name of a text file if the format is binary: programs that open it
    go by the name."""
    own = next((ending for ending, form in BY_NAME.items() if form == name), "")
    ending = Path(target).suffix.lower()
    if own in _BINARY and ending in _TEXTS:
        better = shlex.quote(str(Path(target).with_suffix(own)))
        raise UsageError(f"-o {target}: {name} is no {ending} file; name it {better}")


def write_stream(database: Path, options: ExportOptions, stream: BinaryIO) -> list[str]:
    """Export to a stream; return what the format cannot hold."""
    form = formats.writer(options.format)
    with draws(database, options, form) as found:
        return form.write(found, stream)


@contextmanager
def draws(
    database: Path, options: ExportOptions, form: WritesDraws, stage: Stage | None = None
) -> Iterator[Iterator[Draw]]:
    """Open the store and yield the draws of pools as a format gets them; `stage` counts them.

    UsageError for a pool, a problem or a verifier that is not there.
    """
    if not options.pools:
        raise UsageError("name a pool to export; ttc ls lists them")
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(Store.reading(store_with(database, options.pools[0])))
        found = [pool_named(store, name) for name in options.pools]
        several = isinstance(form, HoldsVerdicts) and form.several_verdicts
        plans = [(pool, _verifiers(store, pool, options, several)) for pool in found]
        wanted = _problems(store.reader, found, options.problems)
        # Lines come as `ttc verify` prints them; other formats often number draws by their order.
        by_problem = options.format not in formats.LINES
        every = (
            with_question(draw) if options.questions else draw
            for pool, who in plans
            for draw in of_pool(store.reader, pool, who, wanted, by_problem=by_problem)
        )
        stage = stage or Stage("exporting")
        if not wanted:
            stage.total = sum(counts.of_pool(store.reader, pool) for pool in found)
        yield stage.each(every)


def with_question(draw: Draw) -> Draw:
    """Return a draw whose line has its question."""
    problem = draw.problem
    asked = problem.messages if problem.prompt is None else (Message("user", problem.prompt),)
    return replace(draw, sample=replace(draw.sample, asked=asked))


def _verifiers(store: Store, pool: Pool, options: ExportOptions, several: bool) -> list[VerifierId]:
    """Return the verifiers whose verdicts are written, the one that counts first."""
    found = verifiers_of(store.reader, pool)
    try:
        row = choose_verifier(found, options.verifier, pool.name)
    except TtcError:
        if options.verifier is not None:
            raise
        # Several judged it: first those that the others are compared with.
        ranked = sorted(first_runs(found), key=lambda each: not each["reads_reference"])
        row = None if several else int(ranked[0]["id"])
    first = [_id(found, row)] if row is not None else []
    if options.verifier is not None:
        return first
    latest = {(each["name"], each["config"]): each["id"] for each in reversed(first_runs(found))}
    return first + [_id(found, each) for each in latest.values() if each != row]


def _id(found: Sequence[Mapping[str, Any]], row: int) -> VerifierId:
    about = described(found, row)
    return VerifierId(about["name"], about["version"], about["config"])


def _problems(
    connection: sqlite3.Connection, found: Sequence[Pool], given: Sequence[str]
) -> list[str]:
    """Return the ids of problems; a text that is no id is a list of ids with commas. UsageError for
    a problem that no pool has."""

    def known(name: str) -> bool:
        return any(samples.problem_of(connection, pool, name) is not None for pool in found)

    wanted: dict[str, None] = {}
    for text in given:
        for name in [text] if known(text) else filter(None, text.split(",")):
            if not known(name):
                names = [each for pool in found for each in pools.problem_names(connection, pool)]
                pools_of = ", ".join(each.name for each in found)
                lists = f"ttc show {found[0].name} lists them"
                meant = did_you_mean(name, names, lists)
                raise UsageError(f"{pools_of} has no problem {name!r}; {meant}")
            wanted[name] = None
    return list(wanted)


def of_pool(
    connection: sqlite3.Connection,
    pool: Pool,
    verifiers: Sequence[VerifierId],
    wanted: Sequence[str] = (),
    *,
    by_problem: bool = False,
) -> Iterator[Draw]:
    """Yield the draws of a pool with the verdicts of verifiers, in the order they were stored or
    problem by problem."""
    questions = {each.id: each for each in pools.problems_of(connection, pool)}
    ids = imported.ids(connection, pool)
    for name in wanted or (None,):
        if name is not None and name not in questions:
            continue
        how: dict[str, Any] = {"problem": name, "by_problem": by_problem}
        streams = [judged(connection, pool, who, **how) for who in verifiers]
        if not streams:
            for row, sample in samples.of_pool(connection, pool, **how):
                whole = _with_tokens(connection, row, sample)
                yield Draw(questions[sample.problem], whole, id=ids.get(name_of(sample)))
            continue
        for rows in zip(*streams, strict=True):
            sample = _with_tokens(connection, rows[0][0], rows[0][1])
            opinions = tuple(
                Opinion(who.name, row[2], who.version, who.config)
                for who, row in zip(verifiers, rows, strict=True)
                if row[2] is not None
            )
            problem: Problem = questions[sample.problem]
            yield Draw(problem, sample, opinions, id=ids.get(name_of(sample)))


def _with_tokens(connection: sqlite3.Connection, row: int, sample: Sample) -> Sample:
    """Return a sample with its likeliest tokens, if any were kept."""
    tokens = token_logprobs.of(connection, row) if token_logprobs.any_kept(connection) else None
    return sample if tokens is None else replace(sample, token_logprobs=tokens)


def name_of(sample: Sample) -> tuple[str, int]:
    """Return what names a sample within its pool: problem and draw."""
    return sample.problem, sample.index
