"""From options to verdicts: the common part of `ttc verify` and `ttc.verify`.

The source is a pool, or lines (a file, a pipe, a list of records). Verdicts on a pool are stored;
verdicts on lines are stored if the store has their samples.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from ttc import interchange, verdicts
from ttc.backends.pulse import pulse_of
from ttc.errors import UsageError
from ttc.interchange import Intake
from ttc.messages.progress import SILENT, Progress, Stage
from ttc.records import Message, Sample, Verdict
from ttc.samples import freshness
from ttc.samples.freshness import Standing
from ttc.session import Session
from ttc.store import Store, counts
from ttc.store.named import is_file, pool_named, store_with
from ttc.store.pools import Pool
from ttc.verdicts import Summary, judge_inputs
from ttc.verifiers import Verifier, extras
from ttc.verifying import judging, rerun
from ttc.verifying.judge_quality import Quality
from ttc.verifying.judging import Judge as Judge
from ttc.verifying.judging import VerifyOptions as VerifyOptions
from ttc.verifying.judging import prepared as prepared
from ttc.verifying.rerun import Rerun

MAPPABLE = (*interchange.FIELDS, "prompt", "question", "messages")
MAPPABLE += ("reference.*", "params.*", "tags.*")

# The fields of a line (none for a draw of a pool), the sample, and its verdict.
Judged = Generator[tuple[dict[str, Any], Sample, Verdict], None, None]


@dataclass(slots=True)
class Verification:
    """A running verification: exhaust `each()`, then read the other fields.

    `by_model`: the verifier uses a model; `quality` then tests its scores. `standing` is that of a
    pool, `rerun` compares two runs of a judge. `skipped` has the errors of the lines that were
    skipped, `intake` the notes on what was read in them. `stage` says how far it is.
    """

    spec: str
    verifier: Verifier
    by_model: bool
    stage: Stage
    progress: Progress = SILENT
    judged: Judged = field(init=False)
    summary: Summary = field(default_factory=Summary)
    quality: Quality = field(default_factory=Quality)
    rerun: Rerun | None = None
    standing: Standing = field(default_factory=Standing)
    skipped: list[str] = field(default_factory=list)
    intake: Intake | None = None

    def each(self) -> Judged:
        """Judge, count, and yield the fields of each line, its sample and its verdict."""
        try:
            with self.progress.shown(self.stage):
                for record, sample, verdict in self.judged:
                    self.summary.add(sample, verdict)
                    self.stage.done += 1
                    if self.by_model:
                        self.quality.add(record, sample, verdict)
                    if self.rerun is not None:
                        self.rerun.add(sample, verdict)
                    yield record, sample, verdict
        finally:
            self.judged.close()


@contextmanager
def opened(
    session: Session, options: VerifyOptions, judge: Judge | None = None
) -> Iterator[Verification]:
    """Open the source for a judge (None: the one of the options, closed with it); close it at the
    end.

    The verdicts so far are stored however this ends. UsageError for a verifier or a source that
    cannot be used, BackendError if the verifier's model cannot be opened.
    """
    with ExitStack() as stack:
        if judge is None:
            judge = stack.enter_context(judging.prepared(session, options))
        spec, verifier, model = judge.spec, judge.verifier, judge.model
        stage = Stage(f"verify by {spec.partition(':')[0]}", "draws")
        if model is not None:
            stage.tokens, stage.pulse = 0, pulse_of(model.backend)
        run = Verification(spec, verifier, judge.by_model, stage, session.progress)
        source = options.source
        lines = not isinstance(source, str) or source == "-" or is_file(source, session.database)
        if lines and not options.is_pool:
            if options.rerun is not None:
                raise UsageError("--rerun: the first verdicts are in the store; name a pool")
            run.judged = _of_lines(session, options, run)
        else:
            name = str(source)
            if options.mapping:
                raise UsageError(f"--map: {name} is a pool, which has the fields of ttc")
            store = stack.enter_context(Store.writing(store_with(session.database, name)))
            pool = pool_named(store, name)
            stage.what, stage.total = f"{name}: {stage.what}", counts.of_pool(store.reader, pool)
            run.standing = freshness.standing(store, pool)
            if judge.by_model:
                run.quality.truths = judge_inputs.known_truths(store, pool, verifier)
            if options.rerun is not None:
                run.rerun = rerun.planned(store, pool, judge.first, model, options.rerun)
            run.judged = _of_pool(store, pool, run, options.recheck)
        stack.enter_context(closing(run.judged))
        yield run


def _of_pool(store: Store, pool: Pool, run: Verification, recheck: bool) -> Judged:
    among = None if run.rerun is None else run.rerun.first
    found = verdicts.verify_pool(store, pool, run.verifier, recheck=recheck, among=among)
    with closing(found) as judged:
        for sample, verdict in judged:
            yield {}, sample, verdict


def _of_lines(session: Session, options: VerifyOptions, run: Verification) -> Judged:
    verifier = run.verifier
    records: list[dict[str, Any]] = []
    batch: list[tuple[Sample, Verdict]] = []
    prompts: dict[str, tuple[Message, ...]] = {}
    asks = extras.asks(verifier)
    skipped = run.skipped if options.skip_bad else None
    store: Store | None = None
    run.intake = Intake(options.mapping, ("problem", "text"), form=options.format)

    def samples() -> Iterator[Sample]:
        nonlocal store
        for record, sample in interchange.read_samples(
            options.source, skipped=skipped, intake=run.intake
        ):
            records.append(record)
            # In a pipe, the store may be created while this waits for the first line.
            if asks and store is None and session.database.exists():
                store = stack.enter_context(Store.writing(session.database))
                judge_inputs.remember_votes(store, verdicts.identify(verifier), verifier)
            yield sample if store is None else judge_inputs.with_question(store, sample, prompts)

    def keep() -> None:
        ours = [pair for pair in batch if pair[0].key is not None]
        batch.clear()
        if ours and session.database.exists():
            with nullcontext(store) if store else Store.writing(session.database) as home:
                who, reads = verdicts.identify(verifier), extras.reads_reference(verifier)
                run.summary.kept += judge_inputs.keep_streamed(home, who, reads, ours)

    with ExitStack() as stack:
        try:
            for sample, verdict in verdicts.judge(verifier, samples()):
                batch.append((sample, verdict))
                # A verdict that used a model is stored before it is yielded.
                if asks or len(batch) >= verdicts.CHUNK:
                    keep()
                yield records.pop(0), sample, verdict
        finally:
            keep()
