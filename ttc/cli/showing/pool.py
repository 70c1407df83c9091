"""A pool as a whole: what its draws have in common, and a row for each problem."""

from __future__ import annotations

from typing import Any

from ttc.cli.output import document
from ttc.cli.showing.cells import short, table
from ttc.errors import UsageError
from ttc.messages.counts import some, with_tokens
from ttc.messages.visible import for_stdout, report_line
from ttc.outcomes import differences, picking
from ttc.outcomes.differences import Side
from ttc.store import Store, counts, imported, picked, tags, verifiers
from ttc.store.pools import Pool

_MOST = 200_000  # verdicts that are counted in the blink of an eye


def show(store: Store, pool: Pool, wanted: str | None, as_json: bool) -> None:
    """Print a pool, with the draws that are correct by the verifier wanted, or the only one."""
    judged = verifiers.verifiers_of(store.reader, pool)
    asked = picked.questions(store.reader, pool)
    many = sum(row["verdicts"] for row in judged)
    sides = None if many > _MOST and wanted is None else _sides(store, pool, wanted)
    problems = [
        {**row, **_correct(sides, row["problem"], as_json), "question": asked.get(row["problem"])}
        for row in with_tokens(counts.problems_overview(store.reader, pool), as_json=as_json)
    ]
    if as_json:
        about = {"pool": pool.name, "model": pool.model, "identity": dict(pool.identity)}
        about["tags"] = tags.values(store.reader, pool)
        document({"schema": 1, **about, "verifiers": judged, "problems": problems})
        return
    print(report_line(f"pool {pool.name}: {pool.model}"))
    for field, value in pool.identity.items():
        print(for_stdout(f"  {field}: {value}", line=True))
    if unknown := imported.unknown_questions(store.reader, pool).get(pool.name):
        print(f"  question unknown for {unknown} of {len(problems)} problems")
    for row in judged:
        print(report_line(f"  {_judge(row)}"))
    if many > _MOST and wanted is None:
        print("  correct draws are not counted here, since there are many; -V NAME counts them")
    if found := tags.values(store.reader, pool):
        print(report_line(f"  tags: {', '.join(f'{name} ({n})' for name, n in found.items())}"))
    if problems:
        rows = [{**row, "question": short(row["question"], 200)} for row in problems]
        table(rows, ("problem", "correct") if "correct" in rows[0] else ("problem",))


def _sides(store: Store, pool: Pool, wanted: str | None) -> dict[str, Side] | None:
    """Return the judged draws of each problem; None if nobody judged, or several may be meant."""
    try:
        row, _ = picking.row_of(store.reader, pool, wanted)
    except UsageError:
        if wanted is not None:
            raise
        return None
    return dict(differences.sides(store.reader, pool, row))


def _correct(sides: dict[str, Side] | None, problem: str, as_json: bool) -> dict[str, Any]:
    """Return the columns about the correct draws of a problem."""
    if sides is None:
        return {}
    side = sides.get(problem)
    if as_json:
        return {"correct": side and side.correct, "judged": side.judged if side else 0}
    return {"correct": side and f"{side.correct}/{side.judged}"}


def _judge(row: dict[str, Any]) -> str:
    read = {True: ", which read the reference", None: ", which may have read the reference"}
    judge = f"{row['name']} {row['version']} {row['config']}"
    return f"{some(row['verdicts'], 'verdict')} by {judge}{read.get(row['reads_reference'], '')}"
