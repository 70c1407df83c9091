"""`ttc.verify` and `ttc.verify_each`: verdicts on a pool, a file or samples in memory."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, TypedDict, cast

from ttc import jsonl
from ttc.api.calling import File, Shown, begin, check_names, renames
from ttc.api.sources import Judged, Source, StoredPool, named
from ttc.api.wording import python_errors
from ttc.errors import UsageError
from ttc.report import verifier_quality
from ttc.session import Session
from ttc.verdicts import Summary
from ttc.verifying import conclusion, job
from ttc.verifying.job import VerifyOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack


class VerifyArguments(TypedDict, total=False):
    """How to judge. `recheck` judges again what has a verdict; `rerun` asks a judge again about so
    many draws that it has judged, beside the first verdicts, and says how far it agrees. `sandbox`
    is what contains programs: auto, bwrap, landlock, seatbelt, or none, which needs `trusted=True`.
    `trust_eq=True` believes a program's own `__eq__`, `__hash__`, `__bool__` and ordering.
    `env` names variables that are passed on to the command of `cmd:`. `mapping` renames the fields
    of foreign lines, ours to theirs (`{"text": "choices.0.text"}`, see `ttc.formats.mapping`);
    `format` is the kind of a file, where its first bytes do not tell it; `skip_bad` passes over bad
    lines."""

    recheck: bool
    rerun: int | None
    sandbox: str | None
    trusted: bool
    trust_eq: bool
    env: Sequence[str]
    mapping: Mapping[str, str]
    format: str | None
    skip_bad: bool


def verify_each(
    source: Source,
    verifier: str | None = None,
    *,
    database: File | None = None,
    config: File | None = None,
    progress: Shown = True,
    **options: Unpack[VerifyArguments],
) -> Iterator[Judged]:
    """Yield each sample with its verdict as it is judged; what is judged is kept, also if the
    iteration ends early. See `verify` for arguments and errors, which are raised as it goes."""
    with python_errors():
        session = _begin(source, database, config, progress)
        name, lines = named(source)
        yield from _judged(session, name, _options(source, lines, verifier, options))


def verify(
    source: Source,
    verifier: str | None = None,
    *,
    database: File | None = None,
    config: File | None = None,
    progress: Shown = True,
    **options: Unpack[VerifyArguments],
) -> Summary:
    """Judge samples and return the counts. Never draws a sample; a verdict in the store stays.

    `source` is a pool or its name, a file of sample lines, or a list of records or of `Sample`;
    verdicts on samples of the store are kept there. `verifier` is `NAME:key=value,…` (None: the
    setting). `database` is the store and `config` a settings file in place of the user's (None:
    as set). `progress=False` sends notes to the log `ttc` instead of stderr, without a meter; it
    may be a function, as for `ttc.sample`. For the other
    arguments see `ttc.api.VerifyArguments`; for the counts, `ttc.verdicts.Summary`.

    UsageError for a source or a verifier that cannot be used, or if nothing could be judged for
    want of references; BackendError, SandboxError or StoreError from what judging needs.
    """
    with python_errors():
        session = _begin(source, database, config, progress)
        name, lines = named(source)
        return _exhausted(_judged(session, name, _options(source, lines, verifier, options)))


def verify_all(
    sources: Sequence[StoredPool | File],
    verifier: str | None = None,
    *,
    database: File | None = None,
    config: File | None = None,
    progress: Shown = True,
    **options: Unpack[VerifyArguments],
) -> dict[str, Summary]:
    """Judge several pools or files of one store by one verifier, whose model is opened once; return
    the counts of each by its name.

    See `verify` for the arguments. UsageError for the first source that cannot be used; those
    before it are judged.
    """
    with python_errors():
        if isinstance(sources, (str, os.PathLike)) or not all(
            isinstance(each, (StoredPool, str, os.PathLike)) for each in sources
        ):
            raise UsageError("verify_all takes a list of pools and files; for one, call ttc.verify")
        session = begin("verify", database, config, progress=progress)
        found: dict[str, Summary] = {}
        with ExitStack() as stack:
            judge: job.Judge | None = None
            for source in sources:
                name, lines = named(source)
                wanted = _options(source, lines, verifier, options)
                if judge is None:
                    judge = stack.enter_context(job.prepared(session, wanted))
                found[name] = _exhausted(_judged(session, name, wanted, judge))
        return found


def _exhausted(judged: Generator[Judged, None, Summary]) -> Summary:
    """Judge all, and return the counts."""
    while True:
        try:
            next(judged)
        except StopIteration as done:
            return cast("Summary", done.value)


def _begin(source: Source, database: File | None, config: File | None, progress: Shown) -> Session:
    """Find the settings and the store: those that are given, else those of a pool."""
    if isinstance(source, StoredPool):
        database = source.database if database is None else database
        config = source.config if config is None else config
    return begin("verify", database, config, progress=progress)


def _options(
    source: Source, lines: jsonl.Source, verifier: str | None, options: VerifyArguments
) -> VerifyOptions:
    check_names("verify", options, VerifyArguments)
    mapping = renames(options.get("mapping"), job.MAPPABLE)
    env = options.get("env") or ()
    plain = {**options, "mapping": mapping, "env": (env,) if isinstance(env, str) else tuple(env)}
    return VerifyOptions(
        lines, verifier, is_pool=isinstance(source, StoredPool), **cast("Any", plain)
    )


def _judged(
    session: Session, name: str, options: VerifyOptions, judge: job.Judge | None = None
) -> Generator[Judged, None, Summary]:
    """Judge, say the notes at the end, and return the counts."""
    with job.opened(session, options, judge) as run, closing(run.each()) as judged:
        for _, sample, verdict in judged:
            yield sample, verdict
    for line in (*conclusion.notes(run, name), *verifier_quality.rerun(run.rerun, name)):
        session.say(line)
    conclusion.check_judged(run, name)
    return run.summary
