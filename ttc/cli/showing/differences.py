"""Two pools problem by problem: where the shares of correct draws differ."""

from __future__ import annotations

import json
import shlex
from typing import Any

from ttc import interchange
from ttc.cli.output import document
from ttc.cli.showing.cells import counted, reference_cell, short, table
from ttc.errors import UsageError
from ttc.messages.counts import some
from ttc.outcomes import differences, picking
from ttc.outcomes.differences import Difference, PoolDiff
from ttc.session import Session
from ttc.store import Store, picked
from ttc.store.named import find_pool
from ttc.store.pools import Pool


def show(
    session: Session,
    store: Store,
    pool: Pool,
    other: str,
    verifier: str | None,
    most: int | None,
    as_json: bool,
) -> None:
    """Print the problems whose shares of correct draws differ, the surest difference first."""
    pools = pool, find_pool(store.reader, other)
    judges = [picking.row_of(store.reader, each, verifier) for each in pools]
    if pool.id == pools[1].id:
        raise UsageError(f"--diff {other}: that is the same pool; name another one")
    sides = [
        differences.read(store.reader, each, row)
        for each, (row, _) in zip(pools, judges, strict=True)
    ]
    found = differences.compared(*sides)
    chosen = found.differences if most is None else found.differences[:most]
    if as_json:
        document(
            {
                "schema": interchange.SCHEMA,
                "pools": [each.name for each in pools],
                "verifiers": [about for _, about in judges],
                "compared": found.alike + len(found.differences),
                "alike": found.alike,
                "only": [list(each) for each in found.only],
                "undecided": found.undecided,
                "other_reference": list(found.other_reference),
                "differences": [each.as_dict() for each in chosen],
            }
        )
    elif chosen:
        table([_row(store, pools, each) for each in chosen])
    names = tuple(each.name for each in pools)
    for line in _lines(names, found, len(chosen)):
        session.say(line)
    if judges[0][1] != judges[1][1]:
        by = " and ".join(f"{about['name']} {about['version']}" for _, about in judges)
        session.say(f"note: the verdicts are by {by}: the same -V for both makes them comparable")


def _row(store: Store, pools: tuple[Pool, Pool], each: Difference) -> dict[str, Any]:
    first, second = pools
    row: dict[str, Any] = {"problem": each.problem}
    for pool, side in ((first, each.first), (second, each.second)):
        row[pool.name] = f"{side.correct}/{side.judged}"
    row["p"] = f"{each.p:.2g}"
    for pool, side in ((first, each.first), (second, each.second)):
        row[f"answers {pool.name}"] = counted(side.answers)
    problem = picked.one(store.reader, first, each.problem)
    row["reference"] = reference_cell(json.loads(problem[1]))
    return {**row, "question": short(problem[0], 200)}


def _lines(names: tuple[str, ...], found: PoolDiff, shown: int) -> list[str]:
    """Return the counts of a comparison, and what it leaves out."""
    first, second = names
    better = sum(each.change > 0 for each in found.differences)
    compared = found.alike + len(found.differences)
    lines = [
        f"{first}, {second}: {len(found.differences):,} of "
        f"{some(compared, 'problem', grouped=True)} differ: "
        f"{second} is better on {better:,}, worse on {len(found.differences) - better:,}"
    ]
    if shown < len(found.differences):
        lines[0] += f"; showing {shown}, the smallest p first (-n 0: all)"
    if found.differences:
        pair = shlex.join(names)
        lines.append(
            "p: Fisher's exact test of each problem by itself; for the pools as a whole: "
            f"ttc sweep {pair} --compare"
        )
    for name, only in zip(names, found.only, strict=True):
        if only:
            problems = some(len(only), "problem", grouped=True)
            lines.append(f"{name} alone has judged draws of {problems}, e.g. {only[0]}")
    if found.undecided:
        draws = some(
            found.undecided, "undecided draw counts", "undecided draws count", grouped=True
        )
        lines.append(f"{draws} as not correct, as in a sweep")
    if found.other_reference:
        have = ("problem has", "problems have")
        lines.append(
            f"note: {some(len(found.other_reference), *have, grouped=True)} another reference in "
            f"{second}, e.g. {found.other_reference[0]}"
        )
    return lines
