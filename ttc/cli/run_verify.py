"""What `ttc verify` does once its options are parsed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

from ttc import interchange, jsonl, verdicts
from ttc.cli.output import Lines, document, piped
from ttc.cli.session import Session, is_file, pool_named, store_with
from ttc.cli.signals import stoppable
from ttc.errors import Exit, UsageError
from ttc.plugins import installed
from ttc.records import Sample, Verdict
from ttc.report.junit import Case, write_junit
from ttc.store import Store
from ttc.verdicts import Summary
from ttc.verifiers import Verifier

MAPPABLE = (*interchange.FIELDS, "reference.answer", "reference.choices")

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


def verify(session: Session, order: Order, mapping: str, skip_bad: bool, as_json: bool) -> int:
    """Judge, print and keep; return the exit code."""
    spec = session.config.get("verifier", order.verifier)
    if spec is None:
        names = ", ".join(installed("verifiers"))
        raise UsageError(f"name a verifier with -V: {names}")
    if order.verifier is None and spec.partition(":")[0] == "cmd":
        origin = session.config.values["verifier"].origin
        raise UsageError(f"{origin}: {spec!r} would run a command; say so yourself with -V")
    verifier = verdicts.make(spec)
    renamed = jsonl.parse_mapping(mapping, MAPPABLE)
    target = order.output or ("-" if piped() and not as_json else None)
    summary, cases = Summary(), dict[str, Case]()
    with stoppable() as wake, ExitStack() as stack:
        lines = Lines(target, on_failure=wake)
        keep = False
        stack.callback(lambda: lines.close(keep=keep))
        skipped: list[str] | None = [] if skip_bad else None
        if order.source == "-" or is_file(order.source):
            judged = _of_stream(session, order.source, verifier, renamed, skipped, summary)
        else:
            store = Store.writing(store_with(session, order.source))
            judged = _of_pool(stack.enter_context(store), order, verifier)
        # Closed here whatever happens, for what has been judged is kept then.
        stack.enter_context(closing(judged))
        for record, sample, verdict in judged:
            summary.add(sample, verdict)
            cases.setdefault(sample.problem, Case(sample.problem)).add(sample, verdict)
            lines.write({**record, **interchange.verdict_fields(verdict, verifier.name)})
            lines.check()
        keep = True
    if order.junit is not None:
        write_junit(order.junit, f"ttc verify {order.source}", cases.values())
    if as_json:
        document(_result(order, spec, summary))
    return _conclude(session, order, spec, summary, skipped or [])


def _of_pool(store: Store, order: Order, verifier: Verifier) -> Judged:
    pool = pool_named(store, order.source)
    with closing(verdicts.verify_pool(store, pool, verifier, recheck=order.recheck)) as judged:
        for sample, verdict in judged:
            yield interchange.sample_line(sample), sample, verdict


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

    def samples() -> Iterator[Sample]:
        for record, sample in interchange.read_samples(source, mapping, skipped):
            records.append(record)
            yield sample

    def keep() -> None:
        ours = [pair for pair in batch if pair[0].key is not None]
        batch.clear()
        if ours and session.database.exists():
            with Store.writing(session.database) as store:
                summary.kept += verdicts.keep_streamed(store, verifier, ours)

    try:
        for sample, verdict in verdicts.judge(verifier, samples()):
            batch.append((sample, verdict))
            yield records.pop(0), sample, verdict
            if len(batch) >= verdicts.CHUNK:
                keep()
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
    session.say(
        f"{order.source}: {spec}: {summary.correct} of {summary.samples} samples correct "
        f"({accuracy:.4f}), {len(summary.solved)} of {len(summary.problems)} problems solved at "
        f"least once ({counts})"
    )
    if summary.kept:
        session.say(f"{summary.kept} verdicts kept in the store")
    if skipped:
        session.say(f"{len(skipped)} bad lines skipped, the first: {skipped[0]}")
    if summary.statuses["no_reference"] == summary.samples:
        raise UsageError(
            f"{order.source}: {spec} found nothing to compare with in any reference; for a foreign "
            "file say where it is with --map reference.answer=FIELD"
        )
    if order.fail_under is not None and accuracy < order.fail_under:
        session.say(f"{order.source}: {accuracy:.4f} is under {order.fail_under}")
        return Exit.GATE
    return Exit.PARTIAL if summary.statuses["error"] else Exit.DONE
