"""What `ttc verify` does once its options are parsed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from typing import Any

from ttc import interchange, jsonl, verdicts
from ttc.backends import Backend
from ttc.cli.judge_quality import Quality
from ttc.cli.output import Lines, document, piped
from ttc.cli.session import (
    Session,
    is_file,
    open_model,
    pool_named,
    stdout_kept_clean,
    store_with,
)
from ttc.cli.signals import stoppable
from ttc.errors import Exit, UsageError
from ttc.plugins import installed
from ttc.records import Message, Sample, Verdict
from ttc.report.junit import Case, add_case, write_junit
from ttc.store import Store
from ttc.verdicts import Summary
from ttc.verifiers import Verifier

MAPPABLE = (*interchange.FIELDS, "prompt", "question", "messages")
_REFERENCE = ("answer", "choices", "tests", "entry_point", "prompt", "inputs", "outputs", "model")
MAPPABLE += tuple(f"reference.{name}" for name in _REFERENCE)

Judged = Generator[tuple[dict[str, Any], Sample, Verdict], None, None]


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for."""

    source: str
    verifier: str | None
    recheck: bool
    fail_under: float | None
    junit: str | None
    output: str | None
    sandbox: str | None = None
    trusted: bool = False


def verify(session: Session, order: Order, mapping: str, skip_bad: bool, as_json: bool) -> int:
    """Judge, print and keep; return the exit code."""
    spec = session.config.get("verifier", order.verifier)
    if spec is None:
        names = ", ".join(installed("verifiers"))
        raise UsageError(f"name a verifier with -V: {names}")
    name, _, options = spec.partition(":")
    if order.verifier is None and (name == "cmd" or "trust_remote_code=yes" in options):
        origin = session.config.values["verifier"].origin
        what = "a command" if name == "cmd" else "a model's own code"
        raise UsageError(f"{origin}: {spec!r} would run {what}; say so yourself with -V")
    verifier = verdicts.make(spec)
    _contain(verifier, order)
    backend = _attach(session, verifier)
    by_model = backend is not None or bool(getattr(verifier, "asks", False))
    renamed = jsonl.parse_mapping(mapping, MAPPABLE)
    target = order.output or ("-" if piped() and not as_json else None)
    summary, cases, quality = Summary(), dict[str, Case](), Quality()
    with stoppable() as wake, ExitStack() as stack:
        if backend is not None:
            stack.callback(backend.close)
        if by_model:
            stack.enter_context(stdout_kept_clean())
        lines = Lines(target, on_failure=wake)
        keep = False
        stack.callback(lambda: lines.close(keep=keep))
        skipped: list[str] | None = [] if skip_bad else None
        if order.source == "-" or is_file(order.source):
            judged = _of_stream(session, order.source, verifier, renamed, skipped, summary)
        else:
            store = Store.writing(store_with(session, order.source))
            judged = _of_pool(stack.enter_context(store), order, verifier, target)
            if by_model:
                quality.truths = verdicts.known_truths(
                    store, pool_named(store, order.source), verifier
                )
        # Closed here whatever happens, for what has been judged is kept then.
        stack.enter_context(closing(judged))
        for record, sample, verdict in judged:
            summary.add(sample, verdict)
            quality.add(record, sample, verdict)
            add_case(cases, sample, verdict)
            lines.write({**record, **interchange.verdict_fields(verdict, verifier.name)})
            lines.check()
        keep = True
    if order.junit is not None:
        write_junit(order.junit, f"ttc verify {order.source}", cases.values())
    if as_json:
        document(_result(order, spec, summary))
    if note := getattr(verifier, "note", None):
        session.say(note)
    if by_model and (told := quality.told(verifier.name)):
        session.say(told)
    return _conclude(session, order, spec, summary, skipped or [])


def _attach(session: Session, verifier: Verifier) -> Backend | None:
    """Open the model of a verifier that asks one."""
    attach = getattr(verifier, "attach", None)
    if attach is None:
        return None
    _, backend = open_model(session, getattr(verifier, "model", None))
    attach(backend)
    return backend


def _contain(verifier: Verifier, order: Order) -> None:
    """Pass on what holds the programs; no file of settings can say `none`."""
    if order.sandbox is None:
        return
    use = getattr(verifier, "use_sandbox", None)
    if use is None:
        raise UsageError(f"--sandbox: the verifier {verifier.name} runs no code")
    if order.sandbox == "none" and not order.trusted:
        raise UsageError(
            "--sandbox none runs a model's programs with all your rights; if that is meant, add "
            "--i-trust-this-code"
        )
    try:
        use(order.sandbox)
    except ValueError as error:
        raise UsageError(f"--{error}") from None


def _of_pool(store: Store, order: Order, verifier: Verifier, target: str | None) -> Judged:
    pool = pool_named(store, order.source)
    with closing(verdicts.verify_pool(store, pool, verifier, recheck=order.recheck)) as judged:
        for sample, verdict in judged:
            # A line that goes nowhere need not be made.
            yield {} if target is None else interchange.sample_line(sample), sample, verdict


def _of_stream(
    session: Session,
    source: str,
    verifier: Verifier,
    mapping: dict[str, str],
    skipped: list[str] | None,
    summary: Summary,
) -> Judged:
    records: list[dict[str, Any]] = []
    batch: list[tuple[Sample, Verdict]] = []
    prompts: dict[str, tuple[Message, ...]] = {}
    asks = bool(getattr(verifier, "asks", False))
    store: Store | None = None

    def samples() -> Iterator[Sample]:
        nonlocal store
        for record, sample in interchange.read_samples(source, mapping, skipped):
            records.append(record)
            # In a pipe the store may be made while we wait for the first line.
            if asks and store is None and session.database.exists():
                store = stack.enter_context(Store.writing(session.database))
                verdicts.remember_votes(store, verifier)
            yield sample if store is None else verdicts.with_question(store, sample, prompts)

    def keep() -> None:
        ours = [pair for pair in batch if pair[0].key is not None]
        batch.clear()
        if ours and session.database.exists():
            with nullcontext(store) if store else Store.writing(session.database) as home:
                summary.kept += verdicts.keep_streamed(home, verifier, ours)

    with ExitStack() as stack:
        try:
            for sample, verdict in verdicts.judge(verifier, samples()):
                batch.append((sample, verdict))
                # What a model was paid for is kept before it is told.
                if asks or len(batch) >= verdicts.CHUNK:
                    keep()
                yield records.pop(0), sample, verdict
        finally:
            keep()


def _result(order: Order, spec: str, summary: Summary) -> dict[str, Any]:
    return {
        "schema": interchange.SCHEMA,
        "source": order.source,
        "verifier": spec,
        "samples": summary.samples,
        "problems": len(summary.problems),
        "correct": summary.correct,
        "accuracy": summary.accuracy,
        "solved": len(summary.solved),
        "statuses": dict(summary.statuses),
    }


def _conclude(
    session: Session, order: Order, spec: str, summary: Summary, skipped: list[str]
) -> int:
    if not summary.samples:
        raise UsageError(
            f"{order.source}: no samples in it" + (f" ({skipped[0]})" if skipped else "")
        )
    accuracy = summary.accuracy or 0.0
    counts = ", ".join(f"{count} {status}" for status, count in summary.statuses.most_common())
    if summary.scored and not summary.decided:
        said = f"{summary.scored} of {summary.samples} samples scored, "
        said += f"{summary.total / summary.scored:.4g} on average"
    else:
        said = (
            f"{summary.correct} of {summary.samples} samples correct ({accuracy:.4f}), "
            f"{len(summary.solved)} of {len(summary.problems)} problems solved at least once"
        )
    session.say(f"{order.source}: {spec}: {said} ({counts})")
    if summary.kept:
        session.say(f"{summary.kept} verdicts kept in the store")
    if skipped:
        session.say(f"{len(skipped)} bad lines skipped, the first: {skipped[0]}")
    if summary.statuses["no_reference"] == summary.samples:
        raise UsageError(
            f"{order.source}: {spec} found nothing to compare with in any reference; for a foreign "
            "file say where it is with --map reference.answer=FIELD, or reference.tests=FIELD"
        )
    if summary.statuses["no_prompt"] == summary.samples:
        raise UsageError(
            f"{order.source}: {spec} needs the questions, and no line has one: judge a pool, or "
            "say where they are with --map question=FIELD"
        )
    if summary.statuses["no_confidences"] == summary.samples:
        raise UsageError(
            f"{order.source}: {spec} needs to know how sure the model was of each token: draw with "
            "--confidence 20 into another --pool"
        )
    if order.fail_under is not None and accuracy < order.fail_under:
        session.say(f"{order.source}: {accuracy:.4f} is under {order.fail_under}")
        return Exit.GATE
    return Exit.PARTIAL if summary.statuses["error"] else Exit.DONE
