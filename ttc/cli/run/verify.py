"""What `ttc verify` does once its options are parsed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from typing import Any

from ttc import interchange, jsonl, verdicts
from ttc.cli.output import Lines, document, piped
from ttc.cli.run.judge_quality import Quality
from ttc.cli.session import (
    Session,
    attach_model,
    is_file,
    pool_named,
    stdout_kept_clean,
    store_with,
)
from ttc.cli.signals import stoppable
from ttc.errors import Exit, UsageError
from ttc.plugins import installed
from ttc.records import Message, Sample, Verdict
from ttc.report.junit import Case, add_case, write_junit
from ttc.samples import freshness
from ttc.samples.freshness import Standing
from ttc.store import Store
from ttc.verdicts import Summary, judge_inputs
from ttc.verifiers import Verifier, extras

MAPPABLE = (*interchange.FIELDS, "prompt", "question", "messages")
_REFERENCE = ("answer", "choices", "tests", "entry_point", "prompt", "inputs", "outputs", "model")
MAPPABLE += tuple(f"reference.{name}" for name in _REFERENCE)

Judged = Generator[tuple[dict[str, Any], Sample, Verdict], None, None]


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What was asked for."""

    source: str
    verifier: str | None
    recheck: bool
    fail_under: float | None
    junit: str | None
    output: str | None
    sandbox: str | None = None
    trusted: bool = False
    env: tuple[str, ...] = ()


def verify(
    session: Session, order: VerifyOptions, mapping: str, skip_bad: bool, as_json: bool
) -> int:
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
    backend = attach_model(session, verifier)
    by_model = backend is not None or extras.asks(verifier)
    renamed = jsonl.parse_mapping(mapping, MAPPABLE)
    target = order.output or ("-" if piped() and not as_json else None)
    summary, cases, quality, standing = Summary(), dict[str, Case](), Quality(), Standing()
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
            pool = pool_named(store, order.source)
            standing = freshness.standing(store, pool)
            if by_model:
                quality.truths = judge_inputs.known_truths(store, pool, verifier)
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
        document(_result(order, spec, summary, standing.notes))
    _note(session, verifier, quality.told(verifier.name) if by_model else None, standing)
    code = _conclude(session, order, spec, summary, skipped or [])
    if order.fail_under is not None:
        standing.hold(f"--fail-under {order.fail_under}")
    return code


def _note(session: Session, verifier: Verifier, quality: str | None, standing: Standing) -> None:
    note = verifier.note if isinstance(verifier, extras.Noted) else None
    for line in (note, quality):
        if line:
            session.say(line)
    for line in standing.notes:
        session.say(f"note: {line}")


def _contain(verifier: Verifier, order: VerifyOptions) -> None:
    """Pass on what holds the programs; no file of settings can say `none`."""
    if order.env:
        if not isinstance(verifier, extras.PassingEnvironment):
            raise UsageError(f"--env: the verifier {verifier.name} runs no command")
        verifier.pass_environment(order.env)
    if order.sandbox is None:
        return
    if not isinstance(verifier, extras.Sandboxable):
        raise UsageError(f"--sandbox: the verifier {verifier.name} runs no code")
    if order.sandbox == "none" and not order.trusted:
        raise UsageError(
            "--sandbox none runs a model's programs with all your rights; if that is meant, add "
            "--i-trust-this-code"
        )
    verifier.use_sandbox(order.sandbox)


def _of_pool(store: Store, order: VerifyOptions, verifier: Verifier, target: str | None) -> Judged:
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
    asks = extras.asks(verifier)
    store: Store | None = None

    def samples() -> Iterator[Sample]:
        nonlocal store
        for record, sample in interchange.read_samples(source, mapping, skipped):
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
                summary.kept += judge_inputs.keep_streamed(home, verdicts.identify(verifier), ours)

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


def _result(order: VerifyOptions, spec: str, summary: Summary, notes: list[str]) -> dict[str, Any]:
    return {
        "schema": interchange.SCHEMA,
        "source": order.source,
        "verifier": spec,
        "samples": summary.samples,
        "problems": len(summary.problems),
        "left_out": summary.left_out,
        "correct": summary.correct,
        "accuracy": summary.accuracy,
        "solved": len(summary.solved),
        "statuses": dict(summary.statuses),
        "warnings": notes,
    }


# What to say if every sample has one of these statuses.
_NOTHING = {
    "no_reference": "found nothing to compare with in any reference; for a foreign file say where "
    "it is with --map reference.answer=FIELD, or reference.tests=FIELD",
    "no_prompt": "needs the questions, and no line has one: judge a pool, or say where they are "
    "with --map question=FIELD",
    "no_confidences": "needs to know how sure the model was of each token: draw with "
    "--confidence 20 into another --pool",
}


def _conclude(
    session: Session, order: VerifyOptions, spec: str, summary: Summary, skipped: list[str]
) -> int:
    if not summary.samples:
        raise UsageError(
            f"{order.source}: no samples in it" + (f" ({skipped[0]})" if skipped else "")
        )
    accuracy = summary.accuracy
    counts = ", ".join(f"{count} {status}" for status, count in summary.statuses.most_common())
    session.say(f"{order.source}: {spec}: {summary.told()} ({counts})")
    if summary.failure is not None:
        session.say(
            f"{spec} failed on {summary.statuses['error']} samples, which the next ttc verify "
            f"judges again; the first: {summary.failure}"
        )
    if summary.left_out:
        session.say(
            f"{summary.left_out} of {summary.samples} samples are not counted: this machine could "
            "not judge them (out of time or memory?); run the same command again"
        )
    if summary.kept:
        session.say(f"{summary.kept} verdicts kept in the store")
    if skipped:
        session.say(f"{len(skipped)} bad lines skipped, the first: {skipped[0]}")
    for status, hint in _NOTHING.items():
        if summary.statuses[status] == summary.samples:
            raise UsageError(f"{order.source}: {spec} {hint}")
    if order.fail_under is not None and accuracy is not None and accuracy < order.fail_under:
        session.say(f"{order.source}: {accuracy:.4f} is under {order.fail_under}")
        return Exit.GATE
    return Exit.PARTIAL if summary.statuses["error"] or summary.left_out else Exit.DONE
