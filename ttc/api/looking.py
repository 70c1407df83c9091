"""Draws of a pool to look at: wrong, undecided, truncated; and two pools compared by problem."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from ttc.api.calling import File, begin
from ttc.api.sources import Judged, StoredPool
from ttc.api.wording import python_errors
from ttc.errors import wrong_option
from ttc.outcomes import differences, picking
from ttc.outcomes.differences import PoolDiff
from ttc.records import Sample, Verdict
from ttc.store import Store, picked, pools
from ttc.store.named import find_pool, pool_named, store_with


class Looked(StoredPool):
    """A pool whose draws can be looked at, by what they are."""

    __slots__ = ()

    def wrong(
        self, n: int | None = None, *, verifier: str | None = None, problem: str | None = None
    ) -> list[Judged]:
        """Return the wrong draws with their verdicts, by problem and index.

        At most `n` (None: all), of as many problems as possible. `verifier` is the one whose
        verdicts count (None: the only one there is), `problem` restricts to one. UsageError for a
        problem that is not in the pool, and without verdicts or with several verifiers to choose
        from.
        """
        return cast("list[Judged]", self._of_kind("wrong", n, verifier, problem))

    def undecided(
        self, n: int | None = None, *, verifier: str | None = None, problem: str | None = None
    ) -> list[Judged]:
        """Return the draws that are judged and neither right nor wrong; see `wrong`."""
        return cast("list[Judged]", self._of_kind("undecided", n, verifier, problem))

    def truncated(
        self, n: int | None = None, *, verifier: str | None = None, problem: str | None = None
    ) -> list[tuple[Sample, Verdict | None]]:
        """Return the draws that the token limit cut, with their verdicts if there are any; see
        `wrong`."""
        return self._of_kind("truncated", n, verifier, problem)

    def diff(self, other: StoredPool | str, *, verifier: str | None = None) -> PoolDiff:
        """Compare the pool with another one, problem by problem; see `ttc.diff`."""
        return diff(self, other, verifier, database=self.database)

    def _of_kind(
        self, kind: str, n: int | None, verifier: str | None, problem: str | None
    ) -> list[tuple[Sample, Verdict | None]]:
        if n is not None and n < 0:
            raise wrong_option("n", n, "it must be 0 or more")
        with self._opened() as (store, pool):
            found = picking.find(store.reader, pool, [kind], verifier=verifier, problem=problem)
            chosen = picked.spread(found.draws, n)
            return list(picking.read(store.reader, pool, found, chosen))

    @contextmanager
    def _opened(self) -> Iterator[tuple[Store, pools.Pool]]:
        with python_errors(), Store.reading(store_with(self.database, self.name)) as store:
            yield store, pool_named(store, self.name)


def diff(
    first: StoredPool | str,
    second: StoredPool | str,
    verifier: str | None = None,
    *,
    database: File | None = None,
    config: File | None = None,
) -> PoolDiff:
    """Compare two pools, problem by problem: iterate over the problems whose share of correct draws
    differs, the smallest p first.

    The pools are given by name or as `Pool`, also of different stores. `verifier` is the one whose
    verdicts count (None: the only one there is). `database` is the store of pools that are named,
    and `config` a settings file in place of the user's (None: as set). Each `Difference` has the
    problem, p of Fisher's exact test of this problem by itself, and for both pools the counts of
    correct and judged draws and of each answer. UsageError for a pool that is not there, without
    verdicts, or with several verifiers to choose from.
    """
    with python_errors():
        session = begin("diff", database, config)
        sides = []
        for each in (first, second):
            if not isinstance(each, StoredPool):
                each = StoredPool(str(each), session.database)
            with Store.reading(store_with(each.database, each.name)) as store:
                pool = find_pool(store.reader, each.name)
                row, _ = picking.row_of(store.reader, pool, verifier)
                sides.append(differences.read(store.reader, pool, row))
        return differences.compared(*sides)
