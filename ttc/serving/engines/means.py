"""What the jobs of one model share: its backend, verifiers, scorers, drafts, and recipes."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace

from ttc.backends import Backend, resolve
from ttc.backends.resolve import ModelChoice
from ttc.samples.plan import Recipe
from ttc.samples.recipe import Sampling, make_recipe, whole
from ttc.session import Session
from ttc.solving.job import same_draws
from ttc.solving.options import DEFAULT_N, SolveOptions, parts_of
from ttc.solving.solve import Method, check_needs, driver_of
from ttc.solving.tools import method_of, open_scorer, open_verifier
from ttc.store import Store
from ttc.strategies.driver.engine import ModelEngine
from ttc.strategies.driver.scoring import TraceScorer
from ttc.verifiers import Verifier

MOST_RECIPES = 256


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a job is done with: its engine and method, and the draws of a rule."""

    engine: ModelEngine
    method: Method
    n: int


class Means:
    """An opened model, and what was opened for its methods; `close` closes all.

    Judges get models of their own, as others' draws may be under way at this one.
    """

    def __init__(self, session: Session, spec: str | None, sampling: Sampling) -> None:
        """Open the model; cheap, as its weights are loaded for the first draw. UsageError,
        BackendError."""
        self._session = session
        self._stack = ExitStack()
        self.choice, self.backend = resolve.open_model(session, spec, sampling.extra)
        self._stack.callback(self.backend.close)
        self._recipes: dict[str, Recipe] = {}
        self._verifiers: dict[str, Verifier] = {}
        self._scorers: dict[str | None, TraceScorer] = {}
        self._drafts: dict[str, tuple[ModelChoice, Backend]] = {}

    def close(self) -> None:
        """Close the model and all that was opened for it."""
        self._stack.close()

    def prepare(self, options: SolveOptions) -> Prepared:
        """Return what a job is done with. UsageError for options that do not fit together or that
        the model cannot do."""
        parts = parts_of(options)
        n = whole("n", self._session.config.get("n", options.n, DEFAULT_N), 1)
        recipe = self._recipe(self.choice, self.backend, options.sampling)
        method = method_of(
            options,
            parts,
            draft=lambda spec: self._draft(spec, options.sampling),
            verifier=lambda spec: self._verifier(spec, options),
            scorer=lambda: self._scorer(options),
        )
        check_needs(method)
        return Prepared(ModelEngine(self.backend, recipe), method, n)

    def check(self, options: SolveOptions, store: Store) -> None:
        """Raise UsageError if jobs with these options could not be done."""
        prepared = self.prepare(options)
        if prepared.method.strategy is not None:
            driver_of(store, prepared.engine, prepared.method).check(prepared.method.strategy)
        if line := same_draws(prepared.engine.recipe, prepared.n, prepared.method):
            self._session.say(line)

    def _recipe(self, choice: ModelChoice, backend: Backend, sampling: Sampling) -> Recipe:
        key = f"{id(backend)} {sampling!r}"
        if (found := self._recipes.get(key)) is None:
            if len(self._recipes) >= MOST_RECIPES:
                self._recipes.clear()
            found = self._recipes[key] = make_recipe(self._session, choice, backend, sampling)
            if found.few_shot is not None:
                self._session.say(found.few_shot.told())
        return found

    def _verifier(self, spec: str, options: SolveOptions) -> Verifier:
        if spec not in self._verifiers:
            opened = open_verifier(self._session, options, spec, None, self._stack)
            self._verifiers[spec] = opened
        return self._verifiers[spec]

    def _scorer(self, options: SolveOptions) -> TraceScorer:
        if options.scorer not in self._scorers:
            self._scorers[options.scorer] = open_scorer(
                self._session, options, self.backend, self._stack, apart=True
            )
        return self._scorers[options.scorer]

    def _draft(self, spec: str, sampling: Sampling) -> ModelEngine:
        if spec not in self._drafts:
            self._drafts[spec] = resolve.open_model(self._session, spec, sampling.extra)
            self._stack.callback(self._drafts[spec][1].close)
        choice, draft = self._drafts[spec]
        return ModelEngine(draft, self._recipe(choice, draft, sampling))


def telling_once(session: Session) -> Session:
    """Return a session that tells each line once, however many requests have reason for it."""
    told: set[str] = set()

    def say(line: str) -> None:
        if line not in told and len(told) < MOST_RECIPES:
            told.add(line)
            session.say(line)

    return replace(session, say=say)
