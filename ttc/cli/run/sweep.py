"""What `ttc sweep` does once its options are parsed: read, compute, print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ttc import outcomes
from ttc.cli.run import sweep_output
from ttc.cli.run.sweep_output import Targets
from ttc.curves import sweep as curves
from ttc.curves.baseline import Baseline, as_baseline, read_baseline, write_baseline
from ttc.curves.sweep import SweepOptions
from ttc.errors import Exit, UsageError
from ttc.formats.mapping import parse_mapping
from ttc.outcomes.wanted import MAPPABLE, Wanted
from ttc.paths import expanded
from ttc.report.groups import undrawn
from ttc.session import Session


def sweep(
    session: Session,
    names: Sequence[str],
    options: SweepOptions,
    targets: Targets,
    *,
    verifier: str | None,
    mapping: Sequence[str],
    form: str | None,
    baseline: str | None,
) -> int:
    """Compute the curves of all sources and print them; return the exit code."""
    files = (targets.csv, targets.md, targets.tex, targets.plot, targets.metrics)
    if targets.as_json and "-" in files:
        raise UsageError("--json and '-' both write to stdout; give the other a file name")
    wanted = Wanted.by(
        options.selectors().values(),
        verifier=verifier,
        mapping=parse_mapping(mapping, MAPPABLE),
        beside=(*names, *([] if baseline is None else [baseline])),
        options=options,
        form=form,
    )
    progress = session.progress
    sources = [outcomes.read(session.database, name, wanted, progress) for name in names]
    old = None if baseline is None else _baseline(session, baseline, wanted)
    result = curves.sweep(options, sources, old, progress)
    if targets.plot is not None:
        result.warnings += undrawn(result.groups)
    if targets.save_baseline is not None:
        saved = as_baseline(
            result.tables[0], sources[0].origin, options.conventions, options.selectors()
        )
        write_baseline(targets.save_baseline, saved)
    sweep_output.write(result, targets)
    for line in result.warnings:
        session.say(f"note: {line}")
    result.hold()
    return Exit.DONE


def _baseline(session: Session, baseline: str, wanted: Wanted) -> Baseline | outcomes.Source:
    """Read a baseline: its values from a file, or the draws of a file or a pool."""
    if baseline.endswith(".json") and not Path(expanded(baseline, "--baseline")).exists():
        raise UsageError(
            f"--baseline {baseline}: there is no such file; make it once, from what is good: "
            f"--save-baseline {baseline} in place of --baseline"
        )
    return read_baseline(baseline) or outcomes.read(
        session.database, baseline, wanted, session.progress
    )


def read_ks(text: str | None) -> tuple[int, ...]:
    """Return the budgets of `-k 1,2,4`, none without a text. UsageError for anything else."""
    if text is None:
        return ()
    try:
        ks = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        ks = []
    if not ks or min(ks) < 1:
        raise UsageError(f"-k {text}: write whole numbers from 1, separated by commas")
    return tuple(ks)
