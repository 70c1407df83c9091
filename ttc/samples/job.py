"""From data, settings and options to a plan: what `ttc sample` and `ttc.sample` both do.

Everything that can be wrong is read and checked before the store is touched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ttc import problems, tags
from ttc.backends import Backend, Reporting, resolve
from ttc.backends.pulse import pulse_of
from ttc.budgets.prices import Price
from ttc.errors import UsageError
from ttc.formats.mapping import parse_mapping
from ttc.messages.progress import SILENT, Progress, Stage
from ttc.problems import Choosing, ReadOptions
from ttc.records import Problem, Sample
from ttc.samples import asked, spending
from ttc.samples.drawing import Drawing
from ttc.samples.empty_pools import none_empty
from ttc.samples.gathering import gather
from ttc.samples.plan import (
    Plan,
    Recipe,
    check_name,
    default_pool,
    make_plan,
    notes_on,
    one_draw_note,
)
from ttc.samples.recipe import Sampling, make_recipe, whole
from ttc.samples.spending import Spending
from ttc.session import Session
from ttc.store import Store, runs, samples
from ttc.store.names import PoolName

DEFAULT_N = 16


@dataclass(frozen=True, slots=True)
class SampleJob:
    """What to draw: the options of `ttc sample` that say what the samples are.

    Each item of `data` is a file (`-`: standard input), records with the fields of a JSON line, or
    problems; `choosing` says which of them, and `limit` how many of those. `max_time` is in
    seconds, or a text such as `90s`, `30m` or `2h`. `budget` has limits of what a run may spend,
    `tokens=2M,usd=5,seconds=600`, or a mapping of them.
    """

    data: tuple[problems.Data, ...]
    model: str | None = None
    n: int | None = None
    sampling: Sampling = field(default_factory=Sampling)
    reading: ReadOptions = field(default_factory=ReadOptions)
    limit: int | None = None
    pool: str | None = None
    new_pool: bool = False
    confidence: int = 0
    max_time: str | float | None = None
    choosing: Choosing = field(default_factory=Choosing)
    budget: str | Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A job that was checked: the open backend, the recipe, the rendered problems, the name of the
    pool, the draws per problem that were asked for, and what may be spent."""

    backend: Backend
    recipe: Recipe
    problems: tuple[Problem, ...]
    name: PoolName
    n: int
    limits: Mapping[str, float]
    price: Price | None

    def spending(self) -> Spending | None:
        """Return the account of a run; None if nothing but its time is limited."""
        if not self.limits.keys() - {"seconds"}:
            return None
        return Spending(self.limits, self.recipe.params.max_tokens, self.price)


@dataclass(frozen=True, slots=True)
class Opened:
    """A job with its store open and its draws planned. `limit` is in seconds from now, `spending`
    the account of the run."""

    store: Store
    backend: Backend
    plan: Plan
    confidence: int
    limit: float | None
    spending: Spending | None = None

    def kept(self, plan: Plan) -> Iterator[Sample]:
        """Yield the samples that were asked for and are in the store already."""
        wanted = {each.problem.id for each in plan.enrolled}
        for _, sample in samples.of_pool(self.store.reader, plan.pool, below=plan.n):
            if sample.problem in wanted:
                yield sample

    def drawing(
        self,
        plan: Plan,
        on_sample: Callable[[Sample], None],
        behind: Callable[[], bool] = lambda: False,
    ) -> Drawing:
        """Return the run that draws what `plan` lacks; see `Drawing` for the callbacks."""
        return Drawing(
            self.store,
            self.backend,
            plan,
            on_sample,
            alternatives=self.confidence,
            behind=behind,
        )

    @property
    def deadline(self) -> float | None:
        """When drawing has to end if it began now, in monotonic seconds; None without a limit."""
        return None if self.limit is None else time.monotonic() + self.limit

    def status(self) -> str:
        """Return what the backend reports about its own state, for the end of a run."""
        return self.backend.status() if isinstance(self.backend, Reporting) else ""

    @contextmanager
    def stage(self, plan: Plan, progress: Progress) -> Iterator[Stage]:
        """Show the drawing of what `plan` lacks."""
        total = len(plan.missing)
        shown = progress if total else SILENT
        pulse = pulse_of(self.backend)
        with shown.stage(plan.pool.name, "draws", total, tokens=0, pulse=pulse) as stage:
            yield stage


def reading(
    mapping: Iterable[str],
    form: str | None,
    skip_bad: bool,
    tag: Iterable[str] = (),
    choices_template: str | None = None,
) -> ReadOptions:
    """Return how to read the data. UsageError for a malformed --map or --tag."""
    renamed = parse_mapping(mapping, problems.MAPPABLE)
    return ReadOptions(renamed, form, skip_bad, tags.parse(tag), choices_template)


def prepare(session: Session, job: SampleJob, *, asks: bool = True, check: bool = True) -> Prepared:
    """Read and check everything that can be wrong; nothing is drawn or written.

    With `asks`, a server may be asked which parameters it takes. With `check`, UsageError if the
    pool that the user named has other settings. The caller closes the backend.
    """
    limits = spending.limits_of(job.budget, job.max_time)
    choosing = job.choosing if job.limit is None else replace(job.choosing, limit=job.limit)
    found, data, sampling, reading, choices = gather(
        session, job.data, job.reading, job.sampling, choosing
    )
    n = whole("n", session.config.get("n", job.n, DEFAULT_N), 1)
    choice, backend = resolve.open_model(session, job.model, sampling.extra, batches=True)
    with ExitStack() as on_error:
        on_error.callback(backend.close)
        spending.check_price(limits, choice.price, backend.model.name)
        if job.confidence and "alternatives" not in backend.capabilities:
            raise UsageError(
                f"--confidence {job.confidence}: {backend.model.name} does not return the "
                "likeliest tokens; llamacpp and vllm do, and so does a server where "
                "ttc models probe found that"
            )
        recipe = make_recipe(session, choice, backend, sampling, asks=asks, reading=reading)
        recipe = replace(recipe, choices_template=choices)
        asked.check_draws(
            backend,
            recipe.params,
            raw=recipe.raw,
            logprobs=recipe.logprobs,
            alternatives=job.confidence,
        )
        if recipe.few_shot is not None:
            session.say(recipe.few_shot.told())
        rendered = tuple(map(recipe.rendered, found))
        name = PoolName(default_pool(data, backend.model.name)).given(job.pool, new=job.new_pool)
        if check:
            check_name(session.database, name, recipe.model.name, recipe.pool)
        on_error.pop_all()
    return Prepared(backend, recipe, rendered, name, n, limits, choice.price)


@contextmanager
def opened(
    session: Session, job: SampleJob, on_failure: Callable[[], None] | None = None
) -> Iterator[Opened]:
    """Prepare a job, open the store and plan the draws; close both at the end.

    `on_failure` is called from the store's thread if that breaks. Raises what `prepare` raises,
    and StoreError if the store cannot be opened.
    """
    ready = prepare(session, job)
    made: list[int] = []
    with (
        closing(ready.backend),
        none_empty(session.database, made),
        Store.writing(session.database, on_failure=on_failure) as store,
    ):
        made += [run["pool_id"] for run in runs.unclean(store.reader)]
        for line in store.recover():
            session.say(line)
        if same := one_draw_note(ready.recipe, ready.n):
            session.say(same)
        plan = make_plan(store, ready.name, ready.recipe, ready.problems, ready.n)
        made.append(plan.pool.id)
        if plan.pool.name != plan.pool.base:
            session.say(
                f"{plan.pool.base} has other settings (--explain lists them); drawing into "
                f"{plan.pool.name}"
            )
        elif job.new_pool:
            session.say(f"--new-pool: drawing into {plan.pool.name}")
        for line in notes_on(store, plan):
            session.say(line)
        account, limit = ready.spending(), ready.limits.get("seconds")
        if account is not None and plan.missing:
            account.check(plan.missing[0][0])
        yield Opened(store, ready.backend, plan, job.confidence, limit, account)
