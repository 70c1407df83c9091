"""What `--method` and its companions mean: a rule or a strategy, and what it runs with."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from ttc import verdicts
from ttc.backends import Backend
from ttc.cli.session import Sampling, Session, open_model, recipe
from ttc.errors import UsageError
from ttc.selectors import Selector
from ttc.solving.solve import Method
from ttc.strategies import Strategy
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.engine import Engine
from ttc.strategies.driver.scoring import AGGREGATES, Likelihood, Scorer, Verified
from ttc.verifiers import Verifier
from ttc.verifiers.extras import Attachable, model_of


@dataclass(frozen=True, slots=True)
class How:
    """The options that say how to solve, as they were given."""

    method: str | None = None
    n: int | None = None
    verifier: str | None = None
    scorer: str | None = None
    aggregate: str = "last"
    budget: str | None = None
    draft: str | None = None


def prepare(
    session: Session,
    how: How,
    flags: Sampling,
    backend: Backend,
    stack: ExitStack,
    parts: tuple[Strategy | None, Selector | None],
) -> Method:
    """Open what a method needs besides the model, to be closed by `stack`. UsageError."""
    strategy, rule = parts
    if how.aggregate not in AGGREGATES:
        raise UsageError(f"--aggregate must be one of {', '.join(AGGREGATES)}")
    others: dict[str, Engine] = {}
    if how.draft is not None:
        choice, draft = open_model(session, how.draft)
        stack.callback(draft.close)
        others["draft"] = Engine(draft, recipe(session, choice, draft, flags))
    verifier = None
    if how.verifier is not None:
        verifier = _made(session, how.verifier, backend, stack)
    scores = strategy.scores if strategy is not None else rule is not None and "score" in rule.needs
    scorer = _scorer(session, how, backend, stack) if scores else None
    return Method(strategy, rule, verifier, scorer, how.aggregate, Budget.parse(how.budget), others)


def _scorer(session: Session, how: How, backend: Backend, stack: ExitStack) -> Scorer:
    if how.scorer is not None and how.scorer != Likelihood.name:
        return Verified(_made(session, how.scorer, backend, stack))
    if "logprobs" not in backend.capabilities:
        raise UsageError(
            f"{how.method} needs a scorer, and {backend.model.name} tells no log-probabilities; "
            "name one with --scorer NAME (ttc plugins --verifiers)"
        )
    if how.scorer is None:
        session.say("scored by the likelihood of each step; --scorer names another judge of steps")
    return Likelihood()


def _made(session: Session, spec: str, backend: Backend, stack: ExitStack) -> Verifier:
    """Make a verifier; one that asks a model asks the one that solves, unless it names another."""
    verifier = verdicts.make(spec)
    if isinstance(verifier, Attachable):
        asked = model_of(verifier)
        if asked is not None:
            _, backend = open_model(session, asked)
            stack.callback(backend.close)
        verifier.attach(backend)
    return verifier
