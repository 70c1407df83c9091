"""From options to verdicts: what `ttc verify` and `ttc.verify` both do.

The source is a pool, whose verdicts are kept, or lines (a file, a pipe, a list of records), whose
verdicts are kept where the store has their samples.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from ttc import interchange, jsonl, plugins, verdicts
from ttc.backends import Backend, resolve
from ttc.errors import UsageError
from ttc.records import Message, Sample, Verdict
from ttc.samples import freshness
from ttc.samples.freshness import Standing
from ttc.session import Session
from ttc.store import Store
from ttc.store.named import is_file, pool_named, store_with
from ttc.store.pools import Pool
from ttc.verdicts import Summary, judge_inputs
from ttc.verifiers import Verifier
from ttc.verifying.judge_quality import Quality

MAPPABLE = (*interchange.FIELDS, "prompt", "question", "messages")
_REFERENCE = ("answer", "choices", "tests", "entry_point", "prompt", "inputs", "outputs", "model")
MAPPABLE += tuple(f"reference.{name}" for name in _REFERENCE)

# The fields of a line (none for a draw of a pool), the sample, and its verdict.
Judged = Generator[tuple[dict[str, Any], Sample, Verdict], None, None]


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What to judge, by what and how: the options of `ttc verify` that change verdicts.

    `source` is a pool, a file, `-` for standard input, or records; `is_pool` says that it is a
    pool, even if there is a file of that name. `env` names variables that are passed on to a
    command; `trusted` confirms the sandbox `none`.
    """

    source: jsonl.Source
    verifier: str | None = None
    recheck: bool = False
    sandbox: str | None = None
    trusted: bool = False
    env: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    skip_bad: bool = False
    is_pool: bool = False


@dataclass(slots=True)
class Verification:
    """A verification under way: exhaust `each`, then read the rest.

    `by_model` says that the verifier asks a model; `quality` then tests its scores. `standing` is
    that of a pool. `skipped` has the faults of the lines that were passed over.
    """

    spec: str
    verifier: Verifier
    by_model: bool
    judged: Judged = field(init=False)
    summary: Summary = field(default_factory=Summary)
    quality: Quality = field(default_factory=Quality)
    standing: Standing = field(default_factory=Standing)
    skipped: list[str] = field(default_factory=list)

    def each(self) -> Judged:
        """Judge, count, and yield the fields of each line, its sample and its verdict."""
        try:
            for record, sample, verdict in self.judged:
                self.summary.add(sample, verdict)
                if self.by_model:
                    self.quality.add(record, sample, verdict)
                yield record, sample, verdict
        finally:
            self.judged.close()


@contextmanager
def opened(session: Session, options: VerifyOptions) -> Iterator[Verification]:
    """Make the verifier and open the source; close what was opened at the end.

    Verdicts so far are kept however this ends. UsageError for a verifier or a source that cannot
    be used, BackendError if the verifier's model cannot be opened.
    """
    spec = _named(session, options)
    verifier = verdicts.make(spec)
    _contain(verifier, options)
    with ExitStack() as stack:
        backend = attach_model(session, verifier)
        if backend is not None:
            stack.callback(backend.close)
        by_model = backend is not None or bool(getattr(verifier, "asks", False))
        run = Verification(spec, verifier, by_model)
        source = options.source
        lines = not isinstance(source, str) or source == "-" or is_file(source)
        if lines and not options.is_pool:
            run.judged = _of_lines(session, options, run)
        else:
            name = str(source)
            store = stack.enter_context(Store.writing(store_with(session.database, name)))
            pool = pool_named(store, name)
            run.standing = freshness.standing(store, pool)
            if by_model:
                run.quality.truths = judge_inputs.known_truths(store, pool, verifier)
            run.judged = _of_pool(store, pool, verifier, options.recheck)
        stack.enter_context(closing(run.judged))
        yield run


def _named(session: Session, options: VerifyOptions) -> str:
    """Return the verifier: the option, else the setting. A setting cannot run foreign code."""
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


def attach_model(session: Session, verifier: Verifier) -> Backend | None:
    """Open the model of a verifier that asks one, and attach it; None if it asks none."""
    # An extra that verifiers may lack, so it is looked for rather than declared.
    attach = getattr(verifier, "attach", None)
    if attach is None:
        return None
    _, backend = resolve.open_model(session, getattr(verifier, "model", None))
    attach(backend)
    return backend


def _contain(verifier: Verifier, options: VerifyOptions) -> None:
    """Pass on the environment and the sandbox. No settings file can choose `none`."""
    if options.env:
        take = getattr(verifier, "pass_environment", None)
        if take is None:
            raise UsageError(f"--env: the verifier {verifier.name} runs no command")
        take(options.env)
    if options.sandbox is None:
        return
    use = getattr(verifier, "use_sandbox", None)
    if use is None:
        raise UsageError(f"--sandbox: the verifier {verifier.name} runs no code")
    if options.sandbox == "none" and not options.trusted:
        raise UsageError(
            "--sandbox none runs a model's programs with all your rights; if that is meant, add "
            "--i-trust-this-code"
        )
    use(options.sandbox)


def _of_pool(store: Store, pool: Pool, verifier: Verifier, recheck: bool) -> Judged:
    with closing(verdicts.verify_pool(store, pool, verifier, recheck=recheck)) as judged:
        for sample, verdict in judged:
            yield {}, sample, verdict


def _of_lines(session: Session, options: VerifyOptions, run: Verification) -> Judged:
    verifier = run.verifier
    records: list[dict[str, Any]] = []
    batch: list[tuple[Sample, Verdict]] = []
    prompts: dict[str, tuple[Message, ...]] = {}
    asks = bool(getattr(verifier, "asks", False))
    skipped = run.skipped if options.skip_bad else None
    store: Store | None = None

    def samples() -> Iterator[Sample]:
        nonlocal store
        for record, sample in interchange.read_samples(options.source, options.mapping, skipped):
            records.append(record)
            # In a pipe the store may be made while we wait for the first line.
            if asks and store is None and session.database.exists():
                store = stack.enter_context(Store.writing(session.database))
                judge_inputs.remember_votes(store, verdicts.identify(verifier), verifier)
            yield sample if store is None else judge_inputs.with_question(store, sample, prompts)

    def keep() -> None:
        ours = [pair for pair in batch if pair[0].key is not None]
        batch.clear()
        if ours and session.database.exists():
            with nullcontext(store) if store else Store.writing(session.database) as home:
                run.summary.kept += judge_inputs.keep_streamed(
                    home, verdicts.identify(verifier), ours
                )

    with ExitStack() as stack:
        try:
            for sample, verdict in verdicts.judge(verifier, samples()):
                batch.append((sample, verdict))
                # What a model was paid for is kept before it is printed.
                if asks or len(batch) >= verdicts.CHUNK:
                    keep()
                yield records.pop(0), sample, verdict
        finally:
            keep()
