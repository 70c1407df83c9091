"""One problem through a method to its answer: what `ttc solve` does for each."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ttc.answers import extract
from ttc.backends import Backend, counts
from ttc.errors import UsageError
from ttc.records import Outcome, Problem
from ttc.samples.plan import Plan
from ttc.selectors import Selector
from ttc.selectors.majority import Majority
from ttc.selectors.mbr import MinimumBayesRisk, agreement
from ttc.solving.acceptance import Accepting
from ttc.solving.rule_strategy import FREE, Rule, default_rule
from ttc.store import Store
from ttc.strategies import Node, Strategy, Task
from ttc.strategies.driver.budget import Budget
from ttc.strategies.driver.driver import UNLIMITED, Driver, Run
from ttc.strategies.driver.engine import Engine
from ttc.strategies.driver.scoring import Scorer
from ttc.strategies.silence import Silence, kinds
from ttc.strategies.voting import answer_of
from ttc.verifiers import Verifier
from ttc.verifiers.extras import Attachable


@dataclass(frozen=True, slots=True)
class Method:
    """How to solve: by a strategy, else by a selection rule over n draws (None: vote, or agree).

    With a verifier, only what it accepts can be the answer.
    """

    strategy: Strategy | None = None
    rule: Selector | None = None
    verifier: Verifier | None = None
    scorer: Scorer | None = None
    aggregation: str = "last"
    budget: Budget = UNLIMITED
    others: Mapping[str, Engine] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of what solves."""
        if self.strategy is not None:
            return self.strategy.name
        return "vote" if self.rule is None else self.rule.name


ONE = Method()


@dataclass(frozen=True, slots=True)
class Solution:
    """What came of solving one problem.

    `answer` is None if there is none: a verifier accepted nothing, nothing finished, or no draw is
    more than a thought (`silence` counts those). `firmness` says in
    words how firmly the rule answered. `node` is the trace behind it. `tokens` is what this call
    generated, cancelled draws included; `paid` what all draws behind the answer cost, whenever
    drawn; both are None where an engine does not tell. `run` has the rest.
    """

    answer: str | None
    rule: str
    firmness: str
    node: Node | None
    votes: dict[str, int]
    drawn: int
    cancelled: int
    tokens: int | None
    paid: int | None
    silence: Silence
    run: Run


def solve(store: Store, backend: Backend, plan: Plan, method: Method = ONE) -> Solution:
    """Solve the one problem of a plan."""
    return next(solve_each(store, Engine(backend, plan.recipe), [plan], method))


def solve_each(
    store: Store, engine: Engine, plans: Iterable[Plan], method: Method, width: int = 1
) -> Iterator[Solution]:
    """Solve the problems of plans, one each, `width` of them side by side; yield in their order.

    With a verifier that asks a model, one after the other: it may be the same engine.
    """
    _check_needs(method)
    begun: deque[tuple[Problem, Rule | None, Accepting]] = deque()

    def jobs() -> Iterator[tuple[Strategy, Task]]:
        for plan in plans:
            (each,) = plan.enrolled
            problem, accepting = each.problem, Accepting(each.problem, method.verifier)
            rule = Rule(method.rule, plan.n, accepting.accepts) if method.strategy is None else None
            begun.append((problem, rule, accepting))
            # What a strategy draws itself differs between problems, and not between runs.
            seed = int(each.prompt_id.rpartition(":")[2][:8], 16) ^ plan.recipe.seed
            unseen = Problem(problem.id, problem.messages, problem.prompt)
            strategy: Strategy | None = rule or method.strategy
            assert strategy is not None
            yield strategy, Task(unseen, plan.recipe.params, seed)

    driver = Driver(
        store,
        {"main": engine, **method.others},
        scorer=method.scorer,
        aggregation=method.aggregation,
        budget=method.budget,
    )
    alone = method.verifier is not None and isinstance(method.verifier, Attachable)
    for run in driver.run(jobs(), 1 if alone else width):
        problem, rule, accepting = begun.popleft()
        if rule is not None:
            yield _by_rule(problem, rule, run, accepting)
        else:
            assert method.strategy is not None
            yield _by_strategy(problem, method.strategy, run, accepting)


def _check_needs(method: Method) -> None:
    if method.rule is None:
        return
    if lacking := sorted(method.rule.needs - FREE - {"score"}):
        raise UsageError(f"--method {method.rule.name} needs {', '.join(lacking)}, for ttc sweep")


def _cancelled(run: Run) -> int:
    return sum(node.finish == "cancelled" for node in run.nodes)


def _solution(run: Run, **more: Any) -> Solution:
    cancelled, usage = _cancelled(run), run.usage
    return Solution(
        drawn=len(run.nodes) - cancelled,
        cancelled=cancelled,
        tokens=counts.exact(usage.new, usage.uncounted_new),
        paid=counts.exact(usage.tokens, usage.uncounted),
        run=run,
        **more,
    )


def _by_rule(problem: Problem, made: Rule, run: Run, accepting: Accepting) -> Solution:
    outcomes, rule = made.outcomes, made.picked_by or default_rule(made.outcomes)
    picked = made.picked
    votes = Counter(outcome.answer for outcome in outcomes if outcome.answer is not None)
    return _solution(
        run,
        answer=None if picked is None else _printed(rule, outcomes[picked]),
        rule=made.name if picked is None else rule.name,
        firmness=_firmness(made, rule, run, accepting),
        node=None if picked is None else made.candidates[picked],
        silence=made.silence,
        votes={str(answer): count for answer, count in votes.most_common()},
    )


def _by_strategy(problem: Problem, strategy: Strategy, run: Run, accepting: Accepting) -> Solution:
    node, note = run.decision.node, run.decision.note
    finals = list(run.decision.finals)
    if accepting.asked:
        every = [final for final, _ in finals]
        good = accepting.accepts(every)
        finals = [pair for pair, accepted in zip(finals, good, strict=True) if accepted]
        note = f"{len(finals)} of {len(every)} accepted, {note}"
        if node not in [final for final, _ in finals]:
            node = max(finals, key=lambda pair: pair[1])[0] if finals else None
            note = note if finals else f"nothing was accepted ({len(every)} finished)"
    shown = [final for final, _ in finals] or ([] if node is None else [node])
    found = kinds(shown)
    silence = Silence.of(found)
    speaking = [final for final, kind in zip(shown, found, strict=True) if not kind]
    given = [answer_of(problem, final.trace, final.finish) for final in speaking if finals]
    votes = Counter(answer for answer in given if answer is not None)
    answer = None if accepting.asked and node is None else run.decision.answer
    if node is not None and answer is None:
        if any(kinds([node])):
            # A draw with an answer comes before one that is only a thought.
            weights = {id(final): weight for final, weight in finals}
            node = max(speaking, key=lambda final: weights[id(final)], default=None)
        if node is not None:
            answer = answer_of(problem, node.trace, node.finish) or extract.visible(node.trace)
    if silence.words and silence.words not in note:
        note = f"{silence.words}, {note}" if node is None else f"{note}, {silence.words}"
    return _solution(
        run,
        answer=answer,
        rule=strategy.name,
        firmness=note if run.exhausted else note + _failed(run),
        node=node,
        silence=silence,
        votes=dict(votes.most_common()),
    )


def _printed(rule: Selector, outcome: Outcome) -> str | None:
    text = extract.visible(outcome.text or "")
    whole = rule.name == MinimumBayesRisk.name or outcome.answer is None
    return (text or None) if whole else outcome.answer


def _firmness(made: Rule, rule: Selector, run: Run, accepting: Accepting) -> str:
    n, outcomes, picked, silence = accepting.judged, made.outcomes, made.picked, made.silence
    among = f"{len(outcomes)} of {n} accepted, " if accepting.asked else ""
    if picked is None:
        if silence.total:
            return f"{silence.words}{_failed(run)}"
        why = "nothing was accepted" if accepting.asked else "no draw gives an answer"
        return f"{why} ({n} draws{_failed(run)})" + _also(silence)
    if len(outcomes) == 1 and made.candidates[0].index == 0 and len(run.nodes) == 1:
        how = "a single draw"
    elif rule.name == MinimumBayesRisk.name:
        share = agreement(outcomes, picked)
        how = (
            "a single draw"
            if share is None
            else f"agreement {share:.2f} over {len(outcomes)} draws"
        )
    elif isinstance(rule, Majority):
        for_it = sum(o.answer == outcomes[picked].answer for o in outcomes)
        voting = sum(o.answer is not None for o in outcomes)
        how = f"{for_it} of {voting} votes, {len(outcomes) - voting} draws without an answer"
    else:
        node = made.candidates[picked]
        tokens = counts.amount(node.tokens * node.counted, not node.counted)
        how = f"draw {node.index} at {tokens}, {_cancelled(run)} cancelled"
    return f"{among}{how}{_also(silence)}{_failed(run)}"


def _also(silence: Silence) -> str:
    return f", {silence.words}" if silence.words else ""


def _failed(run: Run) -> str:
    ended = f", {run.decision.note}" if run.exhausted and run.decision.note else ""
    return ended + (f", {len(run.errors)} draws failed: {run.errors[0]}" if run.errors else "")
