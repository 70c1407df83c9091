"""Selection rules as strategies: draw whole answers side by side, and pick one by the rule.

A rule that stops by itself (`esc`, `ac`) is asked after each batch, in draw order; one that waits
for the first few draws (`first-finish`, `short-M`) cancels the others; the rest wait for all. The
rule's `pick` is the same code that `ttc sweep` runs, so both select the same draw.
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
    Exhausted,
    Generate,
    Node,
    Request,
    StrategyRun,
    Task,
    nodes,
    together,
)
from ttc.strategies.search import rate
from ttc.strategies.unanswered import Unanswered, reasons
from ttc.strategies.voting import answer_of

# Fields of an outcome that `pick` does without, or that a draw has without a verdict.
UNJUDGED = frozenset({"answer", "correct", "text", "completion_tokens", "think_tokens", "logprob"})


def outcome_of(
    problem: Problem, node: Node, score: float | None = None, *, answered: bool = True
) -> Outcome:
    """Return a whole answer as selection rules see it; its answer is None unless `answered`."""
    return Outcome(
        index=node.index,
        answer=answer_of(problem, node.trace, node.finish) if answered else None,
        score=score,
        logprob=node.logprob,
        completion_tokens=node.tokens,
        finish_reason=node.finish,
        seconds=node.seconds,
        text=node.trace,
        think_tokens=node.think_tokens,
    )


def default_rule(outcomes: Sequence[Outcome]) -> Selector:
    """Return the rule if none was named: a vote if at least half of the draws have an answer, else
    minimum Bayes risk (the draw that agrees most with the others)."""
    voting = sum(outcome.answer is not None for outcome in outcomes)
    return Majority() if 2 * voting >= len(outcomes) and voting else MinimumBayesRisk()


class RuleStrategy:
    """Draws n whole answers and picks one by a selection rule (None: by `default_rule`).

    `accept` returns for each draw whether it is a candidate (None: all are). After the run,
    `candidates` are the draws that the rule picked from, `outcomes` these as it saw them, `picked`
    the index of the picked one (None: the rule abstained), `picked_by` the rule, and `unanswered`
    counts the draws without an answer.
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
        self.unanswered = Unanswered()

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force."""
        return {"n": self._n}

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Draw and pick; if the budget ends the drawing, pick among the draws so far."""
        rule = self._rule
        stop = rule.stop if rule is not None and isinstance(rule, Stoppable) else None
        finishes = None if self._rule is None else self._rule.finishes
        drawn: list[Node] = []
        note = ""
        try:
            if stop is not None:
                yield from self._in_batches(task, stop, drawn)
            else:
                yield from self._race(finishes, drawn)
        except Exhausted:
            note = "the budget ended it"
        drawn.sort(key=lambda node: node.index)
        found = reasons(drawn)
        self.unanswered = Unanswered.of(found)
        unanswered = {id(node) for node, reason in zip(drawn, found, strict=True) if reason}
        if self._accept is not None:
            accepted = self._accept(drawn)
            drawn = [node for node, good in zip(drawn, accepted, strict=True) if good]
        if stop is None and finishes is None:
            # A race may be won by a draw without an answer; rules that see all draws skip those.
            drawn = [node for node in drawn if id(node) not in unanswered]
        scores: list[float | None] = [None] * len(drawn)
        if self.scores and not note:
            scores = list((yield from rate(drawn, "outcome")))
        self.candidates = drawn
        self.outcomes = [
            outcome_of(task.problem, node, score, answered=id(node) not in unanswered)
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
        """Draw all side by side; cancel the others once `finishes` draws have stopped."""
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

    def _in_batches(
        self, task: Task, stop: Callable[[Sequence[Outcome]], int], drawn: list[Node]
    ) -> StrategyRun[None]:
        """Draw batch by batch until the rule stops."""
        rule = self._rule
        batch = rule.window if rule is not None and isinstance(rule, Windowed) else 1
        asked = 0
        while asked < self._n:
            count = min(batch, self._n - asked)
            asked += count
            drawn += nodes((yield from together([Generate() for _ in range(count)])))
            outcomes = [outcome_of(task.problem, node) for node in drawn]
            # `stop` returns how many draws the rule takes; one that goes on takes this one too.
            following = Outcome(index=asked, finish_reason="stop")
            if stop([*outcomes, following]) <= len(outcomes):
                break
