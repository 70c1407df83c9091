"""Renaming pools: the name they were requested by and the commands that resume them follow."""

from __future__ import annotations

import shlex
import sqlite3
from pathlib import Path

from ttc.errors import UsageError
from ttc.store import names, pools
from ttc.store.named import find_pool
from ttc.store.pools import Pool
from ttc.store.upkeep.removal import alone, check_idle

_OPTIONS = ("--pool", "--keep")


def rename(path: Path, old: str, new: str) -> None:
    """Give a pool another name. UsageError if there is none of the old name, or the new one is
    taken or no name; StoreError if another process draws into the pool.

    `ttc sample --pool NEW` then resumes it, whatever suffix it had.
    """
    with alone(path) as connection:
        pool = find_pool(connection, old)
        if new == old:
            return
        if pools.find(connection, new) is not None:
            raise UsageError(f"{new}: there is a pool of this name already; name another")
        names.check_new(new)
        twin = pools.same(pools.siblings(connection, new), pool.identity)
        if twin is not None and twin != pool:
            raise UsageError(
                f"{new}: the pool {twin.name} was asked for by this name and has the same "
                "settings; name another"
            )
        check_idle(connection, pool, "rename")
        connection.execute("UPDATE pools SET name = ?, base = ? WHERE id = ?", (new, new, pool.id))
        _follow(connection, pool, new)


def _follow(connection: sqlite3.Connection, pool: Pool, new: str) -> None:
    """Put the new name into the commands of a pool's runs, which notes tell people to repeat."""
    sql = "SELECT id, command FROM runs WHERE pool_id = ?"
    for run, command in connection.execute(sql, (pool.id,)).fetchall():
        changed = renamed(command, {pool.name, pool.base}, new)
        connection.execute("UPDATE runs SET command = ? WHERE id = ?", (changed, run))


def renamed(command: str, old: set[str], new: str) -> str:
    """Return a command line that draws into the pool of the new name; one that is no command line
    of `ttc sample` or `ttc solve` as it is."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    if words[:1] != ["ttc"] or not {"sample", "solve"} & set(words):
        return command
    done = False
    for at, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option in _OPTIONS and equals and value in old:
            words[at], done = f"{option}={new}", True
        elif word in _OPTIONS and words[at + 1 : at + 2] and words[at + 1] in old:
            words[at + 1], done = new, True
    if not done and "sample" in words:
        words += ["--pool", new]
    return shlex.join(word for word in words if word != "--new-pool")
