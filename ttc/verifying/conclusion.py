"""Notes on a finished verification: a summary, and which samples could not be judged."""

from __future__ import annotations

from ttc.errors import UsageError
from ttc.formats import mapping
from ttc.messages.counts import some
from ttc.verifiers.extras import Noted, reads_reference
from ttc.verifying.job import Verification

# The error if all samples have this status.
NOTHING = {
    "no_reference": "found nothing to compare with in any reference; for a foreign file name the "
    "field with --map reference.answer=FIELD, or reference.tests=FIELD",
    "no_prompt": "needs the questions, which are not known: for lines, name the field with --map "
    "question=FIELD; to an imported pool, ttc import LOG --pool NAME --problems DATA adds them",
    "no_confidences": "needs the confidence of each token: draw with --confidence 20 into another "
    "--pool",
}


def notes(run: Verification, source: str) -> list[str]:
    """Return the notes on a finished verification of a source, one line each. UsageError if
    there was no sample."""
    spec, summary, skipped = run.spec, run.summary, run.skipped
    if not summary.samples:
        raise UsageError(f"{source}: it has no samples" + (f" ({skipped[0]})" if skipped else ""))
    note = run.verifier.note if isinstance(run.verifier, Noted) else None
    judge = run.verifier.name + " with the reference" * bool(reads_reference(run.verifier))
    own = (note, run.quality.note(judge))
    lines = [line for line in own if line]
    lines += [f"note: {line}" for line in run.standing.notes]
    counts = ", ".join(f"{count} {status}" for status, count in summary.statuses.most_common())
    lines.append(f"{source}: {spec}: {summary.describe()} ({counts})")
    if summary.failure is not None:
        lines.append(
            f"{spec} failed on {some(summary.statuses['error'], 'sample')}, to be judged again by "
            f"the next ttc verify; the first: {summary.failure}"
        )
    if summary.left_out:
        lines.append(
            f"{summary.left_out} of {summary.samples} samples are not counted: this machine could "
            "not judge them (out of time or memory?); run the same command again"
        )
    if summary.kept:
        lines.append(f"{some(summary.kept, 'verdict')} kept in the store")
    if run.intake is not None:
        lines += [f"note: {source}: {line}" for line in run.intake.notes()]
        lines += [f"note: {line}" for line in mapping.check([(source, run.intake.fields)])]
    if skipped:
        lines.append(f"{some(len(skipped), 'bad line')} skipped, the first: {skipped[0]}")
    return lines


def check_judged(run: Verification, source: str) -> None:
    """Raise UsageError if no sample has what the verifier needs."""
    for status, hint in NOTHING.items():
        if run.summary.statuses[status] == run.summary.samples:
            raise UsageError(f"{source}: {run.spec} {hint}")
