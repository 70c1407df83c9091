"""What to say about an import once it is done, a line each."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ttc.exchange.tally import Tally
from ttc.messages.counts import some

MOST = 8  # names that a line lists
# What to do about conflicts, by the beginning of their kind.
_REMEDIES = {
    "another text": "further draws go in with --option index=new (lines of ttc) or into another "
    "--pool",
    "another question": "import the log into another --pool, or a log of inspect whose task asks "
    "otherwise in each epoch with --option question=input",
    "another reference": "import the log into another --pool",
    "another verdict": "the first one stays; ttc verify judges anew",
}


def lines(tally: Tally, *, dry_run: bool = False) -> list[str]:
    """Return the notes on an import, the summary first."""
    found = [_summary(tally, dry_run)]
    if tally.known and tally.new:
        found.append(
            f"{some(tally.new, 'draw is', 'draws are', grouped=True)} new, "
            f"{tally.known:,} were in the pool already"
        )
    if len(tally.models) > 1:
        pools = ", ".join(f"{name} ({model})" for name, model in tally.models.items())
        found.append(f"{some(len(tally.models), 'model')}, a pool for each: {pools}")
    for kind, count in tally.conflicts.counts.items():
        found.append(
            f"conflict: {count:,} left out, since the pool has {kind}; the first at "
            f"{tally.conflicts.first[kind]}; nothing was overwritten; {_remedy(kind)}"
        )
    found += _about_draws(tally)
    found += _about_problems(tally)
    if tally.without:
        lacking = some(len(tally.without), "log", grouped=True)
        found.append(f"left out: {lacking} without draws, first {tally.without[0]}")
    if tally.not_logs:
        others = some(len(tally.not_logs), "file", grouped=True)
        found.append(f"{others} that no format knows, first {tally.not_logs[0]}")
    return found


def _summary(tally: Tally, dry_run: bool) -> str:
    pools = next(iter(tally.models), "")
    if len(tally.models) > 1:
        pools += f" and {some(len(tally.models) - 1, 'more pool')}"
    problems = {problem for _, problem in tally.draws_of}
    total = sum(tally.draws_of.values())
    per = set(tally.draws_of.values())
    what = some(len(problems), "problem", grouped=True)
    each = per.pop() if len(per) == 1 else 0
    what += (
        f" × {each} draw{'s' * (each > 1)}" if each else f", {some(total, 'draw', grouped=True)}"
    )
    tools = [f"{tool} {'/'.join(sorted(found))}".strip() for tool, found in tally.tools.items()]
    files = some(tally.logs, "file", grouped=True)
    models = list(dict.fromkeys(tally.models.values()))
    about = ", ".join([*tools, *(models if len(models) < 4 else [some(len(models), "model")])])
    does = "would import" if dry_run else "imported"
    if not tally.new and total:
        found = "no new draws" if tally.verdicts or tally.attempts else "nothing new"
        line = f"{pools}: {found} in {what} from {files} ({about}): all are in the pool already"
    else:
        line = f"{pools}: {does} {what} from {files} ({about})"
    if tally.verdicts:
        verdicts = some(tally.verdicts.total(), "verdict", grouped=True)
        line += f", {verdicts} by {_listed(tally.verdicts)}"
    if tally.unused:
        line += f"; not used: {_listed(tally.unused)}"
    return line


def _about_draws(tally: Tally) -> list[str]:
    found = []
    if tally.attempts:
        failed = some(tally.attempts, "draw", grouped=True)
        found.append(f"{failed} failed or cancelled: attempts, not samples")
    if tally.repeated:
        found.append(
            f"{tally.repeated:,} of the new draws repeat the text of an earlier draw of their "
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
        found.append(f"questions added to {some(tally.questions, 'problem', grouped=True)}")
    if tally.references:
        found.append(f"references added to {some(tally.references, 'problem', grouped=True)}")
    if tally.lacking:
        lacking = some(len(tally.lacking), "problem", grouped=True)
        found.append(f"--problems lacks {lacking} of the logs, first {min(tally.lacking)!r}")
    if tally.unknown:
        unknown = some(len(tally.unknown), "problem", grouped=True)
        found.append(f"question unknown for {unknown}; --problems DATA adds it, which judges need")
    return found


def _remedy(kind: str) -> str:
    return next(told for begins, told in _REMEDIES.items() if kind.startswith(begins))


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
        "without_draws": tally.without,
    }
