"""`ttc verify --github`: annotations, and a section of the step's summary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ttc.messages.counts import some
from ttc.report.ci import github, summary, worst
from ttc.report.ci.worst import Answered
from ttc.report.junit import Case
from ttc.verifying.job import Verification

TITLE = "ttc verify"


def report(
    source: str,
    run: Verification,
    cases: Iterable[Case],
    notes: Sequence[str],
    gate: tuple[bool, str] | None,
) -> None:
    """Annotate the run with its gate and with what was not judged, and add to the summary.

    The annotation of a gate that is not met names the worst problems.
    """
    judged = [case for case in cases if case.samples]
    found = worst.worst(
        Answered(
            case.problem, case.correct / case.samples, case.samples, case.correct, case.undecided
        )
        for case in judged
    )
    described = None
    if gate is not None:
        met, reason = gate
        described = f"{'met' if met else 'not met'}: {reason}"
        below = [] if met else worst.lines(found, len(judged))
        github.annotate("notice" if met else "error", TITLE, [described, *below])
    github.annotate_all("warning", TITLE, _warnings(run))
    github.add_to_summary(summary.of_verify(source, notes, found, len(judged), described))


def _warnings(run: Verification) -> list[str]:
    """Return what a gate of these verdicts could rest on wrongly."""
    counted, found = run.summary, [*run.standing.notes]
    if counted.failure is not None:
        failed = some(counted.statuses["error"], "sample")
        found.append(f"{run.spec} failed on {failed}: {counted.failure}")
    if counted.left_out:
        found.append(
            f"this machine could not judge {counted.left_out} of {counted.samples} samples"
        )
    return found
