"""What strategies speak in: nodes of text, requests, replies, decisions.

A node is a piece of text that a model drew, and its parent is what it goes on from: the text of
a trace is that of its nodes from the root. A strategy is a generator over one task:

    replies = yield [requests]

It is sent at least one reply each time while any request is unanswered, in the order in which
they came; a yield of nothing waits for more. What it returns is a Decision. It never sees a
reference.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, TypeVar

from ttc.records import FinishReason, Message, Problem, SamplingParams

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A piece of a trace. `stop` is the stop string that ended it, which its text keeps.

    `tokens` and `logprob` are those of this piece alone; where the engine tells no tokens, it is
    not `counted`, and `tokens` is the limit that was asked for. `key` and `index` name its draw in
    the store. `model` is the one that drew it (`main`, `draft`).
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

    @property
    def path(self) -> list[Node]:
        """The nodes from the root's child down to this one."""
        found: list[Node] = []
        node: Node | None = self
        while node is not None:
            found.append(node)
            node = node.parent
        return found[::-1]

    @property
    def trace(self) -> str:
        """The whole text."""
        return "".join(node.text for node in self.path)

    @property
    def depth(self) -> int:
        """How many pieces it took, this one included."""
        return len(self.path)

    @property
    def length(self) -> int:
        """The tokens of the whole trace."""
        return sum(node.tokens for node in self.path)


def given(parent: Node | None, text: str) -> Node:
    """Return a node that nobody drew: text that a strategy puts behind a trace ("Wait")."""
    return Node(parent, text, 0, "stop", model="given")


@dataclass(frozen=True, slots=True, eq=False)
class Generate:
    """Draw a piece after `at` (None: from the prompt). What is None is as the task has it.

    `messages` is another prompt than the task's, of which `at` is the beginning of an answer.
    `alternatives` has the node tell how sure each token was. With `until`, a regular expression,
    the node ends where it first matches: what was drawn behind is paid for and dropped, and the
    node's `tokens` are the share of them that its text has.
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
    """Ask how likely each of a few strings is to come next."""

    choices: tuple[str, ...]
    at: Node | None = None
    messages: tuple[Message, ...] | None = None
    prefix: str = ""
    model: str = "main"


@dataclass(frozen=True, slots=True, eq=False)
class Loglikelihood:
    """Ask how likely a given text is to come next (capability `score`)."""

    text: str
    at: Node | None = None
    messages: tuple[Message, ...] | None = None
    model: str = "main"


@dataclass(frozen=True, slots=True, eq=False)
class Evaluate:
    """Have the task's scorer score a trace: after a `step`, a `partial` one, or an `outcome`."""

    node: Node
    scope: str = "step"


@dataclass(frozen=True, slots=True, eq=False)
class Cancel:
    """Give up a draw. It still comes back, as `cancelled`, with what it had."""

    request: Generate


Question: TypeAlias = "Choose | Loglikelihood"  # nothing is drawn
Request: TypeAlias = "Generate | Question | Evaluate | Cancel"


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """What came of a request, or nothing of it and the `error` that is why.

    It is the `node` of a Generate, the `chances` of a Choose, the `logprob` (nats) of a Loglikelihood, the
    `score` in [0, 1] of an Evaluate with its `words`.
    """

    request: Generate | Question | Evaluate
    node: Node | None = None
    chances: Mapping[str, float] = field(default_factory=dict)
    logprob: float | None = None
    score: float | None = None
    words: str = ""
    error: str | None = None


StrategyRun: TypeAlias = Generator[Sequence[Request], list[Reply], T]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a strategy decided: the trace that answers, None if none does.

    `finals` are all traces that were candidates, with their weights. `note` says in words how
    firmly it stands. `answer` is set where it is no trace's own (a text put together).
    """

    node: Node | None
    finals: tuple[tuple[Node, float], ...] = ()
    note: str = ""
    answer: str | None = None


@dataclass(slots=True)
class Task:
    """One problem as a strategy sees it: no reference, the sampling in force, and its own chance.

    `seed` is for what the strategy draws itself (which particle survives). What it offers as it
    goes is what a run that hits its budget answers with.
    """

    problem: Problem
    params: SamplingParams
    seed: int = 0
    offered: list[tuple[Node, float]] = field(default_factory=list)

    def offer(self, node: Node, weight: float = 1.0) -> None:
        """Name a finished trace that could be the answer, the more so the higher its weight."""
        self.offered.append((node, weight))


def chat(problem: Problem) -> tuple[Message, ...]:
    """Return what is asked as a chat; a raw prompt is its only turn."""
    return problem.messages or (Message("user", problem.prompt or ""),)


class Strategy(Protocol):
    """A method. Made with its options as keyword arguments (text); ValueError for a wrong one.

    `needs` are capabilities of the backend, `scores` tells that it needs a scorer. The first line
    of its docstring says what it does and where it comes from.
    """

    name: str
    needs: frozenset[str]
    scores: bool

    @property
    def config(self) -> Mapping[str, object]:
        """The options in force, as canonical JSON values."""

    def run(self, task: Task) -> StrategyRun[Decision]:
        """Solve a task."""


def together(requests: Sequence[Generate | Question | Evaluate]) -> StrategyRun[list[Reply]]:
    """Ask for all, wait for all, and return the replies in the order of the requests."""
    if not requests:
        return []
    back: dict[int, Reply] = {}
    asked: Sequence[Request] = requests
    while len(back) < len(requests):
        for reply in (yield asked):
            back[id(reply.request)] = reply
        asked = ()
    return [back[id(request)] for request in requests]


def nodes(replies: Sequence[Reply]) -> Iterator[Node]:
    """Yield the nodes of replies that have one which was not cancelled."""
    for reply in replies:
        if reply.node is not None and reply.node.finish != "cancelled":
            yield reply.node
