"""The four stages from Python, over the same store as the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ttc import config, paths, problems, verdicts
from ttc.backends import Backend, resolve
from ttc.backends.supported_params import settled
from ttc.curves import curve
from ttc.errors import UsageError
from ttc.records import Curve, Outcome, Problem, SamplingParams
from ttc.samples.drawing import Drawing
from ttc.samples.plan import Plan, Recipe, check_name, default_pool, make_plan
from ttc.samples.pool_lock import claimed
from ttc.selectors import spec
from ttc.solving import method as methods
from ttc.solving import solve as solving
from ttc.solving.solve import Method, Solution
from ttc.store import Store, pools
from ttc.store import verdicts as kept
from ttc.store.names import PoolName
from ttc.strategies.driver.scoring import LikelihoodScorer, VerifierScorer
from ttc.verdicts import Summary


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of the store, by name: what `sample` returns, and what is verified and swept."""

    name: str
    database: Path

    def verify(self, verifier: str) -> Summary:
        """Judge what this verifier (`NAME:key=value,…`) has not judged yet; return the counts."""
        made, summary = verdicts.make(verifier), Summary()
        with Store.writing(self.database) as store:
            for sample, verdict in verdicts.verify_pool(store, self._find(store), made):
                summary.add(sample, verdict)
        return summary

    def outcomes(self, verifier: str) -> dict[str, list[Outcome]]:
        """Return the judged draws by problem. UsageError if the verifier has judged none."""
        who, found = verdicts.identify(verdicts.make(verifier)), dict[str, list[Outcome]]()
        with Store.reading(self.database) as store:
            pool = self._find(store)
            row = kept.find_verifier(store.reader, who)
            if row is not None:
                for problem, judged, outcome in kept.outcomes(store.reader, pool, row):
                    if judged:
                        found.setdefault(problem, []).append(outcome)
        if not found:
            raise UsageError(f"{self.name}: no verdicts by {verifier}; call verify({verifier!r})")
        return found

    def sweep(self, *selectors: str, verifier: str, ks: Sequence[int] = ()) -> list[Curve]:
        """Return the exact curve of each selection rule at budgets `ks` (default: 1, 2, 4, … n)."""
        found = self.outcomes(verifier)
        rules = {name: spec.build(name) for name in selectors}
        budgets = ks or curve.default_ks(max(map(len, found.values())))
        return curve.curves(found, rules, budgets, source=self.name)

    def _find(self, store: Store) -> pools.Pool:
        pool = pools.find(store.reader, self.name)
        if pool is None:
            raise UsageError(f"{self.database}: no pool {self.name!r}")
        return pool


def _open(model: str | None, database: Path, sampling: dict[str, Any]) -> tuple[Backend, Recipe]:
    choice = resolve.resolve(model, config.load())
    backend = resolve.open_backend(choice, database)
    defaults = {k: v for k, v in choice.defaults.items() if k not in ("system", "template")}
    params = SamplingParams(**{**defaults, **sampling})
    return backend, Recipe(choice.backend, settled(backend, params), params)


def sample(
    data: str | Sequence[Problem],
    n: int = 16,
    *,
    model: str | None = None,
    pool: str | None = None,
    new_pool: bool = False,
    database: str | Path | None = None,
    **sampling: Any,
) -> Pool:
    """Draw what a pool lacks of n samples per problem, and return the pool.

    `data` is a file or problems; `model` what `-m` takes; `sampling` the fields of SamplingParams.
    UsageError if the pool has other settings; with `new_pool`, the draws go to NAME.2, NAME.3, …
    instead, and that pool is returned. BackendError if a draw failed; what was drawn is kept, and
    calling again resumes.
    """
    own = PoolName("python", other="pool='OTHER'", fresh="new_pool=True")
    name = own.given(pool, new=new_pool)
    path = Path(database) if database is not None else paths.default_database()
    asked = problems.read(data).problems if isinstance(data, str) else tuple(data)
    backend, recipe = _open(model, path, sampling)
    try:
        check_name(path, name, recipe.model.name, recipe.pool)
        with Store.writing(path) as store:
            plan = make_plan(store, name, recipe, asked, n)
            _draw(store, backend, plan)
            return Pool(plan.pool.name, path)
    finally:
        backend.close()


def _draw(store: Store, backend: Backend, plan: Plan) -> None:
    with claimed(store, plan, "ttc.sample") as current:
        drawing = Drawing(store, backend, current, lambda sample: None)
        for _ in drawing.run():
            pass
    drawing.tally.raise_errors()


def solve(
    question: str,
    n: int = 8,
    *,
    method: str | None = None,
    scorer: str | None = None,
    model: str | None = None,
    database: str | Path | None = None,
    **sampling: Any,
) -> Solution:
    """Answer one question; `method` is a selection rule (default: vote, else agree) or a strategy.

    `scorer` is the verifier that scores a strategy's steps (default: their likelihood).
    """
    path = Path(database) if database is not None else paths.default_database()
    problem = problems.question(question)
    strategy, rule = (None, None) if method is None else methods.build(method, n)
    scores = LikelihoodScorer() if scorer is None else VerifierScorer(verdicts.make(scorer))
    backend, recipe = _open(model, path, sampling)
    try:
        with Store.writing(path) as store:
            plan = make_plan(store, default_pool("solve", recipe.model.name), recipe, [problem], n)
            how = Method(strategy, rule, scorer=scores)
            return solving.solve(store, backend, plan, how)
    finally:
        backend.close()
