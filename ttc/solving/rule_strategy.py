"""Selection rules as strategies: whole answers drawn side by side, and a rule that picks.

A rule that stops by itself (`esc`, `ac`) is asked after each batch, in the order of the draws; one
that waits for the first few (`first-finish`, `short-M`) cancels the rest of the race; the others
wait for all. What they pick is what `ttc sweep` says of the same draws: it is the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ttc.records import Outcome, Problem
from ttc.selectors import Selector
from ttc.selectors.extras import Stoppable, Windowed
from ttc.selectors.majority import Majority
from ttc.selectors.mbr import MinimumBayesRisk
from ttc.strategies import (
    Cancel,
    Decision,
    Generate,
    Node,
    Request,
    StrategyRun,
    Task,
    nodes,
    together,
)
from ttc.strategies.driver.budget import Exhausted
from ttc.strategies.search import rate
from ttc.strategies.silence import Silence, kinds
from ttc.strategies.voting import answer_of

# What a rule may need that a draw has without being judged.
FREE = frozenset({"answer", "correct", "text", "completion_tokens", "logprob", "scores"})


def outcome_of(
    problem: Problem, node: Node, score: float | None = None, *, silent: bool = False
) -> Outcome:
    """Return what a selection rule sees of a whole answer; a `silent` one gives no answer."""
    return Outcome(
        index=node.index,
        answer=None if silent else answer_of(problem, node.trace, node.finish),
        score=score,
        logprob=node.logprob,
        completion_tokens=node.tokens,
        finish_reason=node.finish,
        seconds=node.seconds,
        text=node.trace,
    )


def default_rule(outcomes: Sequence[Outcome]) -> Selector:
    """Return what answers where no rule was named: a vote if half of the draws have an answer,
    else what agrees most with the others."""
    voting = sum(outcome.answer is not None for outcome in outcomes)
    return Majority() if 2 * voting >= len(outcomes) and voting else MinimumBayesRisk()


class Rule:
    """Draws n whole answers and picks by a selection rule; without one, votes, else agrees.

    `accept`, if there is one, says which draws are candidates at all.
    """

    needs = frozenset[str]()

    def __init__(
        self,
        rule: Selector | None,
        n: int,
        accept: Callable[[Sequence[Node]], Sequence[bool]] | None = None,
    ) -> None:
        self._rule = rule
        self._n = n
        self._accept = accept
        self.name = "vote" if rule is None else rule.name
        self.scores = rule is not None and "score" in rule.needs
        self.picked_by = rule
        self.outcomes: list[Outcome] = []
        self.picked: int | None = None
        self.candidates: list[Node] = []
        self.silence = Silence()

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        return {"n": self._n}

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Draw and pick; where the budget ends the drawing, among what has come by then."""
        rule = self._rule
        stop = rule.stop if rule is not None and isinstance(rule, Stoppable) else None
        finishes = None if self._rule is None else self._rule.finishes
        drawn: list[Node] = []
        scores: list[float | None] = []
        note = ""
        try:
            if stop is not None:
                yield from self._in_turn(task, stop, drawn)
            else:
                yield from self._race(finishes, drawn)
        except Exhausted:
            note = "the budget ended it"
        drawn.sort(key=lambda node: node.index)
        found = kinds(drawn)
        self.silence = Silence.of(found)
        silent = {id(node) for node, kind in zip(drawn, found, strict=True) if kind}
        if self._accept is not None:
            accepted = self._accept(drawn)
            drawn = [node for node, good in zip(drawn, accepted, strict=True) if good]
        if stop is None and finishes is None:
            # A race ends at the first finish. Rules that wait for all draws skip silent ones.
            drawn = [node for node in drawn if id(node) not in silent]
        if self.scores and not note:
            scores = list((yield from rate(drawn, "outcome")))
        scores += [None] * (len(drawn) - len(scores))
        self.candidates = drawn
        self.outcomes = [
            outcome_of(task.problem, node, score, silent=id(node) in silent)
            for node, score in zip(drawn, scores, strict=True)
        ]
        return self._decide(drawn, scores, note)

    def _decide(self, drawn: Sequence[Node], scores: Sequence[float | None], note: str) -> Decision:
        rule = self.picked_by = self._rule or default_rule(self.outcomes)
        lacks_scores = self.scores and None in scores
        picked = rule.pick(self.outcomes) if drawn and not lacks_scores else ()
        self.picked = picked[0] if picked else None
        weights = [1.0 if score is None else score for score in scores]
        finals = tuple(zip(drawn, weights, strict=True))
        return Decision(None if self.picked is None else drawn[self.picked], finals, note)

    def _race(self, finishes: int | None, drawn: list[Node]) -> StrategyRun[None]:
        """Draw all at once, and cancel the rest once `finishes` have finished by themselves."""
        asked = [Generate() for _ in range(self._n)]
        running = {id(request): request for request in asked}
        requests: Sequence[Request] = asked
        ended = 0
        while running:
            replies = yield requests
            requests = ()
            for reply in replies:
                if running.pop(id(reply.request), None) is None:
                    continue
                for node in nodes([reply]):
                    drawn.append(node)
                    ended += node.finish == "stop"
                    if ended == finishes and node.finish == "stop":
                        requests = [Cancel(other) for other in running.values()]

    def _in_turn(
        self, task: Task, stop: Callable[[Sequence[Outcome]], int], drawn: list[Node]
    ) -> StrategyRun[None]:
        """Draw batch by batch until the rule has what it waits for."""
        rule = self._rule
        batch = rule.window if rule is not None and isinstance(rule, Windowed) else 1
        asked = 0
        while asked < self._n:
            count = min(batch, self._n - asked)
            asked += count
            drawn += nodes((yield from together([Generate() for _ in range(count)])))
            outcomes = [outcome_of(task.problem, node) for node in drawn]
            # A rule that would go on takes the one after the last, too.
            silent = Outcome(index=asked, finish_reason="stop")
            if stop([*outcomes, silent]) <= len(outcomes):
                break
