"""From options to verdicts: the common part of `ttc verify` and `ttc.verify`.

The source is a pool, or lines (a file, a pipe, a list of records). Verdicts on a pool are stored;
verdicts on lines are stored if the store has their samples.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from ttc import interchange, jsonl, plugins, verdicts
from ttc.backends import resolve
from ttc.backends.pulse import pulse_of
from ttc.errors import UsageError
from ttc.interchange import Intake
from ttc.messages.progress import SILENT, Progress, Stage
from ttc.records import Message, Sample, Verdict
from ttc.samples import asked, freshness
from ttc.samples.freshness import Standing
from ttc.session import Session
from ttc.store import Store, counts
from ttc.store.named import is_file, pool_named, store_with
from ttc.store.pools import Pool
from ttc.verdicts import Summary, judge_inputs
from ttc.verifiers import Verifier, extras
from ttc.verifiers.judge_model import JudgeModel
from ttc.verifying import rerun
from ttc.verifying.judge_quality import Quality
from ttc.verifying.rerun import Rerun

MAPPABLE = (*interchange.FIELDS, "prompt", "question", "messages")
MAPPABLE += ("reference.*", "params.*", "tags.*")

# The fields of a line (none for a draw of a pool), the sample, and its verdict.
Judged = Generator[tuple[dict[str, Any], Sample, Verdict], None, None]


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What to judge, with which verifier, and how: the options of `ttc verify` for verdicts.

    `rerun` asks a judge again about so many draws of a pool that it has judged. `source` is a pool,
    a file (of the kind `format`), `-` for standard input, or records; `is_pool` says that it is a
    pool, even if there is a file of that name. `env` names variables that are passed on to a
    command; `trusted` confirms the sandbox `none`; `trust_eq` believes a program's own comparisons.
    """

    source: jsonl.Source
    verifier: str | None = None
    recheck: bool = False
    rerun: int | None = None
    sandbox: str | None = None
    trusted: bool = False
    trust_eq: bool = False
    env: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    skip_bad: bool = False
    format: str | None = None
    is_pool: bool = False


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
def opened(session: Session, options: VerifyOptions) -> Iterator[Verification]:
    """Create the verifier and open the source; close both at the end.

    The verdicts so far are stored however this ends. UsageError for a verifier or a source that
    cannot be used, BackendError if the verifier's model cannot be opened.
    """
    spec = _named(session, options)
    first = spec
    if options.rerun is not None:
        rerun.check(spec, options.rerun)
        spec = rerun.with_option(spec)
    verifier = verdicts.make(spec)
    _contain(verifier, options)
    with ExitStack() as stack:
        model = attach_model(session, verifier)
        if model is not None:
            stack.callback(model.backend.close)
        by_model = model is not None or extras.asks(verifier)
        stage = Stage(f"verify by {spec.partition(':')[0]}", "draws")
        if model is not None:
            stage.tokens, stage.pulse = 0, pulse_of(model.backend)
        run = Verification(spec, verifier, by_model, stage, session.progress)
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
            if by_model:
                run.quality.truths = judge_inputs.known_truths(store, pool, verifier)
            if options.rerun is not None:
                run.rerun = rerun.planned(store, pool, first, model, options.rerun)
            run.judged = _of_pool(store, pool, run, options.recheck)
        stack.enter_context(closing(run.judged))
        yield run


def _named(session: Session, options: VerifyOptions) -> str:
    """Return the verifier's spec: the option, else the setting. A setting may not run code."""
    spec = session.config.get("verifier", options.verifier)
    if spec is None:
        names = ", ".join(plugins.installed("verifiers"))
        raise UsageError(f"name a verifier with -V: {names}")
    name, _, more = str(spec).partition(":")
    if options.verifier is None and (name == "cmd" or "trust_remote_code=yes" in more):
        origin = session.config.values["verifier"].origin
        what = "a command" if name == "cmd" else "a model's own code"
        raise UsageError(f"{origin}: {spec!r} would run {what}; to allow it, name it with -V")
    return str(spec)


def attach_model(session: Session, verifier: Verifier) -> JudgeModel | None:
    """Open the model of a verifier that uses one, and attach it; return None if it uses none."""
    if not isinstance(verifier, extras.Attachable):
        return None
    with ExitStack() as on_error:
        choice, backend = resolve.open_model(session, extras.model_of(verifier))
        on_error.callback(backend.close)
        model = JudgeModel(backend, asked.of_alias(choice.defaults.get("extra", {}), backend))
        model.attach(verifier)
        on_error.pop_all()
    return model


def _contain(verifier: Verifier, options: VerifyOptions) -> None:
    """Set the environment and the sandbox of the verifier, and whether it believes a program's own
    comparisons. Only a flag can choose the sandbox `none`."""
    if options.trust_eq:
        if not isinstance(verifier, extras.TrustingEquality):
            raise UsageError(f"--trust-eq: the verifier {verifier.name} runs no program's tests")
        verifier.trust_equality()
    if options.env:
        if not isinstance(verifier, extras.PassingEnvironment):
            raise UsageError(f"--env: the verifier {verifier.name} runs no command")
        verifier.pass_environment(options.env)
    if options.sandbox is None:
        return
    if not isinstance(verifier, extras.Sandboxable):
        raise UsageError(f"--sandbox: the verifier {verifier.name} runs no code")
    if options.sandbox == "none" and not options.trusted:
        raise UsageError(
            "--sandbox none runs a model's programs with all your rights; add --i-trust-this-code "
            "to allow it"
        )
    verifier.use_sandbox(options.sandbox)


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
