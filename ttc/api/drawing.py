"""`ttc.sample` and `ttc.sample_each`: draw what a pool lacks."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ttc import problems, tags
from ttc.api.calling import (
    Data,
    File,
    SamplingArguments,
    Shown,
    begin,
    check_names,
    parts_of,
    renames,
    sampling,
    text,
)
from ttc.api.stored_pool import Pool
from ttc.api.wording import in_python, python_errors
from ttc.errors import BackendError
from ttc.problems import Choosing, ReadOptions, parse_ids
from ttc.records import Sample
from ttc.samples import conclusion, job
from ttc.samples.job import Opened, SampleJob
from ttc.samples.pool_lock import claimed
from ttc.samples.recipe import whole
from ttc.session import Session

if TYPE_CHECKING:
    from typing_extensions import Unpack


class DrawingArguments(SamplingArguments, total=False):
    """How data is read and drawn from, with the sampling parameters.

    `ids` are the problems to draw for: a text `a,b`, `@FILE`, or a list; `ID*` is all that begin
    so. `shuffle` is the seed of an order made from their ids, `offset` leaves out the first ones,
    and `limit` takes only the first of those that are left. `new_pool` draws into NAME.2, NAME.3, …
    if the pool has other settings. `confidence` keeps how sure each token was, from its likeliest
    alternatives, so many of them. `budget` stops before a run passes a limit, as in
    `tokens=2M,usd=5` or a mapping, `max_time` in good order after so many seconds, `90s`, `30m` or
    `2h`. `mapping` renames the fields of foreign records, ours to theirs
    (`{"prompt": "body+question"}`, see `ttc.formats.mapping`), `format` names the kind
    of file or the shape of its records instead of detecting it, and `skip_bad` passes over bad
    lines. `tag` keeps fields of the problems, by which a sweep can group them: a field,
    a list of `FIELD` and `NAME=FIELD`, or a mapping of names to fields. `choices_template` is the
    text around a question with choices, or `@FILE`: `{question}`, and `{choices}` or a line with
    `{label}` and `{text}`. `database` is the store and `config` a settings file in place of the
    user's (None: as set). With `progress=False` notes go to the log `ttc` instead of stderr, and
    there is no meter; a function instead is called with a copy of the `Stage` that the run is in
    (`ttc.messages.progress`), a few times a second and from another thread.
    """

    limit: int | None
    offset: int
    ids: str | Sequence[str] | None
    shuffle: int | None
    choices_template: str | None
    new_pool: bool
    confidence: int
    max_time: str | float | None
    budget: str | Mapping[str, str | float] | None
    mapping: Mapping[str, str]
    format: str | None
    skip_bad: bool
    tag: str | Sequence[str] | Mapping[str, str]
    database: File | None
    config: File | None
    progress: Shown


def sample(
    data: Data,
    n: int | None = None,
    *,
    model: File | None = None,
    pool: str | None = None,
    **options: Unpack[DrawingArguments],
) -> Pool:
    """Draw what a pool lacks of n samples per problem, keep every one, and return the pool.

    `data` is a file, or a list: of questions, of dictionaries with the fields of a JSON line, of
    `Problem`, or of files. `n` is the number of draws per problem (None: as set, else 16); `model`
    what `-m` takes (None: as set, else the bundled model); `pool` a name (None: from data and
    model). See `ttc.api.DrawingArguments` and `ttc.api.SamplingArguments` for the rest.

    The same call again resumes, and draws only what is missing. UsageError for wrong data or
    settings, and if the pool has other settings; BackendError if a draw failed (what was drawn is
    kept); StoreError if the store cannot be used or another process is drawing into the pool.
    """
    with python_errors():
        session, order = _order("sample", data, n, model, pool, options)
        with job.opened(session, order) as run:
            for _ in _drawn(session, run):
                pass
            config = options.get("config")
            where = None if config is None else Path(config)
            return Pool(run.plan.pool.name, session.database, where)


def sample_each(
    data: Data,
    n: int | None = None,
    *,
    model: File | None = None,
    pool: str | None = None,
    **options: Unpack[DrawingArguments],
) -> Iterator[Sample]:
    """Yield the samples that were asked for: first those in the store, then each that is drawn,
    once it is kept.

    Arguments and errors are those of `sample`; errors are raised as the iteration goes. If it ends
    early, draws under way are given up, and the same call again draws them.
    """
    with python_errors():
        session, order = _order("sample_each", data, n, model, pool, options)
        with job.opened(session, order) as run:
            yield from _drawn(session, run, kept=True)


def _order(
    call: str,
    data: Data,
    n: int | None,
    model: File | None,
    pool: str | None,
    options: DrawingArguments,
) -> tuple[Session, SampleJob]:
    """Return the settings and what is to be drawn."""
    check_names(call, options, DrawingArguments)
    others = DrawingArguments.__annotations__.keys() - SamplingArguments.__annotations__.keys()
    chosen = {name: value for name, value in options.items() if name not in others}
    parameters = sampling(SamplingArguments(**chosen))  # type: ignore[typeddict-item]
    mapping = renames(options.get("mapping"), problems.MAPPABLE)
    limit = options.get("limit")
    limit = None if limit is None else whole("limit", limit, 1)
    session = begin(
        call,
        options.get("database"),
        options.get("config"),
        progress=options.get("progress", True),
    )
    tag = options.get("tag") or ()
    wanted = tags.parse([tag] if isinstance(tag, str) or not isinstance(tag, Iterable) else tag)
    reading = ReadOptions(
        mapping,
        options.get("format"),
        options.get("skip_bad", False),
        wanted,
        text("choices_template", options.get("choices_template")),
    )
    shuffle = options.get("shuffle")
    choosing = Choosing(
        parse_ids(options.get("ids")),
        None if shuffle is None else whole("shuffle", shuffle),
        whole("offset", options.get("offset", 0), 0),
    )
    return session, SampleJob(
        parts_of(data),
        None if model is None else os.fspath(model),
        n,
        parameters,
        reading,
        limit,
        text("pool", pool),
        options.get("new_pool", False),
        whole("confidence", options.get("confidence", 0), 0),
        options.get("max_time"),
        choosing,
        options.get("budget"),
    )


def _drawn(session: Session, run: Opened, *, kept: bool = False) -> Iterator[Sample]:
    """Draw what is missing; yield each sample once it is in the store, and say the notes at the
    end. With `kept`, yield first those that are there already. BackendError if draws failed.
    """
    arrived: deque[Sample] = deque()
    with claimed(run.store, run.plan, session.again) as plan:
        if kept:
            yield from run.kept(plan)
        drawing = run.drawing(plan, arrived.append)
        with run.stage(plan, session.progress) as stage:
            for tally in drawing.run(run.deadline, run.spending):
                tally.show(stage)
                while arrived:
                    with session.progress.paused():
                        yield arrived.popleft()
            spent = stage.seconds
        yield from arrived
    tally = drawing.tally
    for line in conclusion.summary(plan, tally, spent if plan.missing else 0.0):
        session.say(line)
    missing = conclusion.shortfall(plan, tally, session.again)
    if missing is not None and not tally.stopped:
        raise BackendError(in_python(f"{plan.pool.name}: {missing}"))
    if missing is not None:
        session.say(missing)
