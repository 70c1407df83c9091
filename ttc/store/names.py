"""Names of pools: a pool that the user named never changes its settings.

A gate in CI names its pool. If the model changed and the new draws silently went to NAME.2,
everything after that would judge the old draws again. So only a name that ttc chose gets a suffix;
for a name that the user gave, other settings are an error unless --new-pool asks for a new name.
"""

from __future__ import annotations

import re
import shlex
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from ttc import keys
from ttc.errors import UsageError
from ttc.messages.visible import one_line
from ttc.store import pools
from ttc.store.imported import is_imported, tool_of
from ttc.store.pools import Pool

MOST = 200  # characters of a name
LONGEST = 48  # the most characters of a value that are shown
BEFORE = 12  # how many of them precede the first difference


class Naming(Enum):
    """Who chose a name. It decides what happens if the pool of that name has other settings."""

    MADE = "made"  # ttc chose it: take the next free NAME.2, NAME.3, …
    NAMED = "named"  # the user chose it: refuse
    NEW = "new"  # the user chose it, and asked for the next free name in that case


@dataclass(frozen=True, slots=True)
class PoolName:
    """The name of a pool and who chose it. `other` and `fresh` are the options that an error
    suggests: to name another pool, and to draw into a new one."""

    name: str
    naming: Naming = Naming.MADE
    other: str = "--pool OTHER"
    fresh: str = "--new-pool"

    def given(self, name: str | None, *, new: bool) -> PoolName:
        """Return a copy with the name that the user gave; unchanged if there is none."""
        if name is None:
            return self
        return replace(self, name=name, naming=Naming.NEW if new else Naming.NAMED)


def why_not(name: str) -> str | None:
    """Return why no new pool may have a name; None if it may.

    A name stands in command lines, beside options, files and patterns, and in tables on terminals.
    Older stores may have pools with other names; those stay, and are found by them.
    """
    if not name.strip():
        return "a pool's name is not empty"
    if len(name) > MOST:
        return f"a pool's name has at most {MOST} characters, and this one has {len(name)}"
    if name != one_line(name) or name != name.strip():
        return "a pool's name has no control characters, line breaks or spaces around it"
    if name.startswith("-"):
        return "a pool's name does not begin with -, as options and standard input do"
    if name in (".", "..") or "/" in name or "\\" in name:
        return "a pool's name has no slash and is not . or .., which stand for files"
    if any(mark in name for mark in "*?["):
        return "a pool's name has none of * ? [, which stand for several pools"
    return None


def check_new(name: str, option: str = "") -> None:
    """Raise UsageError if no new pool may have a name, with one that it may have.

    `option` is what it was given with (`--pool`). The name of a file that is here is refused too:
    commands that read a pool or a file read the file.
    """
    given = f"{option} {abridged(name)}" if option else abridged(name)
    if (why := why_not(name)) is not None:
        better = re.sub(r"[^\w.+@=,~^]+", "-", name[:LONGEST]).strip("-.") or "OTHER"
        raise UsageError(f"{given}: {why}; for example {option} {better}".replace("  ", " "))
    if is_file(name):
        raise UsageError(
            f"{given}: a file here has this name, and commands would read the file; choose another"
        )


def is_file(source: str) -> bool:
    """Return whether an argument names a file: it exists and is not a folder."""
    try:
        path = Path(source)
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):  # longer than names of files are, or with a NUL
        return False


def abridged(name: str) -> str:
    """Return a name for a message: on one line, with its control characters visible, and cut."""
    shown = one_line(name)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def alike(connection: sqlite3.Connection, name: str) -> list[Pool]:
    """Return the pool of this name, and the pools that were requested by this name."""
    there = pools.find(connection, name)
    others = pools.siblings(connection, name)
    return others if there is None else [there, *(pool for pool in others if pool != there)]


def resolve(
    connection: sqlite3.Connection, wanted: PoolName, model: str, identity: Mapping[str, Any]
) -> tuple[str, Pool | None]:
    """Return the name of the pool with this identity, and the pool if it exists.

    Nothing is written. UsageError with the differences if the user gave the name and its pool has
    other settings.
    """
    there = pools.find(connection, wanted.name)
    if wanted.naming is Naming.MADE:
        twin = pools.same(pools.siblings(connection, wanted.name), identity)
    else:
        twin = pools.same(alike(connection, wanted.name), identity)
    if wanted.naming is Naming.NAMED:
        if there is not None and is_imported(there.identity):
            raise UsageError(
                f"the pool {there.name} holds draws imported from {tool_of(there.identity)}; "
                f"drawn ones do not join them in one estimate: name another pool with "
                f"{wanted.other}"
            )
        if there is not None and twin != there:
            raise UsageError(_refusal(connection, wanted, there, twin, model, identity))
        if there is None and twin is not None:
            raise UsageError(
                f"{wanted.name}: samples with these settings are already in the pool {twin.name}; "
                f"{_to(wanted, twin)} adds to it"
            )
        if there is None:
            check_new(wanted.name, wanted.other.split()[0])
        return wanted.name, there
    if twin is None and there is None and wanted.naming is Naming.NEW:
        check_new(wanted.name, wanted.other.split()[0])
    name = pools.free_name(connection, wanted.name) if twin is None else twin.name
    return name, twin


def ensure(
    connection: sqlite3.Connection, wanted: PoolName, model: str, identity: Mapping[str, Any]
) -> Pool:
    """Return the pool of this name and identity; create it if needed. UsageError as `resolve`."""
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
    differing = ", ".join(described_differences(there, model, identity))
    line = f"the pool {there.name} has other settings ({differing}); "
    if twin is not None:
        return (
            f"{line}samples with yours are in the pool {twin.name}: add to it with "
            f"{_to(wanted, twin)} or {wanted.fresh}"
        )
    free = pools.free_name(connection, wanted.name)
    return f"{line}name another pool with {wanted.other}, or add {wanted.fresh} to draw into {free}"


def _to(wanted: PoolName, twin: Pool) -> str:
    """Return the option that names the pool `twin`."""
    return wanted.other.replace("OTHER", shlex.quote(twin.name))


def described_differences(there: Pool, model: str, identity: Mapping[str, Any]) -> list[str]:
    """Return the fields that differ, each as "field old → new". Weights are shown by the name of
    their model, long texts are cut to where they differ."""
    lines = []
    for field, values in pools.differences(there.identity, identity).items():
        if field == "fingerprint":
            lines.append(f"model {_models(there.model, model, *map(str, values))}")
        else:
            old, new = shortened(*map(readable, values))
            lines.append(f"{field} {old} → {new}")
    return lines


def _models(old: str, new: str, *fingerprints: str) -> str:
    """Return two model names as "old → new"; with their fingerprints if the names are equal."""
    if old != new:
        return f"{readable(old, plain=True)} → {readable(new, plain=True)}"
    first, second = (text.rpartition(":")[2][:BEFORE] for text in fingerprints)
    if first == second:
        first, second = shortened(*fingerprints)
    return f"{readable(old, plain=True)} ({first} → {second})"


def readable(value: Any, *, plain: bool = False) -> str:
    """Return a value of an identity for display: on one line, control characters escaped."""
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
    """Cut two long texts to where they begin to differ."""
    pairs = zip(old, new, strict=False)
    apart = next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))
    return _cut(old, apart), _cut(new, apart)


def _cut(text: str, apart: int) -> str:
    if len(text) <= LONGEST:
        return text
    start = max(0, min(apart - BEFORE, len(text) - LONGEST))
    piece = text[start : start + LONGEST]
    return ("…" if start else "") + piece + ("…" if start + LONGEST < len(text) else "")
