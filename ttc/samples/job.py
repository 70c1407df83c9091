"""What `ttc sample` was asked for: read, rendered and checked before the store is touched."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ttc import jsonl, problems
from ttc.backends import Backend
from ttc.cli.session import Sampling, Session, open_model, recipe
from ttc.errors import UsageError
from ttc.problems import ReadOptions
from ttc.records import Problem
from ttc.samples.plan import Recipe, check_name, default_pool
from ttc.store.names import PoolName

DEFAULT_N = 16


@dataclass(frozen=True, slots=True)
class SampleJob:
    """What was asked for."""

    data: tuple[str, ...]
    model: str | None
    n: int | None
    limit: int | None
    pool: str | None
    output: str | None
    max_time: str | None
    confidence: int = 0
    new_pool: bool = False


def reading(mapping: str, form: str | None, skip_bad: bool) -> ReadOptions:
    """Return how to read the data. UsageError for a malformed --map."""
    return ReadOptions(jsonl.parse_mapping(mapping, problems.MAPPABLE), form, skip_bad)


def seconds(text: str | None) -> float | None:
    """Parse 90, 90s, 30m or 2h. UsageError for anything else."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if match is None:
        raise UsageError(f"--max-time {text}: write 90s, 30m or 2h")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]


def gather(
    session: Session, order: SampleJob, flags: Sampling, how: ReadOptions
) -> tuple[tuple[Problem, ...], str, Sampling]:
    """Read all data and render it; return problems, the name of the data, and the flags with the
    format's own template where the user gave none."""
    datasets = [problems.read(source, how) for source in order.data]
    for dataset in datasets:
        session.say(dataset.describe())
    chosen = session.config.get("template", flags.template)
    if chosen is None and not flags.raw:
        templates = {dataset.template for dataset in datasets}
        if len(templates) > 1:
            raise UsageError("these files want different templates; sample them one by one")
        flags = replace(flags, template=templates.pop())
    merged = problems.merge(datasets)
    return problems.select(merged, order.limit), datasets[0].name, flags


def prepare(
    session: Session,
    order: SampleJob,
    flags: Sampling,
    how: ReadOptions,
    *,
    asks: bool = True,
    check: bool = True,
) -> tuple[Backend, Recipe, tuple[Problem, ...], PoolName]:
    """Read everything that can be wrong before the store is touched.

    With `asks`, a server may be asked which parameters it takes. With `check`, UsageError if the
    pool that the user named has other settings.
    """
    found, data, flags = gather(session, order, flags, how)
    choice, backend = open_model(session, order.model)
    if order.confidence and "alternatives" not in backend.capabilities:
        raise UsageError(
            f"--confidence {order.confidence}: {backend.model.name} does not tell the likeliest "
            "tokens; llamacpp and vllm do, and a server that ttc models probe found to"
        )
    made = recipe(session, choice, backend, flags, asks=asks)
    rendered = tuple(
        problems.render(problem, made.system, made.template, made.raw) for problem in found
    )
    own = PoolName(default_pool(data, backend.model.name))
    name = own.given(order.pool, new=order.new_pool)
    if check:
        check_name(session.database, name, made.model.name, made.pool)
    return backend, made, rendered, name


def draws(session: Session, order: SampleJob) -> int:
    """Return n: the flag, else the setting, else 16."""
    return int(session.config.get("n", order.n, DEFAULT_N))
