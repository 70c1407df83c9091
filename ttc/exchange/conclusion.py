"""What to say about an import once it is done, a line each."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ttc.exchange.tally import Tally

MOST = 8  # names that a line lists


def lines(tally: Tally, *, dry_run: bool = False) -> list[str]:
    """Return the notes on an import, the summary first."""
    found = [_summary(tally, dry_run)]
    if tally.known and tally.new:
        found.append(f"{tally.new:,} draws are new, {tally.known:,} were in the pool already")
    if len(tally.models) > 1:
        pools = ", ".join(f"{name} ({model})" for name, model in tally.models.items())
        found.append(f"{len(tally.models)} models, a pool for each: {pools}")
    for kind, count in tally.conflicts.counts.items():
        found.append(
            f"conflict: {count:,} left out, since the pool has {kind}; the first at "
            f"{tally.conflicts.first[kind]}; nothing was overwritten"
        )
    found += _about_draws(tally)
    found += _about_problems(tally)
    if tally.not_logs:
        found.append(f"{len(tally.not_logs)} files are no logs, first {tally.not_logs[0]}")
    return found


def _summary(tally: Tally, dry_run: bool) -> str:
    pools = next(iter(tally.models), "")
    if len(tally.models) > 1:
        pools += f" and {len(tally.models) - 1} more pools"
    problems = {problem for _, problem in tally.draws_of}
    total = sum(tally.draws_of.values())
    per = set(tally.draws_of.values())
    what = f"{len(problems):,} problem{'s' * (len(problems) != 1)}"
    each = per.pop() if len(per) == 1 else 0
    what += f" × {each} draw{'s' * (each > 1)}" if each else f", {total:,} draws"
    tools = [f"{tool} {'/'.join(sorted(found))}".strip() for tool, found in tally.tools.items()]
    files = f"{tally.logs} file{'s' * (tally.logs > 1)}"
    models = list(dict.fromkeys(tally.models.values()))
    about = ", ".join([*tools, *(models if len(models) < 4 else [f"{len(models)} models"])])
    does = "would import" if dry_run else "imported"
    if not tally.new and not tally.verdicts and total:
        line = f"{pools}: nothing new in {what} from {files} ({about}): all are in the pool already"
    else:
        line = f"{pools}: {does} {what} from {files} ({about})"
    if tally.verdicts:
        line += f", {sum(tally.verdicts.values()):,} verdicts by {_listed(tally.verdicts)}"
    if tally.unused:
        line += f"; not used: {_listed(tally.unused)}"
    return line


def _about_draws(tally: Tally) -> list[str]:
    found = []
    if tally.attempts:
        found.append(f"{tally.attempts:,} draws failed or were cancelled: attempts, not samples")
    if tally.repeated:
        found.append(
            f"{tally.repeated:,} of the new draws have the text of an earlier draw of their "
            "problem; if this log is an edited copy of one that was imported, they count twice"
        )
    for name in sorted(tally.undecided):
        found.append(
            f"{name} gives scores besides 0 and 1, so whether a draw is correct is not known: "
            f"ttc sweep {next(iter(tally.models), 'POOL')} -V {name} --value score"
        )
    return found


def _about_problems(tally: Tally) -> list[str]:
    found = []
    if tally.questions:
        found.append(f"questions added to {tally.questions:,} problems")
    if tally.references:
        found.append(f"references added to {tally.references:,} problems")
    if tally.lacking:
        found.append(
            f"--problems lacks {len(tally.lacking):,} problems of the logs, first "
            f"{min(tally.lacking)!r}"
        )
    if tally.unknown:
        found.append(
            f"the questions of {len(tally.unknown):,} problems are unknown; --problems DATA adds "
            "them, which judges need"
        )
    return found


def _listed(names: Counter[str]) -> str:
    first = [name for name, _ in names.most_common(MOST)]
    more = len(names) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")


def document(tally: Tally) -> dict[str, Any]:
    """Return the document of --json."""
    conflicts = [
        {"kind": kind, "count": count, "first": tally.conflicts.first[kind]}
        for kind, count in tally.conflicts.counts.items()
    ]
    return {
        "schema": 1,
        "pools": [{"pool": name, "model": model} for name, model in tally.models.items()],
        "files": tally.logs,
        "tools": {tool: sorted(versions) for tool, versions in tally.tools.items()},
        "problems": len({problem for _, problem in tally.draws_of}),
        "new": tally.new,
        "known": tally.known,
        "attempts": tally.attempts,
        "verdicts": dict(tally.verdicts),
        "questions_unknown": len(tally.unknown),
        "problems_lacking": sorted(tally.lacking),
        "conflicts": conflicts,
        "not_used": sorted(tally.unused),
        "not_logs": tally.not_logs,
    }
