"""The Strategy protocol: requests out, replies in, a decision at the end.

A strategy is a generator: it yields lists of requests and is sent lists of replies. The driver
(`ttc.strategies.driver`) draws, scores, counts tokens, keeps the budget, retries, stores every draw
and replays stored ones, so that a strategy is nothing but its algorithm:

    class Mine:
        \"\"\"Draws n answers and returns the best-scored one (Author et al. 2026).\"\"\"

        name, needs, scores = "mine", frozenset[str](), True

        def __init__(self, n: str = "4") -> None:
            self.n = int(n)  # options are text
            self.config = {"n": self.n}

        def run(self, task: Task) -> StrategyRun[Decision]:
            replies = yield from together([Generate() for _ in range(self.n)])
            scored = yield from together([Evaluate(each, "outcome") for each in nodes(replies)])
            best = max(scored, key=lambda reply: reply.score or 0.0, default=None)
            return Decision(best and best.request.node, note="the best-scored draw")

Register the class under the entry-point group `ttc.strategies` (`mine = "my_package:Mine"`) and run
`ttc solve --method mine:n=8 --scorer NAME`. `ttc.testing.StrategyContract` tests a strategy.

A yield returns once at least one request has its reply, with the replies in the order in which they
came; yield an empty list to wait for more. `together` waits for all. A strategy runs from its
beginning each time: after the same replies it must make the same requests, so take random numbers
from `task.seed` and use no clock.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, TypeVar

from ttc.records import FinishReason, Message, Problem, SamplingParams

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A piece of a trace; `parent` is the piece before it. A step or a whole answer is one node.

    `tokens`, `logprob` (nats), `confidences` and `think_tokens` are of this piece alone. If the
    engine did not count its tokens, `counted` is False and `tokens` its limit. `finish`
    is `stop`, `length` or `cancelled`; `stop` is the stop string that ended it, which its text
    keeps. `key` and `index` name the draw in the store; `model` drew it (`main`, `draft`, `given`).
    """

    parent: Node | None
    text: str
    tokens: int
    finish: FinishReason
    stop: str | None = None
    logprob: float | None = None
    confidences: Sequence[float] | None = None
    key: str = ""
    index: int = 0
    model: str = "main"
    seconds: float | None = None
    counted: bool = True
    think_tokens: int | None = None

    @property
    def path(self) -> list[Node]:
        """The nodes of the trace, from the first one to this one."""
        found, node = [self], self.parent
        while node is not None:
            found.append(node)
            node = node.parent
        return found[::-1]

    @property
    def trace(self) -> str:
        """The text of the trace up to the end of this node."""
        return "".join(node.text for node in self.path)

    @property
    def depth(self) -> int:
        """The number of nodes of the trace."""
        return len(self.path)

    @property
    def length(self) -> int:
        """The tokens of the trace."""
        return sum(node.tokens for node in self.path)


def given(parent: Node | None, text: str) -> Node:
    """Return a node that no model drew: a text that a strategy appends to a trace ("Wait")."""
    return Node(parent, text, 0, "stop", model="given")


@dataclass(frozen=True, slots=True, eq=False)
class Generate:
    """Draw a piece after `at` (None: after the prompt). Fields that are None are the task's.

    `messages` is a chat to ask in place of the problem; `at` is then a beginning of its answer.
    With `alternatives`, the node has `confidences`, each from so many of the likeliest tokens.
    `until` is a regular expression at whose first match the node ends: the text behind it is paid
    for and dropped, and the node's `tokens` are the share of its text.
    """

    at: Node | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] | None = None
    temperature: float | None = None
    messages: tuple[Message, ...] | None = None
    model: str = "main"
    alternatives: int = 0
    until: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Choose:
    """Ask for the probability of each of a few strings as the next text (capability `choose`)."""

    choices: tuple[str, ...]
    at: Node | None = None
    messages: tuple[Message, ...] | None = None
    prefix: str = ""
    model: str = "main"


@dataclass(frozen=True, slots=True, eq=False)
class Loglikelihood:
    """Ask for the log-probability of a given text as the next text (capability `score`)."""

    text: str
    at: Node | None = None
    messages: tuple[Message, ...] | None = None
    model: str = "main"


@dataclass(frozen=True, slots=True, eq=False)
class Evaluate:
    """Score the trace that ends at a node. `scope` is `step` (the node ends a step), `partial` (its
    step is cut short) or `outcome` (the trace is finished)."""

    node: Node
    scope: str = "step"


@dataclass(frozen=True, slots=True, eq=False)
class Cancel:
    """Cancel a draw. It still has a reply: a node that is `cancelled`, with its tokens so far."""

    request: Generate


Question: TypeAlias = "Choose | Loglikelihood"  # a request that draws nothing
Request: TypeAlias = "Generate | Question | Evaluate | Cancel"


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """The reply to a request; `error` is the reason if it failed, and the rest is then empty.

    Generate has a `node`; Choose has `chances`, a probability for each choice; Loglikelihood has a
    `logprob` in nats; Evaluate has a `score` in [0, 1] (None: could not be scored) and the
    scorer's comment in `words`.
    """

    request: Generate | Question | Evaluate
    node: Node | None = None
    chances: Mapping[str, float] = field(default_factory=dict)
    logprob: float | None = None
    score: float | None = None
    words: str = ""
    error: str | None = None


StrategyRun: TypeAlias = Generator[Sequence[Request], list[Reply], T]


class Exhausted(Exception):  # noqa: N818 (it ends a run in good order; it is no error)
    """Thrown into a strategy when its budget does not cover its next request, or time is up. It may
    be caught to return a Decision; otherwise the best offer (`Task.offer`) is the answer."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of a strategy: the trace that answers, or None. `finals` are all candidate traces
    with their weights; `note` is a short line on how firm the decision is. Set `answer` if the
    answer is not the text of a trace."""

    node: Node | None
    finals: tuple[tuple[Node, float], ...] = ()
    note: str = ""
    answer: str | None = None


@dataclass(slots=True)
class Task:
    """One problem, without its reference, and the sampling parameters in force. `seed` is for the
    strategy's own random numbers; it is the same in every run of a problem."""

    problem: Problem
    params: SamplingParams
    seed: int = 0
    offered: list[tuple[Node, float]] = field(default_factory=list)

    def offer(self, node: Node, weight: float = 1.0) -> None:
        """Offer a finished trace as the answer in case the budget ends; the heaviest one wins."""
        self.offered.append((node, weight))


def chat(problem: Problem) -> tuple[Message, ...]:
    """Return a problem as chat messages; a raw prompt is one user message."""
    return problem.messages or (Message("user", problem.prompt or ""),)


class Strategy(Protocol):
    """A method, made with its options as keyword arguments of text (ValueError for a wrong one).
    `needs` are capabilities of the backend, and `scores` says whether it needs a scorer. With an
    attribute `drafts = True` it also needs a second model, `draft`. `ttc plugins` prints the first
    line of its docstring: what it does, and its source."""

    name: str
    needs: frozenset[str]
    scores: bool

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force, as JSON values."""

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Solve a task."""


def together(requests: Sequence[Generate | Question | Evaluate]) -> StrategyRun[list[Reply]]:
    """Yield requests, wait for all replies, and return them in the order of the requests. Replies
    to requests of earlier yields are passed over."""
    back: dict[int, list[Reply]] = {id(request): [] for request in requests}
    asked: Sequence[Request] = requests
    while sum(map(len, back.values())) < len(requests):
        for reply in (yield asked):
            back.get(id(reply.request), []).append(reply)
        asked = ()
    return [back[id(request)].pop(0) for request in requests]


def nodes(replies: Sequence[Reply]) -> Iterator[Node]:
    """Yield the nodes of replies, without those that failed or were cancelled."""
    for reply in replies:
        if reply.node is not None and reply.node.finish != "cancelled":
            yield reply.node
