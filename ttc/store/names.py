"""Names of pools: one that the user gave never comes to stand for something else.

A gate in CI names its pool. If the model behind it changes and the new draws went to NAME.2 without
a word, everything after that would judge the old ones again. So only a name that ttc made up gets a
suffix; for one that was given, another identity is an error unless a new name was asked for.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from ttc import keys
from ttc.errors import UsageError
from ttc.store import pools
from ttc.store.pools import Pool

LONGEST = 48  # characters of a value that are shown
BEFORE = 12  # of these, so many before the first difference


class Naming(Enum):
    """Who chose a name, which decides what happens where it stands for another identity."""

    MADE = "made"  # ttc did: the next free NAME.2, NAME.3, … is taken
    NAMED = "named"  # the user did: refused
    NEW = "new"  # the user did, and asked for the next free name in that case


@dataclass(frozen=True, slots=True)
class PoolName:
    """The name that a pool is to have, who chose it, and how that is told: what gives another
    name, and what asks for a new one."""

    name: str
    naming: Naming = Naming.MADE
    other: str = "--pool OTHER"
    fresh: str = "--new-pool"

    def given(self, name: str | None, *, new: bool) -> PoolName:
        """Return this with the name that was given in place of ttc's own, if one was."""
        if name is None:
            return self
        return replace(self, name=name, naming=Naming.NEW if new else Naming.NAMED)


def alike(connection: sqlite3.Connection, name: str) -> list[Pool]:
    """Return the pool that is called so, and those that were asked for under the name."""
    there = pools.find(connection, name)
    others = pools.siblings(connection, name)
    return others if there is None else [there, *(pool for pool in others if pool != there)]


def resolve(
    connection: sqlite3.Connection, wanted: PoolName, model: str, identity: Mapping[str, Any]
) -> tuple[str, Pool | None]:
    """Return the name that a pool of this identity goes by, and the pool if there is one already.

    Nothing is written. UsageError, with what differs, if the name was given and stands for another.
    """
    there = pools.find(connection, wanted.name)
    if wanted.naming is Naming.MADE:
        twin = pools.same(pools.siblings(connection, wanted.name), identity)
    else:
        twin = pools.same(alike(connection, wanted.name), identity)
    if wanted.naming is Naming.NAMED:
        if there is not None and twin != there:
            raise UsageError(_refusal(connection, wanted, there, twin, model, identity))
        if there is None and twin is not None:
            raise UsageError(f"{wanted.name}: these samples are in the pool {_on(wanted, twin)}")
        return wanted.name, there
    name = pools.free_name(connection, wanted.name) if twin is None else twin.name
    return name, twin


def ensure(
    connection: sqlite3.Connection, wanted: PoolName, model: str, identity: Mapping[str, Any]
) -> Pool:
    """Return the pool of this name and identity, made if need be. UsageError as `resolve`."""
    name, pool = resolve(connection, wanted, model, identity)
    if pool is not None:
        return pool
    return pools.make(connection, name, wanted.name, model, identity)


def _refusal(
    connection: sqlite3.Connection,
    wanted: PoolName,
    there: Pool,
    twin: Pool | None,
    model: str,
    identity: Mapping[str, Any],
) -> str:
    differing = ", ".join(told_differences(there, model, identity))
    line = f"the pool {there.name} holds samples drawn in another way: {differing}; "
    if twin is not None:
        return f"{line}those asked for are in {_on(wanted, twin)}, and so does {wanted.fresh}"
    free = pools.free_name(connection, wanted.name)
    return f"{line}name another pool with {wanted.other}, or add {wanted.fresh} to take {free}"


def _on(wanted: PoolName, twin: Pool) -> str:
    return f"{twin.name}: {wanted.other.replace('OTHER', shlex.quote(twin.name))} goes on there"


def told_differences(there: Pool, model: str, identity: Mapping[str, Any]) -> list[str]:
    """Return the fields in which a pool and an identity differ, each with both values, for people:
    weights by the name of their model, long texts around the place where they part."""
    told = []
    for field, values in pools.differences(there.identity, identity).items():
        if field == "fingerprint":
            told.append(f"model {_models(there.model, model, *map(str, values))}")
        else:
            old, new = shortened(*map(readable, values))
            told.append(f"{field} {old} → {new}")
    return told


def _models(old: str, new: str, *fingerprints: str) -> str:
    """Tell two models apart by name, by their weights too where they are called the same."""
    if old != new:
        return f"{readable(old, plain=True)} → {readable(new, plain=True)}"
    first, second = (text.rpartition(":")[2][:BEFORE] for text in fingerprints)
    if first == second:
        first, second = shortened(*fingerprints)
    return f"{readable(old, plain=True)} ({first} → {second})"


def readable(value: Any, *, plain: bool = False) -> str:
    """Return a value of an identity in words, on one line and without control characters."""
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return repr(value)[1:-1] if plain else repr(value)
    if isinstance(value, (dict, list)):
        return keys.canonical_json(value)
    return str(value)


def shortened(old: str, new: str) -> tuple[str, str]:
    """Cut two long texts to the place where they begin to differ."""
    pairs = zip(old, new, strict=False)
    apart = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))
    return _cut(old, apart), _cut(new, apart)


def _cut(text: str, apart: int) -> str:
    if len(text) <= LONGEST:
        return text
    start = max(0, min(apart - BEFORE, len(text) - LONGEST))
    piece = text[start : start + LONGEST]
    return ("…" if start else "") + piece + ("…" if start + LONGEST < len(text) else "")
