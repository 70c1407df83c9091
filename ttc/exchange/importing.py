"""From logs of other tools to pools of the store: what `ttc import` and `ttc.import_logs` do.

A log is read twice. The first reading finds everything that is wrong with it, so that nothing is
written of a bad log; the second decides about each draw and writes, some hundred draws at a time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ttc import problems
from ttc.errors import StoreError, UsageError
from ttc.exchange import sources, survey, writing
from ttc.exchange.placing import Placer, Step
from ttc.exchange.sources import Log
from ttc.exchange.survey import Survey
from ttc.exchange.tally import Tally
from ttc.exchange.targets import Target, Targets
from ttc.problems import ReadOptions
from ttc.records import Problem
from ttc.session import Session
from ttc.store import Store, imported, runs
from ttc.store.database import empty

CHUNK = 500  # draws that are written in one transaction


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What to import: the options of `ttc import`.

    `files` are logs, folders of logs, or `-` for standard input. `format` names the format instead
    of detecting it, `options` are those of the format. `problems` are data that have the questions
    and references which the logs lack, `model` names the model where they do not.
    """

    files: tuple[str, ...]
    pool: str
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    dry_run: bool = False
    model: str | None = None


@dataclass(slots=True)
class Import:
    """A running import; exhaust `each()`, then read the tally. `kept` counts the draws that were
    committed."""

    session: Session
    options: ImportOptions
    logs: list[Log]
    surveys: list[Survey]
    data: Mapping[str, Problem] | None
    store: Store | None
    tally: Tally
    kept: int = 0

    @property
    def total(self) -> int:
        """The number of draws and attempts of all logs."""
        return sum(each.draws + each.attempts for each in self.surveys)

    def each(self) -> Iterator[int]:
        """Import; yield the number of draws done so far, every CHUNK of them."""
        with contextlib.ExitStack() as stack:
            shown = self.session.progress.stage(self.options.pool, "draws", self.total)
            stage = stack.enter_context(shown)
            connection: Any
            if self.store is not None:
                connection = self.store.reader
            elif self.session.database.exists():
                reader = stack.enter_context(Store.reading(self.session.database))
                connection = reader.reader
            else:
                connection = stack.enter_context(contextlib.closing(empty()))
            targets = Targets(connection, self.options.pool)
            logs = zip(self.logs, self.surveys, strict=True)
            firsts = [(log.tool, draw) for log, found in logs for draw in found.firsts]
            # Failed requests last: where one names no model, it goes to the pool of the others.
            for tool, draw in sorted(firsts, key=lambda first: survey.is_attempt(first[1])):
                targets.of(tool, draw)
            placer = Placer(connection, self.tally, self._binary(), self.data)
            writer = _Writer(self, targets)
            stack.callback(writer.end)
            done = 0
            for log, found in zip(self.logs, self.surveys, strict=True):
                for step in self._steps(targets, placer, connection, log, found):
                    done += 1
                    stage.done = done
                    writer.add(step)
                    if done % CHUNK == 0:
                        yield done
                # What a log added is there for the next one, which may be a copy of it.
                writer.flush()
            yield done

    def _binary(self) -> dict[str, bool]:
        """Return which verifiers score with 0 and 1 alone, in all logs."""
        found: dict[str, bool] = {}
        for each in self.surveys:
            for name, plain in each.binary.items():
                found[name] = found.get(name, True) and plain
        return found

    def _steps(
        self, targets: Targets, placer: Placer, connection: Any, log: Log, found: Survey
    ) -> Iterator[Step | None]:
        """Yield what to write of each draw of a log."""
        source: str | None = None
        places: dict[str, int] = {}
        self.tally.tools.setdefault(log.tool, set()).update(found.versions)
        self.tally.unused.update(found.unused)
        for draw in survey.read(log, self.options.options):
            target = targets.of(log.tool, draw)
            self.tally.models[target.name] = target.model
            origin = draw.id
            if origin is None and not draw.fixed and not survey.is_attempt(draw):
                if source is None:
                    there = () if target.pool is None else imported.origins(connection, target.pool)
                    source = found.chains.known_as(there) or found.chains.name
                place = places.get(draw.problem.id, 0)
                places[draw.problem.id] = place + 1
                origin = found.chains.origin(source, draw.problem.id, place)
            yield placer.place(target, log, draw, origin)


class _Writer:
    """Writes steps in chunks; the first of a pool claims it, so that no other import runs."""

    def __init__(self, run: Import, targets: Targets) -> None:
        self._run = run
        self._targets = targets
        self._pending: list[Step] = []
        self._runs: dict[str, int] = {}

    def add(self, step: Step | None) -> None:
        """Queue a step."""
        if step is not None and step.writes:
            self._pending.append(step)
            if len(self._pending) >= CHUNK:
                self.flush()

    def flush(self) -> None:
        """Write what is queued."""
        steps, self._pending = self._pending, []
        store = self._run.store
        if not steps or store is None:
            return

        def work(connection: Any) -> None:
            writing.write(connection, steps)
            for target in {step.target.name: step.target for step in steps}.values():
                self._claim(connection, target)
            # Here, in the store's thread: it may commit while this one is interrupted.
            self._run.kept += sum(step.sample for step in steps)

        store.write(work)

    def _claim(self, connection: Any, target: Target) -> None:
        assert target.pool is not None  # it was made with its first draw
        if target.name in self._runs:
            return
        if (other := runs.live(connection, target.pool.id)) is not None:
            raise StoreError(
                f"{target.name}: pid {other['pid']} is importing into this pool "
                f"({other['command']}); wait for it, end it, or choose another --pool"
            )
        run = runs.begin(connection, target.pool.id, self._run.session.again)
        self._runs[target.name] = run

    def end(self) -> None:
        """Record that the import has ended."""
        store = self._run.store
        if store is not None and self._runs:
            ended = list(self._runs.values())

            def work(connection: Any) -> None:
                for run in ended:
                    runs.end(connection, run)

            with contextlib.suppress(StoreError):
                store.write(work)


@contextmanager
def opened(
    session: Session,
    options: ImportOptions,
    on_failure: Callable[[], None] | None = None,
) -> Iterator[Import]:
    """Read the logs through, check everything, and open the store; close it at the end.

    `on_failure` is called from the store's thread if that breaks. UsageError for a log that cannot
    be read, StoreError if the store cannot be opened.
    """
    if not options.pool.strip():
        raise UsageError("--pool: name the pool to import into")
    tally = Tally()
    with contextlib.ExitStack() as stack:
        mapped = "map" in options.options
        found = sources.found(options.files, options.format, mapped=mapped)
        logs, others = stack.enter_context(found)
        logs = [replace(log, model=options.model) for log in logs]
        data = known_problems(session, options.problems) if options.problems else None
        with session.progress.stage(f"reading for {options.pool}", "draws") as stage:
            read, tally.without = survey.of_all(logs, options.options, stage)
        logs, surveys = [log for log, _ in read], [each for _, each in read]
        tally.logs, tally.not_logs = len(logs), others
        if not any(each.draws + each.attempts for each in surveys):
            raise UsageError(f"{', '.join(options.files)}: no draws in it")
        if data is not None:
            _check_matched(options.problems, data, surveys)
        store = None
        if not options.dry_run:
            store = stack.enter_context(Store.writing(session.database, on_failure))
            for line in store.recover():
                session.say(line)
        yield Import(session, options, logs, surveys, data, store, tally)


def known_problems(session: Session, data: tuple[str, ...]) -> dict[str, Problem]:
    """Return the problems of some data by id."""
    datasets = [problems.read(each, ReadOptions()) for each in data]
    for dataset in datasets:
        session.say(dataset.describe())
    return {problem.id: problem for problem in problems.merge(datasets)}


def _check_matched(
    files: tuple[str, ...], data: Mapping[str, Problem], surveys: list[Survey]
) -> None:
    """Raise UsageError if the data of --problems has none of the problems of the logs."""
    ids = {name for each in surveys for name in each.problems}
    if not ids & data.keys():
        raise UsageError(
            f"--problems {', '.join(files)}: none of the logs' problems is in it; the logs' are "
            f"called {min(ids)!r}, …, those of the data {next(iter(data))!r}, …; make the ids equal"
        )
