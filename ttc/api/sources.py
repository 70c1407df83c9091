"""What `ttc.verify` and `ttc.sweep` read: pools, files, and samples in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ttc import interchange, jsonl
from ttc.api.calling import File
from ttc.errors import UsageError
from ttc.records import Sample, Verdict


@dataclass(frozen=True, slots=True, repr=False)
class StoredPool:
    """A pool by its name, the store that it is in, and a settings file in place of the user's."""

    name: str
    database: Path
    config: Path | None = None


Judged: TypeAlias = tuple[Sample, Verdict]
# Lines as records, samples, or (for a sweep) samples with their verdicts.
Lines: TypeAlias = "Sequence[Mapping[str, Any]] | Sequence[Sample] | Sequence[Judged]"
# A pool (itself or its name), a file of lines, or lines.
Source: TypeAlias = "StoredPool | File | Lines"


def named(source: Source) -> tuple[str, jsonl.Source]:
    """Return the name of a source, and the source as the library takes it: a pool or a file by
    name, or records. UsageError for anything else."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source), os.fspath(source)
    if isinstance(source, StoredPool):
        return source.name, source.name
    if not isinstance(source, Iterable):
        raise UsageError(
            f"a source of type {type(source).__name__}; pass a pool, a file, or a list of samples "
            "or records"
        )
    return "data", [record_of(at, each) for at, each in enumerate(source)]


def record_of(at: int, item: object) -> dict[str, Any]:
    """Return a record, a sample, or a sample with its verdict as the record of a JSON line."""
    if isinstance(item, Mapping):
        return dict(item)
    if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], Verdict):
        fields = interchange.verdict_fields(item[1], "given")
        if item[1].reads_reference is None:
            del fields["reads_reference"]  # made by hand, or by a verifier that does not say
        return {**record_of(at, item[0]), **fields}
    if not isinstance(item, Sample):
        raise UsageError(
            f"item {at} is of type {type(item).__name__}; pass a pool, a file, or a list of "
            "samples or records"
        )
    line = interchange.sample_line(item)
    if item.asked:
        line["messages"] = [turn._asdict() for turn in item.asked]
    return line
