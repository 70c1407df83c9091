"""`Pool.export`: a pool as a file of another tool, or as a table."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

from ttc.api.calling import check_names
from ttc.api.sources import StoredPool
from ttc.api.wording import python_errors
from ttc.exchange.exporting import ExportOptions, format_of, write_file

if TYPE_CHECKING:
    from typing_extensions import Unpack


class ExportArguments(TypedDict, total=False):
    """What to export. `format` is jsonl, csv, tsv, parquet, arrow, human-eval, evalplus,
    openai-batch, inspect or every-eval-ever (None: by the name of the file, else jsonl).
    `verifier` is the one whose verdicts are written (None: the one whose verdicts count).
    `problems` restricts to problems by id, and `questions` adds the questions to lines of ttc."""

    format: str | None
    verifier: str | None
    problems: Iterable[str]
    questions: bool


def export(
    pool: StoredPool, file: str | os.PathLike[str], **options: Unpack[ExportArguments]
) -> list[str]:
    """Write a pool to a file, completely or not at all; return a line for what the format cannot
    hold. UsageError for what is not there, or a file that cannot be written."""
    with python_errors():
        check_names("export", options, ExportArguments)
        target = os.fspath(file)
        wanted = ExportOptions(
            (pool.name,),
            format_of(options.get("format"), target),
            options.get("verifier"),
            tuple(options.get("problems") or ()),
            options.get("questions", False),
        )
        return write_file(pool.database, wanted, target)
