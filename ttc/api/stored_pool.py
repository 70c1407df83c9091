"""Pools from Python: what the store holds, and the next stages on it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ttc import interchange
from ttc.api import exporting, frames, judging, sweeping
from ttc.api.calling import Shown
from ttc.api.looking import Looked
from ttc.api.results import Sweep
from ttc.api.wording import python_errors
from ttc.errors import TtcError, UsageError
from ttc.messages.counts import some
from ttc.outcomes.verifier_choice import choose_verifier
from ttc.records import Problem, Sample, Verdict
from ttc.store import Store, counts, pools, samples, tags
from ttc.store.judged import judged
from ttc.store.named import problem_named, store_with
from ttc.store.upkeep import removal, renaming
from ttc.store.upkeep.rows import measured
from ttc.store.verifiers import VerifierId, verifiers_of
from ttc.verdicts import Summary

if TYPE_CHECKING:
    import pandas
    import pyarrow
    from typing_extensions import Unpack


class Pool(Looked):
    """A pool of the store: samples that may be mixed in one estimate.

    Iterating over it yields its samples, `len` counts them. `database` is the path of the store,
    and `config` a settings file in place of the user's; both hold for what is called on the pool.
    Nothing is held open: each call reads the store as it is then. Every method raises UsageError
    if the pool is gone, and StoreError if the store cannot be read.
    """

    __slots__ = ()

    @property
    def model(self) -> str:
        """The name of the model that drew the samples."""
        with self._opened() as (_, pool):
            return pool.model

    @property
    def settings(self) -> Mapping[str, Any]:
        """What all samples have in common: model fingerprint, sampling parameters, rendering."""
        with self._opened() as (_, pool):
            return dict(pool.identity)

    @property
    def problems(self) -> list[Problem]:
        """The problems as the model saw them, with their references."""
        with self._opened() as (store, pool):
            return pools.problems_of(store.reader, pool)

    @property
    def verifiers(self) -> list[VerifierId]:
        """The verifiers with verdicts on the pool: name, version and options; latest first."""
        with self._opened() as (store, pool):
            return [_identity(row) for row in verifiers_of(store.reader, pool)]

    def samples(
        self,
        *,
        correct: bool | None = None,
        problem: str | None = None,
        verifier: str | None = None,
    ) -> Iterator[Sample]:
        """Yield the samples in the order in which they were kept.

        `correct` restricts them to those that `verifier` (`NAME:key=value,…`; None: the only one
        there is) judged right or wrong, `problem` to one problem. UsageError for a problem that is
        not in the pool, and for `correct` without verdicts or with several verifiers to choose
        from.
        """
        if correct is not None or verifier is not None:
            for sample, verdict in self.verdicts(verifier, problem=problem):
                if correct is None or verdict.correct is correct:
                    yield sample
            return
        with self._opened() as (store, pool):
            if problem is not None:
                problem_named(store.reader, pool, problem)
            for _, sample in samples.of_pool(store.reader, pool, problem=problem):
                yield sample

    def verdicts(
        self, verifier: str | None = None, *, problem: str | None = None
    ) -> Iterator[tuple[Sample, Verdict]]:
        """Yield each judged sample with its verdict by `verifier`, in the order of the samples.

        UsageError without verdicts by it; if it is None, also with several to choose from.
        """
        with self._opened() as (store, pool):
            who = self._verifier(store, pool, verifier)
            if who is None:
                raise UsageError(
                    f"{self.name}: no samples have a verdict; "
                    f"ttc verify {shlex.quote(self.name)} -V NAME first"
                )
            if problem is not None:
                problem_named(store.reader, pool, problem)
            for _, sample, verdict in judged(store.reader, pool, who, problem=problem):
                if verdict is not None:
                    yield sample, verdict

    def verify(
        self,
        verifier: str | None = None,
        *,
        progress: Shown = True,
        **options: Unpack[judging.VerifyArguments],
    ) -> Summary:
        """Judge the samples that `verifier` has not judged yet; see `ttc.verify`."""
        return judging.verify(self, verifier, progress=progress, **options)

    def verify_each(
        self,
        verifier: str | None = None,
        *,
        progress: Shown = True,
        **options: Unpack[judging.VerifyArguments],
    ) -> Iterator[tuple[Sample, Verdict]]:
        """Yield each sample with its verdict as it is judged; see `ttc.verify_each`."""
        return judging.verify_each(self, verifier, progress=progress, **options)

    def sweep(self, *rules: str, **options: Unpack[sweeping.SweepArguments]) -> Sweep:
        """Compute the curve of each selection rule (none: the usual ones); see `ttc.sweep`."""
        return sweeping.sweep(self, rules=rules or None, **options)

    def delete(self, *, dry_run: bool = False) -> dict[str, int]:
        """Remove the pool, with the samples, verdicts, attempts and traces that no other pool uses.

        Return how many rows of each kind went, and their `bytes`; with `dry_run`, how many would
        go. `shared` samples stay. StoreError if another process draws into the pool.
        """
        with python_errors():
            if dry_run:
                with self._opened() as (store, pool):
                    return measured(store.reader, [pool]).as_dict()
            return removal.remove(store_with(self.database, self.name), [self.name]).as_dict()

    def rename(self, name: str) -> Pool:
        """Give the pool another name, and return it; `ttc.sample(…, pool=name)` then resumes it.

        UsageError if there is a pool of that name, or it is none that a pool may have; StoreError
        if another process draws into the pool.
        """
        with python_errors():
            renaming.rename(store_with(self.database, self.name), self.name, name)
        return Pool(name, self.database, self.config)

    def records(self, verifier: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield each sample as the record of a JSON line, with its verdict if there is one.

        The fields are those of `ttc sample` and `ttc verify`. `verifier` is as in `verdicts`, but
        without any verdicts the samples come alone.
        """
        with self._opened() as (store, pool):
            who = self._verifier(store, pool, verifier)
            if who is None:
                for _, sample in samples.of_pool(store.reader, pool):
                    yield interchange.sample_line(sample)
                return
            for _, sample, verdict in judged(store.reader, pool, who):
                line = interchange.sample_line(sample)
                if verdict is not None:
                    line |= interchange.verdict_fields(verdict, who.name)
                yield line

    def export(
        self, file: str | os.PathLike[str], **options: Unpack[exporting.ExportArguments]
    ) -> list[str]:
        """Write the pool to a file for other tools, or as a table; return a line for what the
        format cannot hold. See `ttc.api.ExportArguments`."""
        return exporting.export(self, file, **options)

    def to_pandas(self, verifier: str | None = None) -> pandas.DataFrame:
        """Return a row per sample, with its verdict if there is one; unknown values are NA.

        The columns are `ttc.api.frames.SAMPLE_COLUMNS`: no `params`, `reference` or `confidences`;
        and a column `tag_NAME` for each tag of the problems. UsageError if pandas is missing (the
        extra `pandas`).
        """
        with python_errors():
            return frames.to_pandas(*self._with_tags(verifier))

    def to_arrow(self, verifier: str | None = None) -> pyarrow.Table:
        """Return the table of `to_pandas` as a pyarrow.Table; unknown values are null.

        UsageError if pyarrow is missing (the extra `arrow`).
        """
        with python_errors():
            return frames.to_arrow(*self._with_tags(verifier))

    def _with_tags(
        self, verifier: str | None
    ) -> tuple[Iterator[dict[str, Any]], Mapping[str, str]]:
        """Return the records with a field `tag_NAME` for each tag, and the columns of all."""
        with self._opened() as (store, pool):
            names = tags.values(store.reader, pool)
        columns = {**frames.SAMPLE_COLUMNS, **{f"tag_{name}": "text" for name in names}}
        rows = (
            {**line, **{f"tag_{name}": value for name, value in line.get("tags", {}).items()}}
            for line in self.records(verifier)
        )
        return rows, columns

    def __iter__(self) -> Iterator[Sample]:
        return self.samples()

    def __len__(self) -> int:
        with self._opened() as (store, pool):
            return counts.of_pool(store.reader, pool)

    def __bool__(self) -> bool:
        return True  # A pool without samples is still a pool.

    def __repr__(self) -> str:
        try:
            with self._opened() as (store, pool):
                count, model = counts.of_pool(store.reader, pool), pool.model
                of = pools.count_problems(store.reader, pool)
        except TtcError:
            return f"Pool({self.name!r}, not in {self.database})"
        return f"Pool({self.name!r}: {some(count, 'sample')} of {of} problems by {model})"

    def _verifier(self, store: Store, pool: pools.Pool, wanted: str | None) -> VerifierId | None:
        """Return the verifier whose verdicts are meant; None if nothing was judged yet."""
        found = verifiers_of(store.reader, pool)
        row = choose_verifier(found, wanted, self.name)
        return next((_identity(each) for each in found if each["id"] == row), None)


def _identity(row: Mapping[str, Any]) -> VerifierId:
    return VerifierId(row["name"], row["version"], json.loads(row["config"]))
