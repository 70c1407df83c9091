"""`ttc.import_logs` and `Pool.export`: logs of other tools as pools, and pools as files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ttc.api.calling import File, Shown, begin, text
from ttc.api.sources import StoredPool
from ttc.api.stored_pool import Pool
from ttc.api.wording import python_errors
from ttc.errors import UsageError
from ttc.exchange import conclusion, importing
from ttc.exchange.importing import ImportOptions


def import_logs(
    files: File | Sequence[File],
    pool: str,
    *,
    format: str | None = None,  # noqa: A002 (the name of the option)
    problems: File | Sequence[File] = (),
    model: str | None = None,
    options: Mapping[str, str] | None = None,
    mapping: Mapping[str, str] | None = None,
    database: File | None = None,
    config: File | None = None,
    progress: Shown = True,
) -> Pool:
    """Import logs of other tools into a pool, and return the pool.

    `files` are logs or folders of logs: of inspect, human-eval, evalplus, OpenAI batches, … (`ttc
    plugins --formats` lists them), or lines of ttc. `format` names the format instead of detecting
    it, `options` are those of the format. `problems` are data that have the questions and the
    references which the logs lack, matched by id, `model` is the model where a log names none.
    `mapping` renames the fields of foreign lines,
    ours to theirs. `database`, `config` and `progress` are as for `ttc.sample`.

    Importing the same log again adds nothing. UsageError for a log that cannot be read, and if the
    pool holds draws of another model; StoreError if the store cannot be used.
    """
    with python_errors():
        session = begin("import_logs", database, config, progress=progress)
        chosen = {str(name): str(value) for name, value in (options or {}).items()}
        if mapping:
            chosen["map"] = ",".join(f"{ours}={theirs}" for ours, theirs in mapping.items())
        wanted = ImportOptions(
            files=_files(files),
            pool=text("pool", pool) or "",
            format=format,
            options=chosen,
            problems=_files(problems),
            model=text("model", model),
        )
        with importing.opened(session, wanted) as run:
            for _ in run.each():
                pass
        for line in conclusion.lines(run.tally):
            session.say(line)
        return Pool(pool, session.database, None if config is None else Path(config))


def _files(given: File | Sequence[File]) -> tuple[str, ...]:
    if isinstance(given, StoredPool):
        raise UsageError("this is a pool already; pass the files to import")
    listed = (given,) if isinstance(given, (str, os.PathLike)) else tuple(given)
    return tuple(os.fspath(each) for each in listed)
