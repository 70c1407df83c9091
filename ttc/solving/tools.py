"""Opens what a method needs besides the model: a draft model, a verifier, a scorer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from ttc import verdicts
from ttc.backends import Backend, resolve
from ttc.errors import UsageError
from ttc.samples.asked import of_alias
from ttc.samples.recipe import make_recipe
from ttc.selectors import Selector
from ttc.session import Session
from ttc.solving.options import SolveOptions
from ttc.solving.solve import Method
from ttc.strategies import Strategy
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.engine import ModelEngine
from ttc.strategies.driver.scoring import AGGREGATES, LikelihoodScorer, TraceScorer, VerifierScorer
from ttc.verifiers import Verifier
from ttc.verifiers.extras import Attachable, model_of, reads_reference
from ttc.verifiers.judge_model import JudgeModel


def open_method(
    session: Session,
    options: SolveOptions,
    backend: Backend,
    stack: ExitStack,
    parts: tuple[Strategy | None, Selector | None],
) -> Method:
    """Open what a method needs besides the model, to be closed by `stack`. UsageError."""

    def draft(spec: str) -> ModelEngine:
        choice, opened = resolve.open_model(session, spec, options.sampling.extra)
        stack.callback(opened.close)
        return ModelEngine(opened, make_recipe(session, choice, opened, options.sampling))

    def verifier(spec: str) -> Verifier:
        return open_verifier(session, options, spec, backend, stack)

    def scorer() -> TraceScorer:
        return open_scorer(session, options, backend, stack)

    return method_of(options, parts, draft=draft, verifier=verifier, scorer=scorer)


def method_of(
    options: SolveOptions,
    parts: tuple[Strategy | None, Selector | None],
    *,
    draft: Callable[[str], ModelEngine],
    verifier: Callable[[str], Verifier],
    scorer: Callable[[], TraceScorer],
) -> Method:
    """Return the method of options and its parts; what it needs is opened by the functions.
    UsageError."""
    strategy, rule = parts
    if options.aggregate not in AGGREGATES:
        raise UsageError(f"--aggregate must be one of {', '.join(AGGREGATES)}")
    scores = strategy.scores if strategy is not None else rule is not None and "score" in rule.needs
    return Method(
        strategy,
        rule,
        verifier=None if options.verifier is None else verifier(options.verifier),
        scorer=scorer() if scores else None,
        aggregation=options.aggregate,
        budget=Budget.parse(options.budget),
        others={} if options.draft is None else {"draft": draft(options.draft)},
    )


def open_scorer(
    session: Session,
    options: SolveOptions,
    backend: Backend,
    stack: ExitStack,
    *,
    apart: bool = False,
) -> TraceScorer:
    """Return the scorer of traces. UsageError for one that reads the reference, and where none is
    named and the backend has no log-probabilities. `apart` is that of `open_verifier`."""
    if options.scorer is not None and options.scorer != LikelihoodScorer.name:
        shared = None if apart else backend
        verifier = open_verifier(session, options, options.scorer, shared, stack)
        if reads_reference(verifier):
            raise UsageError(
                f"--scorer {options.scorer}: it scores by the reference, which scorers never see; "
                "name one that does not read it"
            )
        return VerifierScorer(verifier)
    if "logprobs" not in backend.capabilities:
        raise UsageError(
            f"{options.method} needs a scorer, and {backend.model.name} gives no "
            "log-probabilities; name one with --scorer NAME (ttc plugins --verifiers)"
        )
    if options.scorer is None:
        session.say("steps are scored by their likelihood; --scorer names another scorer")
    return LikelihoodScorer()


def open_verifier(
    session: Session, options: SolveOptions, spec: str, backend: Backend | None, stack: ExitStack
) -> Verifier:
    """Make a verifier; one that asks a model asks the one that solves, unless it names another.

    Without a `backend` the model that solves is opened once more: where other draws are under way,
    their completions would come to the judge.
    """
    verifier = verdicts.make(spec)
    if isinstance(verifier, Attachable):
        choice = resolve.resolve(options.model, session.config)
        asked = model_of(verifier)
        if asked is not None or backend is None:
            choice, backend = resolve.open_model(session, asked or options.model)
            stack.callback(backend.close)
        JudgeModel(backend, of_alias(choice.defaults.get("extra", {}), backend)).attach(verifier)
    return verifier
